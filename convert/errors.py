"""What a conversion can be refused for; broken or missing model files are edge.errors.ModelError."""

from __future__ import annotations

import tempfile

from edge.errors import EdgeError
from edge.files import is_full


class ConversionError(EdgeError, ValueError):
    """A conversion that was refused. One line: what, where, how to fix it; nothing was written."""


class CalibrationError(ConversionError):
    """A calibration or evaluation set that cannot be used."""


class CompilerError(EdgeError, RuntimeError):
    """The Edge TPU compiler is absent, failed, or left operations on the CPU."""


def scratch_full(error: Exception) -> ConversionError | None:
    """What to say of an error of any library where the disk for scratch files is full, or None where it is not that."""
    if not is_full(error):
        return None
    return ConversionError(
        f"{tempfile.gettempdir()}: no space left for scratch files; free some, or set TMPDIR to a folder elsewhere"
    )
