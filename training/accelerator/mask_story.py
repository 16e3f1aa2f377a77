"""What a short training leaves: the weights of its networks and its story, in one .npz."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from edge.errors import ModelError
from edge.files import replacing


def write(path: Path, networks: Mapping[str, list[np.ndarray]], story: Mapping[str, Any]) -> None:
    """Write networks' weights, `NAME/000` and on, and a JSON `story`, whole or not at all."""
    arrays = {f"{name}/{n:03d}": array for name, weights in networks.items() for n, array in enumerate(weights)}
    arrays["story"] = np.frombuffer(json.dumps(story).encode(), np.uint8)
    with replacing(path) as scratch, open(scratch, "wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


class Kept:
    """The last and the best network of a short training and what was measured of each, written after every look.

    Args:
        path: the .npz.
        name: of the training, before each printed line.
        network: what the network is built from, for whoever reads the file.
        goodness: of what was measured; the greatest is best.
    """

    def __init__(
        self, path: Path, name: str, network: Mapping[str, Any], goodness: Callable[[Mapping[str, float]], float]
    ) -> None:
        self.path, self.name, self.network, self.goodness = path, name, network, goodness
        self.best: dict[str, float] = {}
        self._networks: dict[str, list[np.ndarray]] = {}
        self._story: list[dict[str, float]] = []

    def resume(self) -> None:
        """Go on from what the last look of an interrupted training wrote."""
        for name in ("best", "last"):
            self._networks[name], told = read(self.path, name)
        self.best, self._story = told["best"], told["story"]

    def look(self, told: dict[str, float], weights: list[np.ndarray]) -> None:
        """Take in a network and what was measured of it."""
        self._story.append(told)
        print(f"{self.name}: " + json.dumps({name: round(value, 4) for name, value in told.items()}), flush=True)
        self._networks["last"] = weights
        if not self.best or self.goodness(told) >= self.goodness(self.best):
            self.best, self._networks["best"] = told, weights
        write(self.path, self._networks, {"network": self.network, "best": self.best, "story": self._story})


def read(path: Path, name: str) -> tuple[list[np.ndarray], dict[str, Any]]:
    """The weights of one network, and the story.

    Raises:
        ModelError: the file is missing or broken, or has no network of that name.
    """
    try:
        with np.load(path) as stored:
            names = sorted(key for key in stored.files if key.startswith(f"{name}/"))
            if not names:
                raise KeyError(name)
            return [stored[key] for key in names], json.loads(stored["story"].tobytes())
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise ModelError(f"{path}: cannot read the network {name!r} ({error}); train it again") from None
