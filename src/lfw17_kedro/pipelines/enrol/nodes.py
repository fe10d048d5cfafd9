"""Nodes of `enrol`."""

import logging
from collections import Counter
from dataclasses import replace

import numpy as np

from lfw17_kedro.gallery_types import CHECK, LEFT_OUT, Gallery, GallerySettings
from lfw17_kedro.messages import count_noun
from lfw17_kedro.people.pictures import Pictures, tabulate_places
from lfw17_kedro.photo_types import PhotoFolder
from lfw17_kedro.pipelines.encoder_settings import EncoderOptionSettings
from lfw17_kedro.pipelines.people.nodes import advise_on_lost_scans, warn_of_corrections
from lfw17_kedro.pipelines.people.settings import QualitySettings, SearchSettings
from lfw17_kedro.scan_types import Scan
from lfw17_kedro.stores.scan_store import OpenStore
from lfw17_kedro.types import Encoder, Figure, RawFaces, Table

CURVE_POINTS = 1001  # thresholds tried for the figures
COHORT = (  # Samaria and Harter 1994, doi:10.1109/ACV.1994.341300
    "the ORL faces, 40 people of a laboratory in Cambridge, England, photographed in "
    "grey from 1992 to 1994, most of them men."
)

logger = logging.getLogger(__name__)


def enrol(
    people: PhotoFolder,
    scan: Scan,
    cohort: PhotoFolder,
    cohort_scan: Scan,
    corrections: bytes,
    open_store: OpenStore,
    search: SearchSettings,
    quality: QualitySettings,
    false_accept_rate: float,
    encoder: Encoder,
    options: EncoderOptionSettings,
) -> tuple[Gallery, Table]:
    """Choose a face of each photo of each person; see `enrol_people`.

    Args:
        people: photos of the people, `<person>/.../<photo>`.
        scan: of these photos.
        cohort: photos of strangers, `<person>/<photo>`.
        cohort_scan: of these photos.
        corrections: of the user; some say that their face is to be enrolled.
        open_store: has those faces.
        search: how faces were searched.
        quality: what a face must have.
        false_accept_rate: to aim at.
        encoder: that embedded them.
        options: of the encoder.

    Returns:
        The gallery, which knows the settings, and one row per photo. The gallery is
        incomplete where a correction waits for its photo to be searched.
    """
    from lfw17_kedro.people.chosen import NOT_SEARCHED, find_chosen
    from lfw17_kedro.people.corrections import parse_corrections, spell_names
    from lfw17_kedro.people.corrections_file import read_corrections_table
    from lfw17_kedro.people.enrol import (
        ThresholdRule,
        enrol_people,
        leave_out_known,
        list_cohort,
        name_person,
    )
    from lfw17_kedro.people.gate import QualityGate
    from lfw17_kedro.people.open_set import get_fallback

    store = open_store(scan.fingerprint, scan.vectors.shape[1])
    listed = parse_corrections(read_corrections_table(corrections))
    spelled = spell_names(listed, (name_person(file.path) for file in people))
    chosen, missing = find_chosen(spelled, store)
    warn_of_corrections(missing)
    strangers = list_cohort(
        [name_person(file.path) for file in cohort],
        [file.sha256 for file in cohort],
        cohort_scan,
    )
    known = np.concatenate([scan.vectors, *(one.vector[None] for one in chosen)])
    rule = ThresholdRule(
        leave_out_known(strangers, known).vectors,
        false_accept_rate,
        get_fallback(encoder.card.name),
    )
    gate = QualityGate(**quality.model_dump())
    gallery, enrolment = enrol_people(people, scan, gate, rule, chosen)
    actions = Counter(enrolment["action"])
    logger.info(
        "Enrolled %s with %s; %s left out, %d to check.",
        count_noun(len(gallery.people), "person", "people"),
        count_noun(len(gallery.faces), "photo"),
        count_noun(actions[LEFT_OUT], "photo"),
        actions[CHECK],
    )
    settings = _join_settings(search, quality, encoder, options)
    waiting = any(one.reason == NOT_SEARCHED for one in missing)
    gallery = replace(
        gallery, cohort=strangers, settings=settings, is_incomplete=waiting
    )
    return gallery, enrolment


def _join_settings(
    search: SearchSettings,
    quality: QualitySettings,
    encoder: Encoder,
    options: EncoderOptionSettings,
) -> GallerySettings:
    """Join the parameters that the gallery keeps; the precision is the chosen one."""
    return GallerySettings(
        encoder=encoder.card.name,
        encoder_options=options.to_options()._replace(precision=encoder.card.precision),
        sizes=tuple(
            (size.min_short_side, size.max_short_side, size.padding)
            for size in search.sizes
        ),
        **search.model_dump(exclude={"sizes"}),
        **quality.model_dump(),
    )


def cut_crops(
    gallery: Gallery,
    open_store: OpenStore,
    height: int,
    width: int,
    test_fraction: float,
) -> RawFaces:
    """Cut the enrolled faces to images for the methods of the study; see `crops`.

    Raises:
        ValueError: the scan of a photo that was enrolled, or a picture of it, is lost.
    """
    from lfw17_kedro.people.crops import cut_crops

    store = open_store(gallery.fingerprint, gallery.vectors.shape[1])
    with advise_on_lost_scans():
        return cut_crops(gallery, store, height, width, test_fraction)


def report_enrolment(
    gallery: Gallery,
    enrolment: Table,
    people: PhotoFolder,
    scan: Scan,
    open_store: OpenStore,
) -> tuple[str, Figure, Figure, Pictures]:
    """Make the open-set page, see `write_open_set_page`, and what belongs to it.

    Args:
        gallery: of `enrol`.
        enrolment: of `enrol`.
        people: photos of the people.
        scan: of these photos.
        open_store: has the pictures.

    Returns:
        The page, its two figures, and the pictures beside it.

    Raises:
        ValueError: the scan of a photo that was enrolled is lost.
    """
    from lfw17_kedro.people.doubtful import list_doubtful_pairs
    from lfw17_kedro.people.open_set import trace_curve
    from lfw17_kedro.reporting.open_set import plot_open_set, plot_trade_off
    from lfw17_kedro.reporting.open_set_page import write_open_set_page

    store = open_store(scan.fingerprint, scan.vectors.shape[1])
    with advise_on_lost_scans():
        pairs, paths = list_doubtful_pairs(enrolment, people, scan, gallery, store)
    curve = trace_curve(gallery.threshold, CURVE_POINTS)
    scores = plot_open_set(gallery.threshold, curve)
    trade_off = plot_trade_off(gallery.threshold, curve)
    figures = {"open_set": scores, "trade_off": trade_off}
    page = write_open_set_page(
        gallery.threshold, enrolment, pairs, figures, cohort=COHORT
    )
    return page, scores, trade_off, Pictures(store, tabulate_places(paths))
