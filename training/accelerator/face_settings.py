"""What the recipe says about the detector's training on an accelerator."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECIPE = Path(__file__).parents[1] / "recipes" / "face.toml"


def recipe() -> dict[str, Any]:
    """The detector's recipe, read without the rest of the project, which an accelerator's machine lacks."""
    return tomllib.loads(RECIPE.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Settings:
    """`[accelerator]` of the recipe: batch, peak learning rate, weight decay, seconds between measurements."""

    batch: int = 192
    rate: float = 2.5e-3
    decay: float = 0.03
    warmup: int = 300
    every: float = 70.0
    reserve: float = 14.0  # seconds for the last measurement

    @classmethod
    def of(cls, recipe: dict[str, Any], continued: bool) -> Settings:
        """A recipe's; for a training that continues, with what its `[accelerator.continued]` replaces."""
        table = recipe["accelerator"]
        plain = {key: value for key, value in table.items() if key != "continued"}
        return cls(**plain | (table.get("continued", {}) if continued else {}))
