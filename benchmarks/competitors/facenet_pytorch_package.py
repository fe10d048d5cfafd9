"""facenet-pytorch as a contestant: its MTCNN and InceptionResnetV1, with its defaults.

Its published weights are a download that not every machine reaches: the benchmark gives
it invented ones of the same size, which run equally fast.

It imports torchvision, for two small functions. PyPI's torchvision cannot be imported
beside a PyTorch without CUDA, so `replace_torchvision` writes the two down again. The
non-maximum suppression of torchvision, in C++, would be faster: on the photos of this
benchmark ours takes a few per cent of the time of the detector.
"""

import sys
from importlib.metadata import version
from types import ModuleType
from typing import Any

import numpy as np
from benchmarks.competitors.contestant import Contestant
from PIL import Image

BATCH = 64  # faces per call of the encoder
DIMENSION = 512
CLASSES = 8631  # of the layer that was trained with the network, in its files


class FacenetPytorch(Contestant):
    """Its detector, which keeps all faces, and its encoder."""

    def __init__(self, weights: str) -> None:
        """Load both.

        Args:
            weights: a state dict of the encoder.
        """
        replace_torchvision()
        import torch
        from facenet_pytorch import MTCNN, InceptionResnetV1

        self.torch = torch
        self.versions = {
            "facenet-pytorch": version("facenet-pytorch"),
            "torch": torch.__version__,
        }
        self.mtcnn = MTCNN(keep_all=True)
        self.network = InceptionResnetV1(classify=True, num_classes=CLASSES).eval()
        self.network.load_state_dict(torch.load(weights, weights_only=True))
        self.network.classify = False
        self.matrices: dict[int, Any] = {}

    def find(self, files: list[str]) -> Any:
        """Find all faces in one call."""
        photos = []
        for file in files:
            with Image.open(file) as photo:
                photos.append(photo.convert("RGB"))
        return photos, self.mtcnn.detect(photos)[0]

    def list_boxes(self, found: Any) -> list[list[list[float]]]:
        """Give the boxes; it has None for a photo without faces."""
        return [[] if boxes is None else boxes.tolist() for boxes in found[1]]

    def cut(self, found: Any) -> Any:
        """Cut all faces out."""
        faces = self.mtcnn.extract(*found, save_path=None)
        faces = [face for face in faces if face is not None]
        return self.torch.cat(faces) if faces else []

    def embed(self, faces: Any) -> Any:
        """Embed faces in batches."""
        batches = [np.empty((0, DIMENSION), np.float32)]
        with self.torch.inference_mode():
            for start in range(0, len(faces), BATCH):
                batches.append(self.network(faces[start : start + BATCH]).numpy())
        return np.concatenate(batches)

    def embed_aligned(self, faces: Any) -> Any:
        """Embed the middle of 182x182 faces, with the pixels scaled as it does."""
        pixels = faces[:, 11:171, 11:171].transpose(0, 3, 1, 2).astype(np.float32)
        return self.embed((self.torch.from_numpy(pixels) - 127.5) / 128)

    def multiply(self, side: int) -> Any:
        """Multiply with PyTorch in float32."""
        if side not in self.matrices:
            self.matrices = {side: self.torch.rand(side, side)}
        return float((self.matrices[side] @ self.matrices[side])[0, 0])


load = FacenetPytorch


def replace_torchvision() -> None:
    """Put modules in place of those that facenet-pytorch imports."""
    import torch

    def to_tensor(image: Any) -> Any:
        return torch.from_numpy(image.transpose(2, 0, 1).copy())

    def batched_nms(boxes: Any, scores: Any, groups: Any, max_overlap: float) -> Any:
        arrays = (tensor.numpy() for tensor in (boxes, scores, groups))
        return torch.from_numpy(suppress(*arrays, max_overlap))

    contents: dict[str, dict[str, Any]] = {
        "torchvision": {},
        "torchvision.transforms": {},
        "torchvision.transforms.functional": {"to_tensor": to_tensor},
        "torchvision.ops": {},
        "torchvision.ops.boxes": {"batched_nms": batched_nms},
    }
    for name, functions in contents.items():
        module = ModuleType(name)
        vars(module).update(functions)
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)


def suppress(boxes: Any, scores: Any, groups: Any, max_overlap: float) -> Any:
    """Keep the best of boxes that overlap, in each group for itself.

    Args:
        boxes: (N, 4) left, top, right, bottom.
        scores: (N,)
        groups: (N,) integers; boxes of two groups never overlap.
        max_overlap: area of the intersection over that of the union.

    Returns:
        (K,) int64 rows of the boxes to keep, best first.
    """
    if not len(boxes):
        return np.empty(0, np.int64)
    boxes = boxes + (groups * (boxes.max() - boxes.min() + 1))[:, None]
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    rows, kept = scores.argsort(kind="stable")[::-1], []
    while len(rows):
        best, rows = rows[0], rows[1:]
        kept.append(best)
        corners = np.minimum(boxes[best, 2:], boxes[rows, 2:])
        sides = corners - np.maximum(boxes[best, :2], boxes[rows, :2])
        common = np.prod(np.maximum(sides, 0), axis=1)
        rows = rows[common <= max_overlap * (areas[best] + areas[rows] - common)]
    return np.array(kept, np.int64)
