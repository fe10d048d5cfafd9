"""Methods that take no time, under the names of the real ones.

Their features say who is on an image, and their model remembers the mean of each
person's features. The wiring, the parameters and the rest of the catalog are the
project's own.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from kedro.pipeline import Node, Pipeline

from lfw17_kedro.pipelines.modelling import Fitted
from lfw17_kedro.types import EncoderCard, Features

MODEL = {  # in place of networks and the SVM
    "type": "lfw17_kedro.datasets.StoredDataset",
    "dataset": "json.JSONDataset",
}


def give_catalog(names):
    """Give the entries of the catalog for the models of methods."""
    path = "data/06_models/${globals:source}"
    return {
        f"{name}.model": MODEL | {"filepath": f"{path}/{name}/model.json"}
        for name in names
    }


def make_quick(method):
    """Put quick functions in the place of a method's own."""
    features = create_embeddings if method.embeds else create_features
    return replace(
        method,
        create_features=features,
        fit=fit,
        predict=predict,
        resumable=False,
        resources=(),
        exports=(),
    )


def create_features():
    """Table -> features, one file a split."""
    return Pipeline(
        [
            Node(
                describe_faces,
                inputs=f"{split}_table",
                outputs=f"{split}_features",
                name=f"make_{split}_features",
            )
            for split in ("train", "test")
        ]
    )


def create_embeddings():
    """Table and detections -> features, and which encoder made them."""
    return Pipeline(
        [
            Node(
                describe_encoder,
                inputs="params:embedding",
                outputs="encoder_card",
                name="build_encoder",
            ),
            *(
                Node(
                    embed,
                    inputs=[f"{split}_table", f"{split}_detections", "encoder_card"],
                    outputs=f"{split}_features",
                    name=f"embed_{split}_photos",
                )
                for split in ("train", "test")
            ),
        ]
    )


def describe_faces(table):
    """Give features that nearly say the label."""
    ids = table["id"].to_numpy(np.str_)
    noise = np.random.default_rng(len(table)).random((len(table), 3), np.float32)
    vectors = np.eye(3, dtype=np.float32)[table["label"]] + noise
    return Features(ids, {"vectors": vectors}, "quick")


def describe_encoder(embedding):
    """Give the card of an encoder that nobody has."""
    return EncoderCard("quick", "box", 4, 3, "none", "ab" * 32, margin=0)


def embed(table, detections, card):
    """Give features."""
    return describe_faces(table)


def fit(features, table, class_names, settings, seed, **options):
    """Remember the mean features of each person."""
    means = pd.DataFrame(features.arrays["vectors"]).groupby(table["label"]).mean()
    return Fitted(means.to_numpy().tolist(), {"train_images": len(features)})


def predict(model, features):
    """Give the probability of each person by the distance to its mean."""
    distances = features.arrays["vectors"][:, None] - np.array(model)[None]
    nearness = np.exp(-(distances**2).sum(axis=2))
    return nearness / nearness.sum(axis=1, keepdims=True)
