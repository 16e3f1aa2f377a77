"""The recipe `distances`: the demos' classifier of 68 x 68 landmark distances, on CK+, on FER2013 and on both."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from edge.errors import EdgeError
from edge.labels import EMOTIONS
from training import distances, markdown, optimizers, plots, resumed
from training.data import ckplus, fer2013
from training.data.fer2013 import TRAINING, DataError
from training.data.landmark_detector import LandmarkDetector
from training.distance_splits import FOLDS, SPLITS, Faces, Split, folds, units
from training.evaluate.context import Answers
from training.evaluate.report import confusion
from training.metrics import wilson
from training.recipe import Recipe

_log = logging.getLogger(__name__)

NO_USAGE = 255
HEAD = ("test", "accuracy", "95 % interval", "mean recall", "test faces", "demos", "split")
WORDS = """
The interval counts the three frames of a sequence of CK+ as one. On CK+, where the demos' split is not known, a random
split of the frames tests on people, and on sequences, that the network has been trained on: compare the strict rows.
CK+ has six of the emotions here, no neutral face, and contempt is left out; it shows posed expressions in a studio.
Of the combined sets, nearly all test faces are FER2013's. The points are those that the landmark model finds.
"""


def run(recipe: Recipe, data: Path, out: Path, resume: bool = False) -> str:
    """Find the landmarks, train and test for every split; write report.md and distances.json; returns the table.

    Args:
        recipe: its [fit] table, `hidden` and `dropout` of its [network].
        data: the folder with ckplus48 (or ckplus) and fer2013.npz; a set that is missing is left out, and named.
        out: folder of the run.
        resume: keep the landmarks and the splits that are done.

    Raises:
        DataError: neither set is there, or both are too small.
    """
    out.mkdir(parents=True, exist_ok=True)
    done = out / "splits.json"
    results: dict[str, Any] = json.loads(done.read_text(encoding="utf-8")) if resume and done.exists() else {}
    began, now = out / "recipe.json", resumed.learned(recipe)
    if not results:
        began.write_text(json.dumps({"recipe": now}, indent=2) + "\n", encoding="utf-8")
    elif told := resumed.differences(resumed.read(began), now):
        _log.warning("%s: %s; the rows that are done stay; to train them anew, leave --resume out", out, told)
    sets = load(data, out, resume)
    for split in SPLITS:
        if split.name in results or not set(split.sets) <= set(sets):
            continue
        faces = joined([sets[name] for name in split.sets])
        if not any(folds(split, faces, recipe.seed)):
            print(f"{split.name}: left out: too few people to keep training and test faces apart; add data", flush=True)
            continue
        results[split.name] = judge(split, faces, recipe, out)
        done.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    if not results:
        raise DataError(f"{data}: too few faces: no row of the table can be trained and tested; add data")
    (out / "distances.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    table = markdown.text(HEAD, [row(split, results[split.name]) for split in SPLITS if split.name in results])
    pictures = "\n".join(f"![{name}]({slug(name)}.png)" for name in results)
    (out / "report.md").write_text(f"# Landmark distances\n\n{table}\n{WORDS}\n{pictures}\n", encoding="utf-8")
    return table


def load(data: Path, out: Path, resume: bool) -> dict[str, Faces]:
    """The sets that are there, with their points, which are kept in `out`."""
    sets: dict[str, Faces] = {}
    problems = []
    for name, read in (("ckplus", _ckplus), ("fer2013", _fer2013)):
        kept = out / f"points-{name}.npz"
        try:
            images, *others = read(data)
        except EdgeError as error:
            problems.append(str(error))
            print(f"{name}: left out: {error}", flush=True)
            continue
        points = _kept(kept, len(images)) if resume else None
        if points is None:
            points = distances.locate(images, LandmarkDetector.open(), name)
            np.savez(kept, points=points)
        sets[name] = Faces(points, *others)
    if not sets:
        raise DataError("; ".join(problems))
    return sets


def judge(split: Split, faces: Faces, recipe: Recipe, out: Path) -> dict[str, Any]:
    """Train and test fold by fold; the figures over all test rows."""
    labels, answers, tested = [], [], []
    for number, (train, test) in enumerate(folds(split, faces, recipe.seed)):
        keras.utils.set_random_seed(recipe.seed)
        learnt = distances.pairwise(faces.points[train])
        model = network(recipe, learnt)
        steps = -(-len(train) // recipe.fit.batch)
        model.compile(optimizers.optimizer(recipe.fit, steps), "sparse_categorical_crossentropy", jit_compile=False)
        model.fit(learnt, faces.labels[train], recipe.fit.batch, recipe.fit.epochs, verbose=0)
        answers.append(model.predict(distances.pairwise(faces.points[test]), batch_size=512, verbose=0))
        labels.append(faces.labels[test])
        tested.append(test)
        right = float((answers[-1].argmax(axis=1) == labels[-1]).mean())
        print(f"{split.name}, fold {number + 1}: {right:.1%} of {len(test)} faces", flush=True)
    given = Answers(np.concatenate(labels), np.concatenate(answers), EMOTIONS)
    counts = confusion(given)
    plots.confusion(out / f"{slug(split.name)}.png", counts, EMOTIONS, f"{split.name}: {given.accuracy:.1%}")
    seen = counts.sum(axis=1) > 0
    independent = units(faces, np.concatenate(tested))
    return {
        "accuracy": given.accuracy,
        "interval": list(wilson(round(given.accuracy * independent), independent)),
        "macro": float((np.diag(counts)[seen] / counts.sum(axis=1)[seen]).mean()),
        "faces": len(given.labels),
        "folds": len(tested),
    }


def network(recipe: Recipe, learnt: np.ndarray) -> keras.Model:
    """A normalization fitted to the training rows, then dense layers with dropout, to probabilities (B, 7)."""
    spread = learnt.std(axis=0)
    inputs = layers.Input((distances.COLUMNS,))
    # A point is no distance from itself: these columns say nothing.
    x = layers.Normalization(mean=learnt.mean(axis=0), variance=np.where(spread > 1e-6, spread, 1.0) ** 2)(inputs)
    for width in recipe.network.get("hidden", (256, 128)):
        x = layers.Dense(width, activation="relu")(x)
        x = layers.Dropout(recipe.network.get("dropout", 0.4))(x)
    return keras.Model(inputs, layers.Dense(len(EMOTIONS), activation="softmax")(x))


def joined(sets: list[Faces]) -> Faces:
    """One after the other."""
    return Faces(*(np.concatenate([getattr(faces, name) for faces in sets]) for name in Faces.__dataclass_fields__))


def row(split: Split, result: dict[str, Any]) -> tuple[str, ...]:
    """A split's row of the table."""
    low, high = result["interval"]
    share, macro = f"{100 * result['accuracy']:.1f} %", f"{100 * result['macro']:.1f} %"
    faces = f"{result['faces']:,}"
    words = (
        split.words if result.get("folds", FOLDS) in (1, FOLDS) else split.words.replace("five", str(result["folds"]))
    )
    return (split.name, share, f"{100 * low:.0f} to {100 * high:.0f} %", macro, faces, split.reported, words)


def slug(name: str) -> str:
    """The name of a split in a file's name."""
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower()).replace("--", "-")


def _ckplus(data: Path) -> tuple[np.ndarray, ...]:
    folder = next((data / name for name in ("ckplus48", "ckplus") if (data / name).is_dir()), data / "ckplus48")
    faces = ckplus.load(folder)
    usage = np.full(len(faces.labels), NO_USAGE, np.uint8)
    return faces.images, faces.labels.astype(np.int64), np.array(faces.subjects), np.array(faces.sequences), usage


def _fer2013(data: Path) -> tuple[np.ndarray, ...]:
    faces = fer2013.of_folder(data)
    usage = np.where(faces.usage == TRAINING, NO_USAGE, faces.usage).astype(np.uint8)
    usage[faces.training_rows()] = TRAINING
    nobody = np.full(len(usage), "")
    kept = usage != NO_USAGE
    parts = (faces.images, faces.labels.astype(np.int64), nobody, nobody, usage)
    return tuple(part[kept] for part in parts)


def _kept(path: Path, count: int) -> np.ndarray | None:
    """The points that an earlier run found, if they are of as many faces."""
    try:
        with np.load(path) as stored:
            points = np.asarray(stored["points"])
    except (OSError, ValueError, KeyError):
        return None
    return points if len(points) == count else None
