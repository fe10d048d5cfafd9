"""An `Identifier` of drawn faces."""

import numpy as np
import pytest
from tests.api.drawn_faces import CARD, GREEN, RED, SETTINGS, detect, draw, embed

from lfw17_kedro import Identifier
from lfw17_kedro.api.face_scanner import FaceScanner
from lfw17_kedro.gallery_types import Cohort
from lfw17_kedro.people.change_gallery import make_empty_gallery
from lfw17_kedro.types import Encoder


@pytest.fixture
def scanner():
    return FaceScanner(SETTINGS, "fake", detect, Encoder(CARD, embed))


@pytest.fixture
def empty(scanner):
    rng = np.random.default_rng(0)
    vectors = rng.uniform(0.8, 1, (120, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cohort = Cohort(tuple(f"s{k}" for k in range(120)), vectors)
    return Identifier(make_empty_gallery(cohort, SETTINGS, 0.01, "fake"), scanner)


@pytest.fixture
def identifier(empty):
    empty.enrol("Ann", [draw(RED, seed=1), draw(RED, seed=2)])
    empty.enrol("Bob", [draw(GREEN, seed=3)])
    return empty
