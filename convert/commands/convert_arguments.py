"""The arguments of a conversion, in groups, and the request that they make."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

from convert import preprocess
from convert.errors import ConversionError
from convert.labels import parse_folds
from convert.request import Request
from edge.errors import InvalidValue, one_line
from edge.manifest import COLOURS, ORDERS, ModelSpec
from edge.tasks import TASKS
from edge.text import decoded
from edge.values import number, whole_number

EXAMPLES = (
    "edge-emotion-convert emotion.h5 --task emotion-bare --calibrate faces/train --evaluate faces/test --manifest mine",
    "edge-emotion-convert model.json --weights model.h5 --task emotion-bare --calibrate fer2013.npz --manifest mine",
    "edge-emotion-convert mask_detector.model --task mask --labels with_mask,without_mask --preprocess tf \\",
    "    --calibrate photos --manifest mine",
)
USAGE = "%(prog)s MODEL --calibrate PATH (--task TASK --manifest DIR | --out FILE.tflite) [...]"
Adder = Callable[..., Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of a conversion."""
    _input(parser.add_argument_group("input", "the model and what it was trained on").add_argument)
    _check(parser.add_argument_group("check", "the pictures, and how much int8 may lose").add_argument)
    _output(parser.add_argument_group("output", "what the model is for, and where it goes").add_argument)
    _detector(parser.add_argument_group("detector", "the anchors of a face detector").add_argument)
    _card(parser.add_argument_group("card", "texts for the model card").add_argument)


def _input(add: Adder) -> None:
    add(
        "model",
        type=Path,
        metavar="MODEL",
        help=".keras, .h5, model.json (with --weights), a SavedModel folder, an .onnx (with onnx2tf installed), or "
        "the weights.npz of a training run",
    )
    add("--weights", type=Path, metavar="PATH", help="the weights of a model.json: .h5, or a TensorFlow checkpoint")
    add("--arch", type=Path, metavar="FILE.json", help="the architecture, if MODEL has only weights")
    names = "; ".join(f"{name}: {words}" for name, words in preprocess.WORDS.items())
    add(
        "--preprocess",
        choices=(*preprocess.PRESETS, "auto"),
        help=f"what the model was fed in training. {names}; auto: found with labelled pictures",
    )
    add("--low", type=number(), metavar="X", help="the real value of pixel 0, instead of --preprocess's")
    add("--high", type=number(), metavar="X", help="the real value of pixel 255, instead of --preprocess's")
    add("--order", choices=ORDERS, help="the order of the channels; pictures read with cv2.imread are bgr")
    add("--mean", metavar="R,G,B", help="what was subtracted from the real values, in the model's channel order")
    add("--std", metavar="R,G,B", help="what they were divided by afterwards")
    add("--width", type=whole_number(1), metavar="PX", help="input width, if the model leaves it open")
    add("--height", type=whole_number(1), metavar="PX", help="input height, if the model leaves it open")
    add("--colour", choices=tuple(COLOURS), help="colour or grey, if the model leaves it open")


def _check(add: Adder) -> None:
    add(
        "--calibrate",
        type=Path,
        required=True,
        metavar="PATH",
        help="real pictures like those the model will see: a folder, a .npz with `images`, fer2013.npz, the Kaggle csv",
    )
    add("--samples", type=whole_number(1), metavar="N", help="number of calibration pictures (default: 500)")
    add("--seed", type=whole_number(0), metavar="N", help="seed of their random selection (default: 1)")
    add(
        "--evaluate",
        type=Path,
        metavar="PATH",
        help="labelled pictures, for the accuracy before and after; or the folder of our data sets, for the figure "
        "that edge-emotion-train evaluate measures",
    )
    add("--max-loss", type=number(0), metavar="POINTS", help="accuracy that int8 may lose (default: 0.5 points)")
    add(
        "--tolerance",
        type=lambda text: inf if text == "inf" else number(0)(text),
        metavar="X",
        help="relative error that an output may have, inf for any (default: 0.15)",
    )


def _output(add: Adder) -> None:
    add("--task", choices=tuple(TASKS), help="what the device uses the model for")
    add("--name", help="the model's name (default: the file's)")
    add(
        "--labels",
        metavar="A,B,...",
        help="the classes in the order of the model's outputs, such as angry,disgust,... or with_mask,without_mask; "
        "for one sigmoid, first the class that 0 means, then the other (default: the task's)",
    )
    add("--fold", metavar="A=B,...", help="count class A, which the device does not know, as class B")
    add("--softmax", action="store_true", help="add the softmax (or sigmoid) that is missing at the model's end")
    add(
        "--normalize",
        action="store_true",
        help="divide the outputs by their sum, for a model with one sigmoid per class",
    )
    add("--as-given", action="store_true", help="do not check --preprocess and --labels against labelled pictures")
    add("--manifest", type=Path, metavar="DIR", help="models folder in whose manifest.json to enter the model")
    add("--out", type=Path, metavar="FILE.tflite", help="where to write the model (default: DIR/TASK/model.tflite)")
    add("--input-type", dest="integer", choices=("int8", "uint8"), help="type of input and outputs (default: int8)")
    add(
        "--threshold",
        type=number(),
        metavar="P",
        help="decision threshold (default: 0.5); for a mask model with the class background see docs/convert.md",
    )
    add(
        "--margin",
        type=number(),
        metavar="X",
        help="side of the square cut around a face, in longer sides of its box (1)",
    )
    add("--shift", type=number(), metavar="X", help="how far down the square is moved, in heights of the box (0)")


def _detector(add: Adder) -> None:
    add("--strides", metavar="8,16,...", help="pixels between the anchor points of each level")
    add("--units", metavar="8,20,...", help="pixels per unit of distance of each level")


def _card(add: Adder) -> None:
    add("--recipe", metavar="NAME|FILE", help="take name, task, texts and [model] from a training recipe")
    add("--card", type=Path, metavar="FILE.md", help="where to write the card (default: beside the model)")
    add("--about", metavar="TEXT|FILE", help="where the training data comes from, and its terms")
    add("--failures", metavar="TEXT|FILE", help="what the model gets wrong, one per line")


def build_request(arguments: argparse.Namespace) -> Request:
    """Flags override the recipe, which overrides the defaults.

    Raises:
        ConversionError: a flag that makes no sense.
        SettingsError: the recipe cannot be read.
    """
    values: dict[str, Any] = _from_recipe(arguments.recipe) if arguments.recipe else {}
    plain = ("task", "name", "width", "height", "colour", "threshold", "margin", "shift", "samples")
    values |= _given(arguments, (*plain, "seed", "max_loss", "tolerance", "integer"))
    for key in ("about", "failures"):
        if getattr(arguments, key) is not None:
            values[key] = text_or_file(getattr(arguments, key))
    values |= _lists(arguments, {"labels": str, "strides": int, "units": float})
    changes = _given(arguments, ("low", "high", "order")) | _lists(arguments, {"mean": float, "std": float})
    preset = None if arguments.preprocess == "auto" else arguments.preprocess
    values["preprocessing"] = preprocess.chosen(preset, changes)
    values["decide"] = "pictures" if arguments.preprocess == "auto" else "" if preset or changes else "model"
    values |= {key: getattr(arguments, key) for key in ("as_given", "softmax", "normalize")}
    task = values.get("task")
    if (
        task
        and TASKS[task].head == "anchors"
        and not len(values.get("strides", ())) == len(values.get("units", ())) > 0
    ):
        raise ConversionError(
            f"--task {task}: a detector needs its anchors, one unit a stride; add for example --strides 8,16,32 "
            "--units 16,32,64, or --recipe for one of ours"
        )
    if arguments.fold:
        values["fold"] = parse_folds(arguments.fold)
    return Request(**values)


def text_or_file(value: str) -> str:
    """The text itself, or the content of the file of that name."""
    path = Path(value)
    try:
        return decoded(path.read_bytes()) if len(value) < 256 and path.is_file() else value
    except (OSError, InvalidValue) as error:
        raise ConversionError(f"{path}: cannot read this text ({one_line(error, 80)})") from None


def _given(arguments: argparse.Namespace, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key in keys if (value := getattr(arguments, key)) is not None}


def _lists(arguments: argparse.Namespace, kinds: dict[str, Callable[[str], Any]]) -> dict[str, Any]:
    return {
        key: _split(f"--{key}", value, kind)
        for key, kind in kinds.items()
        if (value := getattr(arguments, key)) is not None
    }


def _split(flag: str, text: str, kind: Callable[[str], Any]) -> tuple[Any, ...]:
    try:
        return tuple(kind(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ConversionError(f"{flag}: expected numbers with commas between, got {text!r}") from None


def _from_recipe(name: str) -> dict[str, Any]:
    from training import recipe

    made = recipe.load(recipe.find(name))
    keys = {f for f in ModelSpec.__dataclass_fields__ if f in Request.__dataclass_fields__} | {"failures"}
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in made.model.items() if key in keys}
    if TASKS[made.task].head == "anchors" and "strides" not in values:
        from convert.float_model import tensorflow

        tensorflow()  # Keras must come up on TensorFlow
        from training.networks import face

        values |= {"strides": tuple(face.STRIDES), "units": tuple(face.UNITS)}
    return {**values, "name": made.name, "task": made.task, "about": made.about}
