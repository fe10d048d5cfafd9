"""The study's own scores, to compare with ours on the same images."""

import numpy as np

from lfw17_kedro.types import I64

# On the competition's 322 test images, half of them Kaggle's public and half its
# private leaderboard: see the README of the study. Its transfer learning was never
# submitted.
PUBLISHED = {
    "scratch_cnn": {"public": 0.95031, "private": 0.95652, "correct": 307},
    "facenet_svm": {"public": 0.96894, "private": 0.98757, "correct": 315},
}
TRAIN_COUNTS = (51, 183, 85, 395, 86, 60, 106)
TEST_IMAGES = 322


def is_lfw17(train_labels: I64, test_images: int) -> bool:
    """Tell whether these are the study's data, by the number of images of each."""
    counts = np.bincount(train_labels)
    return tuple(counts) == TRAIN_COUNTS and test_images == TEST_IMAGES
