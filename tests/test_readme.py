"""The README tells the truth: commands parse, settings load, examples run, links lead somewhere, figures are made."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests import readme_figures as figures

PAGES = ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/figures.md", "docs/measurements.md")
# Of the system; the rest is ours and is checked.
SYSTEM = ("apt", "git", "cd", "cp", "curl", "source", "python3", "pip", "systemctl", "journalctl", "rpicam-hello")


def blocks(root: Path, page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (root / page).read_text(), re.MULTILINE | re.DOTALL)


def commands(root: Path) -> list[str]:
    return [line for page in PAGES for block in blocks(root, page, "sh") for line in block.splitlines() if line]


def check(root: Path, line: str) -> str:
    """Parse one line as the program that it calls would; the name of what it was checked as."""
    words = shlex.split(line.partition(" > ")[0])
    if words[0] == "sudo":
        words = words[1:]
    name, rest = Path(words[0]).name, words[1:]
    if name == "edge-emotion":
        from edge.__main__ import PROGRAM

        PROGRAM.parser(rest)[1].parse_args(rest[1:])
    elif name == "edge-emotion-train":
        from training.__main__ import build_parser

        build_parser(rest).parse_args(rest)
    elif name == "edge-emotion-convert":
        _convert(rest)
    elif name == "make":
        assert {w for w in rest if "=" not in w} <= set(
            re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE)
        )
    elif name == "install.sh":
        text = (root / words[0]).read_text()
        assert all(f"{word})" in text for word in rest if word.startswith("--"))
    elif name == "python" and rest[:2] == ["-m", "pytest"]:
        files = [word.partition("::")[0] for word in rest if word.startswith("tests/")]
        assert files
        assert all((root / file).exists() for file in files), line
        return "pytest"
    elif words[:2] == ["python", "-m"]:
        return _bench(words[2], words[3:])
    else:
        assert name in SYSTEM, f"unknown program in: {line}"
        return "system"
    return name


def _convert(words: list[str]) -> None:
    from convert import commands

    known = words[0] in commands.SUMMARIES
    parser = argparse.ArgumentParser()
    commands.load(words[0] if known else "convert").add_arguments(parser)
    parser.parse_args(words[known:])


def _bench(module: str, words: list[str]) -> str:
    if module == "tests.bench.peers":
        from tests.bench.peers.__main__ import parser

        parser().parse_args(words)
    elif module == "tests.bench.detectors":
        from tests.bench.detectors.__main__ import parser as detectors

        detectors().parse_args(words)
    elif module == "tests.bench.onednn":
        assert not words
    else:
        assert module == "tests.readme_figures"
        figures.parser().parse_args(words)
    return module


def test_every_command_in_the_pages_is_one_that_its_program_knows(root):
    checked = [check(root, line) for line in commands(root)]
    assert {"edge-emotion", "edge-emotion-train", "edge-emotion-convert", "make", "install.sh"} <= set(checked)
    assert {"tests.bench.peers", "tests.bench.detectors", "tests.readme_figures"} <= set(checked)


@pytest.mark.parametrize(
    "line",
    [
        "make dinner",
        ".venv/bin/python -m pytest tests/edge/test_nothing.py",
        "edge-emotion dance",
        "edge-emotion run --sauce demo",
        "edge-emotion-train train emotion-bare",
        "edge-emotion-convert Emotion_model.h5 --calibrated faces",
        "sudo systemd/install.sh --reinstall",
        "frobnicate",
    ],
)
def test_a_command_that_is_wrong_is_noticed(root, line, capsys):
    with pytest.raises((AssertionError, SystemExit)):
        check(root, line)


def test_every_command_of_the_table_exists(root):
    from edge.__main__ import COMMANDS

    table = re.findall(r"^\| `edge-emotion (\w+)", (root / "README.md").read_text(), re.MULTILINE)
    assert set(table) == set(COMMANDS)


def test_the_settings_shown_are_settings(root, tmp_path):
    from edge import config

    screen, most = blocks(root, "README.md", "toml")
    path = tmp_path / "my.toml"
    path.write_text(screen)
    assert config.load(path).screen.kind == "drm"
    path.write_text(most)
    assert config.load(path).source.rotate == 180


def test_the_event_shown_has_the_keys_of_an_event(root):
    from edge.face import Detection, Track
    from edge.frame import Box
    from edge.records import face_record

    (text,) = blocks(root, "README.md", "json")
    track = Track(1, Detection(Box(0, 0, 9, 9), 0.5), 0.0, emotion=np.full(7, 1 / 7, np.float32))
    event = json.loads(text)
    assert list(event) == ["time", "monotonic", "event", "track", *face_record(track, 10, 10)]
    assert sum(event["probabilities"].values()) == pytest.approx(1.0, abs=1e-3)
    assert event["intensity"] == pytest.approx(1 - event["probabilities"]["neutral"])


@pytest.mark.filterwarnings("ignore:edge.observe:DeprecationWarning")
def test_the_python_shown_runs(root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    tiny = root / "tests" / "tiny"
    image = np.zeros((120, 160, 3), np.uint8)
    image[32:80, 48:96] = (0, 255, 255)  # a bare and happy face of the tiny models, BGR
    cv2.imwrite("portrait.jpg", image)
    clip = cv2.VideoWriter("clip.mp4", cv2.VideoWriter_fourcc(*"mp4v"), 30, (160, 120))
    for _ in range(3):
        clip.write(image)
    clip.release()
    still, moving = blocks(root, "README.md", "python")
    assert len(still.splitlines()) <= 10
    exec(compile(still.replace("Observer.open()", f"Observer.open({str(tiny)!r})"), "README", "exec"), {})
    assert capsys.readouterr().out.startswith("happy (")
    exec(compile(moving.replace("Observer.open()", f"Observer.open({str(tiny)!r})"), "README", "exec"), {})
    assert capsys.readouterr().out.splitlines() == [f"{n} [(1, False, 'happy')]" for n in range(3)]


def test_every_link_leads_somewhere(root):
    for page in PAGES:
        text = (root / page).read_text()
        anchors = {_anchor(title) for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
        for target in re.findall(r"\]\(([^)]+)\)", text):
            if target.startswith("#"):
                assert target[1:] in anchors, f"{page}: {target}"
            elif not target.startswith("http"):
                assert (root / page).parent.joinpath(target).exists(), f"{page}: {target}"


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


# --- figures


VALUES = {
    "emotion-bare": {"int8": 0.6671, "float": 0.6674, "dedup": 0.64, "ece": 0.031},
    "mask": {"pairs": 0.99, "pairs_interval": [0.97, 1.0], "real": None},
    "face": {"ap50": 0.81},
}
MODELS = {
    task: {"sha256": task, "multiply_adds": n * 1_000_000, "bytes": n * 10_000, "parameters": 5000, "about": "CC0"}
    for task, n in (("face", 100), ("mask", 15), ("emotion-bare", 130), ("emotion-masked", 120))
}


def test_figures_are_in_the_readme_as_they_are_stored(root):
    """After a change of models: take the figures again, see docs/figures.md."""
    from edge import manifest

    if not figures.STORE.exists():
        assert "Not measured yet." in figures.README.read_text()
        return
    store = json.loads(figures.STORE.read_text())
    assert figures.insert(figures.README.read_text(), figures.render(store)) == figures.README.read_text()
    assert figures.stale(store, figures.costs(manifest.load(root / "models"))) == []


def test_nothing_measured_gives_words_not_numbers():
    text = figures.render({"models": {}})
    assert "Accuracy: not measured yet." in text
    assert "Raspberry Pi" not in text


def test_figures_as_a_person_reads_them():
    text = figures.render({"models": MODELS, "evaluate": {"of": {}, "values": VALUES}})
    assert "| Emotion, bare face | 66.7 % | FER2013 PrivateTest, 7 classes; float 66.7 %" in text
    assert "| Mask worn or not | 99.0 % | `mask_pairs` test clusters; 95 % interval 97.0 % to 100.0 % |" in text
    assert "| Mask, real photographs | - |" in text
    assert "| [face](models/face/card.md) | 0.01 M | 100.0 M | 1.00 MB | CC0 |" in text
    # 245 M multiply-adds are 490 M operations: 14 ms at 35 GOPS, and 4 ms around it.
    assert "| Raspberry Pi 4 B | 14 + 4 ms | 30 a second |" in text
    assert "| Raspberry Pi Zero 2 W | 38 + 11 ms | 21 a second |" in text


def test_the_bench_as_a_person_reads_it():
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
