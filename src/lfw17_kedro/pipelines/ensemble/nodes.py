"""Nodes of `ensemble`: probabilities of any methods -> those of all together.

Probabilities come by the name of their dataset, `<method>.<split>_probabilities`, and
are None where a method has none yet. M methods, N images, K people.
"""

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from lfw17_kedro.faces.ids import check_ids
from lfw17_kedro.faces.split import select_originals, select_validated
from lfw17_kedro.pipelines.modelling.probabilities import check_columns, tabulate
from lfw17_kedro.types import F64, I64, Strings, Table

VALIDATION, OUT_OF_FOLD, TEST = SPLITS = ("validation", "out_of_fold", "test")
NEEDED = (VALIDATION, TEST)
MIN_METHODS = 2
MEAN, LOG_LINEAR = "mean", "log_linear"
TIE = 1e-4  # nats; with equal losses the mean is used, which has no weights
WORDS = {MEAN: "the mean", LOG_LINEAR: "the log-linear pool"}
ON = {VALIDATION: "validation images", OUT_OF_FOLD: "training images (out of fold)"}

logger = logging.getLogger(__name__)


class Pooling(NamedTuple):
    """How the methods are joined.

    Attributes:
        name: mean, or log_linear.
        weights: (M,) float64 of sum 1.
        group_weights: (GROUPS, M) float64; those of a group of images were fitted on
            the other groups.
        losses: mean and log_linear -> log loss with cross-fitted weights, nats.
        ids: (N,) str, of the images that all this was fitted on.
    """

    name: str
    weights: F64
    group_weights: F64
    losses: dict[str, float]
    ids: Strings


def pool_methods(
    train_table: Table,
    test_table: Table,
    class_names: list[str],
    **probabilities: Table | None,
) -> tuple[dict[str, Any], Table, Table, Table]:
    """Join the probabilities of all methods that have results.

    Of the mean and the log-linear pool, the one with the smaller log loss is used. It
    is measured on images that the methods were not trained on: all training images
    where every method was cross-validated, else the validation images. The weights of
    the pool, and for the mean its sharpness, are cross-fitted for that.

    Args:
        train_table: of `data_processing`.
        test_table: of `data_processing`.
        class_names: the K names.
        probabilities: `<method>.validation_probabilities`,
            `<method>.out_of_fold_probabilities`, `<method>.test_probabilities`.

    Returns:
        What the metrics say of the ensemble: `methods`, `left_out` (method -> why),
        `pooling`, `weights` (method -> weight), `fitted_on` (validation or
        out_of_fold), `images` (as many), `log_loss` (mean and log_linear -> nats) and
        `explanation`. Then the probabilities of the validation images, of all training
        images (empty unless every method was cross-validated) and of the test images.

    Raises:
        ValueError: results of fewer than two methods, or of other images or people.
    """
    members, left_out = _select_members(probabilities)
    tables = _list_images(train_table, test_table)
    everywhere = all(len(own[OUT_OF_FOLD]) for own in members.values())
    fitted_on = OUT_OF_FOLD if everywhere else VALIDATION
    if not everywhere:
        tables[OUT_OF_FOLD] = train_table[:0]
    stacks = {
        split: _stack(members, split, table, class_names)
        for split, table in tables.items()
    }
    images = tables[fitted_on]
    pooling = _choose_pooling(
        stacks[fitted_on],
        images["label"].to_numpy(np.int64),
        images["id"].to_numpy(np.str_),
    )
    explanation = _explain(pooling, list(members), fitted_on, left_out)
    logger.info("ensemble: %s", explanation)
    metadata = {
        "methods": list(members),
        "left_out": left_out,
        "pooling": pooling.name,
        "weights": dict(zip(members, pooling.weights.tolist(), strict=True)),
        "fitted_on": fitted_on,
        "images": len(images),
        "log_loss": pooling.losses,
        "explanation": explanation,
    }
    validation, out_of_fold, test = (
        _pool(pooling, stacks[split], tables[split], class_names, split != TEST)
        for split in SPLITS
    )
    return metadata, validation, out_of_fold, test


def _select_members(
    probabilities: Mapping[str, Table | None],
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Select the methods that have results, and say why the others are left out.

    A method that was stopped before its probabilities were calibrated has none, as one
    that was never run.

    Raises:
        ValueError: fewer than two have results.
    """
    members: dict[str, dict[str, Any]] = {}
    left_out = {}
    for method in dict.fromkeys(name.partition(".")[0] for name in probabilities):
        own: dict[str, Any] = {
            split: probabilities[f"{method}.{split}_probabilities"] for split in SPLITS
        }
        missing = [f"{split}_probabilities" for split in NEEDED if own[split] is None]
        if not missing:
            found = own[OUT_OF_FOLD]
            members[method] = own | {OUT_OF_FOLD: () if found is None else found}
            continue
        started = any(one is not None for one in own.values())
        why = f"it has no {', '.join(missing)}" if started else "it has no results yet"
        left_out[method] = f"{why}; run `kedro run --pipelines {method}`."
    if len(members) < MIN_METHODS:
        raise ValueError(
            f"ensemble: expected results of at least {MIN_METHODS} methods, got "
            f"{len(members)}.{_list_reasons(left_out)}"
        )
    return members, left_out


def _list_images(train_table: Table, test_table: Table) -> dict[str, Table]:
    """List the images of each split, in the order of the tables."""
    originals = select_originals(train_table)
    validated = select_validated(train_table)
    return {VALIDATION: validated, OUT_OF_FOLD: originals, TEST: test_table}


def _stack(
    members: Mapping[str, Mapping[str, Table]],
    split: str,
    table: Table,
    class_names: list[str],
) -> F64:
    """Give the (M, N, K) probabilities of a split, in the order of its table.

    Raises:
        ValueError: those of a method are of other images or people.
    """
    stacked = np.empty((len(members), len(table), len(class_names)))
    for index, (method, own) in enumerate(members.items()):
        if len(table):
            what = f"{split} probabilities of {method}"
            check_columns(own[split], class_names, what)
            check_ids(own[split]["id"], table, what)
            rows = own[split].set_index("id").loc[table["id"], class_names]
            stacked[index] = rows.to_numpy(np.float64)
    return stacked


def _choose_pooling(stack: F64, labels: I64, ids: Strings) -> Pooling:
    """Choose the pooling with the smaller log loss, and fit its weights."""
    from sklearn.metrics import log_loss

    from lfw17_kedro.faces import calibration

    groups = calibration.assign_groups(ids, ids)
    mean = stack.mean(axis=0)
    sharpness = calibration.cross_fit_weights(mean[None], labels, groups)
    weights = calibration.cross_fit_weights(stack, labels, groups)
    pooled = {
        MEAN: calibration.scale_probabilities(mean, sharpness[groups, 0]),
        LOG_LINEAR: calibration.pool_probabilities(stack, weights[groups]),
    }
    classes = np.arange(stack.shape[2])
    losses = {
        name: float(log_loss(labels, one, labels=classes))
        for name, one in pooled.items()
    }
    if losses[MEAN] < losses[LOG_LINEAR] + TIE:
        equal = np.full(weights.shape, 1 / len(stack))
        return Pooling(MEAN, equal[0], equal, losses, ids)
    final = calibration.fit_weights(stack, labels)
    weights /= weights.sum(axis=1, keepdims=True)
    return Pooling(LOG_LINEAR, final / final.sum(), weights, losses, ids)


def _pool(
    pooling: Pooling,
    stack: F64,
    table: Table,
    class_names: list[str],
    fitted: bool,
) -> Table:
    """Pool (M, n, K) probabilities of the images of a table.

    Args:
        pooling: of `_choose_pooling`.
        stack: the probabilities.
        table: of the n images.
        class_names: the K names.
        fitted: whether the images are among those that the weights were fitted on.
    """
    from lfw17_kedro.faces.calibration import assign_groups, pool_probabilities

    ids, weights = table["id"].to_numpy(np.str_), pooling.weights
    if fitted:
        weights = pooling.group_weights[assign_groups(ids, pooling.ids)]
    pooled = (
        stack.mean(axis=0)
        if pooling.name == MEAN
        else pool_probabilities(stack, weights)
    )
    return tabulate(ids, pooled, class_names)


def _explain(
    pooling: Pooling, methods: list[str], fitted_on: str, left_out: dict[str, str]
) -> str:
    """Say what is submitted, why, and which methods are not in it."""
    other = MEAN if pooling.name == LOG_LINEAR else LOG_LINEAR
    text = (
        f"{WORDS[pooling.name]} of {', '.join(methods[:-1])} and {methods[-1]} is "
        f"submitted. Its log loss on the {len(pooling.ids)} {ON[fitted_on]} is "
        f"{pooling.losses[pooling.name]:.4f}, that of {WORDS[other]} "
        f"{pooling.losses[other]:.4f}, both with cross-fitted weights."
    )
    return text[0].upper() + text[1:] + _list_reasons(left_out)


def _list_reasons(left_out: dict[str, str]) -> str:
    """Say which methods are left out, a sentence each."""
    return "".join(f" {method} is left out: {why}" for method, why in left_out.items())
