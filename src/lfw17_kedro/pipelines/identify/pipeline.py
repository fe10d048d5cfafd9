"""Wiring of `identify`."""

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines import people
from lfw17_kedro.pipelines.identify import nodes

SCAN = "people.photos_scan"


def create_pipeline(**kwargs: object) -> Pipeline:
    """Photos and a gallery -> every face with a name or a group, and the album."""
    return people.create_pipeline(to_enrol=[], to_name=["photos"]) + Pipeline(
        [
            Node(
                nodes.locate,
                inputs=["photos", SCAN],
                outputs=["people.located", "people.left_out"],
                name="people.locate",
            ),
            Node(
                nodes.apply_corrections,
                inputs=[
                    "people.located",
                    SCAN,
                    "corrections",
                    "people.gallery",
                    "people.scan_store",
                ],
                outputs="people.applied",
                name="people.apply_corrections",
            ),
            Node(
                nodes.identify,
                inputs=[
                    "people.located",
                    "people.gallery",
                    SCAN,
                    "people.applied",
                    "params:people.grouping",
                    "params:people.index",
                ],
                outputs="people.faces",
                name="people.identify",
            ),
            Node(
                nodes.show_album,
                inputs=[
                    "people.faces",
                    "people.located",
                    "photos",
                    SCAN,
                    "people.gallery",
                    "corrections",
                    "people.scan_store",
                ],
                outputs=["people.album", "people.album_pictures"],
                name="people.show_album",
            ),
            Node(
                nodes.collect_groups,
                inputs=[
                    "people.faces",
                    "people.located",
                    SCAN,
                    "people.scan_store",
                ],
                outputs="people.groups",
                name="people.collect_groups",
            ),
            Node(
                nodes.write_sidecars,
                inputs=["people.faces", "photos", SCAN, "params:people.sidecars"],
                outputs="people.sidecars",
                name="people.write_sidecars",
            ),
        ]
    )
