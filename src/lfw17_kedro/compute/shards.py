"""Cut a collection of photos into shards: photos that are worked on together."""

from collections.abc import Callable, Iterable, Sequence

from lfw17_kedro.photo_types import PhotoFile
from lfw17_kedro.types import Bools

Shard = tuple[PhotoFile, ...]


def plan_shards(
    photos: Iterable[PhotoFile], is_known: Callable[[Sequence[str]], Bools], size: int
) -> list[Shard]:
    """Say which photos are to be worked on together.

    The whole collection is cut, then what is known is left out. So a run that goes on
    after another was killed cuts as that one did. Photos that are new move the cuts
    behind them: what is known is not searched again, and what is left of each piece is
    a shard, however small.

    Args:
        photos: in a fixed order, each content once.
        is_known: tells by SHA-256 which photos were done before.
        size: photos of a shard, at least 1.
    """
    listed = list(photos)
    known = is_known([photo.sha256 for photo in listed])
    shards = (
        tuple(
            listed[row]
            for row in range(start, min(start + size, len(listed)))
            if not known[row]
        )
        for start in range(0, len(listed), size)
    )
    return [shard for shard in shards if shard]
