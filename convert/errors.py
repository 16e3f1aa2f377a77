"""What a conversion can be refused for; broken or missing model files are edge.errors.ModelError."""

from __future__ import annotations

from edge.errors import EdgeError


class ConversionError(EdgeError, ValueError):
    """A conversion that was refused. One line: what, where, how to fix it; nothing was written."""


class CalibrationError(ConversionError):
    """A calibration or evaluation set that cannot be used."""


class CompilerError(EdgeError, RuntimeError):
    """The Edge TPU compiler is absent, failed, or left operations on the CPU."""
