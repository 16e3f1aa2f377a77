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
