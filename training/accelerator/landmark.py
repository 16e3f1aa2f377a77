"""Train the landmark network by the clock: python -m training.accelerator.landmark --data PACK --out DIR --minutes 8.

The 68 points of landmarks68 are one target, the five points of faces80 the other: eyes (the mean of their six points),
tip of the nose and corners of the mouth.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edge.vision.letterbox import resize
from training.accelerator import landmark_pack, mask_pack, mask_warp
from training.accelerator.landmark_pack import KINDS, ROOM, Points68
from training.accelerator.mask_net import LandmarkNet, keras_weights
from training.accelerator.mask_schedule import Average, Clock, by_the_clock, optimizer, quickest_format
from training.accelerator.mask_story import Kept
from training.data.landmarks68 import MIRROR, OUTER_EYES

SIZE, WIDE = 48, 72
NETWORK: dict[str, Any] = {"stem": 24, "stages": [[48, 1, 1], [96, 4, 2], [160, 4, 2]]}
MIRROR_FIVE = (1, 0, 2, 4, 3)
HELEN = 3.0  # weight of a photograph of Helen beside a frame of a video
FIVE = 0.5  # weight of the second target


class Source:
    """Wide grey squares and their points on the device; with chances, how probable each is to be chosen."""

    def __init__(
        self, images: np.ndarray, points: np.ndarray, mirror: np.ndarray, chances: np.ndarray, device: torch.device
    ) -> None:
        self.images = torch.from_numpy(images)[:, None].to(device)
        self.points = torch.from_numpy(points * 2 - 1).float().to(device)
        self.mirror = torch.from_numpy(mirror).to(device)
        self.until = torch.from_numpy(np.cumsum(chances / chances.sum())).to(device)

    def batch(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures float (count, 1, SIZE, SIZE) of 0-1 and points (count, P, 2) as parts of them."""
        device = self.images.device
        drawn = torch.rand(count, dtype=torch.float64, device=device)
        rows = torch.searchsorted(self.until, drawn).clamp(max=len(self.until) - 1)
        uniform = mask_warp.uniform
        flip = torch.rand(count, device=device) < 0.5
        matrix = mask_warp.matrices(
            torch.exp(uniform(count, -0.22, 0.22, device)) / ROOM,
            uniform(count, -0.12, 0.12, device),
            (torch.randn(count, device=device) * math.radians(16)).clamp(-0.7, 0.7),
            (torch.rand(count, 2, device=device) - 0.5) * 0.2 * 2 / ROOM,
            flip,
        )
        images = mask_warp.sample(self.images[rows].float() / 255, matrix, SIZE)
        points = mask_warp.carried(self.points[rows], matrix) / 2 + 0.5
        points = torch.where(flip.view(-1, 1, 1), points[:, self.mirror], points)
        images = mask_warp.light(mask_warp.low_resolution(images, 0.3, 14), 0.4)
        images = mask_warp.noise(images, 0.25)
        for _ in range(3):
            images = mask_warp.erased(images, 0.22, 0.15, 0.6)
        return images.clamp(0, 1), points


def sources(data: Path, device: torch.device) -> tuple[Source, Source, Points68, tuple[np.ndarray, np.ndarray]]:
    """The two targets' training rows, the 68 points' validation rows, and the five points' (images, points)."""
    known = landmark_pack.load(data / "landmark.npz")
    train = known.kinds < 2
    chances = np.where(known.kinds[train] == KINDS.index("helen"), HELEN, 1.0)
    first = Source(known.images[train], known.points[train], MIRROR, chances, device)
    pack = mask_pack.load(data / "mask.npz")
    rows = np.flatnonzero(pack.five.any(axis=(1, 2)))
    images = np.stack([_grey(resize(pack.image(row), WIDE, WIDE)) for row in rows.tolist()])
    five, val = pack.five[rows] / WIDE, pack.val[rows]
    second = Source(images[~val], five[~val], np.array(MIRROR_FIVE), np.ones(int((~val).sum())), device)
    held = Points68(known.images[~train], known.points[~train], known.kinds[~train])
    return first, second, held, (images[val], five[val])


def _grey(image: np.ndarray) -> np.ndarray:
    grey: np.ndarray = (image @ np.array([0.299, 0.587, 0.114]) + 0.5).astype(np.uint8)
    return grey


def five_of(points: torch.Tensor) -> torch.Tensor:
    """(B, 68, 2) to (B, 5, 2)."""
    eyes = points[:, 36:42].mean(dim=1, keepdim=True), points[:, 42:48].mean(dim=1, keepdim=True)
    return torch.cat([*eyes, points[:, [30, 48, 54]]], dim=1)


def wing(found: torch.Tensor, true: torch.Tensor, width: float = 3.0, curve: float = 0.5) -> torch.Tensor:
    """Wing loss in pixels of the square; see training/tasks/landmarks.py."""
    pixels = (found - true).abs() * SIZE
    constant = width - width * math.log1p(width / curve)
    return torch.where(pixels < width, width * torch.log1p(pixels / curve), pixels - constant).mean()


@torch.no_grad()
def errors(
    net: torch.nn.Module, held: Points68, five: tuple[np.ndarray, np.ndarray], device: torch.device
) -> dict[str, float]:
    """Normalized mean errors: of videos and of Helen by the outer eye corners, of the five points by the eyes."""
    found = _found(net, held.images, device).cpu().numpy()
    true = (held.points - 0.5) * ROOM + 0.5
    eyes = np.linalg.norm(true[:, OUTER_EYES[0]] - true[:, OUTER_EYES[1]], axis=1)
    each = np.linalg.norm(found - true, axis=2).mean(axis=1) / eyes
    told = {name: float(each[held.kinds == KINDS.index(f"val_{name}")].mean()) for name in ("video", "helen")}
    found = five_of(_found(net, five[0], device)).cpu().numpy()
    true = (five[1] - 0.5) * ROOM + 0.5
    eyes = np.maximum(np.linalg.norm(true[:, 0] - true[:, 1], axis=1), 0.1)
    told["five"] = float((np.linalg.norm(found - true, axis=2).mean(axis=1) / eyes).mean())
    told["error"] = (told["video"] + 2 * told["helen"] + 0.5 * told["five"]) / 3.5
    return told


def _found(net: torch.nn.Module, images: np.ndarray, device: torch.device) -> torch.Tensor:
    shown = torch.from_numpy(images)[:, None].to(device).float() / 255
    still = torch.zeros(len(shown), device=device)
    matrix = mask_warp.matrices(still + 1 / ROOM, still, still, torch.zeros(len(shown), 2, device=device), still > 0)
    answer: torch.Tensor = net(mask_warp.sample(shown, matrix, SIZE))
    return answer


def train(data: Path, out: Path, minutes: float, batch: int, every: float) -> dict[str, float]:
    """Train until the time is up; returns the errors of the best network. Arguments as of mask.train."""
    clock = Clock(minutes)
    torch.manual_seed(2)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    first, second, held, five = sources(data, device)
    print(f"landmark: {len(first.points)} and {len(second.points)} faces, {clock.seconds:.0f} s", flush=True)
    net = LandmarkNet(**NETWORK).to(device)
    net = net.to(memory_format=quickest_format(net, first.batch(batch)[0]))
    learner, average = optimizer(net, 3e-3, 1e-4), Average(net)
    kept, part_of_second = Kept(out / "landmark.npz", "landmark", NETWORK, lambda told: -told["error"]), batch // 3

    def shown() -> torch.Tensor:
        return torch.cat([first.batch(batch - part_of_second)[0], second.batch(part_of_second)[0]])

    def loss() -> torch.Tensor:
        images, points = first.batch(batch - part_of_second)
        others, fives = second.batch(part_of_second)
        found = net(torch.cat([images, others]))
        return wing(found[: len(images)], points) + FIVE * wing(five_of(found[len(images) :]), fives)

    def look(progress: dict[str, float]) -> None:
        kept.look(errors(average.settle(shown), held, five, device) | progress, keras_weights(average.net))

    clock.start_over()
    by_the_clock(clock, (net, learner, average), loss, look, every)
    return kept.best


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder of the packs")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where landmark.npz is written")
    parser.add_argument("--minutes", type=float, default=8.0, help="from now to the end (default 8)")
    parser.add_argument("--batch", type=int, default=512, help="pictures a step (default 512)")
    parser.add_argument("--every", type=float, default=25.0, help="seconds between validations (default 25)")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    best = train(given.data, given.out, given.minutes, given.batch, given.every)
    print("landmark: best " + json.dumps({name: round(value, 4) for name, value in best.items()}), flush=True)


if __name__ == "__main__":
    main()
