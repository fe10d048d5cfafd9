import facenet_files
import numpy as np
import pytest

from lfw17_kedro.encoders.facenet_graph import build_from_constants
from lfw17_kedro.encoders.frozen_graph import read_constants

ROOT = "InceptionResnetV1"
# Counted in a list of the variables of davidsandberg's network, with its matrix of
# 1792 x 512: 22,808,144 - 1792 * 128 - 3 * 128 + 1792 * 512 + 3 * 512.
NUMBERS = 23_497_424


@pytest.fixture(scope="module")
def constants():
    return read_constants(facenet_files.make_frozen_graph(), "net.pb")


def test_network_has_every_parameter(constants):
    network = build_from_constants(constants)

    parts = ("weights", "biases", "beta", "moving_mean", "moving_variance")
    used = [array for key, array in constants.items() if key.endswith(parts)]
    assert sum(array.size for array in used) == NUMBERS
    # each batch norm of three vectors is folded into one bias
    moving = sum(a.size for k, a in constants.items() if "BatchNorm/moving" in k)
    assert network.count_params() == NUMBERS - moving


@pytest.mark.parametrize(
    ("key", "array", "message"),
    [
        ("Conv2d_1a_3x3/weights", None, "needs the parameter {} once"),
        ("Mixed_7a/Branch_2/Conv2d_1a_3x3/BatchNorm/beta", None, "the parameter {} on"),
        ("Block8/Conv2d_1x1/biases", None, "needs the parameter {} once"),
        ("Bottleneck/BatchNorm/moving_mean", None, "needs the parameter {} once"),
        (
            "Bottleneck/weights",  # the author's earlier models
            np.zeros((1792, 128), np.float32),
            r"needs {} of shape \(1792, 512\), got \(1792, 128\)",
        ),
        (
            "Conv2d_1a_3x3/BatchNorm/gamma",
            np.ones(32, np.float32),
            r"no place for 1 parameters of the weights \({}\)",
        ),
        (
            "Repeat_1/block17_3/mul/x",
            np.float32(0.2),
            "needs {} = 0.1, got 0.2",
        ),
    ],
)
def test_constants_of_another_network_are_refused(constants, key, array, message):
    key = f"{ROOT}/{key}"
    changed = {**constants, key: array}
    if array is None:
        del changed[key]

    with pytest.raises(
        ValueError,
        match=f"^facenet .*{message.format(key)}.*; use the published wei",
    ):
        build_from_constants(changed)


def test_constants_beside_the_network_do_not_matter(constants):
    build_from_constants({**constants, "Logits/weights": np.zeros(3, np.float32)})
