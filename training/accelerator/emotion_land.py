"""From what came back of an accelerator to a run folder, as `edge-emotion-train train` writes it. No torch here."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import ModelError


def fill(model: Any, weights: dict[str, np.ndarray]) -> None:
    """Set the weights of training.networks.emotion.build from emotion_nets.arrays.

    Raises:
        ModelError: they are of another network.
    """
    kernels = _made(model, "Conv2D")
    norms = _made(model, "BatchNormalization")
    dense = _made(model, "Dense")
    expected = {f"{number:02d}.kernel" for number in range(len(kernels))}
    given = {name for name in weights if name.endswith(".kernel") and not name.startswith("head")}
    if given != expected or len(norms) != len(kernels) or len(dense) != 1:
        raise ModelError(
            f"weights: expected {len(kernels)} convolutions as in the recipe's network, got {len(given)}; "
            f"use the recipe that they were trained for"
        )
    try:
        for number, (kernel, norm) in enumerate(zip(kernels, norms, strict=True)):
            kernel.set_weights([weights[f"{number:02d}.kernel"]])
            norm.set_weights([weights[f"{number:02d}.{part}"] for part in ("gamma", "beta", "mean", "variance")])
        dense[0].set_weights([weights["head.kernel"], weights["head.bias"]])
    except (KeyError, ValueError) as error:
        raise ModelError(f"weights: they do not fit the recipe's network ({error}); use the one of the run") from None


def _made(model: Any, kind: str) -> list[Any]:
    """A model's layers of a kind in the order in which they were made, which the numbers in their names tell."""

    def number(layer: Any) -> int:
        found = re.search(r"_(\d+)$", layer.name)
        return int(found.group(1)) if found else 0

    return sorted((layer for layer in model.layers if type(layer).__name__.endswith(kind)), key=number)


def read(path: Path, which: str = "last") -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A student's weights, and the bias that its validation chose, (7,).

    Raises:
        ModelError: the file is missing or of another layout.
    """
    prefix = f"{which}/weights/"
    try:
        with np.load(path) as stored:
            weights = {
                name[len(prefix) :]: stored[name].astype(np.float32) for name in stored.files if name.startswith(prefix)
            }
            bias = stored[f"{which}/bias"] if f"{which}/bias" in stored.files else np.zeros(7)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot read the weights ({error}); expected what emotion.py wrote") from None
    if not weights:
        raise ModelError(f"{path}: there are no {which} weights in it; expected what emotion.py wrote")
    return weights, bias


def moved(path: Path, tau: float, neutral: float, rare: float = 0.0) -> np.ndarray:
    """The bias of a strength of the prior of one's own choice, (7,); see training.prior.bias."""
    from training import prior

    with np.load(path) as stored:
        return prior.bias(stored["prior"], tau, neutral, rare)


def write(recipe: Any, data: Path, trained: Path, out: Path, which: str, bias: np.ndarray | None) -> None:
    """Write model.keras, weights.npz and calibration.npz of a run; `bias` stands in for the one that was chosen."""
    from training import weights
    from training.commands.train import write_calibration
    from training.data import emotion_wild
    from training.networks import emotion
    from training.tasks import open_task

    arrays, chosen = read(trained, which)
    arrays["head.bias"] = (arrays["head.bias"] + (chosen if bias is None else bias)).astype(np.float32)
    model = emotion.build(**recipe.network)
    fill(model, arrays)
    task = open_task(recipe, data)
    served = task.export(model)
    out.mkdir(parents=True, exist_ok=True)
    served.save(out / "model.keras")
    weights.save(served, out / "weights.npz")
    samples = task.samples(400, recipe.seed)
    if recipe.task == "emotion-bare":
        faces = emotion_wild.load(data / "emotion_wild", "train")
        rows = np.random.default_rng(recipe.seed).permutation(len(faces))[:200]
        samples = np.concatenate([samples, emotion_wild.squares(faces.only(rows), 1.1)[..., None]])
    write_calibration(samples, served, out / "calibration.npz")


def main() -> None:
    """Make a run folder of a trained student."""
    from training import recipe as recipes
    from training.backend import load_keras

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path, metavar="TRAINED.npz", help="emotion-bare.npz or emotion-masked.npz")
    parser.add_argument("--recipe", required=True, help="emotion-bare or emotion-masked, or a .toml file")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder with the data sets")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    parser.add_argument("--which", default="last", help="snapshot: last, best, first, blend, blend-0.9, ... (last)")
    parser.add_argument("--tau", type=float, help="strength of the prior; without it, the bias that validation chose")
    parser.add_argument("--neutral", type=float, default=0.0, help="with --tau: what is added to neutral (0)")
    parser.add_argument("--rare", type=float, default=0.0, help="with --tau: how far to correct the rarest (0)")
    arguments = parser.parse_args()
    load_keras()
    recipe = recipes.load(recipes.find(arguments.recipe))
    bias = None if arguments.tau is None else moved(arguments.trained, arguments.tau, arguments.neutral, arguments.rare)
    write(recipe, arguments.data, arguments.trained, arguments.out, arguments.which, bias)
    print(f"{arguments.out}: model.keras, weights.npz, calibration.npz")


if __name__ == "__main__":
    main()
