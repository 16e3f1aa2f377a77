"""What a model is known to get wrong, derived from its own figures: the sentences change with the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from training.markdown import percent

WEAKEST = 2  # classes that are named
LEAST = 0.05  # part of a class's rows from which another class is named as what it is taken for


def sentences(task: str, figures: Mapping[str, Any]) -> list[str]:
    """One sentence per failure; none where nothing was measured.

    Args:
        task: of the model.
        figures: evaluate's blocks by name (convert.card_figures.of_task).
    """
    tell = _TELL.get(task)
    return list(tell({name: block for name, block in figures.items() if isinstance(block, Mapping)})) if tell else []


def _emotion(block: Mapping[str, Any]) -> Iterator[str]:
    confusion = block.get("confusion") or {}
    recalls = {name: row[name] / sum(row.values()) for name, row in confusion.items() if sum(row.values())}
    for name in sorted(recalls, key=lambda name: recalls[name])[:WEAKEST]:
        row = confusion[name]
        others = sorted((other for other in row if other != name), key=lambda other: -row[other])
        parts = [(other, row[other] / sum(row.values())) for other in others[:2]]
        taken = " and ".join(f"{percent(part)} `{other}`" for other, part in parts if part >= LEAST)
        yield f"It recognizes {percent(recalls[name])} of `{name}`" + (f" and calls {taken}." if taken else ".")
    if block.get("wild_neutral") is not None:
        yield _foreign(block)
    if block.get("ece") is not None:
        yield f"On average, a score differs by {percent(block['ece'])} from the share of right answers (ECE)."


def _foreign(block: Mapping[str, Any]) -> str:
    """What happens to faces of press photographs, and what calm ones are taken for."""
    calm = {name: part for name, part in (block.get("wild_neutral_as") or {}).items() if name != "neutral"}
    worst = sorted(calm, key=lambda name: -calm[name])[:WEAKEST]
    taken = " and ".join(f"{percent(calm[name])} `{name}`" for name in worst)
    right = f"It is right on {percent(block['wild'])} of {block['wild_total']} faces of press photographs"
    neutral = f"it recognizes {percent(block['wild_neutral'])} of the neutral ones"
    return f"{right}; {neutral}" + (f" and calls {taken}." if taken else ".")


def _bias(block: Mapping[str, Any]) -> Iterator[str]:
    """The largest difference between two groups in how often faces get each compared answer."""
    for by, words in (("group", "groups"), ("gender", "genders"), ("age", "age bands")):
        apart = {name: value for name, value in (block.get(by) or {}).items() if value is not None}
        if apart:
            parts = ", ".join(f"{name} {100 * value:.0f}" for name, value in apart.items())
            yield f"Between {words}, the share of an answer differs by up to (percentage points): {parts}."


def _bare(figures: Mapping[str, Any]) -> Iterator[str]:
    yield from _emotion(figures.get("emotion-bare") or {})
    sizes = (figures.get("sizes") or {}).get("private") or {}
    if len(sizes) > 1:
        small, large = min(sizes, key=int), max(sizes, key=int)
        yield f"Small faces: right on {percent(sizes[small])} at {small} px, on {percent(sizes[large])} at {large} px."
    yield from _bias(figures.get("bias") or {})


def _masked(figures: Mapping[str, Any]) -> Iterator[str]:
    block = figures.get("emotion-masked") or {}
    yield from _emotion(block)
    kinds = {name: value for name, value in (block.get("kinds") or {}).items() if value is not None}
    if kinds:
        worst = min(kinds, key=lambda name: kinds[name])
        yield f"It is worst under masks of the kind `{worst}`: {percent(kinds[worst])} right."
    routed = (figures.get("two-stage") or {}).get("bare_routed_right")
    if routed is not None:
        yield f"The mask model sends {percent(1 - routed)} of bare faces to this model by mistake."


def _mask(figures: Mapping[str, Any]) -> Iterator[str]:
    block = figures.get("mask") or {}
    told = {
        "real_with_mask": "In photographs, {} of masked faces are classified as bare.",
        "real_without_mask": "In photographs, {} of bare faces are classified as masked.",
    }
    yield from (text.format(percent(1 - block[key])) for key, text in told.items() if block.get(key) is not None)
    if (wrong := block.get("real_incorrect_as_worn")) is not None and block.get("incorrect_recall") is None:
        yield f"It does not tell incorrectly worn masks apart: {percent(wrong)} of them count as worn."


def _face(figures: Mapping[str, Any]) -> Iterator[str]:
    for width, found in ((figures.get("face") or {}).get("recall_by_width") or {}).items():
        if found < 0.7:
            yield f"It finds {percent(found)} of faces {width} px wide."
    close = (figures.get("close-faces") or {}).get("masked_by_share") or {}
    if close:
        worst = min(close, key=lambda share: close[share])
        yield f"It misses {percent(1 - close[worst])} of masked faces that fill {worst} of the frame's height."
    alarms = (figures.get("false-alarms") or {}).get("crops")
    if alarms is not None:
        yield f"It sees a face in {percent(alarms)} of pictures without one."


def _landmarks(figures: Mapping[str, Any]) -> Iterator[str]:
    block = figures.get("landmarks") or {}
    sets = {name: block[name] for name in ("helen_test", "afw") if block.get(name) is not None}
    if sets:
        worst = max(sets, key=lambda name: sets[name])
        yield f"On {worst}, its worse set, points are off by {percent(sets[worst])} of the distance between the eyes."


_TELL: Mapping[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {
    "face": _face,
    "mask": _mask,
    "emotion-bare": _bare,
    "emotion-masked": _masked,
    "landmarks": _landmarks,
}
