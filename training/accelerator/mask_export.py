"""From a short training to what the conversion reads, the weights file and pictures to calibrate with:

python -m training.accelerator.mask_export --task mask FILE.npz --pack DIR --out DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from training import weights
from training.accelerator import landmark_pack, mask_crops, mask_pack
from training.accelerator.mask_story import read
from training.backend import load_keras

SIZE, CLASSES = 48, 4


def served(task: str, arrays: list[np.ndarray], network: dict[str, Any]) -> Any:
    """The Keras network with these weights, as it is saved and converted.

    Args:
        task: "mask" or "landmarks".
        arrays: as training.accelerator.mask_net.keras_weights gives them.
        network: the arguments of the network's `build`.
    """
    keras = load_keras()
    from training.networks import landmarks, mask
    from training.networks.layers import strip_custom_layers

    if task == "landmarks":
        model = landmarks.build(**network)
        model.set_weights(arrays)
        return strip_custom_layers(model)
    model = mask.build(**network, classes=CLASSES)
    model.set_weights(arrays)
    return strip_custom_layers(keras.Model(model.inputs, keras.layers.Softmax(name="probabilities")(model.outputs[0])))


def calibration(task: str, folder: Path, count: int) -> np.ndarray:
    """Training crops of the packs as the network sees them, uint8 (count, 48, 48, C), as many of each kind."""
    rng = np.random.default_rng(1)
    if task == "landmarks":
        known = landmark_pack.load(folder / "landmark.npz")
        rows = rng.permutation(np.flatnonzero(known.kinds < 2))[:count]
        return _middle(known.images[rows])[..., None]
    pack = mask_pack.load(folder / "mask.npz")
    kinds = [rng.permutation(np.flatnonzero((pack.kinds == kind) & ~pack.val)) for kind in range(CLASSES)]
    rows = np.concatenate([rows[: -(-count // CLASSES)] for rows in kinds])
    return _middle(mask_crops.stored(pack, rng.permutation(rows)[:count]).images)


def _middle(images: np.ndarray) -> np.ndarray:
    edge = (images.shape[1] - SIZE) // 2
    return images[:, edge : edge + SIZE, edge : edge + SIZE]


def main() -> None:
    """Read, rebuild, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path, metavar="FILE.npz", help="what the training wrote")
    parser.add_argument("--task", choices=("mask", "landmarks"), required=True)
    parser.add_argument("--which", choices=("best", "last"), default="best", help="which checkpoint (default best)")
    parser.add_argument("--pack", type=Path, required=True, metavar="DIR", help="the folder of the packs")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets weights.npz and calibration.npz")
    given = parser.parse_args()
    arrays, story = read(given.trained, given.which)
    given.out.mkdir(parents=True, exist_ok=True)
    size = weights.save(served(given.task, arrays, story["network"]), given.out / "weights.npz")
    np.savez_compressed(given.out / "calibration.npz", images=calibration(given.task, given.pack, 500))
    figures = story["best"] if given.which == "best" else story["story"][-1]
    print(f"{given.out}: weights.npz ({size} bytes), calibration.npz; validation of this network: {figures}")


if __name__ == "__main__":
    main()
