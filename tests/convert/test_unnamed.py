"""Outputs that nobody named: labelled pictures, the ten faces or the usual orders say what they may be called."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convert import sample_faces
from convert.errors import ConversionError
from convert.float_model import FloatModel
from convert.label_orders import orders_of
from convert.labels import canonical, resolve
from convert.preparation import classes_of
from convert.preprocess import PRESETS
from convert.request import Request
from convert.sources import from_arrays
from edge.labels import EMOTIONS, MASK_LABELS, MASKS
from edge.tasks import TASKS
from tests.convert.test_sample_faces import VIEW, knows

BARE = Request(task="emotion-bare")
ALPHABET = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
CK = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")


def bars(count: int, order: tuple[int, ...] | None = None, classes=(), pictures: int = 120):
    """A model that sees how bright a picture is, and labelled pictures of `count` brightnesses; its output k is
    class order[k].
    """
    order = order or tuple(range(count))
    truth = np.arange(pictures) % count
    images = np.broadcast_to((truth * 255 // count + 8)[:, None, None, None], (pictures, 32, 32, 3)).astype(np.uint8)

    def call(inputs):
        seen = np.clip(np.asarray(inputs).mean(axis=(1, 2, 3)) * count, 0, count - 1).astype(int)
        return [np.eye(count, dtype=np.float32)[np.argsort(order)[seen]]]

    return FloatModel("m", (32, 32, 3), call, None), from_arrays("set", images, truth, classes)


def refusal(model, labelled=None, request=BARE) -> str:
    with pytest.raises(ConversionError) as caught:
        classes_of(model, request, labelled, VIEW)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_orders_are_of_canonical_names_and_all_different():
    for task in ("emotion-bare", "mask"):
        for count in range(2, 10):
            orders = list(orders_of(TASKS[task], count).values())
            assert len(set(orders)) == len(orders)
            assert all(canonical(name) == name for order in orders for name in order)
            assert all(len(set(order)) == count for order in orders)
    assert orders_of(TASKS["face"], 7) == {}


@pytest.mark.parametrize("count", [4, 5, 6, 8])
def test_usual_orders_are_listed_where_nothing_tells(count):
    model, _ = bars(count)
    text = refusal(model)
    assert text.startswith(f"m: {count} outputs, where emotion-bare has 7")
    for order in orders_of(TASKS["emotion-bare"], count).values():
        assert ",".join(order) in text


def test_an_odd_number_of_outputs_has_no_usual_order():
    assert refusal(bars(9)[0]).endswith("say what they are with --labels A,B,... in their order")


@pytest.mark.parametrize("order", list(orders_of(TASKS["emotion-bare"], 8).values()))
def test_ten_faces_tell_the_order_of_eight_outputs(order):
    text = refusal(knows("emotion-bare", order, PRESETS["tf"]))
    assert text.endswith(
        f"of ten faces that come with the program 10 are right with --preprocess tf --labels {','.join(order)}"
    )


def test_ten_faces_tell_which_way_round_one_sigmoid_is():
    model = knows("mask", ("worn", "bare"), PRESETS["unit"], single=True)
    assert refusal(model, request=Request(task="mask")).endswith("10 are right with --labels worn,bare")


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5, 6, 7), (3, 7, 1, 0, 2, 6, 5, 4)])
def test_labelled_pictures_tell_the_order_of_eight_outputs(order):
    model, labelled = bars(8, order, ALPHABET)
    names = ",".join(canonical(ALPHABET[k]) for k in order)
    assert refusal(model, labelled).endswith(f"; 100 % of 120 labelled pictures of set are right with --labels {names}")


@pytest.mark.parametrize(
    ("classes", "pictures"), [((), 120), (ALPHABET[:7], 120), ((*ALPHABET[:7], "Häme"), 120), (ALPHABET, 32)]
)
def test_labelled_pictures_that_cannot_tell_are_left_out(classes, pictures):
    model, _ = bars(8)
    labelled = bars(max(len(classes), 2), classes=classes, pictures=pictures)[1]
    assert ". Usual orders: " in refusal(model, labelled)


def test_seven_outputs_of_other_emotions_are_not_taken_for_ours():
    """The folders of CK+48 have contempt, and no neutral."""
    model, labelled = bars(7, classes=CK)
    text = refusal(model, labelled)
    assert text.startswith(
        "m: tells contempt, a class of set that is not one of emotion-bare's own; say what the outputs"
    )
    assert text.endswith("right with --labels angry,contempt,disgust,fear,happy,sad,surprise")


def test_three_mask_classes_are_taken_for_what_the_pictures_say():
    model, labelled = bars(3, classes=("incorrect_mask", "with_mask", "without_mask"))
    text = refusal(model, labelled, Request(task="mask"))
    assert text.startswith("m: tells incorrect, a class of set that is not one of mask's own")
    assert text.endswith("right with --labels incorrect,worn,bare")


@pytest.mark.parametrize(
    ("task", "classes"),
    [
        ("emotion-bare", ()),
        ("emotion-bare", EMOTIONS),
        ("emotion-bare", tuple(sorted(EMOTIONS))),
        ("mask", ("without_mask", "with_mask")),
        ("mask", MASKS),
        ("gender", ("man", "woman")),
    ],
)
def test_the_tasks_own_classes_are_taken_where_nothing_speaks_against_it(task, classes):
    count = len(TASKS[task].labels[0])
    model, labelled = bars(count, classes=classes)
    made = classes_of(model, Request(task=task), labelled, VIEW)
    assert made.labels == resolve("m", TASKS[task], (), count, {}).labels


def test_a_model_with_background_may_be_shown_masks_worn_incorrectly():
    """It calls them worn: the third class of the pictures is none of the model's."""
    model, labelled = bars(3, classes=("without_mask", "with_mask", "incorrect_mask"))
    ours = replace(model, call=lambda x: [model.call(x)[0] @ [[1, 0, 0], [0, 1, 0], [0, 1, 0]]])
    assert classes_of(ours, Request(task="mask"), labelled, VIEW).labels == MASK_LABELS


def test_who_named_the_outputs_is_not_asked():
    model, labelled = bars(7, classes=CK)
    assert classes_of(model, Request(task="emotion-bare", labels=EMOTIONS), labelled, VIEW).labels == EMOTIONS


def test_other_tasks_have_no_faces_to_show():
    assert sample_faces.proposal(bars(2)[0], "gender", (("female", "male"),), VIEW, PRESETS["unit"]) == ""
