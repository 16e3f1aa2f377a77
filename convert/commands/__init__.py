"""The commands of edge-emotion-convert: each module has add_arguments(parser) and main(arguments) -> exit code."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

# A module is loaded only when its command is asked for.
SUMMARIES = {
    "convert": "convert a Keras model (the default)",
    "card": "rewrite model cards, with new figures and texts",
    "figures": "write the figures in the README",
    "golden": "write the golden examples of a models folder",
    "tpu-report": "list which operations an Edge TPU would run and which it would not",
    "tpu-compile": "compile a models folder for the Edge TPU",
}


def load(name: str) -> ModuleType:
    """The module of a command."""
    return import_module(f"convert.commands.{name.replace('-', '_')}")
