"""Wiring of what is `scratch_cnn`'s own."""

from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.modelling import Method
from lfw17_kedro.pipelines.scratch_cnn.nodes import fit, make_features, predict
from lfw17_kedro.pipelines.scratch_cnn.settings import ScratchCnnSettings


def create_features() -> Pipeline:
    """Images as they are, and aligned faces."""
    return Pipeline(
        [
            Node(
                make_features,
                inputs=[
                    *(f"{split}_images", f"{split}_aligned", f"{split}_table"),
                    *("params:networks", "params:aligned_size"),
                ],
                outputs=f"{split}_features",
                name=f"make_{split}_features",
                tags=tag,
            )
            for split, tag in (("train", "train"), ("test", "predict"))
        ]
    )


METHOD = Method(
    name="scratch_cnn",
    settings=ScratchCnnSettings,
    create_features=create_features,
    fit=fit,
    predict=predict,
    resumable=True,
)
