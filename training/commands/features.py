"""edge-emotion-train features: a table of what an emotion network sees in each face, for plots or an SVM.

Each row: name, label, the embedding before the classifier, the seven probabilities, and the 68 landmarks.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from edge import manifest
from edge.engines import open_engine
from edge.errors import InvalidValue, ModelError, one_line
from edge.files import expect_apart, expect_folder, expect_suffix
from edge.frame import Box
from edge.labels import EMOTIONS
from edge.manifest import Manifest, ModelSpec
from edge.tasks import classifiers
from edge.text import printable
from edge.values import whole_number
from training import distances, feature_faces, features, weights
from training.backend import load_keras
from training.counted import counted
from training.data import face_points
from training.data.fer2013 import DataError
from training.data.landmark_detector import LandmarkDetector
from training.evaluate import landmarks
from training.evaluate.context import EvaluationContext
from training.feature_faces import Faces

# P(face) of the mask model from which a picture's landmarks count. Of 300 pictures without a face 94 have plausible
# landmarks, and 23 this too; of 399 faces of FER2013 it takes none away.
FACE = 0.5

EXAMPLES = (
    "edge-emotion-train features DATA/fer2013.npz --out features.csv --plot features.png",
    "edge-emotion-train features photos --find --out features.npz",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("faces", type=Path, metavar="PATH", help="fer2013.npz, its csv, or a folder of face pictures")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the table to write, .npz or .csv")
    parser.add_argument(
        "--models", type=Path, metavar="DIR", help="folder with a manifest.json (default: the bundled models)"
    )
    parser.add_argument(
        "--task",
        choices=classifiers(EMOTIONS),
        default=classifiers(EMOTIONS)[0],
        help="model to use (default: %(default)s)",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="use your own weights.npz or .keras instead: with input and labels as the model's of --models",
    )
    parser.add_argument(
        "--usage", default="", metavar="NAME", help="part of FER2013: Training, PublicTest or PrivateTest"
    )
    parser.add_argument(
        "--find", action="store_true", help="the pictures are not face crops: find the best face in each"
    )
    parser.add_argument(
        "--distances",
        action="store_true",
        help="write a csv of each face's label and the 68 x 68 distances of its landmarks instead",
    )
    parser.add_argument("--limit", type=whole_number(1), default=0, metavar="N", help="only the first N faces")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE.png", help="also plot the embeddings in two dimensions (PCA)"
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command."""
    skipped = feature_faces.skipped_file(arguments.out)
    outputs = {"--plot": arguments.plot, "--out (its list of what is skipped)": skipped}
    expect_apart({"--out": arguments.out, **outputs}, (arguments.faces, arguments.weights))
    expect_suffix(arguments.out, (".npz", ".csv"))
    expect_folder(arguments.out, arguments.plot)
    models = manifest.load(arguments.models)
    if arguments.distances:
        return write_distances(arguments, models)
    spec = models[arguments.task]
    path = arguments.weights or (models.folder / spec.file).with_name("weights.npz")
    if not path.is_file():
        raise ModelError(f"{path}: no float weights; a training writes them, or give --weights FILE.keras")
    model = weights.load(path) if path.suffix == ".npz" else _keras_file(path)
    faces = _faces(arguments, models, spec)
    table = features.take(model, faces, spec, _points(models, faces))
    features.save(table, arguments.out)
    print(f"wrote {arguments.out}: {counted(len(table.names), 'face')}, {table.embeddings.shape[1]} numbers each")
    print("".join(f"{line}\n" for line in feature_faces.told(faces, arguments.out)), end="")
    if arguments.plot:
        features.plot(table, arguments.plot)
        print(f"wrote {arguments.plot}")
    return 0


def write_distances(arguments: argparse.Namespace, models: Manifest) -> int:
    """Write the csv of distances: of the faces whose landmarks can be those of a face."""
    if arguments.out.suffix != ".csv":
        raise InvalidValue(f"--out: expected a .csv with --distances, got {arguments.out}")
    detector = LandmarkDetector.open(arguments.models)
    faces = _faces(arguments, models, detector.engine.spec)
    side = faces.images.shape[1]
    found = face_points.locate(lambda images: distances.locate(images, detector) / side, faces.images[..., 0])
    shown = found.plausible & _faces_shown(arguments, models, faces)
    kept = faces.keep(shown, "no landmarks of a face")
    if not kept.names:
        advice = "" if arguments.find else "; if these are whole photographs, add --find"
        pictures = counted(len(faces.names), "picture")
        raise DataError(f"{printable(arguments.faces)}: no landmarks of a face in {pictures}{advice}")
    table = distances.pairwise(found.points[shown])
    distances.save(table, kept.labels, arguments.out)
    print(f"wrote {arguments.out}: {counted(len(table), 'face')}, {table.shape[1]:,} distances and the label each")
    print("".join(f"{line}\n" for line in feature_faces.told(kept, arguments.out)), end="")
    return 0


def _faces(arguments: argparse.Namespace, models: Manifest, spec: ModelSpec) -> Faces:
    if not arguments.faces.is_dir():
        return feature_faces.from_fer2013(arguments.faces, spec, arguments.usage, arguments.limit)
    finder = EvaluationContext(models, arguments.faces).finder() if arguments.find else None
    return feature_faces.from_folder(arguments.faces, spec, finder, arguments.limit)


def _faces_shown(arguments: argparse.Namespace, models: Manifest, faces: Faces) -> np.ndarray:
    """Whether each picture shows a face, as the mask model sees it, bool (N,); all true without a mask model."""
    mask = EvaluationContext(models, arguments.faces).finder().mask
    if mask is None:
        return np.ones(len(faces.names), bool)
    height, width = faces.images.shape[1:3]
    pictures = (np.repeat(image[:, :, :1], 3, axis=2) for image in faces.images)
    return np.array([mask.classify(image, Box(0, 0, width, height)).face >= FACE for image in pictures], bool)


def _points(models: Manifest, faces: Faces) -> Any:
    """The landmarks of the faces; None, and a line that says so, without a model for them."""
    if "landmarks" not in models.specs:
        print(f"{models.folder / 'manifest.json'}: no landmark model, so no landmarks in the table", file=sys.stderr)
        return None
    return landmarks.predict(open_engine(models, "landmarks"), faces.images)


def _keras_file(path: Path) -> Any:
    keras = load_keras()
    try:
        return keras.models.load_model(path, compile=False)
    except Exception as error:
        line = one_line(error, 160)
        raise ModelError(f"{path}: not a Keras model that loads ({line}); give weights.npz or a .keras file") from None
