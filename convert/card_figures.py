"""A card's figures: what `edge-emotion-train evaluate --json` measured of one model, in a reader's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edge.labels import EMOTIONS
from edge.tasks import TASKS
from training.evaluate.mask_colours import CLOTHS
from training.markdown import number, table

_EMOTION = {
    "int8": "accuracy, int8",
    "float": "accuracy, float",
    "dedup": "accuracy, int8, without rows that also stand in Training",
    "ece": "calibration error (ECE, 15 bins)",
    "dedup_ece": "calibration error without those rows",
    "public": "accuracy on PublicTest, which was used for every choice",
    "macro": "mean of the emotions' recalls",
    "wild": "accuracy on press photographs: emotion_wild test, people who are not in its training part",
    "wild_total": "faces in them",
    "wild_neutral": "recall of the neutral faces among them",
    "wild_happy": "recall of the happy faces among them",
    **{
        f"wild_{emotion}{more}": f"{words} {emotion} faces, emotion_wild val and test together"
        for emotion in ("angry", "sad", "surprise")
        for more, words in (("", "recall of"), ("_total", "number of"), ("_interval", "95 % interval of the recall of"))
    },
}
WORDS = {
    "emotion-bare": _EMOTION,
    "emotion-masked": {
        **_EMOTION,
        "kinds_seen": "accuracy under kinds of mask that training had",
        "kinds_unseen": "accuracy under kinds that training never saw",
        "mean_shape_rows": "rows without landmarks, whose mask is drawn on a mean face",
        "sha256": "masked-v1, SHA-256 of its pixels",
    },
    "two-stage": {
        "accuracy": "accuracy over bare and masked rows, routed by the mask model",
        "dedup": "the same without rows that also stand in Training",
        "ece": "the same, calibration error",
        "bare": "the same, bare rows",
        "worn": "the same, masked rows",
        "bare_routed_right": "bare rows that the mask model routes correctly",
        "worn_routed_right": "masked rows that it routes correctly",
        "total": "rows of both",
    },
    "mask": {
        "pairs": "accuracy on mask_pairs test, on the largest face found",
        "pairs_float": "the same, float",
        "pairs_interval": "its 95 % interval",
        "pairs_right": "pictures of mask_pairs test classified correctly",
        "pairs_total": "pictures of mask_pairs test",
        "pairs_no_face": "pictures of mask_pairs test in which no face was found, counted as wrong",
        "real": "balanced accuracy on masked_faces test, boxes from 20 px",
        "real_float": "the same, float",
        "real_ece": "the same, calibration error (ECE, 15 bins)",
        "real_with_mask": "masked faces classified correctly",
        "real_without_mask": "bare faces classified correctly",
        "real_incorrect_as_worn": "incorrectly worn masks classified as worn",
        "real_as_background": "faces classified as background",
        "real_tight": "balanced accuracy on tight boxes",
        "real_loose": "balanced accuracy on loose boxes",
        "real_total": "boxes of masked_faces test",
        "incorrect_recall": "incorrectly worn masks of masked_faces test that are classified so",
        "incorrect_precision": "faces classified as incorrectly worn that are so",
        "incorrect_total": "incorrectly worn masks of masked_faces test",
        "colours": "drawn masks of unusual cloth that are seen",
        "colours_total": "drawn masks of unusual cloth",
        "colours_bare": "the same faces without a mask, classified as bare",
        "headscarves": "bare faces with a drawn headscarf, classified as bare",
        "headscarves_total": "faces with a drawn headscarf",
        **{f"colours_{cloth.replace(' ', '_')}": f"the drawn masks seen: {cloth}" for cloth in CLOTHS},
    },
    "face": {
        "ap50": "AP@0.5 on faces test, boxes from 12 px, without verification",
        "ap50_float": "the same, float",
        "ap50_masked": "AP@0.5 on the tight boxes of masked_faces test",
        "ap50_masked_float": "the same, float",
        "threshold": "detection threshold",
        "recall": "recall at that threshold, after verification by the mask model",
        "precision": "precision at that threshold",
        "ap50_wild": "AP@0.5 on press photographs: wild test",
        "recall_wild": "faces of wild test that are reported",
        "faces_wild": "faces of wild test that are wide enough to be counted",
        "precision_wild": "boxes reported there that are on a face",
        "reported_wild": "boxes reported there",
        "recall_news": "faces of news_masks that are reported",
        "faces_news": "faces of news_masks that are wide enough to be counted",
        "precision_news": "boxes reported there that are on a face",
        "reported_news": "boxes reported there",
        "news_masked": "masked faces of news_masks that are reported",
        "news_masked_total": "masked faces of news_masks",
        "news_bare": "bare faces of news_masks that are reported",
        "news_bare_total": "bare faces of news_masks",
        "no_faces": "pictures of animals and objects (no_faces test) that show a box",
        "no_faces_alarms": "pictures of no_faces test with a box",
        "no_faces_total": "pictures of no_faces test",
        "no_faces_interval": "95 % interval of their share",
        "double": "faces of wild test, news_masks and faces test with two boxes",
        "double_faces": "faces of these sets",
        "double_close": "close faces of these sets with two boxes",
        "double_close_faces": "close faces of these sets",
        "cut_heads": "heads found that fill the frame or leave it",
        "cut_heads_total": "heads that fill the frame or leave it",
        "cut_heads_bare": "such heads found, bare",
        "cut_heads_masked": "such heads found, masked",
        "cut_heads_none": "such heads found, not cut off",
        **{
            f"cut_heads_{side}": f"such heads found, cut off on the {side}"
            for side in ("left", "right", "top", "bottom")
        },
    },
    "close-faces": {
        "bare": "close faces found, 20-90 % of the frame's height",
        "masked": "the same with masks drawn on",
        "heads": "heads pasted into pictures",
    },
    "false-alarms": {
        "crops": "pictures without a face that show a box",
        "crops_alarms": "pictures without a face, with a box",
        "crops_total": "pictures without a face",
        "clip": "frames of a clip without a face that show a box",
        "clip_alarms": "frames without a face, with a box",
        "clip_total": "frames without a face",
    },
    "landmarks": {
        "nme": "mean error / distance of the outer eye corners",
        "float": "the same, float",
        "helen_test": "on helen_test",
        "afw": "on afw",
    },
    "bias": {"total": "faces of faces_gender, on which nothing was trained"},
    "sizes": {"guess": "accuracy of always answering the most frequent class"},
}
# Mappings of a block that become small tables of their own: title, and the head of the first column.
PARTS = {
    "age": ("Largest difference in the share of an answer between age bands", "answer"),
    "gender": ("Largest difference in the share of an answer between genders, adults", "answer"),
    "group": ("Largest difference in the share of an answer between groups, adults", "answer"),
    "recall_by_width": ("Recall at the threshold by the face's width in pixels", "width"),
    "bare_by_share": ("Close faces found, by their share of the frame's height", "height"),
    "masked_by_share": ("Close masked faces found, by their share of the frame's height", "height"),
    "kinds": ("Accuracy by the kind of mask", "mask"),
    "private": ("Accuracy by the side of the face in pixels, PrivateTest", "pixels"),
    "public": ("Accuracy by the side of the face in pixels, PublicTest", "pixels"),
}
# Shown as tables of their own, or in the sentences of the known failures.
_TABLES = ("classes", "dedup_classes", "confusion", "wild_neutral_as", "shares")


def of_task(task: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The blocks of evaluate's object that belong to a task's card; the whole object for a model without a task.

    An object without any of these blocks stays as it is: it holds the figures themselves.
    """
    blocks = TASKS[task].blocks if task in TASKS else ()
    return {name: document[name] for name in blocks if name in document} or document


def before_after(task: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figure of the float network and of its int8 file, as ModelCard.accuracy; empty where it was not taken."""
    own = figures.get(task) or {}
    measure = TASKS[task].measure if task in TASKS else None
    if measure is None or own.get(measure.float_) is None or own.get(measure.int8) is None:
        return {}
    before, after = own[measure.float_], own[measure.int8]
    return {"figure": measure.words, "source": measure.source, "float": before, "int8": after}


def section(figures: Mapping[str, Any]) -> Iterator[str]:
    """Markdown: the numbers, then each class, the confusion and the small tables."""
    yield from table(("figure", "value"), list(_numbers(figures)))
    for name, block in figures.items():
        if not isinstance(block, Mapping):
            continue
        if confusion := block.get("confusion"):
            title = "whole decision" if name == "two-stage" else name
            yield from ("", f"### Each class, {title}", "")
            yield from _classes(confusion, block.get("dedup_classes") or {})
            yield from ("", f"### Confusion, {title}: rows are the truth, columns the answer", "")
            yield from table(("", *confusion), [(truth, *row.values()) for truth, row in confusion.items()])
        for by, shares in (block.get("shares") or {}).items():
            yield from ("", f"### Answers by {by}, on faces whose emotion is not known", "")
            emotions = [key for key in next(iter(shares.values()), {}) if key in EMOTIONS]
            rows = [(part, *(number(row[name]) for name in emotions), row["total"]) for part, row in shares.items()]
            yield from table((by, *emotions, "faces"), rows)
        for key, (title, head) in PARTS.items():
            if isinstance(part := block.get(key), Mapping):
                yield from ("", f"### {title}", "")
                yield from table(
                    (head, "value"), [(label, number(value)) for label, value in part.items() if value is not None]
                )


def _numbers(figures: Mapping[str, Any], words: Mapping[str, str] | None = None) -> Iterator[tuple[str, str]]:
    known = [key for key in words or {} if key in figures]  # in the words' order: "the same" means the line above
    for key in [*known, *(key for key in figures if key not in known)]:
        value = figures[key]
        if key in _TABLES or key.endswith("_from_confidence") or (key in PARTS and isinstance(value, Mapping)):
            continue
        if isinstance(value, Mapping):
            if key in WORDS:
                yield from _numbers(value, WORDS[key])
            else:
                yield from ((f"{key}.{inner}", shown) for inner, shown in _numbers(value))
        elif value is not None:
            yield (words or {}).get(key, key), number(value)


def _classes(confusion: Mapping[str, Mapping[str, int]], fresh: Mapping[str, float]) -> Iterator[str]:
    """Precision, recall and F1 of each class, and its recall without rows of Training where that is known."""
    said = {name: sum(row[name] for row in confusion.values()) for name in confusion}
    rows = []
    for name, row in confusion.items():
        true, right = sum(row.values()), row[name]
        recall, precision = right / true if true else 0.0, right / said[name] if said[name] else 0.0
        f1 = 2 * right / (true + said[name]) if true + said[name] else 0.0
        more = (number(fresh[name]) if name in fresh else "-",) if fresh else ()
        rows.append((name, number(precision), number(recall), number(f1), *more, true))
    extra = ("recall without rows of Training",) if fresh else ()
    yield from table(("class", "precision", "recall", "F1", *extra, "rows"), rows)
