"""What the parameters of every method have in common."""

from lfw17_kedro.faces.requirements import CountRequirement, Split
from lfw17_kedro.parameter_types import Folds, Settings


class MethodSettings(Settings):
    """The parameters of a method."""

    cross_validation_folds: Folds | None
    """Besides the split of data_processing, cross-validate on all training images with
    this many folds: as many more models to fit. null for none."""

    def require(self, method: str, split: Split, copies: int) -> CountRequirement:
        """Say how many training images of each person one fit needs: at least one.

        Args:
            method: its name.
            split: how the images are divided.
            copies: augmented copies of each original that are trained on too.
        """
        return CountRequirement(split, method, copies=copies)

    def count_requirements(
        self, method: str, split: Split, copies: int
    ) -> list[CountRequirement]:
        """Say what each fit needs: those of validation and of cross-validation.

        Args: see `require`; `split` is that of data_processing.
        """
        splits = [split]
        if self.cross_validation_folds:
            name = f"{method}.cross_validation_folds"
            splits.append(Split(name, self.cross_validation_folds, optional=True))
        return [self.require(method, one, copies) for one in splits]
