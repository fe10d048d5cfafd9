"""Check the numbers of images as soon as they are known, before the work begins."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from click import ClickException
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from lfw17_kedro.hooks.node_calls import PARAMETER

LABELS = "data_processing.original_labels"
CLASS_NAMES = "class_names"


class CountHooks:
    """Refuses parameters that need more training images than there are.

    A hook and not a node: what must be checked depends on the methods in the run,
    while `data_processing` is the same for all of them.
    """

    def __init__(self) -> None:
        """Start without a run."""
        self._methods: dict[str, Any] = {}
        self._prepare: Any = None

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Find the settings of the methods that this run fits."""
        from lfw17_kedro.pipelines.modelling import MethodSettings

        settings = {
            name.removeprefix(PARAMETER): catalog.load(name)
            for name in pipeline.inputs()
            if name.startswith(PARAMETER)
        }
        self._methods = {
            name: one
            for name, one in settings.items()
            if isinstance(one, MethodSettings)
        }
        self._prepare = catalog.load("parameters")["data_processing"]

    @hook_impl
    def after_node_run(self, outputs: Mapping[str, Any]) -> None:
        """Check the labels when the node that makes them has run.

        Raises:
            ClickException: every parameter that needs too many, the person with
                the fewest images, and a value that works; a command ends with this
                message and a non-zero exit code.
        """
        if LABELS not in outputs:
            return
        from lfw17_kedro.faces.counts import check_counts

        names = outputs[CLASS_NAMES]
        counts = np.bincount(outputs[LABELS], minlength=len(names)).tolist()
        requirements = self._prepare.count_requirements()
        split, copies = self._prepare.split.division, self._prepare.augmentation.copies
        for name, one in self._methods.items():
            requirements += one.count_requirements(name, split, copies)
        try:
            check_counts(dict(zip(names, counts, strict=True)), requirements)
        except ValueError as error:
            raise ClickException(str(error)) from None
