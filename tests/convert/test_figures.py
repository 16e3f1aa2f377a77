"""The README's figures: made from what was measured, never typed."""

from __future__ import annotations

import json
import shutil

import pytest

from convert import figures
from convert.__main__ import main
from edge import manifest

VALUES = {
    "emotion-bare": {"int8": 0.6671, "float": 0.6674, "dedup": 0.64, "ece": 0.031},
    "mask": {"pairs": 0.99, "pairs_interval": [0.97, 1.0], "real": None},
    "face": {"ap50": 0.81},
    "false-alarms": {"crops_alarms": 1, "crops_total": 332, "clip_alarms": 0, "clip_total": 1189},
}
MODELS = {
    task: {"sha256": task, "multiply_adds": n * 1_000_000, "bytes": n * 10_000, "parameters": 5000, "about": "CC0"}
    for task, n in (("face", 100), ("mask", 15), ("emotion-bare", 130), ("emotion-masked", 120))
}


def test_the_readme_has_the_figures_of_the_store_and_the_store_those_of_the_models(root):
    """After a change of models, measure again; see docs/figures.md."""
    store = json.loads((root / "docs" / "figures.json").read_text())
    readme = (root / "README.md").read_text()
    assert figures.insert(readme, figures.render(store)) == readme
    assert figures.stale(store, figures.costs(manifest.load(root / "models"))) == []


def test_nothing_measured_gives_words_not_numbers():
    text = figures.render({"models": {}})
    assert text.count("Not measured yet.") == 2
    assert "Raspberry Pi" not in text


def test_figures_as_a_person_reads_them():
    text = figures.render({"models": MODELS, "evaluate": {"of": {}, "values": VALUES}})
    assert "| Emotion, bare face | 66.7 % | FER2013 PrivateTest, 7 classes; float 66.7 %" in text
    assert "| Mask or no mask | 99.0 % | `mask_pairs` test clusters; 95 % interval 97.0 % to 100.0 % |" in text
    assert "| Mask, real photographs | - |" in text
    assert "| False detections | 1 of 332 | crops without a face; 0 of 1,189 frames of a clip without a face |" in text
    assert "| [face](models/face/card.md) | 0.01 M | 100.0 M | 1.00 MB | CC0 |" in text
    # 245 M multiply-adds are 490 M operations: 14 ms at 35 GOPS, and 4 ms around it.
    assert "| Raspberry Pi 4 B | 14 + 4 ms | 30 per second |" in text
    assert "| Raspberry Pi Zero 2 W | 38 + 11 ms | 21 per second |" in text


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "| False detections | - | pictures without a face |"),
        ({"crops_alarms": 0, "crops_total": 0}, "| False detections | - | pictures without a face |"),
        ({"clip_alarms": 2, "clip_total": 9}, "| False detections | 2 of 9 | frames of a clip without a face |"),
    ],
)
def test_false_detections_are_counts_of_what_was_looked_at(values, expected):
    assert expected in figures.accuracy({"values": {"false-alarms": values}})


def test_each_section_can_be_folded():
    text = figures.render({"models": MODELS})
    assert text.count("<details") == text.count("</details>") == text.count("<summary>") == 4
    # Markdown inside HTML needs an empty line before it.
    assert all(part.startswith("\n\n") for part in text.split("</summary>")[1:])


def test_the_benchmark_as_a_person_reads_it():
    row = {"name": "ours", "compared": True, "median_ms": 1.5, "ratio": 1.0, "multiply_adds": 2_000_000, "rss_mb": 90.4}
    other = row | {"name": "cascade", "compared": False, "multiply_adds": None, "median_ms": None, "ratio": None}
    values = {"machine": "m", "threads": 2, "rows": [row, other]}
    text = figures.peers({"values": values})
    assert "| ours | 1.50 | 1.00 | 2 M | 90 MB |" in text
    assert "| cascade (not compared) | - | - | - | 90 MB |" in text
    detectors = figures.detectors({"values": [{"name": "ours", "faces": 0.8, "masked_tight": None}]})
    assert detectors.endswith("| ours | 0.800 | - |")


def test_figures_of_other_models_are_stale():
    hashes = {task: cost["sha256"] for task, cost in MODELS.items()}
    store = {"models": MODELS, "evaluate": {"of": hashes, "values": VALUES}, "peers": {"of": {"face": "x"}}}
    assert figures.stale(store, MODELS) == ["peers"]
    assert figures.stale(store, {**MODELS, "face": MODELS["mask"]}) == ["models", "evaluate", "peers"]


def test_a_readme_without_marks_is_an_error():
    with pytest.raises(ValueError, match="marks"):
        figures.insert("# edge-emotion", "block")


def test_the_block_is_replaced_and_the_rest_kept():
    text = f"before\n{figures.BEGIN}\nold\n{figures.END}\nafter\n"
    once = figures.insert(text, "new")
    assert once == f"before\n{figures.BEGIN}\n\nnew\n\n{figures.END}\nafter\n"
    assert figures.insert(once, "new") == once


# --- the command


@pytest.fixture
def place(root, tmp_path, monkeypatch):
    """A folder with the models, a README with old figures and what an evaluation printed."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(root / "models", "models", ignore=shutil.ignore_patterns("*.npz"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(f"# ours\n{figures.BEGIN}\nold\n{figures.END}\n")
    (tmp_path / "evaluate.json").write_text(json.dumps(VALUES))
    return tmp_path


def test_the_command_writes_the_readme_and_the_store(place, capsys):
    assert main(["figures", "--evaluate", "evaluate.json"]) == 0
    readme = (place / "README.md").read_text()
    assert "| Emotion, bare face | 66.7 % |" in readme
    assert "old" not in readme
    assert main(["figures"]) == 0
    assert (place / "README.md").read_text() == readme, "what is not given is kept"
    assert json.loads((place / "docs" / "figures.json").read_text())["evaluate"]["values"] == VALUES
    assert capsys.readouterr().err == ""


def test_the_command_warns_about_figures_of_other_models(place, capsys):
    main(["figures", "--evaluate", "evaluate.json"])
    store = json.loads((place / "docs" / "figures.json").read_text())
    store["evaluate"]["of"]["face"] = "another"
    (place / "docs" / "figures.json").write_text(json.dumps(store))
    assert main(["figures"]) == 0
    assert capsys.readouterr().err == "evaluate: measured with other models; measure again\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("evaluate.json", "{", "evaluate.json: cannot read the figures"),
        ("docs/figures.json", "", "figures.json: cannot read the figures"),
        ("README.md", "# ours\n", "README.md: cannot take the figures (expected the marks"),
    ],
)
def test_a_broken_file_is_one_line_and_nothing_is_written(place, capsys, name, content, message):
    (place / name).write_text(content)
    before = (place / "README.md").read_text()
    assert main(["figures", "--evaluate", "evaluate.json"]) == 1
    assert message in capsys.readouterr().err
    assert (place / "README.md").read_text() == before
