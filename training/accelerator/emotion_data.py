"""The packed faces on the device: batches drawn by weight and changed there, bare and with masks at once."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training.accelerator.emotion_pack import MARGIN, tiles
from training.data.mask_dress import dressed

EVEN = 0.3  # power of a class's rarity in FER2013 by which its rows are drawn more often
RARE = (1.5, 1.0, 1.0, 1.0, 2.0, 1.5, 1.0)  # how often emotion_wild's rows are drawn, by emotion
WILD = 0.26  # share of emotion_wild in a batch: its neutral faces are then about as many as FER2013's
PART = 250  # rows that a process dresses at once
BLOCK = 60  # of real masked faces in a row that are all trained with or all looked at


@dataclass(frozen=True, eq=False)
class Faces:
    """Training rows of one set on the CPU.

    Attributes:
        images: uint8 (N, S, S).
        targets: float32 (N, 7).
        weights: float32 (N,), of a row's loss.
        chances: float32 (N,), of a row to be drawn.
        points: int8 (N, P, 2), that masks are drawn by.
        good: bool (N,), whether they make sense.
        centres, halves: float32 (N, 2) and (N,), the face's square, -1 to 1 over the picture.
    """

    images: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    chances: np.ndarray
    points: np.ndarray
    good: np.ndarray
    centres: np.ndarray
    halves: np.ndarray


def load(path: Path, limit: int = 0) -> tuple[list[Faces], dict[str, np.ndarray], np.ndarray]:
    """FER2013 and emotion_wild for training; what is chosen by: pictures uint8 (n, 48, 48) and labels; and faces with
    real masks, without a label, for training, uint8 (n, 48, 48).

    Args:
        path: what emotion_pack wrote.
        limit: at most so many rows of each (0: all).
    """
    with np.load(path) as stored:
        pack = {name: stored[name] for name in stored.files}
    some = slice(None, limit or None)
    fer, wild = pack["fer_labels"], pack["wild_labels"]
    counts = np.bincount(fer, minlength=7)
    boxes = pack["wild_boxes"]
    centres = (boxes[:, :2] + boxes[:, 2:] / 2) / 36 - 1
    sets = [
        Faces(
            tiles(pack["fer"], 48, len(fer))[some],
            pack["fer_targets"].astype(np.float32)[some],
            pack["fer_weights"][some],
            ((counts.max() / counts) ** EVEN)[fer].astype(np.float32)[some],
            pack["fer_points"][some],
            pack["fer_good"][some],
            np.zeros((len(fer), 2), np.float32)[some],
            np.ones(len(fer), np.float32)[some],
        ),
        Faces(
            tiles(pack["wild"], 72, len(wild))[some],
            pack["wild_targets"].astype(np.float32)[some],
            np.ones(len(wild), np.float32)[some],
            np.array(RARE, np.float32)[wild][some],
            pack["wild_points"][some],
            pack["wild_good"][some],
            centres.astype(np.float32)[some],
            (boxes[:, 2:].max(axis=1) * MARGIN / 72).astype(np.float32)[some],
        ),
    ]
    chosen: dict[str, np.ndarray] = {}
    for name in ("fer", "wild"):
        labels = pack[f"val_{name}_labels"]
        chosen[f"{name}_labels"] = labels[some]
        chosen[f"{name}"] = tiles(pack[f"val_{name}"], 48, len(labels))[some]
        chosen[f"{name}_masked"] = tiles(pack[f"val_{name}_masked"], 48, len(labels))[some]
    real = tiles(pack["val_real"], 48, int(pack["val_real_count"]))
    looked_at = np.arange(len(real)) // BLOCK % 2 == 1  # neighbours may be of one photograph
    chosen["real"] = real[looked_at][some]
    return sets, chosen, real[~looked_at][some]


def with_originals(
    sets: list[Faces], chosen: dict[str, np.ndarray], path: Path
) -> tuple[list[Faces], dict[str, np.ndarray]]:
    """What `load` gave, with FER2013's pictures as they are in place of the pack's compressed ones.

    Args:
        sets, chosen: of `load`, without a limit.
        path: fer2013.npz.

    Raises:
        DataError: the pack was made of another file.
    """
    from training.data import fer2013

    fer = fer2013.load(path)
    train, public = (np.ascontiguousarray(fer.images[rows]) for rows in (fer.training_rows(), fer.selection_rows()))
    if (len(train), len(public)) != (len(sets[0].images), len(chosen["fer"])):
        raise fer2013.DataError(f"{path}: these are not the rows of the pack; pack it again (emotion_pack)")
    return [replace(sets[0], images=train), *sets[1:]], {**chosen, "fer": public}


class Wardrobe:
    """Draws masks on all rows, round after round, in processes of its own: fresh ones, as forks of threads hang."""

    def __init__(self, sets: list[Faces], rounds: int, processes: int) -> None:
        self.ready = 0
        self._pool = multiprocessing.get_context("spawn").Pool(processes, initializer=_low_priority)
        self._jobs: list[list[Any]] = []
        for turn in range(rounds):
            jobs = []
            for faces in sets:
                tasks = [
                    (faces.images[part], faces.points[part], faces.good[part], 1_000_003 * turn + part.start)
                    for part in (slice(first, first + PART) for first in range(0, len(faces.images), PART))
                ]
                jobs.append(self._pool.starmap_async(_dressed, tasks, chunksize=1))
            self._jobs.append(jobs)

    def next(self, wait: float = 0.0) -> list[np.ndarray] | None:
        """The pictures of the next round, uint8 (N, S, S) for each set; None if none is ready after `wait` seconds."""
        if not self._jobs:
            return None
        until = time.monotonic() + wait
        for job in self._jobs[0]:
            job.wait(max(until - time.monotonic(), 0.0))
        if not all(job.ready() for job in self._jobs[0]):
            return None
        drawn = [np.concatenate(job.get()) for job in self._jobs.pop(0)]
        self.ready += 1
        return drawn

    def close(self) -> None:
        """Stop drawing."""
        self._pool.terminate()


def _dressed(images: np.ndarray, points: np.ndarray, good: np.ndarray, seed: int) -> np.ndarray:
    drawn = images.copy()
    drawn[good] = dressed(images[good], points[good], seed)
    return drawn


def _low_priority() -> None:
    os.nice(10)
    cv2.setNumThreads(1)


class Batches:
    """Batches on a device.

    Args:
        sets: FER2013 and emotion_wild.
        device: a torch device.
        real: faces with real masks, uint8 (N, 48, 48).
    """

    def __init__(self, sets: list[Faces], device: Any, real: np.ndarray) -> None:
        import torch

        self.torch, self.device = torch, device
        self.sets = [
            {
                name: torch.from_numpy(getattr(faces, name)).to(device)
                for name in ("images", "targets", "weights", "chances", "good", "centres", "halves")
            }
            for faces in sets
        ]
        self.masked: list[list[Any]] = [[] for _ in sets]
        self._real = torch.from_numpy(real).to(device)

    def add_masked(self, round_: list[np.ndarray]) -> None:
        """Pictures with masks, uint8 (N, S, S) for each set."""
        for stacks, images in zip(self.masked, round_, strict=True):
            stacks.append(self.torch.from_numpy(images).to(self.device))

    def prior(self) -> np.ndarray:
        """How often each emotion is taught, float64 (7,), sums to 1."""
        total = np.zeros(7)
        for share, faces in zip((1 - WILD, WILD), self.sets, strict=True):
            chances = (faces["chances"] * faces["weights"])[:, None]
            mean = (faces["targets"] * chances).sum(0) / chances.sum()
            total += share * mean.double().cpu().numpy()
        return total

    def take(self, size: int, move: Callable[..., list[Any]], strength: float) -> dict[str, Any]:
        """One batch.

        Args:
            size: rows.
            move: as emotion_augment.moved.
            strength: of the moves, 0-1.

        Returns:
            bare and masked (B, 1, 48, 48), 0-1, moved alike; worn (B,), 1 where a mask is drawn; wild (B,), 1 for rows
            of emotion_wild; targets (B, 7); weights (B,). Without drawings yet, masked is None.
        """
        torch = self.torch
        counts = (size - round(size * WILD), round(size * WILD))
        parts = []
        for faces, stacks, count in zip(self.sets, self.masked, counts, strict=True):
            rows = torch.multinomial(faces["chances"], count, replacement=True)
            stacked = [faces["images"][rows]]
            if stacks:
                which = int(torch.randint(len(stacks), (1,)))
                half = count // 2  # two rounds a batch: more looks beside each other
                other = int(torch.randint(len(stacks), (1,)))
                stacked.append(torch.cat([stacks[which][rows[:half]], stacks[other][rows[half:]]]))
            images = [stack[:, None].float() / 255 for stack in stacked]
            views = move(images, faces["centres"][rows], faces["halves"][rows], strength)
            parts.append((views, faces["good"][rows], faces["targets"][rows], faces["weights"][rows]))
        joined = [torch.cat([part[n] for part in parts]) for n in (1, 2, 3)]
        views = [torch.cat(pair) for pair in zip(*(part[0] for part in parts), strict=True)]
        return {
            "bare": views[0],
            "masked": views[1] if len(views) > 1 else None,
            "worn": joined[0].float(),
            "wild": (torch.arange(size, device=self.device) >= counts[0]).float(),
            "targets": joined[1],
            "weights": joined[2],
        }

    def real(self, size: int, move: Callable[..., list[Any]], strength: float) -> Any:
        """Faces with real masks, moved, (size, 1, 48, 48), 0-1; None without any."""
        torch = self.torch
        if not len(self._real) or not size:
            return None
        rows = torch.randint(len(self._real), (size,), device=self.device)
        middle = torch.zeros(size, 2, device=self.device)
        whole = torch.ones(size, device=self.device)
        return move([self._real[rows][:, None].float() / 255], middle, whole, strength)[0]
