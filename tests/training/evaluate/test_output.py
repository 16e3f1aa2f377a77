"""What evaluate prints and leaves."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest

from edge import manifest
from edge.labels import EMOTIONS
from edge.testing import FakeClock
from tests.training.evaluate.conftest import TINY
from training import evaluate
from training.__main__ import main
from training.commands.evaluate import Shown
from training.evaluate import report, table
from training.evaluate.context import Answers, EvaluationContext, Figure


def test_json_is_one_object_on_one_line(known_data, capsys) -> None:
    assert main(["evaluate", "--models", str(TINY), "--data", str(known_data), "--json"]) == 0
    captured = capsys.readouterr()
    (line,) = captured.out.splitlines()
    document = json.loads(line)
    assert document["face"]["ap50"] == pytest.approx(2 / 3, abs=1e-6)
    assert document["mask"]["pairs"] == 0.5
    assert document["emotion-bare"]["int8"] == 0.6
    assert document["two-stage"] == {"accuracy": None}  # masked-v1 is frozen for FER2013's own pixels
    assert document["landmarks"] == {"nme": None}
    reasons = [line for line in captured.err.splitlines() if ": not taken: " in line]
    assert any(line.startswith("landmarks.nme: ") for line in reasons)
    assert any(line.startswith("two-stage.accuracy: ") and "masked-v1" in line for line in reasons)


def test_the_table_shows_the_same(known_data, capsys) -> None:
    assert main(["evaluate", "--models", str(TINY), "--data", str(known_data), "--only", "mask,landmarks"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "pairs 50.0 %" in lines
    assert "pairs interval 15.0 % to 85.0 %" in lines
    assert "nme -" in lines
    assert not any("confusion" in line for line in lines)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"accuracy": 0.64372}, "accuracy 64.4 %"),
        ({"ap50": 0.8569}, "ap50 0.857"),
        ({"ap50_wild": 0.9}, "ap50 wild 0.900"),
        ({"dedup_ece": 0.0585}, "dedup ece 0.059"),
        ({"changes_per_minute": 6.3168}, "changes per minute 6.317"),
        ({"public": {"48": 0.7}}, "public 48 70.0 %"),
        ({"by_emotion": {"sad": {"mean_change": 0.0136, "share": 0.7}}}, "by emotion sad mean change 0.014"),
        ({"no_faces_interval": [0.0193, None]}, "no faces interval 1.9 % to -"),
        ({"double_faces": 1957}, "double faces 1,957"),
        ({"sha256": "eaaf"}, "sha256 eaaf"),
    ],
)
def test_a_share_is_a_percentage_and_other_numbers_are_not(values, line) -> None:
    head, first, *_ = table.as_text({"block": Figure(values)}).splitlines()
    assert (head, " ".join(first.split())) == ("block", line)


def test_a_terminal_shows_how_far_it_is() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream, clock = Terminal(), FakeClock()
    shown = Shown(stream, clock.monotonic)
    shown.begins("face", 1, 2)
    for _ in range(40):
        clock.advance(0.3)
        shown.ran()
    assert stream.getvalue().endswith("40 model runs for face, block 1 of 2")
    shown.begins("mask", 2, 2)
    assert stream.getvalue().endswith("\x1b[K")
    for _ in range(20):
        shown.ran()
    assert "mask" not in stream.getvalue()  # no time has passed


def test_every_run_of_a_network_is_counted(known_data) -> None:
    runs: list[int] = []
    context = EvaluationContext(manifest.load(TINY), known_data, ran=lambda: runs.append(1))
    begun: list[tuple[str, int, int]] = []
    evaluate.take(context, ["mask"], lambda *block: begun.append(block))
    context.close()
    assert begun == [("mask", 1, 1)]
    assert len(runs) > 4


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["--models", "/nowhere"], 4, "cannot read the manifest"),
        (["--models", str(TINY), "--only", "hats"], 1, "--only hats: expected one of"),
    ],
)
def test_errors_are_one_line(known_data, capsys, words, code, expected) -> None:
    assert main(["evaluate", "--data", str(known_data), *words]) == code
    err = capsys.readouterr().err
    assert expected in err
    assert err.count("\n") == 1


def test_a_folder_that_is_not_there_is_an_error_and_no_table_of_nothing(tmp_path, capsys) -> None:
    assert main(["evaluate", "--models", str(TINY), "--data", str(tmp_path / "none")]) != 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"edge-emotion-train: {tmp_path}/none: no such folder; give the one with the data sets with --data\n"


def test_numbers_that_are_none_become_null() -> None:
    figure = Figure({"a": math.nan, "b": np.float64(0.12345678), "c": {"d": [0.1, None]}})
    assert json.loads(table.as_json({"x": figure})) == {"x": {"a": None, "b": 0.123457, "c": {"d": [0.1, None]}}}
    assert table.as_text({}) == ""


def test_the_report_has_every_class_and_its_pictures(known_data, tmp_path, capsys) -> None:
    words = ["evaluate", "--models", str(TINY), "--data", str(known_data), "--only", "emotion-bare,mask,sizes"]
    assert main([*words, "--report", str(tmp_path / "report")]) == 0
    text = (tmp_path / "report/figures.md").read_text()
    assert all(f"| {name} |" in text for name in EMOTIONS)
    assert "| happy | 0.667 | 0.667 | 0.667 | 3 |" in text
    shown = [part.split(")")[0] for part in text.split("](")[1:]]
    assert len(shown) == len(set(shown)) == 2 + 2 + 2 + 1  # two of each model; confidence and risk; sizes
    assert all((tmp_path / "report" / name).read_bytes().startswith(b"\x89PNG") for name in shown)
    assert json.loads((tmp_path / "report/figures.json").read_text())["mask"]["pairs"] == 0.5
    capsys.readouterr()


def test_confusion_has_rows_of_truth_and_a_place_for_every_class() -> None:
    probabilities = np.eye(3)[[0, 1, 1, 0]]
    counts = report.confusion(Answers(np.array([0, 0, 1, 1]), probabilities, ("a", "b", "c")))
    assert counts.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_bins_of_reliability_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.97, 0.03], [0.45, 0.55], [0.0, 1.0]])
    confidence, right, share = report.bins(Answers(np.array([0, 1, 1, 1]), probabilities, ("a", "b")))
    assert share == [0.25, 0.75]  # .55 lies in the ninth of 15 bins, the others, 1.0 too, in the last
    assert confidence == pytest.approx([0.55, (0.95 + 0.97 + 1) / 3])
    assert right == pytest.approx([1, 2 / 3])
