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
from lfw17_kedro.types import Features

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
    """Table -> features, and what is made along with them, as in facenet_svm."""
    return Pipeline(
        [
            Node(
                embed_train,
                inputs=["train_table", "params:embedding"],
                outputs=["train_detections", "train_features", "mean_position"],
                name="embed_train_photos",
            ),
            Node(
                embed_test,
                inputs=["test_table", "params:embedding", "mean_position"],
                outputs=["test_detections", "test_features"],
                name="embed_test_photos",
            ),
        ]
    )


def describe_faces(table):
    """Give features that nearly say the label."""
    ids = table["id"].to_numpy(np.str_)
    noise = np.random.default_rng(len(table)).random((len(table), 3), np.float32)
    vectors = np.eye(3, dtype=np.float32)[table["label"]] + noise
    return Features(ids, {"vectors": vectors}, "quick")


def embed_train(table, embedding):
    """Give detections, features and a mean position."""
    return table[["id"]], describe_faces(table), np.zeros((7, 2))


def embed_test(table, embedding, mean_position):
    """Give detections and features."""
    return table[["id"]], describe_faces(table)


def fit(features, table, class_names, settings, seed, **options):
    """Remember the mean features of each person."""
    means = pd.DataFrame(features.arrays["vectors"]).groupby(table["label"]).mean()
    return Fitted(means.to_numpy().tolist(), {"train_images": len(features)})


def predict(model, features):
    """Give the probability of each person by the distance to its mean."""
    distances = features.arrays["vectors"][:, None] - np.array(model)[None]
    nearness = np.exp(-(distances**2).sum(axis=2))
    return nearness / nearness.sum(axis=1, keepdims=True)
