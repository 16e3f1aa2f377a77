"""What is said of a file, and of all of them."""

from __future__ import annotations

from edge.labels import EMOTIONS
from edge.scan.inputs import Problem
from edge.scan.rows import file_columns
from edge.scan.summary import FileSummary, Totals, line, problems_text, table, widths_of

FILES = file_columns(EMOTIONS)


def test_nothing_found_is_said_in_full():
    summary = FileSummary("p.jpg", "picture", EMOTIONS, 640, 480, frames=1)
    row = dict(zip(FILES, summary.row(), strict=True))
    assert (row["faces"], row["intensity"], row["seconds"], row["tracks"]) == (0, None, None, None)
    assert line(summary) == ("p.jpg", "-", "1", "0", "-", "-", "-")
    assert str(Totals()) == "0 pictures, 0 clips: 0 faces"


def test_a_clip_is_summed_up():
    summary = FileSummary("c.mp4", "clip", EMOTIONS, 640, 480, seconds=75.2, frames=150, frames_with_faces=3, tracks=2)
    for emotion, reason, intensity in (("happy", None, 0.9), ("happy", None, 0.7), (None, "too-small", None)):
        summary.add(emotion is None, emotion, reason, intensity)
    row = dict(zip(FILES, summary.row(), strict=True))
    assert (row["n_happy"], row["n_too_small"], row["masked"], row["tracks"], row["seconds"]) == (2, 1, 1, 2, 75.2)
    assert row["intensity"] == 0.8
    assert line(summary) == ("c.mp4", "1:15", "150", "3", "2", "33 %", "happy 67 %")
    totals = Totals(failed=1, skipped=2)
    totals.add(summary)
    assert str(totals) == "0 pictures, 1 clip: 3 faces in 150 sampled frames and pictures; 1 failed; 2 skipped"


def test_of_a_tie_the_first_in_the_order_of_the_labels_is_named():
    summary = FileSummary("p.jpg", "picture", frames=1)
    for emotion in ("sad", "angry"):
        summary.add(False, emotion, None, 0.5)
    assert line(summary)[-1] == "angry 50 %"


def test_a_table_has_columns_and_odd_names_stay_on_their_line():
    lines = [line(FileSummary("a\nb.jpg", "picture", status="failed")), line(FileSummary("x" * 100, "picture"))]
    made = list(table(lines, widths_of(lines)))
    assert [text[:60].rstrip() for text in made] == ["file", "a\\nb.jpg", "..." + "x" * 57]
    assert made[1].endswith("failed")
    assert len(lines[1][0]) == 60


def test_problems_are_a_line_each():
    problems = [Problem("a\x1b.jpg", "failed", "a\x1b.jpg: damaged")]
    assert list(problems_text(problems)) == ["failed: a\\x1b.jpg: damaged"]
