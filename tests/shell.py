"""Completion, asked of a real bash."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ASK = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _{function}; echo "${{COMPREPLY[*]}}"'


def completer(folder: Path, program: str, script: str) -> Callable[..., list[str]]:
    """completed(word, ..., cwd=None): what the script offers for the last word; skips where there is no bash."""
    if not shutil.which("bash"):
        pytest.skip("no bash here")
    path = folder / program
    path.write_text(script)
    ask = ASK.format(function=program.replace("-", "_"))

    def completed(*words: str, cwd: Path | None = None) -> list[str]:
        command = ["bash", "-c", ask, "bash", str(path), program, *words]
        result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=cwd)
        assert result.stderr == ""
        return result.stdout.split()

    return completed
