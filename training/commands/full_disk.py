"""What is said of a training whose disk is full: up to where it is saved, and how it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import OutputError
from edge.files import is_full
from training import history


@contextmanager
def told(folder: Path, resume: str) -> Iterator[None]:
    """Inside, a run writes into its folder.

    Args:
        folder: of the run.
        resume: the command that resumes it.

    Raises:
        OutputError: the disk is full. Python says so in one line, HDF5 in many, and both without the run's folder.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        if not is_full(error):
            raise
        done = history.saved_epochs(folder)
        saved = f"the run is saved up to epoch {done}" if done else "nothing of the run is saved yet"
        raise OutputError(
            f"{folder}: no space left on the disk; {saved}; free some space, then run: {resume}"
        ) from None
