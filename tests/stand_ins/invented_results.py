"""Invented results of any number of methods, people and images, without a run."""

from typing import Any

import numpy as np
import pandas as pd

from lfw17_kedro.faces.metrics import bin_confidences, score_probabilities
from lfw17_kedro.pipelines.reporting import nodes
from lfw17_kedro.pipelines.reporting.settings import MapSettings
from lfw17_kedro.types import Features

SOURCE_CARD = {"name": "Invented faces", "credit": "Made of noise."}


def invent_results(
    class_names: list[str],
    methods: list[str],
    *,
    images: int = 2,
    labels_known: bool = True,
) -> dict[str, Any]:
    """Invent tables, images and the results of methods, the first the best.

    Args:
        class_names: the K names.
        methods: their names.
        images: of each person in each of train, validation and test.
        labels_known: whether test labels are known.
    """
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(class_names)), images)
    table = pd.DataFrame({"label": labels, "copy": 0})
    train = pd.concat([table.assign(fold=-1), table.assign(fold=0)], ignore_index=True)
    train["id"] = [f"train_{row}" for row in range(len(train))]
    test = table[["label"]].assign(id=[str(row) for row in range(len(table))])
    results: dict[str, Any] = {"run_record": None, "source_card": SOURCE_CARD}
    for index, method in enumerate(methods):
        metrics: dict[str, Any] = {"published": None, "metadata": {}}
        before: dict[str, Any] = {}
        for split in ("validation", "test"):
            values = rng.dirichlet(np.full(len(class_names), 0.1), len(labels))
            values += np.eye(len(class_names))[labels] * max(0.1, 0.8 - 0.2 * index)
            values /= values.sum(axis=1, keepdims=True)
            metrics[split] = score_probabilities(values, labels, class_names)
            correct = values.argmax(axis=1) == labels
            bins = bin_confidences(values.max(axis=1), correct).to_dict("records")
            scores = {k: metrics[split][k] for k in ("log_loss", "calibration_error")}
            before[split] = scores | {"bins": bins}
            table = pd.DataFrame(values, columns=class_names)
            ids = train["id"][train["fold"] == 0] if split == "validation" else None
            table.insert(0, "id", test["id"] if ids is None else ids.to_numpy())
            results[f"{method}.{split}_probabilities"] = table
        metrics["test"] = metrics["test"] if labels_known else None
        fitted = {"temperature": 0.8, "fitted_on": "validation", "images": len(labels)}
        metrics["calibration"] = fitted | {"before": before}
        results[f"{method}.metrics"] = metrics
        results[f"{method}.validation_history"] = _invent_history(rng)
    vectors = rng.normal(size=(len(class_names), 8))
    for split, of_split in (("train", train), ("test", test)):
        spread = rng.normal(size=(len(of_split), 8)) / 3
        arrays = {"vectors": (vectors[of_split["label"]] + spread).astype(np.float32)}
        ids = of_split["id"].to_numpy(str)
        results[f"{methods[0]}.{split}_features"] = Features(ids, arrays, "invented")
        faces = rng.uniform(0, 255, (len(of_split), 25, 20))
        results[f"{split}_images"] = faces.astype(np.float32)
    test["label"] = test["label"] if labels_known else -1
    tables = {"train_table": train, "test_table": test, "class_names": class_names}
    return results | tables


def _invent_history(rng: np.random.Generator) -> pd.DataFrame:
    """Invent two networks of ten epochs."""
    epochs = np.tile(np.arange(10), 2)
    loss = np.exp(-0.3 * epochs) + rng.uniform(0, 0.1, 20)
    history = {"fold": 0, "network": np.repeat([0, 1], 10), "epoch": epochs}
    scores = {"loss": loss, "accuracy": 1 - loss / 2, "val_loss": loss + 0.1}
    return pd.DataFrame(history | scores | {"val_accuracy": 0.95 - loss / 2})


def plot_everything(results: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Run the nodes of `reporting` one after the other.

    Returns:
        The page, and the figures by name, "examples" among them.
    """

    def pick(*ends: str) -> dict[str, Any]:
        return {name: one for name, one in results.items() if name.endswith(ends)}

    data = pick("_images", "_table") | {"class_names": results["class_names"]}
    tables = {k: data[k] for k in ("train_table", "test_table", "class_names")}
    ran = nodes.find_methods(**pick(".metrics"))
    predictions, left_out = nodes.collect_predictions(
        ran, **tables, run_record=None, **pick(".metrics", "_probabilities")
    )
    comparison, pairs, classes, temperatures = nodes.compare_methods(
        predictions, None, **pick(".metrics")
    )
    card = nodes.describe_data(**data, source_card=results["source_card"], ran=ran)
    examples, shown = nodes.show_examples(predictions, **data, max_faces=6)
    map_settings = MapSettings(projection="pca", max_faces=500)
    figures = {
        "classes": nodes.plot_classes(classes, predictions),
        "reliability": nodes.plot_reliability(predictions, **pick(".metrics")),
        "map": nodes.plot_map(
            predictions,
            results["train_table"],
            results["class_names"],
            map_settings,
            0,
            **pick("_features"),
        ),
        "learning": nodes.plot_learning(predictions, **pick("_history")),
        "balance": nodes.plot_balance(card),
    }
    page = nodes.write_report(
        predictions,
        results["class_names"],
        comparison,
        pairs,
        classes,
        temperatures,
        examples,
        card,
        left_out,
        nodes.collect_notes(predictions, **pick(".metrics")),
        None,
        **figures,
    )
    confusion = nodes.plot_confusion(predictions, results["class_names"])
    return page, figures | {"examples": shown, "confusion": confusion}
