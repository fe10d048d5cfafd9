"""Nodes of `reporting`: results of any methods -> tables, figures, a page.

Results come by the name of their dataset, `<method>.<dataset>`, and are None where a
method was not run. Plotly, scikit-learn, SciPy and Jinja take seconds to import, so
each node imports what it needs.
"""

from typing import Any

from lfw17_kedro.faces.ids import check_rows
from lfw17_kedro.lineage.run_record import Record, get_namespace, start_record
from lfw17_kedro.pipelines.reporting.settings import MapSettings
from lfw17_kedro.types import F32, Figure, Table


def find_methods(**metrics: dict[str, Any] | None) -> dict[str, bool]:
    """Find out which methods were run.

    Args:
        metrics: `<method>.metrics` of every method there is, None where it was not run.

    Returns:
        method -> whether it was run.

    Raises:
        ValueError: none was.
    """
    ran = {name.partition(".")[0]: one is not None for name, one in metrics.items()}
    if not any(ran.values()):
        raise ValueError(
            f"reporting: expected results of at least one of {list(ran)}, found none; "
            f"run `kedro run` for all, or `kedro run --pipelines {next(iter(ran))}` "
            "for one, with the same --env."
        )
    return ran


def collect_predictions(
    ran: dict[str, bool],
    train_table: Table,
    test_table: Table,
    class_names: list[str],
    run_record: Record | None,
    **results: Any,
) -> tuple[Table, dict[str, str]]:
    """Join the predictions of all methods with the truth; leave out what does not fit.

    Args:
        ran: of `find_methods`.
        train_table: of `data_processing`.
        test_table: of `data_processing`.
        class_names: the K names.
        run_record: of the hook `RunRecordHooks`, or None.
        results: `<method>.metrics`, `<method>.validation_probabilities`,
            `<method>.test_probabilities`.

    Returns:
        The table of predictions (see `reporting.predictions`), and method -> why its
        results are left out: not run, or made from other data than the present.

    Raises:
        ValueError: no method's results fit the present data.
    """
    import pandas as pd

    from lfw17_kedro.reporting.advice import advise
    from lfw17_kedro.reporting.predictions import (
        StaleResultsError,
        join_predictions,
        list_truths,
    )
    from lfw17_kedro.reporting.provenance import check_raw_faces

    record = run_record or start_record()
    truths = list_truths(train_table, test_table)
    parts, left_out = [], {}
    for method, was_run in ran.items():
        command = f"`{advise(method, record)}`"
        if not was_run:
            reason = explain_missing(method, record)
            left_out[method] = f"{reason}; run {command}."
            continue
        own = _select(results, method)
        if missing := [name for name, one in own.items() if one is None]:
            left_out[method] = f"it has no {', '.join(missing)}; run {command}."
            continue
        try:
            check_raw_faces(method, record)
            parts.append(join_predictions(method, own, truths, class_names))
        except StaleResultsError as stale:
            left_out[method] = f"{stale}; run {command} again."
    if not parts:
        raise ValueError(
            "reporting: expected results made from the present data, got none: "
            + " ".join(f"{method}: {reason}" for method, reason in left_out.items())
        )
    return pd.concat(parts, ignore_index=True), left_out


def compare_methods(
    predictions: Table,
    run_record: Record | None,
    **metrics: dict[str, Any],
) -> tuple[Table, Table, Table, Table]:
    """Compare the methods in the table of predictions.

    Args:
        predictions: of `collect_predictions`.
        run_record: of the hook `RunRecordHooks`, or None.
        metrics: `<method>.metrics`.

    Returns:
        The tables of `tabulate_scores`, `compare_pairs`, `tabulate_classes` and
        `tabulate_temperatures`.
    """
    from lfw17_kedro.reporting.compare import (
        compare_pairs,
        tabulate_classes,
        tabulate_scores,
        tabulate_temperatures,
    )

    used = {
        method: metrics[f"{method}.metrics"]
        for method in predictions["method"].unique()
    }
    return (
        tabulate_scores(used, run_record or start_record()),
        compare_pairs(predictions),
        tabulate_classes(used),
        tabulate_temperatures(used),
    )


def collect_notes(predictions: Table, **metrics: dict[str, Any]) -> dict[str, str]:
    """Collect what methods say of themselves, such as why an ensemble joins as it does.

    Args:
        predictions: of `collect_predictions`.
        metrics: `<method>.metrics`.

    Returns:
        method -> the `explanation` in its metadata, where it has one.
    """
    metadata = {
        method: metrics[f"{method}.metrics"]["metadata"]
        for method in predictions["method"].unique()
    }
    return {
        m: one["explanation"] for m, one in metadata.items() if "explanation" in one
    }


def describe_data(
    class_names: list[str],
    train_images: F32,
    train_table: Table,
    test_images: F32,
    test_table: Table,
    source_card: dict[str, str],
    ran: dict[str, bool],
) -> dict[str, Any]:
    """Describe the data behind the comparison; see `data_card`.

    Args:
        class_names: the K names.
        train_images: (N, H, W) float32, 0-255, originals and copies.
        train_table: describes them.
        test_images: (M, H, W) float32, 0-255.
        test_table: describes them.
        source_card: `name` and `credit`.
        ran: of `find_methods`; with it as an input, a project where nothing ran gets
            that error first.

    Raises:
        ValueError: images and tables do not have the same length.
    """
    from lfw17_kedro.reporting import data_card

    check_rows(train_images=train_images, train_table=train_table)
    check_rows(test_images=test_images, test_table=test_table)
    return data_card.describe_data(
        class_names, train_images, train_table, test_images, test_table, source_card
    )


def plot_confusion(predictions: Table, class_names: list[str]) -> Figure:
    """Plot the confusion matrix of each method; see `reporting.confusion`."""
    from lfw17_kedro.reporting import confusion

    return confusion.plot_confusion(predictions, class_names)


def plot_learning(predictions: Table, **histories: Table | None) -> Figure:
    """Plot the learning curves of the methods with predictions; see `figures`."""
    from lfw17_kedro.reporting import figures

    methods = predictions["method"].unique()
    return figures.plot_learning(
        {m: histories.get(f"{m}.validation_history") for m in methods}
    )


def plot_classes(class_scores: Table, predictions: Table) -> Figure:
    """Plot the F1 score of each person; see `figures`."""
    from lfw17_kedro.reporting import figures

    return figures.plot_classes(class_scores, figures.choose_split(predictions)[0])


def plot_reliability(predictions: Table, **metrics: dict[str, Any]) -> Figure:
    """Plot accuracy against confidence before and after calibration; see `figures`."""
    from lfw17_kedro.reporting import figures

    before = {
        method: metrics[f"{method}.metrics"]["calibration"]["before"]
        for method in predictions["method"].unique()
    }
    return figures.plot_reliability(predictions, before)


def plot_balance(data_card: dict[str, Any]) -> Figure:
    """Plot how many images there are of each person; see `figures`."""
    from lfw17_kedro.reporting import figures

    return figures.plot_balance(data_card["counts"])


def plot_map(
    predictions: Table,
    train_table: Table,
    class_names: list[str],
    settings: MapSettings,
    seed: int,
    **features: Any,
) -> Figure:
    """Plot the map of the embeddings; see `embedding_map`.

    Args:
        predictions: of `collect_predictions`.
        train_table: of `data_processing`.
        class_names: the K names.
        settings: `projection` and `max_faces`.
        seed: of all random choices.
        features: `<method>.train_features` and `<method>.test_features`.
    """
    from lfw17_kedro.reporting import embedding_map

    pairs = {
        method: (
            features[f"{method}.train_features"],
            features[f"{method}.test_features"],
        )
        for method in dict.fromkeys(name.partition(".")[0] for name in features)
    }
    return embedding_map.plot_map(
        pairs, predictions, train_table, class_names, settings.model_dump(), seed
    )


def show_examples(
    predictions: Table,
    train_images: F32,
    train_table: Table,
    test_images: F32,
    test_table: Table,
    class_names: list[str],
    max_faces: int,
) -> tuple[list[Any], Figure]:
    """Show the incorrect and the least certain faces.

    Args:
        predictions: of `collect_predictions`.
        train_images: (N, H, W) float32, 0-255.
        train_table: describes them.
        test_images: (M, H, W) float32, 0-255.
        test_table: describes them.
        class_names: the K names.
        max_faces: for each method and kind.

    Returns:
        The faces with their probabilities (`examples.ExampleFace`), and one figure
        of them.

    Raises:
        ValueError: images and tables do not have the same length.
    """
    from lfw17_kedro.reporting import examples

    check_rows(train_images=train_images, train_table=train_table)
    check_rows(test_images=test_images, test_table=test_table)
    images = {
        "validation": (train_images, list(train_table["id"])),
        "test": (test_images, list(test_table["id"])),
    }
    picked = examples.pick_faces(predictions, max_faces)
    faces = examples.describe_faces(picked, images, class_names)
    return faces, examples.plot_examples(faces)


def write_report(
    predictions: Table,
    class_names: list[str],
    comparison: Table,
    paired_tests: Table,
    class_scores: Table,
    temperatures: Table,
    examples: list[Any],
    data_card: dict[str, Any],
    left_out: dict[str, str],
    notes: dict[str, str],
    run_record: Record | None,
    **figures: Figure,
) -> str:
    """Write the report, one HTML page; see `page.write_page`.

    The confusion matrices are plotted again, one figure per method: so they fit side by
    side on a wide screen and one below the other on a phone.
    """
    from lfw17_kedro.reporting import confusion, page

    matrices = {
        f"confusion-{index}": confusion.plot_confusion(own, class_names)
        for index, (_, own) in enumerate(predictions.groupby("method", sort=False))
    }
    return page.write_page(
        comparison,
        paired_tests,
        class_scores,
        temperatures,
        examples,
        data_card,
        left_out,
        notes,
        run_record or start_record(),
        matrices | figures,
    )


def explain_missing(method: str, record: Record) -> str:
    """Say why a method has no metrics: no whole run, or no whole file.

    Args:
        method: its name, which is the namespace of its nodes.
        record: see `lfw17_kedro.lineage.run_record`.
    """
    nodes = record["nodes"]
    if any(f"{method}.metrics" in node["outputs"] for node in nodes.values()):
        return "it was run, but its metrics are missing or damaged"
    if any(get_namespace(name) == method for name in nodes):
        return "its run did not come to its end"
    return "it was not run"


def _select(results: dict[str, Any], method: str) -> dict[str, Any]:
    """Select the results of one method, by the name of the dataset alone."""
    prefix = f"{method}."
    return {
        name.removeprefix(prefix): one
        for name, one in results.items()
        if name.startswith(prefix)
    }
