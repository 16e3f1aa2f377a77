"""What a model's outputs are called, and how they become the classes that the device knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convert.errors import ConversionError
from edge.labels import BACKGROUND, EMOTIONS, EXTRA_LABELS, INCORRECT, Mask, extra_labels, is_extra_label
from edge.tasks import Task
from edge.values import suggestion
from training.counted import counted
from training.data.emotion_words import WORDS, plain, unnumbered

_SYNONYMS: Mapping[str, str] = WORDS | {
    other: label
    for label, others in {
        Mask.BARE.label: "without_mask withoutmask no_mask nomask unmasked not_masked mask_off without bare_face",
        Mask.WORN.label: "with_mask withmask mask masked mask_on wearing_mask with face_mask worn masked_face",
        BACKGROUND: "no_face nothing",
        INCORRECT: "incorrect_mask mask_incorrect mask_weared_incorrect incorrectly_worn improper",
    }.items()
    for other in others.split()
    if other != label
}


def canonical(name: str) -> str:
    """Our name of a class, whatever people call it; others in lower case with underscores."""
    known = plain(name)
    return _SYNONYMS.get(known) or _SYNONYMS.get(unnumbered(known), known)


@dataclass(frozen=True, eq=False)
class Classes:
    """How a model's outputs become classes of the device.

    Attributes:
        names: what the K outputs are called, canonical names in their order; two for one sigmoid.
        labels: of the converted model, in the order of its outputs.
        matrix: float32 (K, L): what each of the K classes of the original adds to each of the L labels; None where the
            outputs are those labels already.
        single: the original has one output, the probability of the second of its two classes.
        warnings: one line each.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    matrix: np.ndarray | None = None
    single: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def targets(self) -> dict[str, str]:
        """The label that each output counts as, by its name."""
        return {name: self.label_of(name) for name in self.names}

    def label_of(self, name: str) -> str:
        """The label that an output counts as, by its name."""
        place = self.names.index(name)
        return self.labels[place if self.matrix is None else int(self.matrix[place].argmax())]


def parse_folds(text: str) -> dict[str, str]:
    """`--fold contempt=disgust,...` as a mapping of canonical names.

    Raises:
        ConversionError: another form.
    """
    folds = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, target = part.partition("=")
        if not equals or not name.strip() or not target.strip():
            raise ConversionError(f"--fold: expected CLASS=CLASS, such as contempt=disgust, got {part!r}")
        folds[canonical(name)] = canonical(target)
    return folds


def resolve(name: str, task: Task, given: Sequence[str], count: int, folds: Mapping[str, str]) -> Classes:
    """The classes of a model for a task.

    Args:
        name: of the model, for messages.
        task: with label sets.
        given: what the outputs are called, in their order; two names for one sigmoid. Empty for the task's own.
        count: outputs that the model has.
        folds: surplus class to the class that it counts as, canonical names.

    Raises:
        ConversionError: the device cannot use a model with these classes.
    """
    if not given:
        labels = _default(name, task, count)
        meant = f"{name}: {count} outputs, taken as {', '.join(labels)}; if its third class is another, add --labels"
        return Classes(labels, labels, warnings=(meant,) if BACKGROUND in labels else ())
    if len(given) != (2 if count == 1 else count):
        raise ConversionError(
            f"--labels: expected one name per output of {name}, {2 if count == 1 else count}, got {len(given)}"
        )
    names = [canonical(one) for one in given]
    told: tuple[str, ...] = ()
    if INCORRECT in names and BACKGROUND not in names and INCORRECT not in folds:
        folds = {**folds, INCORRECT: Mask.WORN.label}
        told = ("incorrect counts as worn: the device tells it apart only in a model that also knows background",)
    if strange := [one for one in names if not usable(task, folds.get(one, one))]:
        known = dict.fromkeys(label for labels in task.labels for label in labels)
        raise ConversionError(
            f"--labels: {strange[0]!r} is not a class of {task.name} ({', '.join(known)}"
            f"{', or 1-20 of a-z, 0-9 and _' if task.extra else ''}); "
            f"say what it counts as, for example --fold {strange[0]}={task.labels[0][-1]}"
        )
    if twice := [one for n, one in enumerate(names) if one in names[:n]]:
        raise ConversionError(f"--labels: {twice[0]!r} stands there twice; give each output a name of its own")
    targets = [folds.get(one, one) for one in names]
    extra = extra_labels(targets) if task.extra else ()
    if len(extra) > EXTRA_LABELS:
        raise ConversionError(
            f"--labels: {len(extra)} classes beside the seven emotions, at most {EXTRA_LABELS} can be kept; fold some, "
            f"for example --fold {extra[-1]}={task.labels[0][-1]}"
        )
    if extra:
        told += (_kept(extra, [label for label in task.labels[0] if label not in targets]),)
    if count > 1 and sorted(targets) in [sorted((*labels, *extra)) for labels in task.labels]:
        return Classes(tuple(names), tuple(targets), warnings=told)
    return _mapped(task, tuple(names), targets, count == 1, told)


def _kept(extra: Sequence[str], missing: Sequence[str]) -> str:
    """What to say of further emotions; a slip of the pen is one, too, and leaves one of the task's own missing."""
    kept = f"{', '.join(extra)}: kept under {'its' if len(extra) == 1 else 'their'} own name"
    if slip := next((meant for name in extra if (meant := suggestion(name, missing))), ""):
        return f"{kept}{slip}"
    return f"{kept}; to count {extra[0]} as another emotion, add for example --fold {extra[0]}=disgust"


def usable(task: Task, label: str) -> bool:
    """Whether the device can use this class: one of the task's, or a further emotion with a name that it can show."""
    return any(label in labels for labels in task.labels) or (task.extra and is_extra_label(label))


def _default(name: str, task: Task, count: int) -> tuple[str, ...]:
    for labels in task.labels:
        if len(labels) == count:
            return labels
    own = ", or ".join(f"{len(labels)} ({', '.join(labels)})" for labels in task.labels)
    if count == 1 and len(task.labels[0]) == 2:
        raise ConversionError(
            f"{name}: one output, a sigmoid: say which class is 0 and which is 1, such as --labels with_mask,"
            "without_mask (folders have them in alphabetical order)"
        )
    raise ConversionError(
        f"{name}: {counted(count, 'output')}, where {task.name} has {own}; say what they are with --labels A,B,... in "
        "their order"
    )


def _mapped(task: Task, names: tuple[str, ...], targets: Sequence[str], single: bool, told: tuple[str, ...]) -> Classes:
    # The smallest set that has all of them, and further emotions after it.
    extra = extra_labels(targets) if task.extra else ()
    own = min((own for own in task.labels if set(targets) <= {*own, *extra}), key=lambda own: len(own))
    labels = (*own, *extra)
    missing = [label for label in own if label not in targets]
    if missing and own != EMOTIONS:
        raise ConversionError(f"--labels: {task.name} needs the class {missing[0]}; the model has none")
    if len(set(targets)) < 2:
        raise ConversionError(f"--labels: expected at least two different classes, got only {targets[0]}")
    matrix = np.zeros((len(targets), len(labels)), np.float32)
    for row, target in enumerate(targets):
        matrix[row, labels.index(target)] = 1.0
    told += (f"the model has no output for {', '.join(missing)}: always 0",) if missing else ()
    return Classes(names, labels, matrix, single, told)
