"""The mask classifier's task: real masks from `masked_faces`, drawn ones on `faces` and FER2013."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import keras
import numpy as np
from keras import layers
from sklearn.metrics import roc_auc_score

from edge import manifest
from edge.engines import open_engine
from edge.frame import Box
from edge.labels import Mask
from edge.pipeline.detector import FaceDetector
from edge.vision.crop import crop
from training import recipe_values
from training.augment import Augmentation
from training.data import boxes, fer2013
from training.data.boxes import Boxed
from training.data.candidates import LEAST, candidates
from training.data.drawn import add_masks, face_points, masked_crops
from training.data.landmark_detector import LandmarkDetector
from training.data.masks import plausible
from training.networks import mask
from training.networks.layers import strip_custom_layers
from training.recipe import Recipe, parse
from training.tasks.mask_batches import NO_FACE, SIZE, WIDE, Crops, MaskBatches, MaskData, middle

REAL = "masked_faces"
WORN_LABELS = ("with_mask", "incorrect_mask")


class MaskClassifier:
    """Worn, bare, or no face; see MaskData and Augmentation for the recipe's [data] table."""

    def __init__(self, recipe: Recipe, data: Path) -> None:
        self.recipe, self.data = recipe, data
        self.options, self.augment = parse(recipe, MaskData, Augmentation)
        self.margin, self.shift = recipe.model.get("margin", 1.0), recipe.model.get("shift", 0.0)
        self.landmarks = LandmarkDetector.open()
        self.detector = FaceDetector(open_engine(manifest.load(None), "face", 1, "cpu"), LEAST, limit=100)
        self._held: list[Crops] = []

    def build(self) -> keras.Model:
        """See training/networks/mask.py."""
        with recipe_values.network(self.recipe.name):
            return mask.build(**self.recipe.network)

    def batches(self) -> keras.utils.PyDataset:
        """All sources but the held-out part of masked_faces."""
        masked, bare = self.pictures()
        parts = [
            self._cut(masked, self.options.least_px),
            self._cut(bare, self.options.least_px),
            self._cut_drawn(bare),
        ]
        crops = Crops.joined([*parts, self._found(masked + bare), self._fer2013(fer2013.TRAINING)])
        return MaskBatches(crops, self.recipe, self.augment, self.options)

    def loss(self) -> Any:
        """Cross-entropy against smoothed labels."""
        return keras.losses.CategoricalCrossentropy(from_logits=True)

    def measure(self, model: keras.Model) -> dict[str, float]:
        """On a tenth of masked_faces' training pictures and on PublicTest: balanced accuracy of worn against bare.

        And what the third class tells apart on the `faces` validation split: the area under its ROC over what the
        detector finds there. The score is the mean of the three.
        """
        if not self._held:
            pictures = [p for p in boxes.load(self.data / REAL, "train") if _held_out(p)]
            self._held = [self._cut(pictures, least=20.0), self._fer2013(fer2013.PUBLIC)]
            self._held.append(self._found(boxes.load(self.data / "faces", "val")))
        figures = []
        for crops in self._held[:2]:
            logits = self._predict(model, crops)
            right = (logits[:, Mask.WORN] > logits[:, Mask.BARE]) == (crops.kinds == Mask.WORN)
            figures.append(float(np.mean([right[crops.kinds == kind].mean() for kind in Mask])))
        told = {"real": figures[0], "drawn": figures[1]}
        empty = self._held[2].kinds == NO_FACE
        if empty.any() and not empty.all():
            logits = self._predict(model, self._held[2])
            told["face"] = float(roc_auc_score(empty, logits[:, NO_FACE] - logits[:, :NO_FACE].max(axis=1)))
        return {"score": float(np.mean(list(told.values()))), **told}

    @staticmethod
    def _predict(model: keras.Model, crops: Crops) -> np.ndarray:
        answer: np.ndarray = model.predict(middle(crops.images).astype(np.float32) / 255, batch_size=256, verbose=0)
        return answer

    def export(self, model: keras.Model) -> keras.Model:
        """Softmax at the end."""
        return strip_custom_layers(keras.Model(model.inputs, layers.Softmax(name="probabilities")(model.outputs[0])))

    def samples(self, count: int, seed: int) -> np.ndarray:
        """Real crops uint8 (count, 48, 48, 3) for calibration, up to a third of them without a face."""
        pictures = boxes.load(self.data / "faces", "train") + boxes.load(self.data / REAL, "train")
        rng = np.random.default_rng(seed)
        picked = [pictures[i] for i in rng.permutation(len(pictures))[:count]]
        faces, found = self._cut(picked, self.options.least_px).images, self._found(picked)
        places = found.images[found.kinds == NO_FACE]
        both = [images[rng.permutation(len(images))] for images in (places[: count // 3], faces)]
        return middle(np.concatenate(both)[:count])

    def pictures(self) -> tuple[list[Boxed], list[Boxed]]:
        """The training pictures of masked_faces that are not held out, and those of `faces`."""
        masked = [p for p in boxes.load(self.data / REAL, "train") if not _held_out(p)]
        bare = boxes.load(self.data / "faces", "train")
        return (masked[: self.options.limit], bare[: self.options.limit]) if self.options.limit else (masked, bare)

    def _cut(self, pictures: list[Boxed], least: float) -> Crops:
        crops, kinds, real = [], [], []
        for picture in pictures:
            image = picture.read()
            for ltrb, label in zip(picture.ltrb.tolist(), picture.labels, strict=True):
                if min(ltrb[2] - ltrb[0], ltrb[3] - ltrb[1]) >= least:
                    crops.append(self._wide(image, Box(*ltrb)))
                    kinds.append(_kind(label))
                    real.append(_of_masked_faces(picture))
        return Crops.of(crops, kinds, real)

    def _cut_drawn(self, pictures: list[Boxed]) -> Crops:
        """The faces of these pictures that can be given a mask, with one."""
        crops = []
        for index, picture in enumerate(pictures):
            image = picture.read()
            points = face_points(image, picture, self.landmarks)
            drawn, worn = add_masks(
                image, points, self.options.drawn, np.random.default_rng((self.recipe.seed, 7, index))
            )
            crops += [self._wide(drawn, Box(*picture.ltrb[n].tolist())) for n in np.flatnonzero(worn)]
        return Crops.of(crops, [Mask.WORN] * len(crops), [False] * len(crops))

    def _found(self, pictures: list[Boxed]) -> Crops:
        """What the shipped detector finds in these pictures: faces in its own boxes, and places that are none.

        A place is shown the more often the surer the detector was.
        """
        crops, kinds, real, weights = [], [], [], []
        for index, picture in enumerate(pictures):
            image = picture.read()
            rng = np.random.default_rng((self.recipe.seed, 8, index))
            for found in candidates(self.detector, image, picture, rng):
                if found.face is not None and min(found.box.width, found.box.height) < self.options.least_px:
                    continue
                crops.append(self._wide(image, found.box))
                kinds.append(NO_FACE if found.face is None else _kind(picture.labels[found.face]))
                real.append(found.face is not None and _of_masked_faces(picture))
                weights.append(found.score if found.face is None else 1.0)
        return Crops.of(crops, kinds, real, weights)

    def _wide(self, image: np.ndarray, box: Box) -> np.ndarray:
        return crop(image, box.square(self.margin * WIDE / SIZE, self.shift), WIDE, WIDE)

    def _fer2013(self, usage: int) -> Crops:
        """Rows bare and with a drawn mask, as colour pictures; each is already the square."""
        stored = fer2013.of_folder(self.data)
        rows = stored.training_rows() if usage == fer2013.TRAINING else stored.selection_rows()
        rows = np.random.default_rng(self.recipe.seed).permutation(rows)[: self.options.fer2013]
        images = stored.images[rows]
        points = self.landmarks.on_crops(images)
        good = np.array([plausible(at, SIZE, SIZE) for at in points], bool)
        drawn = masked_crops(images[good], points[good], self.recipe.seed)
        both = np.repeat(np.concatenate([images, drawn])[..., None], 3, axis=3)
        edge = (WIDE - SIZE) // 2
        wide = np.pad(both, ((0, 0), (edge, edge), (edge, edge), (0, 0)), mode="edge")
        kinds = np.where(np.arange(len(both)) < len(images), Mask.BARE, Mask.WORN)
        return Crops(wide, kinds, np.zeros(len(both), bool), np.ones(len(both)))


def _kind(label: str) -> Mask:
    return Mask.WORN if label in WORN_LABELS else Mask.BARE


def _of_masked_faces(picture: Boxed) -> bool:
    return picture.path.parent.parent.name == REAL


def _held_out(picture: Boxed) -> bool:
    """A tenth of the pictures, chosen by name: masked_faces has no validation split of its own."""
    return crc32(picture.path.name.encode()) % 10 == 0
