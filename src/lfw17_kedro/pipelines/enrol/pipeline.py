"""Wiring of `enrol`."""

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines import people
from lfw17_kedro.pipelines.enrol.nodes import cut_crops, enrol, report_enrolment


def create_pipeline(**kwargs: object) -> Pipeline:
    """Photos of people and of strangers -> gallery with a threshold of its own."""
    return people.create_pipeline(
        to_enrol=["people_photos", "cohort_photos"], to_name=[]
    ) + Pipeline(
        [
            Node(
                enrol,
                inputs=[
                    "people_photos",
                    "people.people_photos_scan",
                    "cohort_photos",
                    "people.cohort_photos_scan",
                    "corrections",
                    "people.scan_store",
                    "params:people.search",
                    "params:people.quality",
                    "params:people.false_accept_rate",
                    "people.encoder",
                    "params:people.encoder_options",
                ],
                outputs=["people.gallery", "people.enrolment"],
                name="people.enrol",
            ),
            Node(
                cut_crops,
                inputs=[
                    "people.gallery",
                    "people.scan_store",
                    "params:data_processing.height",
                    "params:data_processing.width",
                    "params:people.test_fraction",
                ],
                outputs="people.crops",
                name="people.cut_crops",
            ),
            Node(
                report_enrolment,
                inputs=[
                    "people.gallery",
                    "people.enrolment",
                    "people_photos",
                    "people.people_photos_scan",
                    "people.scan_store",
                ],
                outputs=[
                    "people.open_set_page",
                    "people.open_set_figure",
                    "people.trade_off_figure",
                    "people.enrolment_pictures",
                ],
                name="people.report_enrolment",
            ),
        ]
    )
