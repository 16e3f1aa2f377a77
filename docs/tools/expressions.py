"""Find the expressions that the bundled models read as an emotion: `python -m docs.tools.expressions [EMOTION ...]`.

Each starts from the one that was found last, or from a hand-made one, and climbs by small random steps, within bounds
that keep it looking like what it is called: about a minute each. Run it again after a change of models or drawings; it
writes edge/demo/expressions.json. That our models read our drawings proves nothing about photographs: it makes a demo
without pictures of people.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields

import numpy as np

from edge.demo.head import head
from edge.demo.people import CAST, EXPRESSIONS, Expression, expressions
from edge.demo.stage import HEAD, HEIGHT, PLACES, wall
from edge.labels import EMOTIONS
from edge.pipeline.factory import open_pipeline
from edge.pipeline.pipeline import EmotionPipeline
from edge.settings import Settings

STEPS = 60
SWAY = ((-3, -3), (3, -3), (0, 0), (-3, 3), (3, 3))  # how the heads move about their places in the demo, pixels
STARTS = {
    "neutral": Expression(eye=9.5),
    "happy": Expression(2, 2, eye=10, squint=0.55, mouth=18, width=48, open=18, teeth=0.62, crease=0.7),
    "surprise": Expression(20, 18, eye=19, mouth=0, width=22, open=42, teeth=0.12, crease=0.05),
    "sad": Expression(13, -9, eye=9, mouth=-11, width=31, crease=0.4),
    "angry": Expression(-14, 6, eye=10, squint=0.4, mouth=-8, width=38, open=9, teeth=0.9, crease=0.5, frown=0.9),
}
# How far each parameter may be from where it starts.
REACH = {
    "brow_inner": 6, "brow_outer": 5, "eye": 3, "squint": 0.3, "mouth": 5, "width": 7, "open": 7, "teeth": 0.15,
    "crease": 0.25, "frown": 0.1,
}  # fmt: skip
CLOSED = {"neutral", "sad"}  # their mouths stay shut


def main(names: Sequence[str]) -> int:
    """Search for these emotions, or for all; print what was found, and write the file."""
    rng = np.random.default_rng(1)
    pipeline = open_pipeline(Settings(), live=False)
    found = STARTS | (expressions() if EXPRESSIONS.exists() else {})
    for name in names or STARTS:
        best, value = found[name], score(pipeline, name, found[name])
        for step in range(STEPS):
            tried = moved(name, best, rng, 0.5 * (1 - step / STEPS) + 0.1)
            if (reached := score(pipeline, name, tried)) > value:
                best, value = tried, reached
        found[name] = best
        lowest = ", ".join(f"{min(shares(pipeline, name, best, n)):.2f}" for n in range(len(CAST)))
        print(f"{name}: probability at least {lowest}", flush=True)
    EXPRESSIONS.write_text(json.dumps({n: rounded(e) for n, e in found.items()}, indent=2) + "\n", encoding="utf-8")
    return 0


def rounded(expression: Expression) -> dict[str, float]:
    """The expression's parameters, to two decimals."""
    return {name: round(value, 2) for name, value in asdict(expression).items()}


def moved(name: str, now: Expression, rng: np.random.Generator, by: float) -> Expression:
    """A random expression near `now`, within reach of the start."""
    values = {}
    for entry in fields(Expression):
        reach, start, value = REACH[entry.name], getattr(STARTS[name], entry.name), getattr(now, entry.name)
        if rng.random() < 0.5:
            value = float(np.clip(value + rng.normal(0, by) * reach, start - reach, start + reach))
        low = 0.0 if entry.name in ("open", "teeth", "crease", "frown", "squint") else -40.0
        values[entry.name] = max(low, value)
    if name in CLOSED:
        values["open"] = 0.0
    values["squint"] = min(values["squint"], 0.8)
    return Expression(**values)


def score(pipeline: EmotionPipeline, name: str, expression: Expression) -> float:
    """How clearly all of the cast show the emotion: the mean, and the least of them."""
    found = [share for n in range(len(CAST)) for share in shares(pipeline, name, expression, n)]
    clear = np.minimum(found, 0.9)
    return float(clear.mean() + clear.min())


def shares(pipeline: EmotionPipeline, name: str, expression: Expression, n: int) -> list[float]:
    """The emotion's probability wherever the n-th of the cast stands; less where a mask is seen, 0 where no face is."""
    made = []
    for x, y in SWAY:
        picture = wall().copy()
        stamp = head(CAST[n], expression, False, HEAD)
        stamp.put(picture, PLACES[n] + x - stamp.ink.shape[1] // 2, HEIGHT - HEAD + 10 + y)
        tracks = pipeline.detect(picture)
        emotion = tracks[0].emotion if tracks else None
        made.append(0.0 if emotion is None else float(emotion[EMOTIONS.index(name)]) * (1 - tracks[0].mask))
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
