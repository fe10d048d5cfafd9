"""Cut aligned faces out of photos.

Coordinates are (x, y) in pixels, the origin at the photo's top left corner.
"""

import numpy as np
from PIL import Image

from lfw17_kedro.types import F64, U8, EncoderCard


def align_face(photo: U8, position: F64, card: EncoderCard) -> U8:
    """Cut the face out of a photo with the alignment that an encoder needs.

    Args:
        photo: (H, W) grey or (H, W, 3) RGB, uint8.
        position: (7, 2) float64, of `detect`: box and landmarks as fractions of the
            photo's width and height.
        card: the encoder's description.

    Returns:
        (size, size, 3) uint8 RGB.

    Raises:
        ValueError: the card names an alignment that is not known.
    """
    image = Image.fromarray(photo)
    points = position * image.size
    if card.alignment == "similarity" and card.template is not None:
        template = np.array(card.template)
        face = align_similarity(image, points[2:], template, card.size)
    elif card.alignment == "box" and card.margin is not None:
        face = align_box(image, points[:2].ravel(), card.margin, card.size)
    else:
        raise ValueError(
            f"encoder {card.name}: expected the alignment 'similarity' with a template "
            f"or 'box' with a margin, got {card.alignment!r}."
        )
    return np.asarray(face.convert("RGB"))  # last: of a grey photo, a third of the work


def align_similarity(
    image: Image.Image, landmarks: F64, template: F64, size: int
) -> Image.Image:
    """Rotate, scale and shift a face so that its landmarks fall onto a template.

    Args:
        image: the photo.
        landmarks: (P, 2) in pixels of the photo.
        template: (P, 2) in pixels of the result.
        size: side of the result, pixels.

    Returns:
        The face, size x size, bicubic; black outside the photo.
    """
    scale_rotation, shift = fit_similarity(landmarks, template)
    if (factor := int(1 / abs(scale_rotation))) > 1:  # else most pixels are skipped
        return align_similarity(
            image.reduce(factor), landmarks / factor, template, size
        )
    # Pillow needs the inverse: result pixel -> photo pixel, z = (w - shift) / a.
    a = 1 / scale_rotation
    b = -shift / scale_rotation
    matrix = (a.real, -a.imag, b.real, a.imag, a.real, b.imag)
    return image.transform(
        (size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    )


def fit_similarity(points: F64, targets: F64) -> tuple[complex, complex]:
    """Fit the least-squares similarity transform that takes points to targets.

    With points as complex numbers x + iy it is targets = a points + b: |a| scales, its
    angle rotates, b shifts (Umeyama 1991 in two dimensions, without reflection).

    Args:
        points: (P, 2) float64, not all the same.
        targets: (P, 2) float64.

    Returns:
        The complex numbers a and b.
    """
    z, w = points @ [1, 1j], targets @ [1, 1j]
    centred = z - z.mean()
    a = np.vdot(centred, w - w.mean()) / np.vdot(centred, centred).real
    return a, w.mean() - a * z.mean()


def align_box(image: Image.Image, box: F64, margin: int, size: int) -> Image.Image:
    """Cut a face out by its box and a margin, the way the study did.

    Args:
        image: the photo.
        box: (4,) left, top, right, bottom in pixels of the photo.
        margin: added to the box, half of it on each side, pixels of the photo.
        size: side of the result, pixels.

    Returns:
        The face, size x size, bilinear; its aspect is the clipped box's.

    Source: align_dataset_mtcnn.py of davidsandberg/facenet.
    """
    half = margin / 2
    edges = (box + np.array([-half, -half, half, half])).astype(int)
    left, top = np.maximum(edges[:2], 0)
    right, bottom = np.minimum(edges[2:], image.size)
    cut = (left, top, right, bottom)
    return image.resize((size, size), Image.Resampling.BILINEAR, cut)


def resize_faces(faces: U8, size: int) -> U8:
    """Resize square faces: (N, S, S) uint8 -> (N, size, size) uint8, bicubic."""
    if faces.shape[1] == size:
        return faces
    shape = (size, size)
    resized = [
        Image.fromarray(one).resize(shape, Image.Resampling.BICUBIC) for one in faces
    ]
    return np.stack([np.asarray(one) for one in resized])
