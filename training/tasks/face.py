"""The face detector's task: random scenes, quality focal loss and GIoU, AP on the `faces` validation split."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from edge.finder import SUPPRESS_IOU, VOTES_IOU
from edge.vision import detect
from edge.vision.tensor import letterbox
from training.data import boxes, heads, scenes
from training.data.boxes import Boxed
from training.data.drawn import dress, face_points
from training.data.pointing import Pointer
from training.metrics import Found, average_precision
from training.networks import face
from training.networks.layers import plain
from training.recipe import Recipe

RANGES = ((0.0, 48.0), (32.0, 112.0), (80.0, 1e9))  # longer side of the faces that each level learns, canvas pixels
LEAST_SIDE = 0.1  # units: a point's distance to a side of its face is pushed above this
BARE_LABELS = ("face", "without_mask")
HEAD_SHARES = (0.15, 0.95)  # height of a pasted head's points' box / height of the canvas
HEADS_MASKED = 0.7  # part of the heads that also stand there with a mask drawn on
DRESSED = 0.6  # part of the faces that get a mask in the copy


class Faces(NamedTuple):
    """The faces of a canvas: boxes (N, 4), whether their sides are to be trusted, and enough of them is there, (N,)."""

    ltrb: np.ndarray
    tight: np.ndarray
    clear: np.ndarray


class SceneBatches(keras.utils.PyDataset):
    """Pictures float32 (B, H, W, 3) in 0-1 and targets float32 (B, P, 7); see scenes.targets."""

    def __init__(
        self,
        pictures: list[Boxed],
        recipe: Recipe,
        size: tuple[int, int],
        served: tuple[int, int],
        zoom: scenes.Zoom,
    ) -> None:
        super().__init__(workers=1)
        self.pictures, self.size, self.served, self.zoom = pictures, size, served, zoom
        with ThreadPoolExecutor(2) as pool:
            self.images = list(pool.map(Boxed.read, pictures))
        self.heads: list[heads.Head] = []
        self.dressed: list[np.ndarray] = []
        self.masks = 0.0
        self.batch, self.seed, self.epoch = recipe.fit.batch, recipe.seed, 0
        self.points = detect.points(*size, face.STRIDES)
        self.units = detect.units_of_points(*size, face.STRIDES, face.UNITS)
        self.strides = detect.units_of_points(*size, face.STRIDES, face.STRIDES)
        low, high = zip(*RANGES, strict=True)
        self.ranges = np.stack([detect.units_of_points(*size, face.STRIDES, v) for v in (low, high)], axis=1)
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
        headed = whole and bool(self.heads) and rng.random() < self.zoom.head
        zoom = replace(self.zoom, whole=0.0, background=1.0) if headed else self.zoom
        canvas = np.empty((height, width, 3), np.uint8)
        shown, tight, clear = [], [], []
        for left, top, across, down in parts:
            picture = self.pictures[row]
            images = self.dressed if self.dressed and rng.random() < self.masks else self.images
            fit = self._fit(images[row]) if whole else None
            tile, ltrb, enough = scenes.place(images[row], picture.ltrb, across, down, zoom, rng, fit)
            canvas[top : top + down, left : left + across] = scenes.relight(tile, rng)
            shown.append(ltrb + np.array([left, top, left, top], np.float32))
            tight += [picture.tight] * len(ltrb)
            clear.append(enough)
            row = int(rng.integers(len(self.pictures)))
        faces = Faces(np.concatenate(shown), np.array(tight, bool), np.concatenate(clear))
        if headed:
            canvas, faces = self._with_head(canvas, faces, rng)
        return canvas, scenes.targets(*faces, self.points, self.strides, self.units, self.ranges, radius=1.5)

    def _with_head(self, canvas: np.ndarray, faces: Faces, rng: np.random.Generator) -> tuple[np.ndarray, Faces]:
        """The canvas with a head on it, or as it was where the head would hide a part of a face."""
        head = self.heads[rng.integers(len(self.heads))]
        head = heads.Head(scenes.relight(head.image, rng), head.points)
        pasted, points_box = heads.paste(head, canvas, float(np.exp(rng.uniform(*np.log(HEAD_SHARES)))), rng)
        hidden = heads.hidden(canvas, pasted, faces.ltrb)
        if ((hidden > 0.1) & (hidden < 0.9)).any():
            return canvas, faces
        box, kept = heads.face_box(points_box, *self.size), hidden <= 0.1
        others = Faces(*(part[kept] for part in faces))
        return pasted, Faces(
            np.concatenate([others.ltrb, box[None]]), np.append(others.tight, True), np.append(others.clear, True)
        )

    def _fit(self, image: np.ndarray) -> float:
        return min(self.served[0] / image.shape[1], self.served[1] / image.shape[0])

    def dress(self, masks: float, share: float) -> None:
        """Draw masks on a share of the faces of a second copy of every picture, which is shown `masks` of the time."""
        pointer = Pointer.open()
        self.masks = masks
        for index, (image, picture) in enumerate(zip(self.images, self.pictures, strict=True)):
            bare = [label in BARE_LABELS for label in picture.labels]
            points = [p if ok else None for p, ok in zip(face_points(image, picture, pointer), bare, strict=True)]
            self.dressed.append(dress(image, points, share, np.random.default_rng((self.seed, 7, index)))[0])

    def on_epoch_end(self) -> None:
        """Shuffle anew."""
        self.epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        self.order = np.random.default_rng((self.seed, self.epoch)).permutation(len(self.pictures))


def detection_loss(truth: Any, answer: Any) -> Any:
    """Quality focal loss (Li et al., GFL, 2020) plus GIoU (Rezatofighi et al., 2019), over the faces of the batch.

    Args:
        truth: (B, P, 7), see scenes.targets; answer: (B, P, 5), logit and four distances.
    """
    positive, sides, score_weight, box_weight = truth[..., 0], truth[..., 1:5], truth[..., 5], truth[..., 6]
    logit, guess = answer[..., 0], answer[..., 1:5]
    shared = ops.maximum(ops.minimum(sides, guess), 0.0)
    overlap = (shared[..., 0] + shared[..., 2]) * (shared[..., 1] + shared[..., 3])
    kept = ops.maximum(guess, 0.0)
    area = (kept[..., 0] + kept[..., 2]) * (kept[..., 1] + kept[..., 3])
    area += (sides[..., 0] + sides[..., 2]) * (sides[..., 1] + sides[..., 3])
    union = area - overlap + 1e-6
    iou = overlap / union
    around = ops.maximum(sides, guess)
    hull = (around[..., 0] + around[..., 2]) * (around[..., 1] + around[..., 3]) + 1e-6
    giou = iou - (hull - union) / hull
    # Where the box is not to be trusted, neither is its overlap: such a face is simply a face.
    quality = positive * ops.where(box_weight > 0, ops.stop_gradient(iou), 0.8)
    gap = ops.abs(ops.sigmoid(logit) - quality)
    entropy = ops.maximum(logit, 0.0) - logit * quality + ops.log1p(ops.exp(-ops.abs(logit)))
    score = ops.sum(score_weight * ops.square(gap) * entropy)
    box = ops.sum(positive * box_weight * (1.0 - giou))
    # A box turned inside out overlaps nothing and would get no gradient: one whole level once died of that, unnoticed.
    box += ops.sum(positive[..., None] * box_weight[..., None] * ops.maximum(LEAST_SIDE - guess, 0.0))
    return (score + 2.0 * box) / ops.maximum(ops.sum(positive), 1.0)


class FaceDetection:
    """`faces` and `masked_faces`, training splits.

    `data`: canvas (width, height) as served, window (the part of it that is trained on, for speed: the network is
    convolutional), limit, masks (how often a copy with drawn masks is shown), and Zoom's fields.
    """

    def __init__(self, recipe: Recipe, data: Path) -> None:
        self.recipe, self.data = recipe, data
        settings = dict(recipe.data)
        self.width, self.height = settings.pop("canvas", (320, 240))
        self.window = tuple(settings.pop("window", (self.width, self.height)))
        self.limit, self.masks = settings.pop("limit", 0), settings.pop("masks", 0.0)
        self.zoom = scenes.Zoom(**settings)
        self.val: list[tuple[np.ndarray, Any, np.ndarray]] = []

    def build(self) -> keras.Model:
        """See training/networks/face.py; of the window's size."""
        return face.build(*self.window, **self.recipe.network)

    def served(self, model: keras.Model) -> keras.Model:
        """The same weights at the size that is served."""
        if model.input_shape[1:3] == (self.height, self.width):
            return model
        whole = face.build(self.width, self.height, **self.recipe.network)
        whole.set_weights(model.get_weights())
        return whole

    def pictures(self) -> list[Boxed]:
        """The training pictures of both sets."""
        both = [p for name in ("faces", "masked_faces") for p in boxes.load(self.data / name, "train")]
        return both[: self.limit] if self.limit else both

    def batches(self) -> keras.utils.PyDataset:
        """Random scenes."""
        made = SceneBatches(self.pictures(), self.recipe, self.window, (self.width, self.height), self.zoom)
        if self.zoom.head:
            made.heads = heads.load(self.data / "landmarks68", HEADS_MASKED, self.recipe.seed)
        if self.masks:
            made.dress(self.masks, DRESSED)
        return made

    def loss(self) -> Any:
        """See detection_loss."""
        return detection_loss

    def measure(self, model: keras.Model) -> dict[str, float]:
        """AP on the `faces` validation split, float."""
        if not self.val:
            for picture in boxes.load(self.data / "faces", "val"):
                self.val.append((*letterbox(picture.read(), self.width, self.height), picture.ltrb))
        points = detect.points(self.width, self.height, face.STRIDES)
        units = detect.units_of_points(self.width, self.height, face.STRIDES, face.UNITS)
        found, model = [], self.served(model)
        for start in range(0, len(self.val), 32):
            part = self.val[start : start + 32]
            answers = model.predict_on_batch(np.stack([v[0] for v in part]).astype(np.float32) / 255)
            for answer, (_, fit, truth) in zip(answers, part, strict=True):
                ltrb, scores = detect.decode(answer[:, 0], answer[:, 1:], points, units, 0.01)
                kept = detect.suppress(ltrb, scores, SUPPRESS_IOU, 200)
                moved = detect.vote(ltrb, scores, kept, VOTES_IOU)
                found.append(Found(fit.to_picture(moved), scores[kept], truth))
        return {"score": average_precision(found)}

    def samples(self, count: int, seed: int) -> np.ndarray:
        """Real canvases uint8 (count, H, W, 3) for calibration: pictures as the daemon would show them."""
        pictures = self.pictures()
        rows = np.random.default_rng(seed).permutation(len(pictures))[:count]
        return np.stack([letterbox(pictures[row].read(), self.width, self.height)[0] for row in rows])

    def export(self, model: keras.Model) -> keras.Model:
        """Logits and distances apart."""
        return plain(face.split(self.served(model)))
