"""The how-to pages on tasks and models, followed to the letter: a short training and two conversions."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from tests.pages import ROOT, blocks, shell

pytest.importorskip("keras")
pytestmark = pytest.mark.slow

MODULES = {"edge-emotion": "edge", "edge-emotion-train": "training", "edge-emotion-convert": "convert"}


def call(folder: Path, line: str, *more: str) -> str:
    """Run a line of a page in a folder, in which or else in this tree the packages are found; its output."""
    words = shlex.split(line)
    if words[0] in MODULES:
        words = [sys.executable, "-m", MODULES[words[0]], *words[1:]]
    elif words[0] == "python":
        words[0] = sys.executable
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}
    done = subprocess.run([*words, *more], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def write_files(page: str, folder: Path) -> None:
    for block in blocks(page):
        if block.title and not block.title.startswith("row in "):
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def test_a_task_added_as_the_page_says_works(tmp_path):
    page = "docs/how-to/task.md"
    for package in ("edge", "training", "convert"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "tiny", tmp_path / "models", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    write_files(page, tmp_path)
    (row,) = [block for block in blocks(page, "python") if block.title.startswith("row in ")]
    table = tmp_path / row.title.removeprefix("row in ")
    before, end, after = table.read_text().partition("\n)\n\nTASKS")
    assert end, "edge/tasks.py: the end of _ROWS is not where the page says"
    table.write_text(f"{before}\n{textwrap.indent(row.text.rstrip(), '    ')},{end}{after}")
    rng = np.random.default_rng(1)
    images, labels = rng.integers(0, 255, (60, 48, 48), np.uint8), np.arange(60) % 2
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "glasses.npz", images=images, labels=labels, test=np.arange(60) >= 40)

    train, evaluate = shell(page)
    said = call(tmp_path, train, "--calibration", "24")
    copy, convert, weights = (
        line.partition(": ")[2].partition("  #")[0]
        for line in said.splitlines()
        if line.startswith(("next: ", "then: "))
    )
    call(tmp_path, copy)
    # What an untrained network loses on 20 pictures says nothing.
    call(tmp_path, convert, "--max-loss", "100", "--tolerance", "1e9")
    call(tmp_path, weights)
    figures = call(tmp_path, evaluate)
    assert "glasses" in figures
    assert "int8" in figures
    assert '"without"' in (tmp_path / "my-models" / "manifest.json").read_text()


def test_a_model_of_your_own_works_as_the_page_says(tmp_path):
    page = "docs/how-to/model.md"
    write_files(page, tmp_path)
    shutil.copytree(ROOT / "models", tmp_path / "models", ignore=shutil.ignore_patterns("*.npz"))
    (tmp_path / "faces").mkdir()
    from PIL import Image

    rng = np.random.default_rng(1)
    for number in range(120):
        face = rng.integers(0, 255, (6, 6), np.uint8)
        Image.fromarray(face).resize((48, 48), Image.Resampling.BICUBIC).save(tmp_path / "faces" / f"{number}.png")
    for line in shell(page):
        call(tmp_path, line)
    assert (tmp_path / "mine" / "emotion-bare" / "card.md").is_file()
    assert '"event": "stop"' in (tmp_path / "journal.jsonl").read_text()
