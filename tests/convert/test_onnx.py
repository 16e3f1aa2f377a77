"""ONNX files go through onnx2tf where that is installed; here a program of its name stands in for it."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from convert import onnx_files
from convert.errors import ConversionError
from convert.load import load
from edge.errors import EdgeError, ModelError


@pytest.fixture
def onnx(tmp_path):
    path = tmp_path / "emotion.onnx"
    path.write_bytes(b"\x08\x08\x12\x07pytorch")
    return path


@pytest.fixture
def program(tmp_path, monkeypatch):
    """program(text): a Python program called onnx2tf, the only thing on the path."""

    def make(text: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "program.py").write_text(f"import shutil, sys\n{text}\n")
        # By way of a shell, as a shebang takes no path with spaces.
        (folder / "onnx2tf").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{folder}/program.py" "$@"\n')
        (folder / "onnx2tf").chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return make


def test_without_the_program_one_line_says_how_to_get_it(onnx, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelError, match=r"emotion\.onnx: an ONNX model, .* install it with: pipx install onnx2tf"):
        load(onnx)


def test_it_is_loaded_as_the_folder_that_the_program_makes(onnx, program, tmp_path, learned, kit):
    learned.export(tmp_path / "made", verbose=False)
    program(f"shutil.copytree({str(tmp_path / 'made')!r}, sys.argv[sys.argv.index('-o') + 1])")
    model = load(onnx)
    assert (model.name, model.shape) == ("emotion.onnx", (24, 24, 1))
    images = kit.blobs(5, seed=3)[0].astype(np.float32) / 255
    assert np.allclose(model.predict(images)[0], np.asarray(learned(images)), atol=1e-5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("print('x\\nERROR: OP Foo is not yet implemented\\nbye'); sys.exit(1)", r"\(ERROR: OP Foo is not yet impl"),
        ("sys.exit(3)", r"cannot convert it \(exit status 3\)"),
        ("", "onnx2tf made no SavedModel of it"),
        ("import time; time.sleep(60)", "onnx2tf took more than 0.5 s"),
    ],
)
def test_a_program_that_fails_is_one_line(onnx, program, monkeypatch, text, says):
    if "sleep" in text:
        monkeypatch.setattr(onnx_files, "LIMIT_S", 0.5)
    program(text)
    with pytest.raises(ConversionError, match=says) as caught:
        load(onnx)
    assert "\n" not in str(caught.value)


def test_a_program_that_cannot_be_run(onnx, program, tmp_path):
    program("")
    (tmp_path / "bin" / "onnx2tf").write_bytes(b"\x00\x01")
    with pytest.raises(EdgeError, match=r"onnx2tf cannot be run \(.*pipx install"):
        load(onnx)
