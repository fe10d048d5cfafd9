"""Stores facenet-pytorch's embeddings of invented faces under invented weights.

The published weights cannot be reached from every machine, so each parameter is figures
from a generator seeded by its name; names and shapes are stored as PyTorch has them.
Run with PyTorch and the PyPI package facenet-pytorch 2.6.0 (2.13.0 wrote the stored
numbers); its modules are loaded without torchvision, which its __init__ wants:

    python tests/encoders/golden/make_inception_resnet_v1.py
"""

import json
import sys
import zlib
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np


def sample_parameter(name, shape):
    """Draw one parameter, scaled so that activations neither vanish nor explode.

    Variances are small, as in the published weights: batch norm's epsilon shows.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith("running_var"):
        return rng.uniform(0.02, 0.06, shape).astype(np.float32)
    normal = rng.standard_normal(shape, np.float32)
    if len(shape) > 1:  # He et al. 2015, arXiv:1502.01852
        before_batch_norm = name.endswith("conv.weight")
        scale = (0.2 if before_batch_norm else 1) * np.sqrt(2 / np.prod(shape[1:]))
        return normal * np.float32(scale)
    is_gamma = name.endswith("bn.weight")
    return np.float32(is_gamma) + np.float32(0.1) * normal


def sample_parameters(shapes):
    """Draw a whole state dict: {name: shape} -> {name: array}."""
    return {
        name: sample_parameter(name, tuple(shape))
        if not name.endswith("num_batches_tracked")
        else np.array(1)
        for name, shape in shapes.items()
    }


def plot_faces():
    """Draw three faces of random 20x20 tiles, (3, 160, 160, 3) float32."""
    tiles = np.random.default_rng(17).standard_normal((3, 8, 8, 3), np.float32)
    return tiles.repeat(20, axis=1).repeat(20, axis=2)


def main():
    package = ModuleType("facenet_pytorch")
    package.__path__ = find_spec("facenet_pytorch").submodule_search_locations
    sys.modules["facenet_pytorch"] = package

    import torch
    from facenet_pytorch.models.inception_resnet_v1 import InceptionResnetV1

    network = InceptionResnetV1(classify=True, num_classes=8631).eval()
    network.classify = False
    shapes = {name: list(p.shape) for name, p in network.state_dict().items()}
    arrays = sample_parameters(shapes)
    network.load_state_dict({name: torch.from_numpy(a) for name, a in arrays.items()})
    with torch.inference_mode():
        faces = torch.from_numpy(plot_faces().transpose(0, 3, 1, 2).copy())
        embeddings = network(faces).numpy()
        exact = network.double()(faces.double()).numpy()
    np.savez_compressed(
        Path(__file__).with_name("inception_resnet_v1.npz"),
        embeddings=embeddings,
        float32_error=np.abs(embeddings - exact).max(),
        shapes=np.array(json.dumps(shapes)),
    )


if __name__ == "__main__":
    main()
