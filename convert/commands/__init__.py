"""The commands of edge-emotion-convert: each module has add_arguments(parser) and main(arguments) -> exit code."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

# What stands beside a plain conversion, with a line for --help; a module is loaded only when it is asked for.
SUMMARIES = {
    "card": "render cards again, with figures put in",
    "figures": "write the figures in the README",
    "golden": "write the golden examples of shipped models",
    "tpu-report": "what of a .tflite an Edge TPU would run, and what not",
    "tpu-compile": "compile models together for the Edge TPU",
}


def load(name: str) -> ModuleType:
    """The module of a command."""
    return import_module(f"convert.commands.{name.replace('-', '_')}")
