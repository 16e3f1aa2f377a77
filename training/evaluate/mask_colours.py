"""Masks in unusual colours: yellow, pink, orange, skin tones, patterns, leather; drawn, then dyed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from edge.frame import Box
from edge.pipeline.classifier import MaskModel
from edge.ports import Engine
from training.data import landmarks68, masks
from training.data.boxes import Boxed
from training.evaluate.context import EvaluationContext
from training.evaluate.cut_heads import face_box

# RGB of the cloth in full light; two of them make a pattern.
CLOTHS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "yellow": ((245, 215, 60),),
    "pink": ((245, 150, 190),),
    "orange": ((240, 140, 50),),
    "light skin": ((238, 200, 175),),
    "brown skin": ((165, 115, 85),),
    "dark skin": ((95, 65, 50),),
    "leather": ((60, 42, 34),),
    "stripes": ((240, 240, 240), (200, 40, 50)),
    "dots": ((40, 50, 110), (245, 235, 210)),
    "check": ((235, 235, 235), (40, 40, 40)),
}
SEED = 61
WORN_FROM = 0.5


def figure(context: EvaluationContext, engine: Engine) -> dict[str, Any]:
    """colours: the share of recoloured masks that is seen; beside it each cloth, and the same faces without a mask."""
    told = context.take("mask.colours", lambda: list(answers(context, engine)))
    if not told:
        return {"colours": None}
    worn = [right for _, masked, right in told if masked]
    values: dict[str, Any] = {"colours": float(np.mean(worn)), "colours_total": len(worn)}
    values["colours_bare"] = float(np.mean([right for _, masked, right in told if not masked]))
    for cloth in CLOTHS:
        of_cloth = [right for name, masked, right in told if masked and name == cloth]
        if of_cloth:
            values[f"colours_{cloth.replace(' ', '_')}"] = float(np.mean(of_cloth))
    return values


def answers(context: EvaluationContext, engine: Engine) -> Iterator[tuple[str, bool, bool]]:
    """For each head, masked and bare: the cloth, whether a mask is drawn on, and whether the model was right.

    Raises:
        DataError: `landmarks68` is not here.
    """
    folder, model = context.data / "landmarks68", MaskModel(engine)
    rows = landmarks68.held_out(folder)
    for number, (name, _, points) in enumerate(context.some(rows)):
        head = Boxed(folder / name, points, ()).read()
        cloth = list(CLOTHS)[number % len(CLOTHS)]
        box = Box(*face_box(points).tolist())
        for masked in (True, False):
            image = recoloured(head, points, cloth, number) if masked else head
            yield cloth, masked, (model.classify(image, box).worn >= WORN_FROM) == masked


def recoloured(head: np.ndarray, points: np.ndarray, cloth: str, number: int) -> np.ndarray:
    """A head uint8 (h, w, 3) RGB with a white mask of a random kind drawn on, dyed as the cloth is."""
    rng = np.random.default_rng((SEED, number))
    drawn = masks.draw(head, points, masks.KINDS[rng.integers(len(masks.KINDS))], "white", int(rng.integers(1 << 31)))
    changed = (drawn != head).any(axis=2)
    light = drawn.astype(np.float32).mean(axis=2, keepdims=True) / 255
    dyed = light * _cloth(cloth, head.shape[:2], float(rng.uniform(0.06, 0.14))) * 1.1
    return np.where(changed[:, :, None], np.clip(dyed, 0, 255), drawn).astype(np.uint8)


def _cloth(name: str, size: tuple[int, int], scale: float) -> np.ndarray:
    """The cloth's colour at each pixel, float32 (h, w, 3); a pattern repeats after `scale` of the picture's height."""
    colours = np.array(CLOTHS[name], np.float32)
    if len(colours) == 1:
        return np.broadcast_to(colours[0], (*size, 3))
    y, x = np.mgrid[: size[0], : size[1]] / (scale * size[0])
    second = {
        "stripes": (y % 1) < 0.5,
        "dots": ((x % 1) - 0.5) ** 2 + ((y % 1) - 0.5) ** 2 < 0.06,
        "check": ((x % 1) < 0.5) ^ ((y % 1) < 0.5),
    }[name]
    return colours[second.astype(int)]
