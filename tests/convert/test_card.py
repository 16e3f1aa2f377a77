"""Cards as people read them: figures in words, each class, the confusion, failures said from the figures."""

from __future__ import annotations

import json

import pytest

from convert import card as cards
from convert import card_failures, card_figures
from convert.__main__ import main
from convert.card import ModelCard
from convert.commands.convert_arguments import text_or_file
from convert.errors import ConversionError
from edge import manifest
from edge.tasks import TASKS
from training import markdown

CONFUSION = {"angry": {"angry": 6, "sad": 4}, "sad": {"angry": 1, "sad": 9}}
BARE = {"int8": 0.75, "float": 0.7512, "ece": 0.03, "dedup_classes": {"angry": 0.5}, "confusion": CONFUSION}
WILD = {"wild": 0.83, "wild_total": 654, "wild_neutral": 0.76,
        "wild_neutral_as": {"angry": 0.1, "sad": 0.08, "happy": 0.02, "neutral": 0.76}}  # fmt: skip
DOCUMENT = {
    "face": {"ap50": 0.83, "ap50_float": 0.84, "recall_by_width": {"12-16": 0.29, "48+": 0.9}, "threshold": 0.5},
    "close-faces": {"masked": 0.95, "masked_by_share": {"0.2-0.35": 0.99, "0.7-0.9": 0.8}},
    "false-alarms": {"crops": 0.1, "clip": None},
    "mask": {"pairs": 0.98, "pairs_interval": [0.96, 0.99], "real": 0.93, "real_float": 0.94, "real_with_mask": 0.9},
    "emotion-bare": BARE,
    "emotion-masked": {"int8": 0.5, "float": 0.5, "kinds": {"n95": 0.4, "cloth": 0.6, "gaiter": None}, "sha256": "ea"},
    "two-stage": {"accuracy": 0.6, "bare_routed_right": 0.97},
    "landmarks": {"nme": 0.06, "float": 0.059, "helen_test": 0.05, "afw": 0.07},
    "gender": {"int8": 0.9, "float": 0.91, "total": 10, "age": {"0-9": {"accuracy": 0.7, "total": 4}}},
    "bias": {
        "gender": {"angry": 0.03, "happy": 0.2, "neutral": None},
        "age": {"angry": None},
        "total": 9,
        "shares": {"gender": {"female": {"total": 5, "angry": 0.1, "happy": 0.6, "angry_interval": [0.05, 0.2]}}},
    },
    "sizes": {"private": {"8": 0.3, "48": 0.67}, "guess": 0.25},
}


def card(task: str = "emotion-bare", **changes: object) -> ModelCard:
    fields = {
        "name": task, "task": task, "sha256": "ab", "size": 1000, "outputs": [], "labels": ("angry", "sad"),
        "input": {"width": 48, "height": 48, "colour": "grey", "low": 0, "high": 1, "dtype": "int8", "scale": 1.0,
                  "zero_point": 0},
        "parameters": 10, "multiply_adds": 20, "operations": {"CONV_2D": 2}, "checks": [], "accuracy": {}, "layers": [],
        "calibration": {"source": "set", "samples": 9, "seed": 1, "checked": 5, "fresh": True, "warnings": []},
        "latency": {"milliseconds": 1.0, "threads": 1, "machine": "m"},
    }  # fmt: skip
    return ModelCard(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_table_of_nothing_is_its_head():
    assert list(markdown.table(("a", "b"), [])) == ["| a | b |", "|---|---|"]


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5000"), (3, "3"), ("ea", "ea"), (None, "None"), ([0.9, 1], "0.9000 to 1")]
)
def test_numbers(value, text):
    assert markdown.number(value) == text


@pytest.mark.parametrize("task", [*TASKS, ""])
def test_nothing_measured_is_said(task):
    text = cards.render(card(task))
    assert "Not measured yet" in text
    assert text.rstrip().endswith("## Known failures\n\nNot stated.")
    assert card_failures.sentences(task, {}) == []
    assert card_figures.before_after(task, {}) == {}


@pytest.mark.parametrize("task", TASKS)
def test_a_card_gets_its_own_blocks(task):
    made = card(task).with_figures(DOCUMENT)
    assert tuple(made.figures) == TASKS[task].blocks
    both = card_figures.before_after(task, made.figures)
    assert f"float {both['float']:.4f}, int8 {both['int8']:.4f}" in cards.render(made)
    assert "Not measured" not in cards.render(made)


def test_figures_of_a_model_without_a_task_are_taken_as_they_are():
    assert "| x | 1.0000 |" in cards.render(card("").with_figures({"x": 1.0}))


def test_the_conversions_own_figure_goes_before_evaluates():
    accuracy = {"source": "my set", "pictures": 7, "float": 0.5, "int8": 0.25}
    text = cards.render(card(accuracy=accuracy).with_figures(DOCUMENT))
    assert "Accuracy before and after, on my set, 7 pictures: float 0.5000, int8 0.2500." in text


def test_every_class_and_who_is_taken_for_whom():
    text = cards.render(card().with_figures(DOCUMENT))
    # angry: 6 of 7 called so, 6 of 10 found; F1 is 2 * 6 / (10 + 7)
    assert "| angry | 0.8571 | 0.6000 | 0.7059 | 0.5000 | 10 |" in text
    assert "| sad | 0.6923 | 0.9000 | 0.7826 | - | 10 |" in text
    assert "|  | angry | sad |\n|---|---|---|\n| angry | 6 | 4 |\n| sad | 1 | 9 |" in text
    assert "| calibration error (ECE, 15 bins) | 0.0300 |" in text
    assert "dedup_classes" not in text
    assert "| pixels | value |\n|---|---|\n| 8 | 0.3000 |" in text


@pytest.mark.parametrize(
    "confusion",
    [{"a": {"a": 0, "b": 0}, "b": {"a": 0, "b": 0}}, {"a": {"a": 0, "b": 0}, "b": {"a": 3, "b": 0}}],
)
def test_a_class_without_rows_divides_by_nothing(confusion):
    text = cards.render(card(figures={"emotion-bare": {"confusion": confusion}}))
    assert "| a | 0.0000 | 0.0000 | 0.0000 | 0 |" in text


def test_what_was_not_taken_has_no_line():
    text = cards.render(card("face").with_figures(DOCUMENT))
    assert "clip" not in text
    assert "| pictures without a face that show a box | 0.1000 |" in text
    assert "| recall at that threshold" not in text


@pytest.mark.parametrize(
    ("task", "sentences"),
    [
        ("face", ["It finds 29 % of faces 12-16 px wide.", "It misses 20 % of masked faces that fill 0.7-0.9 of the "
                  "frame's height.", "It sees a face in 10 % of pictures without one."]),
        ("mask", ["In photographs, 10 % of masked faces are classified as bare."]),
        ("emotion-bare", ["It recognizes 60 % of `angry` and calls 40 % `sad`.", "It recognizes 90 % of `sad` and "
                          "calls 10 % `angry`.", "On average, a score differs by 3 % from the share of right "
                          "answers (ECE).", "Small faces: right on 30 % at 8 px, on 67 % at 48 px.", "Between genders, "
                          "the share of an answer differs by up to (percentage points): angry 3, happy 20."]),
        ("emotion-masked", ["It is worst under masks of the kind `n95`: 40 % right.", "The mask model sends 3 % of "
                            "bare faces to this model by mistake."]),
        ("landmarks", ["On afw, its worse set, points are off by 7 % of the distance between the eyes."]),
    ],
)  # fmt: skip
def test_failures_are_said_from_the_figures(task, sentences):
    made = card(task, failures="Hats.\nFog.\n").with_figures(DOCUMENT)
    assert card_failures.sentences(task, made.figures) == sentences
    assert cards.render(made).endswith("\n".join(f"- {line}" for line in [*sentences, "Hats.", "Fog."]) + "\n")


def test_foreign_faces_are_told_with_what_calm_ones_are_taken_for():
    told = card_failures.sentences("emotion-bare", {"emotion-bare": WILD})
    assert told == [
        "It is right on 83 % of 654 faces of press photographs; it recognizes 76 % of the neutral ones and calls 10 % "
        "`angry` and 8 % `sad`."
    ]


def test_the_answers_of_each_group_are_a_table():
    text = cards.render(card().with_figures(DOCUMENT))
    assert "### Answers by gender, on faces whose emotion is not known" in text
    assert "| female | 0.1000 | 0.6000 | 5 |" in text


# --- the command


@pytest.fixture
def models(tmp_path):
    """A models folder with two cards; the manifest is the tiny models', the files are not needed."""
    tiny = manifest.load(manifest.default_folder().parent / "tests" / "tiny")
    specs = {task: tiny[task] for task in ("mask", "emotion-bare")}
    manifest.save(tmp_path, specs)
    for task in specs:
        (tmp_path / task).mkdir()
        (tmp_path / task / "card.json").write_text(cards.to_json(card(task, about="old", failures="old")))
    return tmp_path


def test_all_cards_of_a_folder_at_once(models, capsys):
    (models / "figures.json").write_text(json.dumps(DOCUMENT))
    assert main(["card", str(models), "--figures", str(models / "figures.json")]) == 0
    out = capsys.readouterr().out
    assert out == f"wrote {models}/mask/card.md\nwrote {models}/emotion-bare/card.md\n"
    assert (
        "| balanced accuracy on masked_faces test, boxes from 20 px | 0.9300 |" in (models / "mask/card.md").read_text()
    )
    made = cards.load(models / "emotion-bare" / "card.json")
    assert made.figures == {name: DOCUMENT[name] for name in ("emotion-bare", "sizes", "bias")}
    assert (made.about, made.failures) == ("old", "old")


def test_texts_from_the_recipes_then_from_the_flags(models, capsys):
    from training import recipe

    shipped = recipe.load(recipe.find("mask"))
    assert main(["card", str(models), "--recipes"]) == 0
    made = cards.load(models / "mask" / "card.json")
    assert (made.about, made.failures) == (shipped.about, shipped.model["failures"])
    assert main(["card", str(models / "mask"), "--recipes", "--failures", "Beards."]) == 0
    made = cards.load(models / "mask" / "card.json")
    assert (made.about, made.failures) == (shipped.about, "Beards.")
    capsys.readouterr()


def test_one_card_that_is_missing_leaves_all_as_they_were(models, capsys):
    (models / "emotion-bare" / "card.json").unlink()
    assert main(["card", str(models), "--failures", "new"]) == 1
    assert (
        "emotion-bare/card.json: cannot read the card (No such file or directory); fix the path"
        in capsys.readouterr().err
    )
    assert cards.load(models / "mask" / "card.json").failures == "old"
    assert not (models / "mask" / "card.md").exists()


def test_a_model_that_no_recipe_made(models, capsys):
    (models / "mask" / "card.json").write_text(cards.to_json(card("mask", name="stranger")))
    assert main(["card", str(models / "mask"), "--recipes"]) == 2
    err = capsys.readouterr().err
    assert "stranger: no such recipe" in err
    assert err.count("\n") == 1


def test_a_text_in_a_file_may_come_from_windows(tmp_path):
    path = tmp_path / "about.txt"
    path.write_bytes("Größe".encode("utf-8-sig"))
    assert (text_or_file("Größe"), text_or_file(str(path))) == ("Größe", "Größe")
    path.write_bytes("Größe".encode("utf-16"))
    with pytest.raises(ConversionError, match=r"cannot read this text \(text in UTF-16; save it as UTF-8\)"):
        text_or_file(str(path))
