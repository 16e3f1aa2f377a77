"""ONNX models, by way of onnx2tf: a program of its own, as it wants another TensorFlow and another NumPy than ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from convert import saved_model
from convert.errors import ConversionError
from convert.float_model import FloatModel
from edge.errors import ModelError, one_line

PROGRAM = "onnx2tf"
INSTALL = "pipx install onnx2tf"
LIMIT_S = 1200


def load(path: Path) -> FloatModel:
    """A float model from an ONNX file; its picture has the channels last from then on.

    Raises:
        ModelError: onnx2tf is not installed.
        ConversionError: it cannot convert the model, or as of `convert.saved_model.load`.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise ModelError(f"{path}: an ONNX model, which {PROGRAM} reads; install it with: {INSTALL}")
    with tempfile.TemporaryDirectory(prefix="edge-emotion-convert-") as folder:
        made = Path(folder) / "made"
        _run([program, "-i", str(path.resolve()), "-o", str(made), "-osd", "-n"], path, folder)
        if not (made / "saved_model.pb").is_file():
            raise ConversionError(f"{path}: {PROGRAM} made no SavedModel of it; try it by hand, and convert its folder")
        return replace(saved_model.load(made), name=path.name)


def _run(command: list[str], path: Path, folder: str) -> None:
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=quiet,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ConversionError(f"{path}: {PROGRAM} took more than {LIMIT_S} s; try it by hand") from None
    except OSError as error:
        raise ConversionError(f"{path}: {PROGRAM} cannot be run ({error.strerror}); fix it with: {INSTALL}") from None
    if done.returncode != 0:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line or "Error" in line]
        why = one_line(lines[-1], 160) if lines else f"exit status {done.returncode}"
        raise ConversionError(f"{path}: {PROGRAM} cannot convert it ({why}); simplify the model")
