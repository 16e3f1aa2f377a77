"""The score of the Haar cascade: a logistic of its last stage's weight, fitted on validation pictures.

python -m tests.bench.haar --data DATA prints the SLOPE and MIDDLE of edge/engines/haar.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge.engines.haar import HaarEngine
from edge.vision.letterbox import letterbox, to_grey
from training.data import boxes
from training.data.boxes import Boxed
from training.metrics import IOU, SMALLEST, iou_matrix

SETS = ("faces", "wild")


def detections(engine: HaarEngine, pictures: Sequence[Boxed]) -> tuple[np.ndarray, np.ndarray]:
    """Weight, float64 (N,), and whether it is a face, bool (N,), of each box that is neither too small nor ignored."""
    weights, right = [], []
    for picture in pictures:
        canvas, fit = letterbox(picture.read(), engine.spec.width, engine.spec.height)
        ltrb, found = engine.weighted(to_grey(canvas))
        ltrb = fit.to_picture(ltrb)
        face = iou_matrix(ltrb, picture.ltrb).max(axis=1, initial=0) >= IOU
        ignored = iou_matrix(ltrb, picture.ignored).max(axis=1, initial=0) >= IOU
        counts = (ltrb[:, 2] - ltrb[:, 0] >= SMALLEST) & ~(ignored & ~face)
        weights.append(found[counts])
        right.append(face[counts])
    return np.concatenate(weights), np.concatenate(right)


def fit(x: np.ndarray, right: np.ndarray, rounds: int = 50) -> tuple[float, float]:
    """Slope and middle of the logistic with the greatest likelihood (Newton's method)."""
    slope, offset = 0.0, 0.0
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-(slope * x + offset)))
        gradient = np.array([((right - p) * x).sum(), (right - p).sum()])
        weight = np.maximum(p * (1 - p), 1e-9)
        hessian = np.array([[(weight * x * x).sum(), (weight * x).sum()], [(weight * x).sum(), weight.sum()]])
        step = np.linalg.solve(hessian + 1e-9 * np.eye(2), gradient)
        slope, offset = slope + step[0], offset + step[1]
    return float(slope), float(-offset / slope)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.haar", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--pictures", type=int, default=400, help="so many of each set (default: %(default)s)")
    options = parser.parse_args(arguments)
    engine = HaarEngine()
    found = [detections(engine, boxes.load(options.data / name, "val")[: options.pictures]) for name in SETS]
    weights, right = (np.concatenate(part) for part in zip(*found, strict=True))
    slope, middle = fit(weights, right)
    print(f"{len(right)} boxes, {int(right.sum())} of them faces: SLOPE, MIDDLE = {slope:.2f}, {middle:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
