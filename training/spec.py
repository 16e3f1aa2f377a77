"""What a recipe and its network know of the model's manifest entry, before there is a .tflite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge.errors import SettingsError
from edge.labels import EMOTIONS, MASK_LABELS
from training.recipe import Recipe

HEADS = {"face": "anchors", "landmarks": "points"}
LABELS = {"mask": MASK_LABELS, "emotion-bare": EMOTIONS, "emotion-masked": EMOTIONS}
CHOSEN = ("threshold", "margin", "shift", "failures")  # what the recipe's [model] table may say


def of(recipe: Recipe, model: Any) -> dict[str, Any]:
    """The fields of edge.manifest.ModelSpec that are known: all but file, hash and the Edge TPU's variant.

    Args:
        recipe: its [model] table may set threshold, margin, shift, and the card's text on failures.
        model: the exported Keras model, one input (N, H, W, C).

    Raises:
        SettingsError: an unknown key in [model].
    """
    if unknown := sorted(set(recipe.model) - set(CHOSEN)):
        raise SettingsError(
            f"recipe {recipe.name}: unknown key 'model.{unknown[0]}'; expected one of {', '.join(CHOSEN)}"
        )
    height, width, channels = (int(size) for size in model.inputs[0].shape[1:])
    fields: dict[str, Any] = {
        "name": recipe.name,
        "task": recipe.task,
        "width": width,
        "height": height,
        "colour": "grey" if channels == 1 else "rgb",
        "head": HEADS.get(recipe.task, "probabilities"),
        "labels": list(LABELS.get(recipe.task, ())),
        "low": 0.0,
        "high": 1.0,
    }
    if recipe.task == "face":
        from training.networks import face

        fields |= {"strides": list(face.STRIDES), "units": list(face.UNITS)}
    return fields | {key: value for key, value in recipe.model.items() if key != "failures"}


def write(recipe: Recipe, model: Any, path: Path) -> None:
    """Write spec.json."""
    path.write_text(json.dumps(of(recipe, model), indent=2) + "\n", encoding="utf-8")
