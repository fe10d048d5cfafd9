"""The node that checks the numbers of training images before the work begins."""

from typing import Protocol

import numpy as np

from lfw17_kedro.faces.counts import check_counts
from lfw17_kedro.faces.requirements import CountRequirement, Split
from lfw17_kedro.pipelines.data_processing.settings import DataProcessingSettings
from lfw17_kedro.types import I64


class CountsImages(Protocol):
    """The settings of a method, as far as this node uses them."""

    def count_requirements(self, split: Split, copies: int) -> list[CountRequirement]:
        """Say how many training images of each person the method needs."""


def check_train_counts(
    labels: I64,
    class_names: list[str],
    data_processing: DataProcessingSettings,
    **methods: CountsImages,
) -> I64:
    """Refuse parameters that ask for more training images than there are.

    Runs right after the raw faces are validated. Whatever comes next takes the labels
    from this node, so no face is detected and no network is trained before.

    Args:
        labels: (N,) int64, 0..K-1, of the original training images.
        class_names: the K names.
        data_processing: says how the images are split and copied.
        methods: name -> settings of each method that the run uses.

    Returns:
        (N,) int64, the labels as they came.

    Raises:
        ValueError: every parameter that asks for too much, the person with the fewest
            images, and a value that works.
    """
    counts = np.bincount(labels, minlength=len(class_names))
    split, copies = (
        data_processing.split.division,
        data_processing.augmentation.copies,
    )
    requirements = data_processing.count_requirements()
    for settings in methods.values():
        requirements += settings.count_requirements(split, copies)
    check_counts(dict(zip(class_names, counts.tolist(), strict=True)), requirements)
    return labels
