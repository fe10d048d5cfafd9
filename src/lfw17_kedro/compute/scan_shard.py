"""Find all faces of a shard of photos, in whatever process that is done."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import NamedTuple

from lfw17_kedro.compute.shards import Shard
from lfw17_kedro.compute.tasks import StopError, UnfitError
from lfw17_kedro.encoders import mtcnn, registry
from lfw17_kedro.files.disk_errors import DISK_FULL, NO_RIGHT
from lfw17_kedro.lineage.code_version import hash_code
from lfw17_kedro.people.scan import ScanSettings, scan_photos
from lfw17_kedro.photo_types import ReadPhoto
from lfw17_kedro.photos.formats import describe_decoders
from lfw17_kedro.scan_types import Scanned
from lfw17_kedro.start_up import import_tensorflow
from lfw17_kedro.stores.scan_store import OpenStore
from lfw17_kedro.types import Detector, Encoder, EncoderOptions, ReadWeights

MANY = 10  # photos of which all cannot be read: the folder is not there
LASTING = (*DISK_FULL, *NO_RIGHT)  # the next attempt would meet them as well
PACKAGES = ("numpy", "pyarrow", "tensorflow")  # on which the bytes of a part depend


class Networks(NamedTuple):
    """The networks of one process.

    Attributes:
        detect: finds faces.
        encoder: embeds them.
    """

    detect: Detector
    encoder: Encoder


class NetworkRecipe(NamedTuple):
    """What another process builds the same networks from.

    Attributes:
        encoder: a key of `encoders.registry.ENCODERS`.
        options: of the encoder, with the precision that was chosen, never auto: it
            would be chosen again by each machine.
        thresholds: of the detector.
        min_face_size: of the detector, pixels.
    """

    encoder: str
    options: EncoderOptions
    thresholds: tuple[float, float, float]
    min_face_size: float


@dataclass(frozen=True)
class ShardScan:
    """Scans shards and keeps what they show; can be pickled without its networks.

    Attributes:
        read_photo: reads a photo's bytes.
        open_store: opens what was found before.
        settings: of the scan.
        fingerprint: of the scan, which the networks must have.
        recipe: of the networks.
        read_weights: reads published weights.
        software: that other processes must have, see `describe_software`.
        networks: of this process; None to build them, once in each process.
        on_photo: called after each photo, for progress.
    """

    read_photo: ReadPhoto
    open_store: OpenStore
    settings: ScanSettings
    fingerprint: str
    recipe: NetworkRecipe
    read_weights: ReadWeights
    software: str = ""
    networks: Networks | None = None
    on_photo: Callable[[], object] | None = None

    def __call__(self, shard: Shard) -> list[Scanned]:
        """Scan a shard.

        Returns:
            The photos whose files could not be read. The store has all others, in the
            order of the shard.

        Raises:
            StopError: the disk is full, or the store cannot be written to.
            UnfitError: this process has other software, or gives other networks.
            OSError: no photo could be read, or the store did not answer.
        """
        detect, encoder = self.networks or self._get_networks()
        by_path = {photo.path: photo for photo in shard}
        found: dict[str, Scanned] = {}
        contents = [(photo.sha256, photo.path) for photo in shard]
        for one in scan_photos(
            contents,
            lambda path: self.read_photo(by_path[path]),
            detect,
            encoder,
            self.settings,
        ):
            found[one.sha256] = one
            if self.on_photo is not None:
                self.on_photo()
        scanned = [found[photo.sha256] for photo in shard]
        gone = [one for one in scanned if one.is_gone]
        if len(gone) == len(shard) >= MANY:  # it is not the photos
            raise OSError(
                f"expected photos that can be read here, got {len(gone)} of "
                f"{len(shard)} that cannot, {gone[0].problem}"
            )
        try:
            store = self.open_store(self.fingerprint, encoder.card.dimension)
            store.add(scanned)
        except OSError as error:
            cause = error.__cause__
            if isinstance(cause, OSError) and cause.errno in LASTING:
                raise StopError(str(error)) from error
            raise
        return gone

    def _get_networks(self) -> Networks:
        """Build the networks, or take those of an earlier shard, after a check."""
        key = (self.recipe, self.fingerprint, self.software)
        if key not in _networks:
            if (own := describe_software()) != self.software:
                raise UnfitError(
                    f"expected the software of the run on every worker, "
                    f"{self.software}, got {own}; install the same version there."
                )
            networks = build_networks(self.recipe, self.read_weights)
            own = fingerprint_scan(networks.encoder, self.recipe, self.settings)
            if own != self.fingerprint:
                raise UnfitError(
                    f"expected networks of fingerprint {self.fingerprint}, got {own}; "
                    "give every worker the same weights."
                )
            _networks.clear()
            _networks[key] = networks
        return _networks[key]


_networks: dict[tuple[NetworkRecipe, str, str], Networks] = {}  # of this process


def build_networks(recipe: NetworkRecipe, read_weights: ReadWeights) -> Networks:
    """Build detector and encoder.

    Args:
        recipe: of both.
        read_weights: reads published weights.
    """
    import_tensorflow()
    built = registry.build_encoder(recipe.encoder, read_weights, recipe.options)
    encoder = registry.compile_encoder(built)
    detect = mtcnn.build_detector(recipe.thresholds, recipe.min_face_size)
    return Networks(detect, encoder)


def fingerprint_scan(
    encoder: Encoder, recipe: NetworkRecipe, settings: ScanSettings
) -> str:
    """Two scans with one fingerprint find and embed alike."""
    detector = mtcnn.describe_detector(recipe.thresholds, recipe.min_face_size)
    return settings.fingerprint(encoder.card, detector)


def describe_software() -> str:
    """Say on what the bytes of a part depend: our code and a few packages."""
    packages = [f"{name} {version(name)}" for name in PACKAGES]
    code = f"lfw17_kedro {hash_code(__name__)[:12]}"
    return ", ".join([code, *packages, describe_decoders()])
