import runpy
from pathlib import Path

import numpy as np
import pytest

from lfw17_kedro.datasets import WeightsDataset
from lfw17_kedro.encoders.efficientnet_lite0 import (
    FILE,
    WEIGHTS,
    build_efficientnet_lite0,
    build_network,
)
from lfw17_kedro.encoders.registry import BACKBONES
from lfw17_kedro.encoders.torch_weights import read_state_dict

GOLDEN = Path(__file__).parent / "golden"
read_weights = WeightsDataset(filepath="unused").load()
MAKE = runpy.run_path(str(GOLDEN / "make_efficientnet_lite0.py"))


@pytest.fixture(scope="module")
def weights():
    return read_weights(WEIGHTS).content


@pytest.fixture(scope="module")
def arrays(weights):
    return read_state_dict(weights, FILE)


# PyTorch's own float32 features differ from its float64 ones by up to 2e-5.
@pytest.mark.parametrize(("height", "width"), MAKE["SIZES"])
def test_network_agrees_with_the_pytorch_original(weights, arrays, height, width):
    network = build_efficientnet_lite0(weights, height, width)
    images = MAKE["sample_images"](height, width)

    features = np.asarray(network(images, training=False))

    pooled = features.mean(axis=(1, 2))  # all 1280 of them decide ImageNet's classes
    logits = pooled @ arrays["_fc.weight"].T + arrays["_fc.bias"]
    assert features.shape == (2, height // 32, width // 32, 1280)
    with np.load(GOLDEN / "efficientnet_lite0.npz") as file:
        stored = dict(file)
    size = f"{height}x{width}"
    np.testing.assert_allclose(logits, stored[f"logits_{size}"], rtol=0, atol=1e-4)
    some = features[..., :: MAKE["EVERY"]]
    np.testing.assert_allclose(some, stored[f"features_{size}"], rtol=0, atol=1e-4)


def test_network_ends_at_trainable_features(arrays):
    network = build_network(arrays, 64, 32)
    images = MAKE["sample_images"](64, 32)

    features = network(images, training=False)

    assert network.output_shape == (None, 2, 1, 1280)
    as_floats = network(images.astype(np.float32), training=False)
    np.testing.assert_array_equal(features, as_floats)
    # 4,652,008 parameters with the head's 1,281,000 (PyTorch's own count).
    trainable = sum(np.prod(w.shape) for w in network.trainable_weights)
    assert trainable == 4_652_008 - 1_281_000


def test_registry_builds_from_installed_weights_or_a_copy(weights, tmp_path):
    build = BACKBONES["efficientnet_lite0"]
    copy = tmp_path / "copy.pth"
    copy.write_bytes(weights)
    images = MAKE["sample_images"](64, 32)

    installed = build(read_weights, 64, 32, None)
    copied = build(read_weights, 64, 32, str(copy))

    assert installed.output_shape == (None, 2, 1, 1280)
    np.testing.assert_array_equal(installed(images), copied(images))
    copy.write_bytes(b"another file")
    with pytest.raises(ValueError, match=rf"{FILE}: expected .* got 12 bytes"):
        build(read_weights, 64, 32, str(copy))


def test_build_refuses_another_file(weights):
    with pytest.raises(ValueError, match=rf"{FILE}: expected .* 5793442"):
        build_efficientnet_lite0(weights[:-1], 32, 32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"_blocks.9._se_reduce.bias": np.zeros(1)}, "1 param.*_se_reduce"),
        ({"_conv_head.weight": None}, "needs the parameter _conv_head.weight once"),
        ({"_fc.bias": np.zeros(10)}, r"needs _fc.bias of shape \(1000,\), got \(10,\)"),
    ],
)
def test_build_refuses_another_state_dict(arrays, change, message):
    changed = {k: v for k, v in (arrays | change).items() if v is not None}
    with pytest.raises(ValueError, match=f"efficientnet_lite0.*{message}"):
        build_network(changed, 32, 32)
