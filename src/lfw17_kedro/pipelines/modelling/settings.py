"""What the parameters of every method have in common."""

from typing import Any

from pydantic import ValidationInfo, field_validator

from lfw17_kedro.faces.requirements import CountRequirement, Split
from lfw17_kedro.parameter_types import CountOrZero, Folds, Settings, refuse


class NetworkCounts(Settings):
    """How many networks look at each view of a face; their probabilities are averaged.

    The networks of a view differ in their seeds.
    """

    original: CountOrZero
    """Networks that see the images as they are."""

    aligned: CountOrZero
    """Networks that see the aligned faces of data_processing."""

    @field_validator("aligned")
    @classmethod
    def _check_total(cls, aligned: int, info: ValidationInfo) -> Any:
        """Refuse settings without any network."""
        if not aligned and info.data.get("original") == 0:
            raise refuse("at least 1 because original is 0")
        return aligned

    @property
    def views(self) -> list[str]:
        """The view of each network."""
        counts: dict[str, int] = self.model_dump()
        return [view for view, count in counts.items() for _ in range(count)]

    def explain(self) -> str:
        """Say what the networks see, for the report."""
        seen = {
            "images as they are": self.original,
            "aligned faces": self.aligned,
        }
        parts = [
            f"{count} network{'s' if count > 1 else ''} on the {what}"
            for what, count in seen.items()
            if count
        ]
        text = " and ".join(parts)
        if sum(seen.values()) > 1:
            text = f"mean of {text}"
        if self.aligned:
            text += (
                ". Faces are aligned by landmarks of MTCNN, which was trained to find "
                "faces, not to tell people apart"
            )
        return f"{text[0].upper()}{text[1:]}."


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
