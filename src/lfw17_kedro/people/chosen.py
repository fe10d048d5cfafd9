"""Faces of photos to name that the user's corrections enrol."""

from collections.abc import Iterable, Mapping

from lfw17_kedro.people.corrections_file import Correction, Unmatched
from lfw17_kedro.people.enrol import ChosenFace
from lfw17_kedro.people.names import spell_path
from lfw17_kedro.people.stored_faces import FindScan, find_row, read_photos
from lfw17_kedro.scan_types import FACE_COLUMNS, Scan

NOT_SEARCHED = (
    "the photo of this face was not searched yet; run once more to enrol it, or clear "
    "enrol if the photo is no longer there"
)


def find_chosen(
    corrections: Iterable[Correction], store: FindScan
) -> tuple[list[ChosenFace], list[Unmatched]]:
    """Find the faces that corrections enrol, by their ids.

    Args:
        corrections: the user's corrections; those that enrol nothing are passed over.
        store: store of all photos scanned so far.

    Returns:
        The faces, and the corrections whose face cannot be enrolled.
    """
    wanted = [one for one in corrections if one.enrol]
    photos = read_photos((one.face_id for one in wanted if one.face_id), store)
    chosen, missing = [], []
    for one in wanted:
        found = _find_face(one, photos)
        if isinstance(found, str):
            missing.append(Unmatched(one, found))
        else:
            chosen.append(found)
    return chosen, missing


def _find_face(correction: Correction, photos: Mapping[str, Scan]) -> ChosenFace | str:
    """Find the face of a correction in its photo, or say why there is none."""
    if not correction.face_id:
        return "expected a face_id to enrol a face, got only a photo; copy the face_id"
    if (scan := photos.get(correction.face_id)) is None:
        return NOT_SEARCHED
    if (row := find_row(correction.face_id, scan)) is None:
        return "no face is found there any more, so it is not enrolled"
    face = scan.faces.iloc[row][[*FACE_COLUMNS]]
    photo = spell_path(correction.photo) or correction.face_id
    return ChosenFace(correction.name, photo, face, scan.vectors[row])
