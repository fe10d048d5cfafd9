"""MTCNN, the face detector of the study, behind the plain type `Detector`.

Zhang et al. 2016, arXiv:1604.02878. The weights are those of the PyPI package `mtcnn`
(MIT), whose own detector runs layer by layer and photo by photo. This one runs each
stage as one graph over all photos of a size.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from lfw17_kedro.encoders.boxes import make_square, shift_edges, suppress_non_maxima
from lfw17_kedro.encoders.mtcnn_networks import (
    MEAN,
    ONET_SIDE,
    OUTPUTS,
    RNET_SIDE,
    SCALE,
    SHA256,
    Network,
    build_networks,
)
from lfw17_kedro.start_up import import_tensorflow
from lfw17_kedro.types import F64, I64, SMALLEST_FACE, U8, Detector, Face

CELL = SMALLEST_FACE  # side of what P-Net sees for one score, pixels
STRIDE = 2  # between its cells, pixels
SCALE_FACTOR = 0.709  # between two scales of the pyramid; halves the area
MIN_FACE_SIZE = 20.0

# Max IoU of two boxes of one scale, and later of one photo; for O-Net's boxes, the
# intersection as a fraction of the smaller box. These, the scale factor and the pixels
# added and subtracted below are the package's, which has them from the authors' code in
# Matlab, where pixels are counted from 1.
MAX_OVERLAP_IN_SCALE = 0.5
MAX_OVERLAP = 0.7

MAX_PIXELS = 1 << 19  # that P-Net sees at once: 60 MB
MAX_PATCHES = 1 << 9  # that R-Net and O-Net see at once: 200 MB


class Candidates(NamedTuple):
    """Boxes that may hold a face.

    Attributes:
        photos: (N,) int64, position of each box's photo in the batch.
        boxes: (N, 4) float64: left, top, right, bottom in pixels of the photo.
        scores: (N,) float64, 0-1.
    """

    photos: I64
    boxes: F64
    scores: F64


def describe_detector(
    thresholds: tuple[float, float, float], min_face_size: float
) -> list[Any]:
    """List what its faces depend on, to be hashed; see `build_detector`."""
    return [list(thresholds), min_face_size, SHA256]


def build_detector(
    thresholds: tuple[float, float, float], min_face_size: float = MIN_FACE_SIZE
) -> Detector:
    """Build MTCNN, on the GPU if TensorFlow sees one, else on the CPU.

    Its networks are loaded once per process.

    Args:
        thresholds: min scores of the three stages, 0-1: proposals (P-Net), refinement
            (R-Net) and output (O-Net).
        min_face_size: longer side of the smallest boxes to be found, pixels, at least
            12.

    Returns:
        The detector. It is fastest with many photos of one size.

    Raises:
        ValueError: a file of weights in the installed package is damaged, or
            `min_face_size` is less than 12.
    """
    if not min_face_size >= CELL:
        raise ValueError(
            f"min_face_size: expected at least {CELL} pixels, got {min_face_size}."
        )
    tf = import_tensorflow()
    stages = _load_stages()
    pnet, rnet, onet = thresholds

    def detect(photos: Sequence[U8]) -> list[list[Face]]:
        faces: list[list[Face]] = [[] for _ in photos]
        sizes = [photo.shape for photo in photos]
        for size in dict.fromkeys(sizes):
            rows = [row for row, other in enumerate(sizes) if other == size]
            batch = tf.constant(np.stack([photos[row] for row in rows]))
            candidates = stages.propose(batch, pnet, min_face_size)
            candidates = stages.refine(batch, candidates, rnet)
            for index, face in stages.locate(batch, candidates, onet):
                if max(face.box[2:] - face.box[:2]) >= min_face_size:
                    faces[rows[index]].append(face)
        return faces

    return detect


def list_scales(height: int, width: int, min_face_size: float) -> list[float]:
    """List the scales at which a photo is searched.

    Args:
        height: rows of the photo, pixels.
        width: columns of the photo, pixels.
        min_face_size: pixels.

    Returns:
        Down from the scale at which the smallest faces fill a cell, until one cell
        would not fit into the photo any more.
    """
    scale = CELL / min_face_size
    scales = []
    while min(height, width) * scale >= CELL:
        scales.append(scale)
        scale *= SCALE_FACTOR
    return scales


@cache
def _load_stages() -> "_Stages":
    """Load the three stages once per process."""
    return _Stages()


class _Stages:
    """The three stages; figure 1 of the paper."""

    def __init__(self) -> None:
        """Make the graphs, which are traced when they are first run."""
        import tensorflow as tf

        networks = build_networks()
        # There is no Python to translate, and translating takes a second.
        make_graph = partial(tf.function, autograph=False)

        def run_pnet(images: Any, threshold: Any) -> Any:
            outputs = networks.pnet((images - MEAN) * SCALE)
            cells = tf.where(outputs[..., -1] > threshold)
            return cells, tf.gather_nd(outputs, cells)

        def build_stage(network: Network, side: int) -> Callable[[Any], Any]:
            def run(patches: Any) -> Any:
                return network((patches - MEAN) * SCALE)

            patches = tf.TensorSpec((None, side, side, 3), tf.float32)
            graph: Callable[[Any], Any] = make_graph(run, input_signature=[patches])
            return graph

        any_images = tf.TensorSpec((None, None, None, 3), tf.float32)
        any_threshold = tf.TensorSpec((), tf.float32)
        signature = [any_images, any_threshold]
        self._run_pnet = make_graph(run_pnet, input_signature=signature)
        self._run_rnet = build_stage(networks.rnet, RNET_SIDE)
        self._run_onet = build_stage(networks.onet, ONET_SIDE)

    def propose(
        self, photos: Any, threshold: float, min_face_size: float
    ) -> Candidates:
        """Search photos (N, H, W, 3) at all scales with P-Net."""
        import tensorflow as tf

        found, levels = [], []
        height, width = photos.shape[1:3]
        for level, scale in enumerate(list_scales(height, width, min_face_size)):
            # Not made from the scale before, and boxes are enlarged by the scale and
            # not by the true quotient of the sizes, so that the candidates are those
            # of the package.
            size = (int(height * scale), int(width * scale))
            images = tf.image.resize(photos, size, "area")
            found.append(self._search_scale(images, threshold, scale))
            levels.append(np.full(len(found[-1].scores), level))
        if not found:
            return Candidates(np.empty(0, np.int64), np.empty((0, 4)), np.empty(0))
        candidates = Candidates(*map(np.concatenate, zip(*found, strict=True)))
        groups = np.concatenate(levels) * len(photos) + candidates.photos
        candidates = _suppress(candidates, MAX_OVERLAP_IN_SCALE, groups)
        return _suppress(candidates, MAX_OVERLAP, candidates.photos)

    def _search_scale(self, images: Any, threshold: float, scale: float) -> Candidates:
        """Search one scale, (N, H, W, 3) float32, in strips that fit into memory."""
        count, height, width = images.shape[:3]
        rows = max(MAX_PIXELS // (count * width), CELL) // STRIDE * STRIDE
        found = []
        for top in range(0, height - CELL + 1, rows):
            strip = images[:, top : top + rows + CELL - STRIDE]
            cells, outputs = self._run_pnet(strip, threshold)
            found.append((cells + np.array([0, top // STRIDE, 0]), outputs))
        cells, outputs = (np.concatenate(part) for part in zip(*found, strict=True))
        corner = STRIDE * cells[:, [2, 1]] + 1
        side = CELL - 1
        boxes = np.concatenate([corner, corner + side], axis=1) + side * outputs[:, :4]
        return Candidates(cells[:, 0], boxes / scale, outputs[:, 4].astype(np.float64))

    def refine(
        self, photos: Any, candidates: Candidates, threshold: float
    ) -> Candidates:
        """Correct boxes with R-Net, and keep those that score more."""
        boxes = make_square(candidates.boxes)
        outputs = _run(self._run_rnet, RNET_SIDE, photos, boxes, candidates.photos)
        kept = outputs[:, 4] > threshold
        refined = Candidates(
            candidates.photos[kept],
            shift_edges(boxes, outputs[:, :4])[kept],
            outputs[kept, 4],
        )
        return _suppress(refined, MAX_OVERLAP, refined.photos)

    def locate(
        self, photos: Any, candidates: Candidates, threshold: float
    ) -> Iterator[tuple[int, Face]]:
        """Locate faces with O-Net; gives the photo's position and the face."""
        squares = make_square(candidates.boxes)
        outputs = _run(self._run_onet, ONET_SIDE, photos, squares, candidates.photos)
        boxes = shift_edges(squares, outputs[:, :4])
        sides = squares[:, 2:] - squares[:, :2] + 1
        landmarks = outputs[:, 4:14].reshape(-1, 2, 5).transpose(0, 2, 1)
        landmarks = squares[:, None, :2] + landmarks * sides[:, None] - 1
        scores = outputs[:, 14]
        good = np.flatnonzero(scores > threshold)
        kept = suppress_non_maxima(
            boxes[good],
            scores[good],
            candidates.photos[good],
            MAX_OVERLAP,
            by_smaller=True,
        )
        for row in good[kept]:
            face = Face(boxes[row], landmarks[row], float(scores[row]))
            yield int(candidates.photos[row]), face


def _suppress(candidates: Candidates, max_iou: float, groups: I64) -> Candidates:
    """Keep the best of those that overlap in their group."""
    kept = suppress_non_maxima(candidates.boxes, candidates.scores, groups, max_iou)
    photos, boxes, scores = candidates
    return Candidates(photos[kept], boxes[kept], scores[kept])


def _run(
    network: Callable[[Any], Any], side: int, photos: Any, boxes: F64, rows: I64
) -> F64:
    """Run R-Net or O-Net on the patches inside boxes, a limited number at a time."""
    import tensorflow as tf

    height, width = photos.shape[1:3]
    # Not by height - 1 and width - 1, as would be exact: the package does so, and its
    # landmarks are what the encoders' templates were measured with.
    scaled = boxes[:, [1, 0, 3, 2]] / [height, width, height, width]
    outputs = [np.empty((0, OUTPUTS[side]), np.float32)]
    for start in range(0, len(boxes), MAX_PATCHES):
        block = slice(start, start + MAX_PATCHES)
        patches = tf.image.crop_and_resize(
            photos, scaled[block], rows[block], (side, side), extrapolation_value=MEAN
        )
        outputs.append(network(patches).numpy())
    return np.concatenate(outputs).astype(np.float64)
