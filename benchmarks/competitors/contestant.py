"""What a contestant must be able to do: see `Contestant`.

Nothing but NumPy is imported here: competitors run in an environment of their own.
"""

import time
from typing import Any

SIDE = 2048  # of the matrices whose product measures the peak
REPEATS = 3  # of the product; the fastest counts


class Contestant:
    """A detector and an encoder of faces, or a detector alone.

    What `find` gives goes to `cut`, and what that gives to `embed`, so each contestant
    passes on what it likes.

    Attributes:
        stages: those that it has, in their order.
        versions: package -> version, and whatever else distinguishes this contestant.
    """

    stages: tuple[str, ...] = ("find", "cut", "embed")
    versions: dict[str, str]

    def find(self, files: list[str]) -> Any:
        """Decode photos and find their faces."""
        raise NotImplementedError

    def list_boxes(self, found: Any) -> list[list[list[float]]]:
        """Give the boxes of each photo: left, top, right, bottom in pixels."""
        raise NotImplementedError

    def cut(self, found: Any) -> Any:
        """Cut the faces out as its encoder wants them, in a sequence."""
        raise NotImplementedError

    def embed(self, faces: Any) -> Any:
        """Embed faces that were cut out: one row each."""
        raise NotImplementedError

    def answer(self, files: list[str]) -> None:
        """Go the whole way, from files to embeddings, as its users do."""
        given: Any = files
        for stage in self.stages:
            given = getattr(self, stage)(given)

    def embed_aligned(self, faces: Any) -> Any:
        """Embed aligned faces (N, side, side, 3) uint8 RGB to rows of L2 norm 1."""
        raise NotImplementedError

    def multiply(self, side: int) -> Any:
        """Multiply two matrices of side x side once; None if it has no such thing."""
        return None

    def measure_peak(self) -> float | None:
        """Measure the operations per second of a large matrix product."""
        if self.multiply(SIDE) is None:  # the first one warms up
            return None
        seconds = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            self.multiply(SIDE)
            seconds.append(time.perf_counter() - start)
        return 2 * SIDE**3 / min(seconds)
