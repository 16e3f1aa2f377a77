"""Fit the mask network's `background` anew to what the detector takes for a face:

python -m training.accelerator.mask_refit FILE.npz --pack DIR --data DATA --out FILE.npz

Only the row of `background` in the last layer changes (logistic regression on the features before it): the ratios of
bare, worn and incorrect stay as the training left them, and so do the mean log-odds of a face, for eight bits tell
nothing apart where hardly anything speaks for a face. A few minutes on a CPU.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from edge import manifest
from edge.engines import open_engine
from edge.pipeline.classifier import MaskModel
from edge.pipeline.detector import FaceDetector
from training.accelerator import mask_crops, mask_mining, mask_pack, mask_warp
from training.accelerator.mask import SIZE
from training.accelerator.mask_net import MaskNet, set_weights
from training.accelerator.mask_pack import BACKGROUND, Pack
from training.accelerator.mask_story import read, write

SHARES = {"faces": 0.5, "background": 0.25, "of_faces": 0.2, "of_wild": 0.2, "unsure": 0.15}
SMOOTHING, STAY = 0.015, 1e-3  # of the labels; cost of a squared change of a weight
ROWS = 12_000  # crops of the pack, drawn as training draws them


@torch.no_grad()
def features(net: MaskNet, images: np.ndarray) -> torch.Tensor:
    """What the last layer sees of wide crops uint8 (N, WIDE, WIDE, 3), half of them mirrored: float32 (N, K)."""
    parts = []
    for start in range(0, len(images), 512):
        wide = torch.from_numpy(images[start : start + 512]).permute(0, 3, 1, 2).float() / 255
        still = torch.zeros(len(wide))
        mirrored = torch.rand(len(wide)) < 0.5
        matrix = mask_warp.matrices(still + SIZE / wide.shape[-1], still, still, torch.zeros(len(wide), 2), mirrored)
        narrow = mask_warp.sample(wide, matrix, SIZE)
        parts.append(net.features(narrow))
    return torch.cat(parts)


def refit(kernel: torch.Tensor, bias: torch.Tensor, seen: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """The weights (K,) and the bias of `background`.

    Args:
        kernel, bias: (K, 4) and (4,), of the last layer.
        seen: features by the keys of SHARES.
    """
    every = torch.cat(list(seen.values()))
    face = torch.cat([torch.full((len(rows),), float(key in ("faces", "unsure"))) for key, rows in seen.items()])
    weights = torch.cat([torch.full((len(rows),), SHARES[key] / len(rows)) for key, rows in seen.items()])
    others = [kind for kind in range(kernel.shape[1]) if kind != BACKGROUND]
    logit = torch.logsumexp(every @ kernel[:, others] + bias[others], dim=1)
    change = torch.zeros(kernel.shape[0] + 1, requires_grad=True)
    learner = torch.optim.LBFGS([change], max_iter=60, line_search_fn="strong_wolfe")
    target = face * (1 - 2 * SMOOTHING) + SMOOTHING

    def cost() -> torch.Tensor:
        learner.zero_grad()
        against = every @ (kernel[:, BACKGROUND] + change[:-1]) + bias[BACKGROUND] + change[-1]
        wrong = functional.binary_cross_entropy_with_logits(logit - against, target, reduction="none")
        value: torch.Tensor = (wrong * weights).sum() + STAY * (change[:-1] ** 2).sum()
        value.backward()
        return value

    learner.step(cost)
    moved = change.detach()
    moved[-1] = -(seen["faces"] @ moved[:-1]).mean()  # the mean log-odds of a face stay
    return kernel[:, BACKGROUND] + moved[:-1], bias[BACKGROUND] + moved[-1]


def of_pack(net: MaskNet, pack: Pack) -> dict[str, torch.Tensor]:
    """Features of the pack's training crops: faces, and places that are none."""
    rows = np.flatnonzero(~pack.val)
    of_rows = mask_crops.Crops(
        np.zeros(0),
        pack.kinds[rows].astype(np.int64),
        pack.groups[rows].astype(np.int64),
        pack.loose[rows],
        pack.weights[rows].astype(np.float64),
    )
    chances = np.asarray(mask_crops.chances(of_rows), np.float64)
    count = min(ROWS, int(np.count_nonzero(chances)))
    drawn = np.random.default_rng(5).choice(rows, count, replace=False, p=chances)
    crops = mask_crops.stored(pack, drawn)
    found = features(net, crops.images)
    empty = torch.from_numpy(crops.kinds == BACKGROUND)
    return {"faces": found[~empty], "background": found[empty]}


def main() -> None:
    """Mine, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path, metavar="FILE.npz", help="what training.accelerator.mask wrote")
    parser.add_argument("--pack", type=Path, required=True, metavar="DIR", help="the folder of the packs")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--models", type=Path, help="the folder with the detector (default: the shipped one)")
    parser.add_argument("--limit", type=int, default=0, help="pictures of each set, for a trial")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="where to write")
    given = parser.parse_args()
    torch.manual_seed(2)
    served = manifest.load(given.models)
    detector = FaceDetector(open_engine(served, "face", 1, "cpu"), mask_mining.SCORE, limit=30)
    mined = mask_mining.mine(given.data, detector, MaskModel(open_engine(served, "mask", 1, "cpu")), given.limit)
    arrays, story = read(given.trained, "best")
    net = MaskNet(**story["network"]).eval()
    set_weights(net, arrays)
    seen = of_pack(net, mask_pack.load(given.pack / "mask.npz"))
    for key, crops in (("of_faces", mined.of_faces), ("of_wild", mined.of_wild), ("unsure", mined.faces)):
        seen[key] = features(net, np.stack(crops))
    kernel, bias = arrays[-2].copy(), arrays[-1].copy()
    weights, offset = refit(torch.tensor(kernel), torch.tensor(bias), seen)
    kernel[:, BACKGROUND], bias[BACKGROUND] = weights.numpy(), float(offset)
    write(given.out, {"best": [*arrays[:-2], kernel, bias]}, story)
    print(f"{given.out}: " + ", ".join(f"{len(rows)} {key}" for key, rows in seen.items()))


if __name__ == "__main__":
    main()
