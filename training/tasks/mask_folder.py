"""With or without a mask, learned from any folder of two classes: our mask network, or MobileNetV2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from edge import manifest
from edge.errors import ModelError
from edge.frame import Box
from edge.labels import MASKS
from training import recipe_values, weights
from training.augment import Augmentation
from training.data.mask_folder import Faces
from training.networks import mask, mobilenet
from training.networks.layers import strip_custom_layers
from training.recipe import Recipe

WIDE = 4 / 3  # side of the stored crops / side of the network's input, so that moving them shows picture
SMOOTHING = 0.05
CHECKED = 512  # training pictures whose accuracy is taken after every epoch
AUGMENT = Augmentation(rotate=15.0, zoom=0.18, shift=0.1, light=0.35, erase=0.1, blur=0.2, noise=0.1)


def wide_size(size: int) -> int:
    """Side of the crops to store for a network whose input has this side, pixels; even around it."""
    return size + 2 * round((WIDE - 1) * size / 2)


class FolderMask:
    """Two classes, bare and worn; see training.fit.Task.

    Args:
        recipe: of the task mask; its network is used, unless MobileNetV2 is asked for.
        faces: crops of `wide_size(size)`.
        backbone: "ours" or "mobilenetv2".
        backbone_weights: a file with ImageNet's weights for MobileNetV2.

    Attributes:
        start: which weights the network starts from, once it is built.
    """

    def __init__(self, recipe: Recipe, faces: Faces, backbone: str, backbone_weights: Path | None = None) -> None:
        self.recipe, self.faces, self.backbone, self.given = recipe, faces, backbone, backbone_weights
        self.size = size_of(backbone, recipe)
        self.high = 1.0 if backbone == "ours" else 255.0
        self.start = ""

    def build(self) -> keras.Model:
        """A network that answers logits (B, 2), its weights the best available; prints which they are."""
        if self.backbone != "ours":
            model, self.start = mobilenet.build(self.size, len(MASKS), weights=self.given)
        else:
            with recipe_values.network(self.recipe.name):
                model = mask.build(**{**self.recipe.network, "classes": len(MASKS)})
            self.start = _copy_bundled(model)
        print(f"starts from: {self.start}", flush=True)
        return model

    def batches(self) -> keras.utils.PyDataset:
        """The training part, augmented; half of each batch wears masks."""
        return _Batches(self)

    def loss(self) -> Any:
        """Cross-entropy against smoothed labels."""
        return keras.losses.CategoricalCrossentropy(from_logits=True)

    def measure(self, model: keras.Model) -> dict[str, float]:
        """Loss and accuracy on the validation part, accuracy on training pictures; score is the balanced accuracy."""
        rows = self.faces.of("val")
        logits, worn = self.logits(model, rows), self.faces.worn[rows]
        right = logits.argmax(axis=1) == worn
        balanced = float(np.mean([right[worn == kind].mean() for kind in (False, True) if (worn == kind).any()]))
        train = np.random.default_rng(0).permutation(self.faces.of("train"))[:CHECKED]
        seen = float((self.logits(model, train).argmax(axis=1) == self.faces.worn[train]).mean())
        shifted = logits - logits.max(axis=1, keepdims=True)
        losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(worn)), worn.astype(int)]
        return {
            "score": balanced, "val_loss": float(losses.mean()), "val_accuracy": float(right.mean()), "accuracy": seen
        }  # fmt: skip

    def logits(self, model: keras.Model, rows: np.ndarray) -> np.ndarray:
        """Logits float32 (n, 2) of pictures."""
        pictures = self.middle(self.faces.images[rows]).astype(np.float32) * (self.high / 255)
        answer: np.ndarray = np.asarray(model.predict(pictures, batch_size=64, verbose=0), np.float32)
        return answer

    def export(self, model: keras.Model) -> keras.Model:
        """Softmax at the end."""
        return strip_custom_layers(keras.Model(model.inputs, layers.Softmax(name="probabilities")(model.outputs[0])))

    def samples(self, count: int, seed: int) -> np.ndarray:
        """Training pictures uint8 (count, S, S, 3) for calibration."""
        rows = np.random.default_rng(seed).permutation(self.faces.of("train"))[:count]
        return self.middle(self.faces.images[rows])

    def middle(self, images: np.ndarray) -> np.ndarray:
        """The network's square in the middle of stored crops (N, W, W, 3)."""
        edge = (images.shape[1] - self.size) // 2
        return images[:, edge : edge + self.size, edge : edge + self.size]


class _Batches(keras.utils.PyDataset):
    """Pictures float32 (B, S, S, 3) and targets float32 (B, 2); the draws depend on seed, epoch and number alone."""

    def __init__(self, task: FolderMask) -> None:
        super().__init__(workers=1)
        self.task, self.epoch = task, 0
        self.fit, self.seed = task.recipe.fit, task.recipe.seed
        rows = task.faces.of("train")
        self.kinds = [rows[task.faces.worn[rows] == kind] for kind in (False, True)]

    def __len__(self) -> int:
        return self.fit.steps or max(1, round(sum(map(len, self.kinds)) / self.fit.batch))

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((self.seed, self.epoch, index))
        half = self.fit.batch // 2
        worn = np.arange(self.fit.batch) >= half
        picked = [rng.choice(self.kinds[int(kind)]) for kind in worn]
        faces, size = self.task.faces, self.task.size
        edge = (faces.images.shape[1] - size) / 2
        square = Box(edge, edge, edge + size, edge + size)
        pictures = np.stack([AUGMENT(faces.images[row], rng, square, size) for row in picked])
        targets = np.eye(2, dtype=np.float32)[worn.astype(int)] * (1 - SMOOTHING) + SMOOTHING / 2
        return pictures.astype(np.float32) * (self.task.high / 255), targets

    def on_epoch_end(self) -> None:
        """Draw others."""
        self.epoch += 1


def size_of(backbone: str, recipe: Recipe) -> int:
    """Side of a network's input, pixels."""
    return recipe_values.network_size(recipe.name, recipe.network, 48) if backbone == "ours" else mobilenet.SIZE


def _copy_bundled(model: keras.Model) -> str:
    """Take all but the last layer from the bundled mask model's float weights, where they are there and fit."""
    listed = manifest.load(None)
    path = (listed.folder / listed["mask"].file).with_name("weights.npz")
    if not path.is_file():
        return "random weights, as this installation has no weights.npz of the bundled mask model"
    try:
        arrays = weights.load(path).get_weights()
    except ModelError as error:
        return f"random weights ({error})"
    own = model.get_weights()
    if [a.shape for a in arrays[:-2]] != [a.shape for a in own[:-2]]:
        return "random weights, as the recipe's network is not that of the bundled mask model"
    model.set_weights([*arrays[:-2], *own[-2:]])
    return "the bundled mask model's weights but for the last layer"
