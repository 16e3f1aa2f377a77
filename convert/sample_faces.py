"""Ten faces that come with the program: they show gross errors in a model that comes without labelled pictures.

A portrait in the public domain and drawn people. Nobody's accuracy is measured on them: a model that was trained on
photographs may well miss a drawn face. What counts is that another reading fits clearly better, or that every face gets
the same answer.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convert import preprocess, trial
from convert.adapt import both_classes
from convert.errors import ConversionError
from convert.float_model import FloatModel
from convert.label_orders import orders_of
from convert.labels import Classes
from convert.sources import View
from edge.demo.head import head
from edge.demo.people import CAST, expressions
from edge.demo.portrait import portrait, put_mask_on
from edge.frame import Box
from edge.labels import EMOTIONS, Mask
from edge.tasks import TASKS
from edge.vision.preprocessing import Preprocessing

WALL = (196, 203, 208)  # RGB, behind drawn people
HEIGHT = 480  # of a drawn head with its shoulders, pixels
PORTRAIT_FACE, DRAWN_FACE = Box(172, 113, 357, 330), Box(101, 103, 299, 371)  # as the face detector finds them
GAIN, MOST = 4, 7  # so many more of the ten another reading must get right, and so many at all
SWAPPED = 9  # of ten faces with the mask classes the other way round, from which that is no accident
# Who is drawn (a place in CAST; -1: the portrait), what the face shows, and whether a mask is worn.
_Face = tuple[int, str, bool]
_SHOWN = ("happy", "surprise", "sad", "angry", "neutral", "happy", "surprise", "sad", "angry")
FACES: Mapping[str, tuple[_Face, ...]] = {
    "mask": (
        *((-1, "neutral", worn) for worn in (False, True)),
        *((n % 3, emotion, worn) for n, emotion in enumerate(_SHOWN[:4]) for worn in (False, True)),
    ),
    "emotion-bare": ((-1, "neutral", False), *((n % 3, emotion, False) for n, emotion in enumerate(_SHOWN))),
    "emotion-masked": tuple((n % 3, emotion, True) for n, emotion in enumerate((*_SHOWN, "neutral"))),
}


@dataclass(frozen=True)
class _Reading:
    """One way to feed a model and to read its answers, and how many of the ten faces it gets right."""

    preprocessing: Preprocessing
    names: tuple[str, ...]
    right: int


def warnings_of(
    model: FloatModel, task: str, classes: Classes, view: View, given: Preprocessing, insist: bool = False
) -> tuple[str, ...]:
    """What the ten faces say against the way in which a model is fed and read; empty: nothing.

    Args:
        model: float, as it came.
        task: of edge.tasks.TASKS.
        classes: of its outputs.
        view: how it sees pictures.
        given: what it is fed with.
        insist: only warn of swapped mask classes.

    Raises:
        ConversionError: it takes masked faces for bare ones and the other way round.
    """
    if task not in FACES:
        return ()
    images, truth = faces(task, view)
    answers = {way: _said(model, classes, way.apply(images)) for way in trial.candidates(view.channels, given)}
    asked = _reading(given, classes.names, classes, answers[given], truth)
    if task == "mask" and (flags := _swapped(classes, answers[given], truth)):
        text = (
            f"{model.name}: takes masked faces for bare ones and the other way round, in at least {SWAPPED} of the ten "
            f"faces that come with the program; add {flags}"
        )
        if not insist:
            raise ConversionError(f"{text}, or --as-given to insist")
        return (text,)
    readings = [
        _reading(way, names, classes, said, truth)
        for way, said in answers.items()
        for names in _orders(task, classes.names)
    ]
    best = _best(readings)
    if best.right >= max(MOST, asked.right + GAIN):
        return (
            f"of ten faces that come with the program {asked.right} are right as given, {best.right} with "
            f"{_flags(best, asked)}; try that, or give --evaluate labelled pictures",
        )
    said = answers[given]
    if len(np.unique(said)) == 1 and said[0] >= 0:
        return (
            f"the float model says {classes.names[said[0]]} for all of the ten faces that come with the program, which "
            f"differ; are --preprocess and --labels right?",
        )
    return ()


def proposal(
    model: FloatModel,
    task: str,
    orders: Sequence[tuple[str, ...]],
    view: View,
    given: Preprocessing,
    single: bool = False,
) -> str:
    """Which of some orders of its classes fits a model, in words; "" where none does.

    Args:
        model: float, as it came.
        task: of edge.tasks.TASKS.
        orders: canonical names in the order of the outputs.
        view, given: as of `warnings_of`.
        single: it has one sigmoid for two names.
    """
    if task not in FACES or not orders:
        return ""
    images, truth = faces(task, view)
    readings = []
    for way in trial.candidates(view.channels, given):
        said = _said(model, Classes(orders[0], orders[0], single=single), way.apply(images))
        readings += [_reading(way, names, Classes(names, names), said, truth) for names in orders]
    best = _best(readings)
    if best.right < MOST:
        return ""
    words = [] if best.preprocessing == given else [preprocess.flags(best.preprocessing)]
    flags = " ".join([*words, "--labels " + ",".join(best.names)])
    return f"of ten faces that come with the program {best.right} are right with {flags}"


@functools.lru_cache(maxsize=8)
def pictures(task: str) -> tuple[tuple[np.ndarray, Box, str], ...]:
    """The ten for a task: uint8 (H, W, 3) RGB, the box of the face, and the class that it shows."""
    return tuple(
        (*_drawn(person, emotion, worn), Mask(worn).label if task == "mask" else emotion)
        for person, emotion, worn in FACES[task]
    )


def faces(task: str, view: View) -> tuple[np.ndarray, list[str]]:
    """The ten faces for a task as a model sees them, uint8 (10, height, width, C), and what each shows."""
    shown = pictures(task)
    return np.stack([view(picture, box) for picture, box, _ in shown]), [label for *_, label in shown]


def _drawn(person: int, emotion: str, worn: bool) -> tuple[np.ndarray, Box]:
    if person < 0:
        return (put_mask_on(portrait()) if worn else portrait()), PORTRAIT_FACE
    made = head(CAST[person], expressions()[emotion], worn, HEIGHT)
    picture = np.full((HEIGHT, made.ink.shape[1], 3), WALL, np.uint8)
    made.put(picture, 0, 0)
    return picture, DRAWN_FACE


def _best(readings: Sequence[_Reading]) -> _Reading:
    """The one with the most right faces, of equals the first: what was given, if it is as good."""
    return max(readings, key=lambda reading: reading.right)


def _said(model: FloatModel, classes: Classes, inputs: np.ndarray) -> np.ndarray:
    """Which output, int (N,), is the greatest; of one sigmoid, which of its two classes; -1 for what is no number."""
    scores = model.predict(inputs)[0]
    return trial.chosen(both_classes(scores) if classes.single else scores)


def _reading(
    way: Preprocessing, names: tuple[str, ...], classes: Classes, said: np.ndarray, truth: Sequence[str]
) -> _Reading:
    counted = {name: classes.label_of(name) for name in classes.names}
    return _Reading(
        way,
        names,
        sum(k >= 0 and counted.get(names[k], names[k]) == label for k, label in zip(said, truth, strict=True)),
    )


def _orders(task: str, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The names as given, then other orders: of the mask classes all, of emotions those that people use.

    For the seven emotions, which may be nobody's choice, also orders with another class among them.
    """
    yield names
    if task == "mask":
        yield from (order for order in itertools.permutations(names) if order != names)
    else:
        known = list(orders_of(TASKS[task], len(names)).values())
        if set(names[: len(EMOTIONS)]) == set(EMOTIONS):
            known += [(*order, *names[len(EMOTIONS) :]) for order in orders_of(TASKS[task], len(EMOTIONS)).values()]
        for order in dict.fromkeys((*known, tuple(sorted(names)))):
            if order != names and (set(order) == set(names) or set(names) == set(EMOTIONS)):
                yield order


def _swapped(classes: Classes, said: np.ndarray, truth: Sequence[str]) -> str:
    """The flag that puts mask classes right which are the wrong way round, or ""."""
    bare, worn = Mask.BARE.label, Mask.WORN.label
    turned = {bare: worn, worn: bare}
    names = tuple(turned.get(name, name) for name in classes.names)
    counted = [
        k >= 0 and turned.get(classes.names[k], classes.names[k]) == label for k, label in zip(said, truth, strict=True)
    ]
    return f"--labels {','.join(names)}" if sum(counted) >= SWAPPED else ""


def _flags(best: _Reading, asked: _Reading) -> str:
    words = [] if best.preprocessing == asked.preprocessing else [preprocess.flags(best.preprocessing)]
    return " ".join([*words, *(["--labels " + ",".join(best.names)] if best.names != asked.names else [])])
