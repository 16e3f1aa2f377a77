"""Intensity along CK+'s sequences: does it rise from the first frame to the last?

Intensity is 1 - P(neutral). The 48x48 excerpts (ckplus48) hold only the last three frames of each sequence, all near
the peak: what is left to see there is a small rise. The full distribution (ckplus) begins with a neutral face.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from edge.labels import EMOTIONS, Emotion
from training.data import ckplus
from training.data.ckplus import CkPlus
from training.evaluate.classify import look
from training.evaluate.context import EvaluationContext, Figure
from training.metrics import wilson

FOLDERS = ("ckplus", "ckplus48")  # the first that is there is taken
STEPS = 11  # points of the curve over a sequence


def figure(context: EvaluationContext) -> Figure:
    """intensity {sequences, rises, falls, equal, share, share_interval, mean_change, steadily, by_emotion, frames}.

    `share` is rises / (rises + falls); by chance it is a half.
    """
    values = dict.fromkeys(("share", "share_interval", "sequences", "rises", "falls", "equal", "mean_change"))
    found = context.take("intensity", lambda: _load(context))
    if found is None:
        return Figure(dict(values))
    rows = sequences(found)
    if context.limit:
        rows = dict(list(rows.items())[: context.limit])
    engine = context.engine("emotion-bare")
    neutral = EMOTIONS.index(Emotion.NEUTRAL.label)
    paths = {name: 1 - look(engine, found.images[at])[:, neutral].astype(np.float64) for name, at in rows.items()}
    emotions = {name: EMOTIONS[found.labels[at[0]]] for name, at in rows.items()}
    change = {name: float(path[-1] - path[0]) for name, path in paths.items()}
    every = figures_of(list(change.values()))
    told = {
        **every,
        "sequences": len(paths),
        "frames": sorted({len(path) for path in paths.values()}),
        "steadily": sum(bool((np.diff(path) >= 0).all() and path[-1] > path[0]) for path in paths.values()),
        "first": float(np.mean([path[0] for path in paths.values()])),
        "last": float(np.mean([path[-1] for path in paths.values()])),
        "by_emotion": {
            emotion: figures_of([change[name] for name in paths if emotions[name] == emotion])
            for emotion in sorted(set(emotions.values()))
        },
    }
    places = np.linspace(0, 1, STEPS)
    mean = np.mean([np.interp(places, np.linspace(0, 1, len(path)), path) for path in paths.values()], axis=0)
    curve = {round(float(x), 2): float(y) for x, y in zip(places, mean, strict=True)}
    return Figure(told, curves={"intensity along a sequence": curve})


def figures_of(changes: list[float]) -> dict[str, object]:
    """How often intensity rises, of the sequences in which it changes, with the 95 % interval of that share."""
    rises, falls = sum(change > 0 for change in changes), sum(change < 0 for change in changes)
    return {
        "rises": rises,
        "falls": falls,
        "equal": len(changes) - rises - falls,
        "share": rises / (rises + falls) if rises + falls else None,
        "share_interval": list(wilson(rises, rises + falls)),
        "mean_change": float(np.mean(changes)) if changes else None,
    }


def sequences(found: CkPlus) -> dict[str, np.ndarray]:
    """The frames of each sequence with at least two, in their order."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(found.sequences):
        rows[name].append(row)
    return {name: np.array(at) for name, at in rows.items() if len(at) > 1}


def _load(context: EvaluationContext) -> CkPlus:
    folder = next(
        (context.data / name for name in FOLDERS if (context.data / name).is_dir()), context.data / FOLDERS[1]
    )
    return ckplus.load(folder, drop=0.0)
