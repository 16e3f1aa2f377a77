"""What gender a face is taken for, on `faces_gender`, whose terms bar shipping what is trained on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import keras
import numpy as np
from keras import layers

from edge.labels import GENDERS
from training import weights
from training.augment import Augmentation
from training.data import faces_gender
from training.networks import emotion
from training.networks.layers import strip_custom_layers
from training.recipe import Recipe, parse
from training.tasks.emotion import start_file
from training.tasks.gender_batches import LUMINANCE, GenderBatches, GenderData, Named, input_size, labels, squares


class GenderClassifier:
    """Two classes; see GenderData and Augmentation for the recipe's [data] table."""

    def __init__(self, recipe: Recipe, data: Path) -> None:
        self.recipe = recipe
        self.options, self.augment = parse(recipe, GenderData, Augmentation)
        self.people = faces_gender.load(data / "faces_gender")
        self.named = Named.load(data / "emotion_wild") if self.options.named else None

    def build(self) -> keras.Model:
        """The emotion network with three channels and two classes, with the convolutions of `start`."""
        network = emotion.build(channels=3, classes=len(GENDERS), **self.recipe.network)
        if self.options.start:
            first, *others = weights.load(start_file(self.options.start)).get_weights()
            coloured = first * LUMINANCE[:, None]
            # All but the classifier: its kernel and its bias come last.
            network.set_weights([coloured, *others[:-2], *network.get_weights()[-2:]])
        return network

    def rows(self, held_out: bool = False) -> np.ndarray:
        """Training rows, or the tenth of them that choices are made on."""
        own = [n for n in np.flatnonzero(self.people.splits == "train") if (crc32(b"%d" % n) % 10 == 0) == held_out]
        return np.array(own[: self.options.limit] if self.options.limit else own, np.int64)

    def batches(self) -> keras.utils.PyDataset:
        """Augmented training rows."""
        return GenderBatches(self.people, self.rows(), self.recipe, self.augment, self.options, self.named)

    def loss(self) -> Any:
        """Cross-entropy against smoothed labels."""
        return keras.losses.CategoricalCrossentropy(from_logits=True)

    def measure(self, model: keras.Model) -> dict[str, float]:
        """Accuracy on the tenth that is held out."""
        rows = self.rows(held_out=True)
        images = squares(self.people.images[rows], input_size(self.recipe))
        logits = model.predict(images.astype(np.float32) / 255, batch_size=256, verbose=0)
        return {"score": float((logits.argmax(axis=1) == labels(self.people)[rows]).mean())}

    def samples(self, count: int, seed: int) -> np.ndarray:
        """Real crops uint8 (count, S, S, 3) for calibration."""
        rows = np.random.default_rng(seed).permutation(self.rows())[:count]
        return squares(self.people.images[rows], input_size(self.recipe))

    def export(self, model: keras.Model) -> keras.Model:
        """Softmax at the end."""
        return strip_custom_layers(keras.Model(model.inputs, layers.Softmax(name="probabilities")(model.outputs[0])))
