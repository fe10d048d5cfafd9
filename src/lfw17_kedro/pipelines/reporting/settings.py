"""The parameters of `reporting`."""

from typing import Annotated, Literal

from pydantic import Field

from lfw17_kedro.parameter_types import CountOrZero, Settings


class MapSettings(Settings):
    """The map of the embeddings."""

    projection: Literal["tsne", "pca"]
    """tsne keeps neighbours together; pca keeps distances and is faster."""

    max_faces: Annotated[int, Field(ge=2)]
    """The map shows at most this many faces; of more a random sample is drawn."""


class ExampleSettings(Settings):
    """The faces shown with incorrect and uncertain predictions."""

    max_faces: CountOrZero
    """Test faces shown for each method, of the incorrect and of the least certain."""


class ReportingSettings(Settings):
    """What the report shows."""

    map: MapSettings
    """The map of the embeddings."""

    examples: ExampleSettings
    """The faces shown with incorrect and uncertain predictions."""
