"""Wiring of what `enrol` and `identify` share."""

from collections.abc import Callable

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.people.nodes import (
    build_encoder,
    find_all_faces,
    find_faces_to_enrol,
)
from lfw17_kedro.pipelines.wiring import bind_arguments

ENCODER = ["params:people.encoder", "params:people.encoder_options", "weights"]


def create_pipeline(to_enrol: list[str], to_name: list[str]) -> Pipeline:
    """Folders of photos -> all faces in them, found and embedded.

    Args:
        to_enrol: names of datasets; the scan of `people_photos` is
            `people.people_photos_scan`.
        to_name: names of datasets; `people.photos_failed` lists the photos of `photos`
            that could not be searched.
    """
    encoder = Node(
        build_encoder,
        inputs=ENCODER,
        outputs="people.encoder",
        name="people.build_encoder",
    )
    return Pipeline(
        [
            encoder,
            *(_make_scan(folder, find_faces_to_enrol) for folder in to_enrol),
            *(
                _make_scan(folder, find_all_faces, f"people.{folder}_failed")
                for folder in to_name
            ),
        ]
    )


def _make_scan(folder: str, search: Callable[..., object], *others: str) -> Node:
    """Make the node that searches one folder."""
    return Node(
        bind_arguments(search, name=folder),
        inputs=[
            folder,
            "people.scan_store",
            "people.encoder",
            *ENCODER[1:],
            "params:people.search",
            "params:compute",
        ],
        outputs=[f"people.{folder}_scan", *others]
        if others
        else f"people.{folder}_scan",
        name=f"people.scan_{folder}",
    )
