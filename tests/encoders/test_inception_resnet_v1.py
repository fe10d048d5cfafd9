import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from lfw17_kedro.encoders.inception_resnet_v1 import build_inception_resnet_v1

GOLDEN = Path(__file__).parent / "golden"
MAKE = runpy.run_path(str(GOLDEN / "make_inception_resnet_v1.py"))


@pytest.fixture(scope="module")
def stored():
    with np.load(GOLDEN / "inception_resnet_v1.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def arrays(stored):
    return MAKE["sample_parameters"](json.loads(stored["shapes"].item()))


def test_embeddings_agree_with_facenet_pytorch(arrays, stored):
    network = build_inception_resnet_v1(arrays)

    embeddings = np.asarray(network(MAKE["plot_faces"](), training=False))

    assert embeddings.dtype == np.float32
    # PyTorch's own float32 is 1e-7 off its float64; a residual scale off by 5 %
    # shows as 2e-3.
    np.testing.assert_allclose(embeddings, stored["embeddings"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-6)


def test_classifier_and_batch_counts_are_optional(arrays):
    needed = {
        name: array
        for name, array in arrays.items()
        if not name.startswith("logits.") and not name.endswith("num_batches_tracked")
    }
    assert len(needed) < len(arrays)
    build_inception_resnet_v1(needed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"repeat_1.5.conv2d.bias": np.zeros(256)}, "1 param.*repeat_1.5.conv2d.bias"),
        ({"block8.branch0.bn.weight": None}, "parameter block8.branch0.bn.weight once"),
        (
            {"mixed_6a.branch0.conv.weight": np.zeros((384, 256, 1, 1))},
            r"mixed_6a.branch0.conv.weight of shape \(384, 256, 3, 3\), "
            r"got \(384, 256, 1, 1\)",
        ),
    ],
)
def test_build_refuses_another_state_dict(arrays, change, message):
    changed = {k: v for k, v in (arrays | change).items() if v is not None}
    with pytest.raises(ValueError, match=f"inception_resnet_v1.*{message}"):
        build_inception_resnet_v1(changed)
