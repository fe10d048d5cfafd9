"""Sources of faces, one per file.

A source is a function with keyword options that gives `RawFaces`, so that the same
pipelines run on any source. To add a source, write such a function in a file of its own
and give it a line in `SOURCES`.
"""

from collections.abc import Callable

from lfw17_kedro.datasets.face_sources.lfw import fetch_lfw_faces
from lfw17_kedro.datasets.face_sources.npy import read_npy_faces
from lfw17_kedro.datasets.face_sources.orl import read_orl_faces
from lfw17_kedro.types import RawFaces

SOURCES: dict[str, Callable[..., RawFaces]] = {
    "lfw": fetch_lfw_faces,
    "npy": read_npy_faces,
    "orl": read_orl_faces,
}
