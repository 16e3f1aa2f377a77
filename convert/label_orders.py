"""The orders in which other people's models have their classes, by where each order is from."""

from __future__ import annotations

from collections.abc import Mapping

from edge.labels import EMOTIONS, INCORRECT, MASK_LABELS, MASKS, Mask
from edge.tasks import Task

BARE, WORN = Mask.BARE.label, Mask.WORN.label
EIGHT = (*EMOTIONS, "contempt")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Canonical names (convert.labels). Several data sets share an order: it stands once, under the best known of them.
_EMOTIONS: Mapping[str, tuple[str, ...]] = {
    "FER2013": EMOTIONS,
    "folders by the alphabet": tuple(sorted(EMOTIONS)),
    "folders of KDEF, afraid first": _words("fear angry disgust happy neutral sad surprise"),
    "folders of CK+": _words("angry contempt disgust fear happy sad surprise"),
    "RAF-DB": _words("surprise fear disgust happy sad angry neutral"),
    "AffectNet, seven": _words("neutral happy sad surprise fear disgust angry"),
    "FER+, seven": _words("neutral happy surprise sad angry disgust fear"),
    "FER+": _words("neutral happy surprise sad angry disgust fear contempt"),
    "eight folders by the alphabet": tuple(sorted(EIGHT)),
    "AffectNet": _words("neutral happy sad surprise fear disgust angry contempt"),
    "CK+": _words("neutral angry contempt disgust fear happy sad surprise"),
    "FER2013 and contempt": EIGHT,
    "RAVDESS": _words("neutral calm happy sad angry fear disgust surprise"),
    "six without neutral": _words("angry disgust fear happy sad surprise"),
    "six without disgust": _words("angry fear happy sad surprise neutral"),
    "six folders by the alphabet, without disgust": _words("angry fear happy neutral sad surprise"),
    "five folders by the alphabet": _words("angry happy neutral sad surprise"),
    "FER2013's order, five": _words("angry happy sad surprise neutral"),
    "four folders by the alphabet": _words("angry happy neutral sad"),
    "FER2013's order, four": _words("angry happy sad neutral"),
    "three folders by the alphabet": _words("happy neutral sad"),
}
_MASKS: Mapping[str, tuple[str, ...]] = {
    "ours": MASKS,
    "with_mask, without_mask": (WORN, BARE),
    "ours with background": MASK_LABELS,
    "folders by the alphabet, incorrect first": (INCORRECT, WORN, BARE),
}


def orders_of(task: Task, count: int) -> dict[str, tuple[str, ...]]:
    """The orders of so many classes that are known for a task, by where they are from; canonical names."""
    known = _EMOTIONS if task.extra else _MASKS if MASKS in task.labels else {}
    return {where: order for where, order in known.items() if len(order) == count}
