"""The accelerator's weights as a training's files: python -m training.accelerator.face_export WEIGHTS ..."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np

from edge.errors import PictureError
from edge.files import utf8_path
from edge.vision.letterbox import letterbox
from training import recipe as recipes
from training.backend import load_keras

# Calibration pictures of each set's training split.
SAMPLES = {"wild": 260, "faces": 100, "masked_faces": 50, "news_masks": 40, "street_masks": 20, "no_faces": 30}


def samples(data: Path, width: int, height: int, seed: int) -> np.ndarray:
    """Canvases uint8 (N, height, width, 3), as the device makes them.

    Raises:
        PictureError: a picture cannot be read.
    """
    rng = np.random.default_rng(seed)
    canvases = []
    for name, count in SAMPLES.items():
        with open(data / name / "annotations.csv", newline="", encoding="utf-8") as file:
            listed = sorted({row["image"] for row in csv.DictReader(file) if row["split"] == "train"})
        for place in rng.permutation(len(listed))[:count]:
            path = data / name / "images" / listed[place]
            with utf8_path(path) as text:
                image = cv2.imread(text, cv2.IMREAD_COLOR)
            if image is None:
                raise PictureError(f"{path}: cannot read this picture; restore the data set")
            canvases.append(letterbox(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), width, height)[0])
    return np.stack(canvases)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, help="face-best.npz or face-last.npz")
    parser.add_argument("--recipe", default="face", help="that it was trained by")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the data sets, for calibration")
    parser.add_argument("--out", type=Path, required=True, help="folder of model.keras, weights.npz, calibration.npz")
    arguments = parser.parse_args()
    load_keras()
    from training import weights
    from training.accelerator.face_weights import to_keras
    from training.commands.train import write_calibration
    from training.networks import face
    from training.networks.layers import strip_custom_layers

    recipe = recipes.load(recipes.find(arguments.recipe))
    model = face.build(**recipe.network)
    with np.load(arguments.weights) as stored:
        to_keras(dict(stored), model)
    served = strip_custom_layers(face.split(model))
    arguments.out.mkdir(parents=True, exist_ok=True)
    served.save(arguments.out / "model.keras")
    weights.save(served, arguments.out / "weights.npz")
    height, width = served.inputs[0].shape[1:3]
    canvases = samples(arguments.data, width, height, recipe.seed)
    write_calibration(canvases, served, arguments.out / "calibration.npz")
    print(f"{arguments.out}: model.keras, weights.npz, calibration.npz ({len(canvases)} pictures)")


if __name__ == "__main__":
    main()
