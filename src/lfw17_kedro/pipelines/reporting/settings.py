"""The parameters of `reporting`."""

from typing import Literal

from lfw17_kedro.parameter_types import Count, CountOrNone, Settings


class MapSettings(Settings):
    """The map of the embeddings."""

    projection: Literal["tsne", "pca"]
    """tsne keeps neighbours together; pca keeps distances and is faster."""

    max_faces: Count
    """The map shows at most this many faces; of more a random sample is drawn."""


class GallerySettings(Settings):
    """The gallery of incorrect and uncertain predictions."""

    max_faces: CountOrNone
    """Test faces shown for each method, of the incorrect and of the least certain."""


class ReportingSettings(Settings):
    """What the report shows."""

    map: MapSettings
    """The map of the embeddings."""

    gallery: GallerySettings
    """The gallery of incorrect and uncertain predictions."""
