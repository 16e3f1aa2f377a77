"""Teach the mask network's last layer that cloth around a face is no mask:

python -m training.accelerator.mask_bare WEIGHTS.npz --pack DIR --data DATA --out FILE.npz

Headscarves, hoods and shawls are drawn on bare faces (training.data.headscarves). Then the rows of `bare` and
`incorrect` in the last layer are fitted anew (logistic regression on the features before it): a face in cloth counts as
bare, and of everything else the network keeps saying what it said. Some ten minutes on one core.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edge import manifest
from edge.engines import open_engine
from edge.errors import ModelError
from edge.pipeline.classifier import MaskModel
from edge.pipeline.detector import FaceDetector
from edge.vision.letterbox import resize
from training.accelerator import mask_crops, mask_mining, mask_pack
from training.accelerator.mask import NETWORK, answers, augmented
from training.accelerator.mask_crops import Crops
from training.accelerator.mask_net import MaskNet, keras_weights, set_weights
from training.accelerator.mask_pack import BACKGROUND, BARE, INCORRECT, WIDE, WORN, Pack
from training.accelerator.mask_scores import scores
from training.accelerator.mask_story import read, write
from training.accelerator.mask_teacher import difference, soft
from training.data.headscarves import headscarf
from training.weights import ARCHITECTURE

CLOTH, MINED = 0.1, 0.3  # what cloth and mined crops count beside the pack, which counts 1
LIFTED = {
    BARE: 0.2,
    INCORRECT: 0.4,
}  # of the logits: on validation, in int8, bare and incorrect are then found as before
SMOOTHING, STAY = 0.03, 1e-4  # of the labels; cost of a squared change of a weight
DRAWN = 3500  # faces that something is drawn on
STEPS = 150


def begun(path: Path) -> tuple[list[np.ndarray], dict[str, Any]]:
    """The arrays of a mask network, and the arguments that it is built from.

    Args:
        path: the weights.npz of the shipped mask model, or what a mask training wrote.

    Raises:
        ModelError: the file is missing, broken or of another network.
    """
    arrays = _shipped(path)
    if arrays is None:
        arrays, story = read(path, "best")
        return arrays, story["network"]
    if [array.shape for array in arrays] != [array.shape for array in keras_weights(MaskNet(**NETWORK))]:
        raise ModelError(f"{path}: these are not the weights of the shipped mask network; give those of models/mask")
    return arrays, NETWORK


def _shipped(path: Path) -> list[np.ndarray] | None:
    try:
        with np.load(path) as stored:
            if ARCHITECTURE in stored.files:
                return [stored[name].astype(np.float32) for name in sorted(stored.files) if name != ARCHITECTURE]
    except (OSError, ValueError):
        pass  # `read` says what is wrong
    return None


def scarved(pack: Pack, rows: np.ndarray, seed: int) -> Crops:
    """Cloth around the bare faces of these rows; the same for one seed."""
    images = np.zeros((len(rows), WIDE, WIDE, 3), np.uint8)
    for place, row in enumerate(rows.tolist()):
        image = pack.image(row)
        at = pack.points[row] * image.shape[0] / WIDE
        images[place] = resize(headscarf(image, at, np.random.default_rng((seed, row))), WIDE, WIDE)
    drawn = np.full(len(rows), mask_crops.DRAWN, np.int64)
    return Crops(images, np.full(len(rows), BARE, np.int64), drawn, pack.loose[rows], np.ones(len(rows)))


@torch.no_grad()
def features(net: MaskNet, crops: Crops) -> torch.Tensor:
    """What the last layer sees of crops, changed at random as in training: float32 (N, K)."""
    parts = []
    for start in range(0, len(crops.images), 512):
        images = torch.from_numpy(crops.images[start : start + 512]).permute(0, 3, 1, 2).float() / 255
        seen = augmented(images, torch.from_numpy(crops.loose[start : start + 512]))
        parts.append(net.features(seen))
    return torch.cat(parts)


def refit(
    kernel: torch.Tensor, bias: torch.Tensor, kept: list[tuple[torch.Tensor, torch.Tensor]], cloth: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The last layer, (K, 4) and (4,), after its rows of bare and incorrect were fitted; a face's mean log-odds stay.

    Args:
        kernel, bias: of the last layer as it is, which says what is kept.
        kept: features (N, K) whose answers stay, each with weights (N,).
        cloth: features (C, K) of bare faces in cloth.
    """
    free = torch.zeros(kernel.shape[1])
    free[[BARE, INCORRECT]] = 1
    moved = torch.zeros(kernel.shape[0] + 1, kernel.shape[1], requires_grad=True)
    told = [(rows @ kernel + bias).softmax(dim=1) for rows, _ in kept]
    bare = soft(torch.full((len(cloth),), BARE), SMOOTHING)
    learner = torch.optim.LBFGS([moved], max_iter=STEPS, history_size=30, line_search_fn="strong_wolfe")

    def layer() -> tuple[torch.Tensor, torch.Tensor]:
        return kernel + moved[:-1] * free, bias + moved[-1] * free

    def cost() -> torch.Tensor:
        learner.zero_grad()
        new, offset = layer()
        value = CLOTH * difference(cloth @ new + offset, bare) + STAY * moved[:-1].square().sum()
        for (rows, weights), wanted in zip(kept, told, strict=True):
            value = value - (weights * (wanted * (rows @ new + offset).log_softmax(dim=1)).sum(dim=1)).sum()
        value.backward()
        return value

    learner.step(cost)
    with torch.no_grad():
        new, offset = layer()
        for kind, more in LIFTED.items():
            offset[kind] += more
        rows, weights = kept[0]
        faces = told[0][:, BACKGROUND] < 0.5
        kinds = [kind for kind in range(kernel.shape[1]) if kind != BACKGROUND]
        change = torch.logsumexp((rows @ new + offset)[:, kinds], 1) - torch.logsumexp(
            (rows @ kernel + bias)[:, kinds], 1
        )
        offset[BACKGROUND] += (weights * change)[faces].sum() / weights[faces].sum()
    return new.detach(), offset.detach()


def figures(net: MaskNet, held: Crops, cloth: Crops) -> dict[str, float]:
    """What the validation crops say, without an offset of incorrect; and `cloth`, the share in it that is bare."""
    every = [scores(logits, held, 0.0) for logits in answers(net, held, torch.device("cpu"))]
    told = answers(net, cloth, torch.device("cpu"))
    bare = told[..., BARE] > np.logaddexp(told[..., WORN], told[..., INCORRECT])
    return {name: float(np.mean([one[name] for one in every])) for name in every[0]} | {"cloth": float(bare.mean())}


def material(pack: Pack, count: int) -> tuple[Crops, Crops, Crops, Crops]:
    """The pack's training crops with drawn ones, cloth to learn, validation crops, and cloth to choose by."""
    rows = [np.random.default_rng(0).permutation(mask_crops.drawable(pack, val))[:count] for val in (False, True)]
    stored = mask_crops.stored(pack, np.flatnonzero(~pack.val))
    known = Crops.joined([stored, mask_crops.drawn(pack, rows[0], (BARE, WORN, INCORRECT), 1)])
    held = mask_crops.stored(pack, np.flatnonzero(pack.val))
    return known, scarved(pack, rows[0], 1), held, scarved(pack, rows[1][:500], 2)


def mined(data: Path, models: Path | None, limit: int) -> Crops:
    """Places and faces that the detector is not sure of (mask_mining); their kinds say nothing."""
    served = manifest.load(models)
    detector = FaceDetector(open_engine(served, "face", 1, "cpu"), mask_mining.SCORE, limit=30)
    found = mask_mining.mine(data, detector, MaskModel(open_engine(served, "mask", 1, "cpu")), limit)
    images = np.stack([*found.of_faces, *found.of_wild, *found.faces])
    nothing = np.zeros(len(images), np.int64)
    return Crops(images, nothing, nothing, nothing > 0, np.ones(len(images)))


def main() -> None:
    """Draw, fit, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("weights", type=Path, metavar="WEIGHTS.npz", help="of models/mask, or what a training wrote")
    parser.add_argument("--pack", type=Path, required=True, metavar="DIR", help="the folder of mask.npz")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--models", type=Path, help="the folder with the detector (default: the shipped one)")
    parser.add_argument("--drawn", type=int, default=DRAWN, help=f"faces that something is drawn on ({DRAWN})")
    parser.add_argument("--limit", type=int, default=0, help="pictures of each set that are mined, for a trial")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="where to write")
    given = parser.parse_args()
    torch.manual_seed(0)
    arrays, network = begun(given.weights)
    net = MaskNet(**network).eval()
    set_weights(net, arrays)
    known, cloth, held, looked = material(mask_pack.load(given.pack / "mask.npz"), given.drawn)
    before = figures(net, held, looked)
    others = features(net, mined(given.data, given.models, given.limit))
    kept = [
        (features(net, known), torch.from_numpy(mask_crops.chances(known)).float()),
        (others, torch.full((len(others),), MINED / len(others))),
    ]
    kernel, bias = refit(torch.tensor(arrays[-2]), torch.tensor(arrays[-1]), kept, features(net, cloth))
    fitted = [*arrays[:-2], kernel.numpy(), bias.numpy()]
    set_weights(net, fitted)
    after = figures(net, held, looked)
    write(given.out, {"best": fitted}, {"network": network, "best": after})
    print("\n".join(f"{name:11} {before[name]:.4f} {value:.4f}" for name, value in after.items()))


if __name__ == "__main__":
    main()
