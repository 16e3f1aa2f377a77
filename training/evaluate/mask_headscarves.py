"""Bare faces in cloth: a headscarf, hood or shawl is drawn around heads that no training has seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from edge.frame import Box
from edge.pipeline.classifier import MaskModel
from edge.ports import Engine
from training.data import landmarks68
from training.data.boxes import Boxed
from training.data.headscarves import headscarf
from training.evaluate.context import EvaluationContext
from training.evaluate.cut_heads import face_box

SEED = 67
WORN_FROM = 0.5


def figure(context: EvaluationContext, engine: Engine) -> dict[str, Any]:
    """headscarves: the share of such faces that is classified as bare."""
    right = context.take("mask.headscarves", lambda: list(answers(context, engine)))
    if not right:
        return {"headscarves": None}
    return {"headscarves": float(np.mean(right)), "headscarves_total": len(right)}


def answers(context: EvaluationContext, engine: Engine) -> Iterator[bool]:
    """For each head whether it is classified as bare.

    Raises:
        DataError: `landmarks68` is not here.
    """
    folder, model = context.data / "landmarks68", MaskModel(engine)
    rows = landmarks68.held_out(folder)
    for number, (name, _, points) in enumerate(context.some(rows)):
        image = headscarf(Boxed(folder / name, points, ()).read(), points, np.random.default_rng((SEED, number)))
        yield model.classify(image, Box(*face_box(points).tolist())).worn < WORN_FROM
