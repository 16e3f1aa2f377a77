"""A table of features: what an emotion network sees in each face, for plots, an SVM, or a first look at a data set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import MissingExtra, ModelError
from edge.files import replacing
from edge.labels import EMOTIONS
from edge.manifest import ModelSpec
from edge.vision.preprocessing import Preprocessing
from training import csv_table, plots
from training.backend import FIX
from training.data.fer2013 import DataError
from training.feature_faces import Faces

BATCH = 256


@dataclass(frozen=True, eq=False)
class Table:
    """One row a face.

    Attributes:
        names, labels: of the faces.
        embeddings: float32 (N, D), what the classifier sees.
        probabilities: float32 (N, 7), in the order of edge.labels.EMOTIONS.
        points: float32 (N, 68, 2), parts of the square, or None without a landmark model.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    embeddings: np.ndarray
    probabilities: np.ndarray
    points: np.ndarray | None = None


def split(model: Any) -> Any:
    """A Keras model that answers (embedding, answer): what its last layer with weights gets, and what it gives.

    Raises:
        ModelError: the model has no such layer.
    """
    import keras

    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    if not dense:
        raise ModelError(f"{model.name}: no dense layer to take the embedding before; give an emotion model")
    return keras.Model(model.inputs, [dense[-1].input, model.outputs[0]])


def expect_fit(model: Any, spec: ModelSpec) -> None:
    """Whether a float Keras model can be that of a manifest entry with classes.

    Raises:
        ModelError: it has another input or another number of outputs.
    """
    has = tuple(model.inputs[0].shape[1:]), tuple(model.outputs[0].shape[1:])
    wanted = (spec.height, spec.width, spec.channels), (len(spec.labels),)
    if has != wanted:
        raise ModelError(
            f"{model.name}: from {has[0]} to {has[1]}, expected {wanted[0]} to {wanted[1]} as the model {spec.name} "
            f"({', '.join(spec.labels)}); give --models the folder of its conversion"
        )


def take(model: Any, faces: Faces, spec: ModelSpec, points: np.ndarray | None = None) -> Table:
    """The table of faces as a float Keras model sees them.

    Args:
        model: of head "probabilities".
        faces: in the spec's input size.
        spec: says which real values pixels stand for, and the order of the labels.
        points: landmarks of the same faces, for the same table.

    Raises:
        ModelError: the model has another input or other outputs than the spec, or no dense layer.
    """
    parts, fed = split(model), Preprocessing.of(spec)
    expect_fit(model, spec)
    found = [parts.predict_on_batch(fed.apply(faces.images[n : n + BATCH])) for n in range(0, len(faces.images), BATCH)]
    embeddings, answers = (np.concatenate([np.asarray(part[k], np.float32) for part in found]) for k in range(2))
    if (answers < 0).any() or not np.allclose(answers.sum(axis=1), 1, atol=0.01):
        raise ModelError(f"{model.name}: its answers are no probabilities; give it a softmax at its end")
    order = [spec.labels.index(label) for label in EMOTIONS]
    return Table(faces.names, faces.labels, embeddings.reshape(len(answers), -1), answers[:, order], points)


def save(table: Table, path: Path) -> None:
    """Write an .npz, or a csv with one column a number where the name ends in .csv."""
    if path.suffix.lower() == ".csv":
        head, *rows = _rows(table)
        csv_table.write(path, head, rows)
        return
    arrays: dict[str, Any] = {
        "names": np.array(table.names),
        "labels": np.array(table.labels),
        "embeddings": table.embeddings,
        "probabilities": table.probabilities,
        "emotions": np.array(EMOTIONS),
    }
    if table.points is not None:
        arrays["points"] = table.points
    with replacing(path) as scratch, open(scratch, "wb") as out:
        np.savez_compressed(out, **arrays)


def plot(table: Table, path: Path) -> None:
    """The embeddings in the plane that shows most of their spread (PCA), coloured by label, as a PNG.

    Raises:
        MissingExtra: scikit-learn or matplotlib is not installed.
        DataError: fewer than two faces.
    """
    try:
        from sklearn.decomposition import PCA
    except ImportError:
        raise MissingExtra(f"the plot needs scikit-learn; {FIX}") from None
    if min(table.embeddings.shape) < 2:
        raise DataError(f"{path}: a plane needs two faces and two numbers each, got {table.embeddings.shape}")
    pca = PCA(2, svd_solver="full").fit(table.embeddings)
    shown = pca.explained_variance_ratio_.sum()
    plots.scatter(path, pca.transform(table.embeddings), table.labels, f"embeddings, {shown:.0%} of their variance")


def _rows(table: Table) -> Iterator[list[Any]]:
    head = ["name", "label", *(f"p_{name}" for name in EMOTIONS), *(f"e{n}" for n in range(table.embeddings.shape[1]))]
    numbers = [table.probabilities, table.embeddings]
    if table.points is not None:
        head += [f"{axis}{n}" for n in range(table.points.shape[1]) for axis in "xy"]
        numbers.append(table.points.reshape(len(table.names), -1))
    yield head
    for n, (name, label) in enumerate(zip(table.names, table.labels, strict=True)):
        yield [name, label, *(f"{value:.6g}" for part in numbers for value in part[n])]
