"""What the outputs of a model may be called where nobody said: by labelled pictures, the ten faces, or usual orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from convert import preprocess, sample_faces, trial
from convert.adapt import both_classes
from convert.float_model import FloatModel
from convert.label_orders import orders_of
from convert.labels import Classes, canonical, usable
from convert.request import Request
from convert.sources import Source, View
from edge.tasks import TASKS
from edge.vision.preprocessing import Preprocessing

TOLD = 0.3  # share of the pictures of a class which a model that does not know it would not get right by accident


@dataclass(frozen=True)
class _Found:
    """What labelled pictures say: a line for people, and the share of each class that the model gets right."""

    line: str = ""
    right: Mapping[str, float] = field(default_factory=dict)

    def recall(self, name: str) -> float:
        return self.right.get(name, 0.0)

    def __bool__(self) -> bool:
        return bool(self.line)

    def __str__(self) -> str:
        return self.line


def hint(model: FloatModel, count: int, request: Request, labelled: Source | None, view: View) -> str:
    """What to say of a model whose number of outputs is none of the task's, after "; "; "" for nothing.

    Args:
        model: float.
        count: of its outputs.
        request: of the conversion, with a task.
        labelled: labelled pictures, if there are any.
        view: how it sees pictures.
    """
    names = 2 if count == 1 else count
    if labelled is not None and (found := _by_pictures(model, names, request, labelled, view)):
        return f"; {found}"
    known = orders_of(TASKS[request.task], names)
    orders, given = tuple(known.values()), request.preprocessing
    if fits := sample_faces.proposal(model, request.task, orders, view, given, single=count == 1):
        return f"; {fits}"
    shown = "; ".join(f"{where}: {','.join(order)}" for where, order in known.items())
    return f". Usual orders: {shown}" if shown and TASKS[request.task].extra else ""


def other_classes(model: FloatModel, classes: Classes, request: Request, labelled: Source | None, view: View) -> str:
    """An error, where labelled pictures show that the model tells as many classes as the task but others; or "".

    Args:
        model: float.
        classes: the task's own, taken because nobody said.
        request, labelled, view: as of `hint`.
    """
    if labelled is None or not (names := _names(labelled, len(classes.names), request)):
        return ""
    found = _by_pictures(model, len(names), request, labelled, view)
    others = [name for name in names if name not in classes.names and found.recall(name) >= TOLD]
    if not others:
        return ""
    return (
        f"{model.name}: tells {others[0]}, a class of {labelled.name} that is not one of {request.task}'s own; say "
        f"what the outputs are with --labels A,B,... in their order; {found}"
    )


def _names(labelled: Source, count: int, request: Request) -> tuple[str, ...]:
    """The canonical names of the set's classes, if they are so many, all different, and of use to the task; or ()."""
    names = tuple(dict.fromkeys(canonical(name) for name in labelled.classes))
    fit = len(names) == len(labelled.classes) == count and all(usable(TASKS[request.task], name) for name in names)
    return names if fit and labelled.labels is not None else ()


def _by_pictures(model: FloatModel, count: int, request: Request, labelled: Source, view: View) -> _Found:
    names = _names(labelled, count, request)
    if not names or labelled.labels is None or labelled.size < trial.FEWEST:
        return _Found()
    rows = np.random.default_rng(request.seed).permutation(labelled.size)[: trial.PICTURES]
    images, truth = labelled.pictures(rows, view), labelled.labels[rows]

    def answers(way: Preprocessing) -> np.ndarray:
        scores = model.predict(way.apply(images))[0]
        return both_classes(scores) if scores.shape[1] == 1 else scores

    asked, found = trial.best(answers, truth, view.channels, request.preprocessing)
    if found.accuracy < min(2 / count, 0.8):
        return _Found()
    words = [] if found.preprocessing == asked.preprocessing else [preprocess.flags(found.preprocessing)]
    words.append("--labels " + ",".join(names[k] for k in found.order))
    right = f"{100 * found.accuracy:.0f} %"
    line = f"{right} of {len(rows)} labelled pictures of {labelled.name} are right with {' '.join(words)}"
    return _Found(line, {name: float(found.right[truth == k].mean()) for k, name in enumerate(names) if k in truth})
