"""What a short training leaves: the weights of its networks and its story, in one .npz."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
