"""Wiring of what `enrol` and `identify` share."""

from functools import partial, update_wrapper

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.people.nodes import build_encoder, find_all_faces


def create_pipeline(*folders: str) -> Pipeline:
    """Folders of photos -> all faces in them, found and embedded.

    Args:
        folders: names of datasets; the scan of `photos` is `people.photos_scan`.
    """
    encoder = Node(
        build_encoder,
        inputs=["params:people.encoder", "params:people.encoder_options", "weights"],
        outputs="people.encoder",
        name="people.build_encoder",
    )
    return Pipeline([encoder, *map(_make_scan, folders)])


def _make_scan(folder: str) -> Node:
    """Make the node that searches one folder."""
    bound = update_wrapper(partial(find_all_faces, name=folder), find_all_faces)
    return Node(
        bound,
        inputs=[folder, "people.scan_store", "people.encoder", "params:people.search"],
        outputs=f"people.{folder}_scan",
        name=f"people.scan_{folder}",
    )
