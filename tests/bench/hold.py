"""How long a name is held: [track] hold, chosen on validation faces of `emotion_wild` and of FER2013 (PublicTest).

Each face is looked at for ten seconds at 15 frames a second, while its box wanders by some two percent and the light by
three, so that no change of its name is right. In pairs of faces that are called differently, the second one takes the
first one's place, as an expression that changes for good: how late its name comes, and whether it comes at all.
python -m tests.bench.hold --data DATA prints both for a row of settings; the shipped one is the largest whose median
delay on `emotion_wild` is below half a second, the time constant of the smoothing.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge import manifest
from edge.engines import open_engine
from edge.frame import Box
from edge.labels import EMOTIONS
from edge.pipeline.classifier import Classifier
from edge.settings import ModelsSettings, TrackSettings
from edge.vision import naming, smoothing
from training.data import emotion_wild, fer2013

FPS, SECONDS = 15, 10
WANDERS, LIGHT, NOISE = 0.02, 0.03, 3.0  # of the box's width, of the brightness; grey levels
KEEPS = 0.85  # of a deviation from one frame to the next
HOLDS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)


def wander(rng: np.random.Generator, count: int) -> np.ndarray:
    """Deviations of mean 0 and variance 1 that change slowly, (count, 4)."""
    steps = rng.normal(size=(count, 4))
    for before, after in itertools.pairwise(steps):
        after *= np.sqrt(1 - KEEPS**2)
        after += KEEPS * before
    return steps


def answers(classifier: Classifier, picture: np.ndarray, box: Box, rng: np.random.Generator) -> np.ndarray:
    """What the model says of a face, grey (H, W), in each frame, (frames, 7) in the order of EMOTIONS."""
    order = [classifier.engine.spec.labels.index(label) for label in EMOTIONS]
    (x, y), side = box.centre, box.width
    found = []
    for across, down, size, light in wander(rng, FPS * SECONDS):
        shown = picture * (1 + LIGHT * light) + rng.normal(0, NOISE, picture.shape)
        half = side / 2 * np.exp(WANDERS * size)
        middle = x + WANDERS * across * side, y + WANDERS * down * side
        seen = Box(middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half)
        grey = np.clip(shown, 0, 255).astype(np.uint8)[:, :, None]
        found.append(classifier.probabilities(np.repeat(grey, 3, axis=2), seen)[order])
    return np.array(found)


def names(raw: np.ndarray, hold: float, confidence: float, smooth_s: float) -> list[int | None]:
    """The name after each answer."""
    emotion, named, found = None, None, []
    for answer in raw:
        fresh = emotion is None
        emotion = smoothing.blend(emotion, answer, 1 / FPS, smooth_s)
        named = naming.choose_emotion(named, fresh, emotion, confidence, hold)
        found.append(named)
    return found


def changes(shown: Sequence[int | None]) -> int:
    """How often the name is another one than just before."""
    return sum(before != after for before, after in itertools.pairwise(shown))


def lag(shown: Sequence[int | None], since: int, name: int) -> float | None:
    """Seconds from frame `since` until the name comes; None if it does not."""
    return next((n / FPS for n, one in enumerate(shown[since:]) if one == name), None)


def validation(data: Path) -> dict[str, tuple[np.ndarray, list[Box]]]:
    """Grey faces (N, H, W) of either set, and where the face is. FER2013's have no surroundings: streaks stand in."""
    wild, fer = emotion_wild.load(data / "emotion_wild", "val"), fer2013.load(fer2013.find(data))
    edge, side = emotion_wild.SIDE // 4, emotion_wild.SIDE
    pictures = np.pad(fer.images[fer.selection_rows()], ((0, 0), (edge, edge), (edge, edge)), mode="edge")
    return {
        "emotion_wild val": (wild.images, [wild.box(row) for row in range(len(wild))]),
        "FER2013 PublicTest": (pictures, [Box(edge, edge, edge + side, edge + side)] * len(pictures)),
    }


def table(classifier: Classifier, pictures: np.ndarray, boxes: Sequence[Box], faces: int) -> None:
    """Print a line for each hold."""
    rng = np.random.default_rng(5)
    rows = rng.permutation(len(pictures))[:faces].tolist()
    seen = [answers(classifier, pictures[row].astype(np.float32), boxes[row], rng) for row in rows]
    means = [one.mean(axis=0) for one in seen]
    confidence, smooth_s = ModelsSettings().confidence, TrackSettings().smooth_s
    pairs = [(a, b) for a, b in rng.integers(0, len(seen), (len(seen), 2)).tolist()]
    pairs = [(a, b) for a, b in pairs if means[a].argmax() != means[b].argmax() and means[b].max() > confidence]
    half = FPS * SECONDS // 2
    print("| hold | changes a minute, nothing having changed | a new name after: median | 90 % | not within 5 s |")
    print("|---|---|---|---|---|")
    for hold in HOLDS:
        steady = sum(changes(names(raw, hold, confidence, smooth_s)) for raw in seen) / (len(seen) * SECONDS / 60)
        changed = [np.concatenate([seen[a][:half], seen[b][:half]]) for a, b in pairs]
        lags = [
            lag(names(raw, hold, confidence, smooth_s), half, int(means[b].argmax()))
            for raw, (_, b) in zip(changed, pairs, strict=True)
        ]
        never = lags.count(None)
        waits = [math.inf if one is None else one for one in lags] or [math.nan]
        middle, late = np.percentile(waits, [50, 90], method="higher")
        print(f"| {hold:g} | {steady:.2f} | {middle:.2f} s | {late:.2f} s | {never} of {len(pairs)} |")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.hold", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--faces", type=int, default=400, help="number of faces of either set (default: %(default)s)")
    options = parser.parse_args(arguments)
    classifier = Classifier(open_engine(manifest.load(None), "emotion-bare"))
    for name, (pictures, boxes) in validation(options.data).items():
        print(f"\n{name}\n")
        table(classifier, pictures, boxes, options.faces)
    return 0


if __name__ == "__main__":
    sys.exit(main())
