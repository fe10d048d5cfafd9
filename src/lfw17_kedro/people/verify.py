"""The similarity threshold for two single faces to count as one person.

A gallery's threshold is of no use here: it compares a face with templates. Nor are the
similarities of the two faces to strangers, whose photos come from elsewhere: on LFW17
they let 11 % of pairs of two people pass at a nominal 1 %, as faces of one source are
more alike. So pairs stand for the pair: any two strangers of the cohort, and any two
enrolled people, whose photos are the user's own. On LFW17, cohort ORL, the stricter of
both lets 0.8-1.1 % pass, and 94-96 % of the pairs of one person.
"""

import numpy as np

from lfw17_kedro.gallery_types import Cohort, OpenSetThreshold
from lfw17_kedro.people.open_set import find_quantile_index, take_quantile
from lfw17_kedro.types import F32, F64

MAX_FACES = 2000  # whose pairs are counted: 2 million


def choose_pair_threshold(
    enrolled: Cohort, cohort: Cohort, rate: float, *, fallback: float
) -> OpenSetThreshold:
    """Choose the similarity threshold for two faces to count as one person.

    The conformal quantile of the pairs of two people, see `open_set.choose_threshold`;
    of enrolled people and cohort the greater counts. The pairs are not independent, so
    the rate is aimed at, not guaranteed.

    Args:
        enrolled: people and their N faces.
        cohort: strangers and their M faces, none of them enrolled.
        rate: fraction of pairs of two people that may pass, between 0 and 1.
        fallback: min threshold where the cohort has too few pairs for the rate.

    Returns:
        The threshold. Of its scores `leave_one_out` are the pairs of two enrolled
        people, `cohort` those of two strangers, `genuine` those of one enrolled person.
    """
    genuine, impostors = _compare_pairs(enrolled)
    _, strangers = _compare_pairs(cohort)
    sets = impostors, strangers
    values = [take_quantile(scores, rate) for scores in sets if len(scores)]
    if find_quantile_index(len(strangers), rate) > len(strangers):
        values.append(fallback)
    return OpenSetThreshold(
        value=max(values),
        rate=rate,
        attainable_rate=1 / (max(map(len, sets)) + 1),
        leave_one_out=impostors,
        cohort=strangers,
        genuine=genuine,
    )


def _compare_pairs(faces: Cohort) -> tuple[F64, F64]:
    """Compare every two faces: sorted cosines of one person, and of two people."""
    step = -(-len(faces.people) // MAX_FACES) or 1
    people = np.array(faces.people[::step], np.str_)
    vectors: F32 = faces.vectors[::step]
    first, second = np.triu_indices(len(people), 1)
    cosines = (vectors @ vectors.T)[first, second].astype(np.float64)
    same = people[first] == people[second]
    return np.sort(cosines[same]), np.sort(cosines[~same])
