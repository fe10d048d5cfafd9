"""Search and embed faces as a gallery's settings say, in memory and without Kedro."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lfw17_kedro.api.image_files import (
    ImageFile,
    ImageLike,
    name_uniquely,
    open_image,
)
from lfw17_kedro.encoders import mtcnn, registry
from lfw17_kedro.faces.search import CopySize
from lfw17_kedro.gallery_types import Cohort, GallerySettings
from lfw17_kedro.people.change_gallery import collect_scan
from lfw17_kedro.people.enrol import choose_rows, list_cohort
from lfw17_kedro.people.scan import ScanSettings, scan_photos
from lfw17_kedro.scan_types import Scan, Scanned
from lfw17_kedro.start_up import import_tensorflow
from lfw17_kedro.types import F32, Detector, Encoder, ReadWeights


@dataclass(frozen=True)
class FaceScanner:
    """Finds, aligns and embeds all faces of photos.

    Attributes:
        settings: those of the gallery, with the precision that was chosen.
        fingerprint: fingerprint of encoder, detection and settings; galleries and scans
            with the same one can be compared.
        detect: finds the faces.
        encoder: embeds them.
    """

    settings: GallerySettings
    fingerprint: str
    detect: Detector
    encoder: Encoder

    def scan(self, images: Sequence[ImageFile]) -> list[Scanned]:
        """Find and embed all faces of some images.

        Args:
            images: all that they show is in memory at the end.

        Returns:
            What each shows, in order; their SHA-256 is "" where they cannot be read.
        """
        labels = name_uniquely([image.name for image in images])
        by_label = dict(zip(labels, images, strict=True))
        hashes: dict[str, str] = {}

        def read(label: str) -> bytes:
            content = by_label[label].read()
            hashes[label] = hashlib.sha256(content).hexdigest()
            return content

        contents = [(label, label) for label in labels]
        settings = make_scan_settings(self.settings)
        found = scan_photos(contents, read, self.detect, self.encoder, settings)
        shown = {one.sha256: one for one in found}
        return [replace(shown[one], sha256=hashes.get(one, "")) for one in labels]

    def embed_central_face(self, image: ImageFile) -> F32:
        """Embed the large central face of an image: (D,) float32.

        Raises:
            ValueError: an image that cannot be read, or shows no face.
        """
        [shown] = self.scan([image])
        check_readable(shown)
        [row] = choose_rows([shown.sha256], self._collect([shown]))
        if row < 0:
            raise ValueError(
                f"expected a face in {image.name}, found none; pass an image that "
                "shows one, larger or sharper."
            )
        vector: F32 = shown.vectors[row]
        return vector

    def embed_cohort(self, images: Mapping[str, Iterable[ImageLike]]) -> Cohort:
        """Embed strangers: the large central face of each image that shows one.

        Args:
            images: stranger -> images of that person.

        Raises:
            ValueError: an image that cannot be read.
        """
        people = [(person, one) for person, own in images.items() for one in own]
        opened = [open_image(one, number) for number, (_, one) in enumerate(people)]
        scanned = [check_readable(one) for one in self.scan(opened)]
        return list_cohort(
            [person for person, _ in people],
            [one.sha256 for one in scanned],
            self._collect(scanned),
        )

    def _collect(self, scanned: Sequence[Scanned]) -> Scan:
        """Put together what images show."""
        return collect_scan(scanned, self.fingerprint, self.encoder.card.dimension)


def check_readable(scanned: Scanned) -> Scanned:
    """Refuse an image that cannot be read.

    Raises:
        ValueError: why it cannot be read.
    """
    if scanned.problem:
        raise ValueError(scanned.problem)
    return scanned


def build_scanner(settings: GallerySettings, read_weights: ReadWeights) -> FaceScanner:
    """Build the networks.

    Args:
        settings: settings of a gallery.
        read_weights: reads published weights.

    Raises:
        ValueError: an unknown encoder or option, or weights that are missing or not the
            expected ones.
    """
    if settings.encoder not in registry.ENCODERS:
        raise ValueError(
            f"encoder: expected one of {', '.join(registry.ENCODERS)}, got "
            f"{settings.encoder!r}; choose one of them, or register it."
        )
    import_tensorflow()
    options = settings.encoder_options
    built = registry.build_encoder(settings.encoder, read_weights, options)
    encoder = registry.compile_encoder(built)
    card = encoder.card
    detector = mtcnn.describe_detector(settings.thresholds, settings.min_face_size)
    chosen = options._replace(precision=card.precision)
    return FaceScanner(
        replace(settings, encoder_options=chosen),
        make_scan_settings(settings).fingerprint(card, detector),
        mtcnn.build_detector(settings.thresholds, settings.min_face_size),
        encoder,
    )


def make_scan_settings(settings: GallerySettings) -> ScanSettings:
    """Give what the scan needs of a gallery's settings."""
    return ScanSettings(
        max_long_side=settings.max_long_side,
        sizes=tuple(CopySize(*size) for size in settings.sizes),
        batch_size=settings.batch_size,
        test_time_flip=settings.test_time_flip,
        turn=settings.turn,
    )
