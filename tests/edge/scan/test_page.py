"""docs/scan.md: its programs run on the tables of a scan, and it names every column and file."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys

import pytest

from edge.labels import EMOTIONS
from edge.scan.rows import face_columns
from tests.conftest import absent
from tests.pages import blocks, read

PAGE = "docs/scan.md"


@pytest.mark.parametrize(
    ("library", "told"),
    [
        ("pandas", ["archive/deep/film.avi", "archive/p02.png", "p_happy"]),
        ("duckdb", ["archive/short.avi", "neutral", "archive/broken.jpg: cannot decode the picture"]),
    ],
)
def test_the_programs_on_the_page_run(scan, archive, tmp_path, library, told):
    if importlib.util.find_spec(library) is None:
        absent(f"{library} is not installed")
    scan(archive)
    (block,) = [block for block in blocks(PAGE, "python") if block.title == f"with_{library}.py"]
    wide = os.environ | {"COLUMNS": "400"}
    done = subprocess.run(
        [sys.executable, "-c", block.text], cwd=tmp_path, env=wide, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [words for words in told if words not in done.stdout] == [], done.stdout


def test_every_column_is_explained():
    section = read(PAGE).partition("## The columns of")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    between = [name for name in face_columns(EMOTIONS) if name.startswith("p_")]
    assert {*named, *between} == set(face_columns(EMOTIONS))
    assert {"p_angry", "p_neutral"} < {*named}


def test_every_file_is_explained(scan, archive, tmp_path):
    scan(archive)
    section = read(PAGE).partition("## What is in the folder")[2].partition("\n## ")[0]
    named = {name.rstrip("/") for name in re.findall(r"^\| `(\S+)`", section, re.MULTILINE)}
    assert named == set(os.listdir(tmp_path / "results"))
