"""The distances between a face's 68 landmarks: 68 x 68 numbers that say how it is shaped, at any size and turn."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from edge.files import replacing
from training.data.landmark_detector import LandmarkDetector
from training.data.landmarks68 import OUTER_EYES, POINTS

COLUMNS = POINTS * POINTS  # 4,624: each pair stands there twice, and each point with itself
BATCH = 256


def pairwise(points: np.ndarray) -> np.ndarray:
    """The distance of every point to every other, float32 (N, 4624), in parts of the outer eye corners' distance.

    Args:
        points: (N, 68, 2), in any one unit.
    """
    points = np.asarray(points, np.float32)
    eyes = np.linalg.norm(points[:, OUTER_EYES[0]] - points[:, OUTER_EYES[1]], axis=1)
    apart = np.linalg.norm(points[:, :, None] - points[:, None], axis=3)
    return np.asarray(apart / np.maximum(eyes, 1e-6)[:, None, None], np.float32).reshape(len(points), COLUMNS)


def locate(images: np.ndarray, detector: LandmarkDetector, what: str = "faces") -> np.ndarray:
    """The 68 points of face squares uint8 (N, S, S), float32 (N, 68, 2) in their pixels, with a progress bar."""
    found = [
        detector.on_crops(images[n : n + BATCH])
        for n in tqdm(range(0, len(images), BATCH), desc=f"landmarks, {what}", unit=f"x{BATCH}")
    ]
    return np.concatenate(found) if found else np.zeros((0, POINTS, 2), np.float32)


def save(distances: np.ndarray, labels: Sequence[str], path: Path) -> None:
    """Write a csv: 4,624 columns d0_0 to d67_67, and the label, one row a face."""
    with replacing(path) as scratch, open(scratch, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*(f"d{a}_{b}" for a in range(POINTS) for b in range(POINTS)), "label"])
        for row, label in zip(distances, labels, strict=True):
            table.writerow([*(f"{value:.4g}" for value in row), label])
