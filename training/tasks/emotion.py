"""The emotion of bare faces; masked.py has that of faces with a mask drawn on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from edge import manifest
from edge.engines import open_engine
from edge.errors import SettingsError
from edge.labels import EMOTIONS
from training import recipe_values, weights
from training.augment import Augmentation
from training.averages import recalibrate_batchnorm
from training.data import emotion_wild, fer2013
from training.data.emotion_wild import WildFaces
from training.data.fer2013 import PUBLIC, TRAINING, USAGES, DataError
from training.networks import baselines, emotion
from training.networks.layers import strip_custom_layers
from training.recipe import Recipe, parse
from training.tasks.emotion_batches import Beside, EmotionBatches, EmotionData, mixed, rarity

NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "residual": emotion.build,
    "mlp": baselines.mlp,
    "cnn4": baselines.cnn4,
}
SHAPE = (48, 48, 1)  # of FER2013's pictures


class BareEmotion:
    """FER2013, and emotion_wild where the recipe asks for it; see EmotionData for the recipe's [data] table."""

    def __init__(self, recipe: Recipe, data: Path) -> None:
        self.recipe = recipe
        self.options, self.augment = self._parse()
        self.set = fer2013.of_folder(data)
        for rows, name in ((self.rows(), TRAINING), (self.set.selection_rows(), PUBLIC)):
            if not len(rows):
                raise DataError(f"{fer2013.find(data)}: no row of {USAGES[name]} is left; give the whole set")
        self.folder = data / "emotion_wild"
        self.engine: Any = None

    def _parse(self) -> tuple[EmotionData, Augmentation]:
        options, augment = parse(self.recipe, EmotionData, Augmentation)
        return options, augment

    def build(self) -> keras.Model:
        """The network that [network] describes, with the weights that `start` names; see NETWORKS."""
        network = network_of(self.recipe)
        if self.options.start:
            begin(network, weights.load(start_file(self.options.start)).get_weights(), self.recipe)
        for layer in network.layers if self.options.keep_norm else ():
            if isinstance(layer, layers.BatchNormalization):
                layer.trainable = False  # for batch normalization that means its statistics, too
        return network

    def rows(self) -> np.ndarray:
        """The training rows."""
        rows = self.set.training_rows()
        return rows[: self.options.limit] if self.options.limit else rows

    def batches(self) -> keras.utils.PyDataset:
        """Augmented Training rows."""
        rows = self.rows()
        images, targets = self.set.images[rows], self.targets(rows)
        if self.options.teacher and not self.options.consistent:
            both = [self.told(shown) for shown in (images, images[:, :, ::-1])]
            targets = mixed(targets, np.mean(both, axis=0), self.options.teacher)
        beside = self.beside() if self.options.wild else None
        teacher = self.told if self.options.consistent else None
        return EmotionBatches(images, targets, self.recipe, self.augment, self.options, beside, teacher)

    def told(self, images: np.ndarray) -> np.ndarray:
        """What `start` says of pictures uint8 (N, 48, 48): P(emotion), float32 (N, 7)."""
        if self.engine is None:
            name = self.options.start
            trained = name.endswith(".npz")
            self.engine = FloatTeacher(start_file(name)) if trained else open_engine(manifest.load(), name)
        return np.stack([self.engine.infer(image[:, :, None])[0] for image in images])

    def beside(self) -> Beside:
        """The training rows of emotion_wild."""
        faces = emotion_wild.load(self.folder, "train")
        return self.made(faces, faces.images[None])

    def made(self, faces: WildFaces, images: np.ndarray) -> Beside:
        """Rows of emotion_wild shown as the versions uint8 (V, N, S, S)."""
        options = self.options
        hard = np.eye(len(EMOTIONS), dtype=np.float32)[faces.labels]
        chances = np.resize(np.array(options.wild_chances), len(EMOTIONS))
        return Beside(
            images,
            [faces.box(row).square(options.wild_margin) for row in range(len(faces))],
            mixed(hard, np.full_like(hard, 1 / len(EMOTIONS)), options.smoothing),
            chances[faces.labels],
        )

    def targets(self, rows: np.ndarray) -> np.ndarray:
        """Soft labels float32 (N, 7)."""
        return fer2013.soft_labels(self.set, rows, self.options.votes, self.options.smoothing)

    def loss(self) -> Any:
        """Cross-entropy against soft labels."""
        return keras.losses.CategoricalCrossentropy(from_logits=True)

    def validation(self) -> tuple[np.ndarray, np.ndarray]:
        """Pictures uint8 (N, 48, 48) and labels of PublicTest."""
        rows = self.set.selection_rows()
        return self.set.images[rows], self.set.labels[rows]

    def wild_validation(self) -> tuple[np.ndarray, np.ndarray]:
        """Pictures uint8 (N, 48, 48) and labels of emotion_wild's `val`."""
        faces = emotion_wild.load(self.folder, "val")
        return emotion_wild.squares(faces, float(self.recipe.model.get("margin", 1.0))), faces.labels

    def prior(self) -> np.ndarray:
        """How often each emotion is taught, float64 (7,), sums to 1."""
        targets = self.targets(self.rows())
        chances = rarity(targets, self.options.even)
        taught = np.average(targets, axis=0, weights=chances)
        if self.options.wild:
            faces = emotion_wild.load(self.folder, "train")
            made = self.made(faces, faces.images[None])
            others = np.average(made.targets, axis=0, weights=made.chances)
            taught = (1 - self.options.wild) * taught + self.options.wild * others
        return np.asarray(taught / taught.sum(), np.float64)

    def measure(self, model: keras.Model) -> dict[str, float]:
        """Accuracy on PublicTest; with emotion_wild, the mean of it and of that on `val`, and recalls."""
        if not self.options.wild:
            return {"score": found(model, *self.validation())["accuracy"]}
        fer, wild = found(model, *self.validation()), found(model, *self.wild_validation())
        short = max(0.0, self.options.floor - fer["accuracy"])
        return {
            "score": (fer["accuracy"] + wild["accuracy"]) / 2 - 2 * short,
            "public": fer["accuracy"],
            "public_macro": fer["macro"],
            "wild": wild["accuracy"],
            "wild_neutral": wild["neutral"],
            "wild_happy": wild["happy"],
        }

    def finish(self, model: keras.Model, batches: keras.utils.PyDataset) -> None:
        """Keep the best of the blends of first and trained weights that the recipe asks for."""
        if not self.options.blend:
            return
        first, last = self.build().get_weights(), model.get_weights()
        best, kept = -np.inf, last
        for share in self.options.blend:
            model.set_weights([(1 - share) * old + share * new for old, new in zip(first, last, strict=True)])
            recalibrate_batchnorm(model, batches)
            values = self.measure(model)
            print(f"  blend {share:g}  " + "  ".join(f"{k} {v:.4g}" for k, v in values.items()), flush=True)
            if values["score"] > best:
                best, kept = values["score"], model.get_weights()
        model.set_weights(kept)

    def samples(self, count: int, seed: int) -> np.ndarray:
        """Real crops uint8 (count, 48, 48, 1) for calibration: Training rows, and emotion_wild's at their share."""
        rng = np.random.default_rng(seed)
        others = round(count * self.options.wild)
        images = self.set.images[rng.permutation(self.rows())[: count - others]]
        if others:
            faces = emotion_wild.load(self.folder, "train")
            squares = emotion_wild.squares(faces, self.options.wild_margin)
            images = np.concatenate([images, squares[rng.permutation(len(faces))[:others]]])
        return images[..., None]

    def export(self, model: keras.Model) -> keras.Model:
        """Softmax at the end."""
        return strip_custom_layers(keras.Model(model.inputs, layers.Softmax(name="probabilities")(model.outputs[0])))


class FloatTeacher:
    """The network of a weights.npz behind the one method of an engine that a teacher needs."""

    def __init__(self, path: Path) -> None:
        self.network = weights.load(path)

    def infer(self, image: np.ndarray) -> tuple[np.ndarray, ...]:
        """P(emotion), float32 (7,), of a picture uint8 (48, 48, 1)."""
        return (np.asarray(self.network.predict_on_batch(image[None].astype(np.float32) / 255)[0]),)


def network_of(recipe: Recipe) -> keras.Model:
    """The network of a recipe: `kind`, one of NETWORKS, and its measures.

    Raises:
        SettingsError: no such kind, or a key or a value that it does not take.
    """
    measures = dict(recipe.network)
    kind = measures.pop("kind", "residual")
    if not isinstance(kind, str) or kind not in NETWORKS:
        raise SettingsError(f"recipe {recipe.name}: network.kind: expected one of {', '.join(NETWORKS)}, got {kind!r}")
    with recipe_values.network(recipe.name):
        made = NETWORKS[kind](**measures)
    if (made.input_shape[1:], made.output_shape[1:]) != (SHAPE, (len(EMOTIONS),)):
        raise SettingsError(
            f"recipe {recipe.name}: [network]: expected an input of {SHAPE} and {len(EMOTIONS)} outputs, got "
            f"{made.input_shape[1:]} and {made.output_shape[1:]}; leave size, channels and classes out"
        )
    return made


def start_file(name: str) -> Path:
    """The weights of a shipped model, or of a run: weights.npz."""
    return Path(name) if name.endswith(".npz") else manifest.default_folder() / name / "weights.npz"


def begin(network: keras.Model, values: list[np.ndarray], recipe: Recipe) -> None:
    """Give a network the weights of its recipe's `start`.

    Raises:
        SettingsError: they are of a network of another shape.
    """
    try:
        network.set_weights(values)
    except ValueError:
        raise SettingsError(
            f"recipe {recipe.name}: data.start: the network of {recipe.data['start']} has another shape than [network] "
            f"describes; use the [network] of the recipe that it was trained with"
        ) from None


def found(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, mean recall (`macro`) and each emotion's recall on pictures uint8 (N, 48, 48)."""
    logits = model.predict(images[..., None].astype(np.float32) / 255, batch_size=256, verbose=0)
    right = logits.argmax(axis=1) == labels
    recall = {name: float(right[labels == n].mean()) for n, name in enumerate(EMOTIONS) if (labels == n).any()}
    return {"accuracy": float(right.mean()), "macro": float(np.mean(list(recall.values()))), **recall}
