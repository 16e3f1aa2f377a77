"""The face detector's training data: one random scene after the other, with what each point of it should answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import keras
import numpy as np

from edge.vision import detection
from training.data import copy_paste, hard_negatives, scenes
from training.data.boxes import Boxed
from training.data.drawn import add_masks, face_points
from training.data.landmark_detector import LandmarkDetector
from training.networks import face
from training.recipe import Recipe

RANGES = ((0.0, 48.0), (32.0, 112.0), (80.0, 1e9))  # longer side of the faces that each level learns, canvas pixels
BARE_LABELS = ("face", "without_mask")
HEAD_SHARES = (0.15, 0.95)  # height of a pasted head's points' box / height of the canvas
MINED = 1024  # parts of pictures that are searched for hard negatives after an epoch
MASKED = 0.6  # share of the faces that get a mask in the copy


class Faces(NamedTuple):
    """The faces of a canvas: boxes (N, 4), whether their sides are to be trusted, and enough of them is there, (N,)."""

    ltrb: np.ndarray
    tight: np.ndarray
    clear: np.ndarray


@dataclass(frozen=True)
class Extras:
    """What scenes are made of besides the pictures; nothing by default.

    Attributes:
        heads: large heads to paste.
        masks: how often the copy of a picture with drawn masks is shown, 0-1.
        detect: makes a Detect of the network in training, which looks for hard negatives.
        hard_negatives_from: the epoch after which it does.
        degrade_from: the epoch after which canvases are degraded.
    """

    heads: Sequence[copy_paste.Head] = ()
    masks: float = 0.0
    detect: Callable[[keras.Model], hard_negatives.Detect] | None = None
    hard_negatives_from: int = 0
    degrade_from: int = 0


class SceneBatches(keras.utils.PyDataset):
    """Pictures float32 (B, H, W, 3) in 0-1 and targets float32 (B, P, 7); see scenes.targets."""

    def __init__(
        self,
        pictures: list[Boxed],
        recipe: Recipe,
        size: tuple[int, int],
        served: tuple[int, int],
        zoom: scenes.Zoom,
        extras: Extras | None = None,
    ) -> None:
        super().__init__(workers=1)
        self.pictures, self.size, self.served, self.zoom = pictures, size, served, zoom
        self.extras = extras or Extras()
        with ThreadPoolExecutor(2) as pool:
            self.images = list(pool.map(Boxed.read, pictures))
        self.seed, self.batch, self.epoch = recipe.seed, recipe.fit.batch, 0
        self.with_masks = self._with_masks() if self.extras.masks else []
        self.negatives: list[hard_negatives.HardNegative] = []
        self.points = detection.anchor_points(*size, face.STRIDES)
        self.units = detection.point_scales(*size, face.STRIDES, face.UNITS)
        self.strides = detection.point_scales(*size, face.STRIDES, face.STRIDES)
        low, high = zip(*RANGES, strict=True)
        self.ranges = np.stack([detection.point_scales(*size, face.STRIDES, v) for v in (low, high)], axis=1)
        self._shuffle()

    def __len__(self) -> int:
        return len(self.pictures) // self.batch

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        rows = self.order[index * self.batch : (index + 1) * self.batch]
        made = [self.scene(row, rng) for row in rows]
        return np.stack([m[0] for m in made]).astype(np.float32) / 255, np.stack([m[1] for m in made])

    def scene(self, row: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """One canvas uint8 (H, W, 3) and its targets; in a mosaic the first picture is `row`, the others random."""
        width, height = self.size
        whole = rng.random() >= self.zoom.mosaic
        parts = [(0, 0, width, height)] if whole else scenes.tiles(width, height, rng)
        headed = whole and bool(self.extras.heads) and rng.random() < self.zoom.copy_paste
        zoom = replace(self.zoom, whole=0.0, background=1.0) if headed else self.zoom
        canvas = np.empty((height, width, 3), np.uint8)
        shown, tight, clear = [], [], []
        for left, top, across, down in parts:
            negative = None
            if self.negatives and not headed and rng.random() < self.zoom.hard_negatives:
                negative = self.negatives[rng.integers(len(self.negatives))]
                row = negative.row
            picture = self.pictures[row]
            images = self.with_masks if self.with_masks and rng.random() < self.extras.masks else self.images
            fit = self._fit(images[row]) if whole else None
            tile, ltrb, enough = scenes.place(images[row], picture.ltrb, across, down, zoom, rng, fit, negative)
            canvas[top : top + down, left : left + across] = scenes.relight(tile, rng)
            shown.append(ltrb + np.array([left, top, left, top], np.float32))
            tight += [picture.tight] * len(ltrb)
            clear.append(enough)
            row = int(rng.integers(len(self.pictures)))
        faces = Faces(np.concatenate(shown), np.array(tight, bool), np.concatenate(clear))
        if headed:
            canvas, faces = self._with_head(canvas, faces, rng)
        if self.epoch >= self.extras.degrade_from and self.zoom.degrade and rng.random() < self.zoom.degrade:
            canvas = scenes.degrade(canvas, rng)
        return canvas, scenes.targets(*faces, self.points, self.strides, self.units, self.ranges, radius=1.5)

    def _with_head(self, canvas: np.ndarray, faces: Faces, rng: np.random.Generator) -> tuple[np.ndarray, Faces]:
        """The canvas with a head on it, or as it was where the head would hide a part of a face."""
        head = self.extras.heads[int(rng.integers(len(self.extras.heads)))]
        head = copy_paste.Head(scenes.relight(head.image, rng), head.points)
        pasted, points_box = copy_paste.paste(head, canvas, float(np.exp(rng.uniform(*np.log(HEAD_SHARES)))), rng)
        hidden = copy_paste.hidden(canvas, pasted, faces.ltrb)
        if ((hidden > 0.1) & (hidden < 0.9)).any():
            return canvas, faces
        box, kept = copy_paste.face_box(points_box, *self.size), hidden <= 0.1
        others = Faces(*(part[kept] for part in faces))
        return pasted, Faces(
            np.concatenate([others.ltrb, box[None]]), np.append(others.tight, True), np.append(others.clear, True)
        )

    def _fit(self, image: np.ndarray) -> float:
        return min(self.served[0] / image.shape[1], self.served[1] / image.shape[0])

    def _with_masks(self) -> list[np.ndarray]:
        """A second copy of every picture, with masks drawn on a share of its faces."""
        landmarks, copies = LandmarkDetector.open(), []
        for index, (image, picture) in enumerate(zip(self.images, self.pictures, strict=True)):
            bare = [label in BARE_LABELS for label in picture.labels]
            points = [p if ok else None for p, ok in zip(face_points(image, picture, landmarks), bare, strict=True)]
            copies.append(add_masks(image, points, MASKED, np.random.default_rng((self.seed, 7, index)))[0])
        return copies

    def update_from(self, model: keras.Model, epochs: int) -> None:
        """Look for hard negatives, which the next epoch shows again; a recipe says after how many epochs."""
        if self.extras.detect is not None and epochs >= self.extras.hard_negatives_from:
            rng = np.random.default_rng((self.seed, 11, epochs))
            detect = self.extras.detect(model)
            self.negatives = hard_negatives.mine(self.images, self.pictures, self.size, MINED, detect, rng)
            print(f"  {len(self.negatives)} false detections in {MINED} parts of pictures", flush=True)

    def on_epoch_end(self) -> None:
        """Shuffle anew."""
        self.epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        self.order = np.random.default_rng((self.seed, self.epoch)).permutation(len(self.pictures))
