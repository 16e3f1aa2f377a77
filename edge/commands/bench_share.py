"""`edge-emotion bench --share`: the figures with what they depend on, for people who compare boards."""

from __future__ import annotations

import platform
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np

import edge
from edge.engines.model import interpreter_module
from edge.pipeline.pipeline import EmotionPipeline


def shared(pipeline: EmotionPipeline, table: str, root: Path = Path("/")) -> str:
    """A block of Markdown: the versions and models, and the table as it is. It names neither files nor the host.

    Args:
        pipeline: that was measured, for its models.
        table: what the command prints otherwise.
        root: for tests.
    """
    runtime = interpreter_module().__name__.partition(".")[0]
    models = ", ".join(f"{engine.spec.task} {engine.spec.sha256[:12]}" for engine in pipeline.engines)
    return "\n".join(
        [
            f"- edge-emotion {edge.__version__}, Python {platform.python_version()}, "
            f"{runtime} {getattr(import_module(runtime), '__version__', '?')}, "
            f"OpenCV {cv2.__version__}, numpy {np.__version__}",
            f"- {_system(root)}, Linux {platform.release()}",
            f"- models: {models}",
            "",
            "```text",
            table,
            "```",
        ]
    )


def _system(root: Path) -> str:
    """Such as "Debian GNU/Linux 12 (bookworm)"."""
    try:
        lines = (root / "etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition("=")[2].strip('"') for line in lines if line.startswith("PRETTY_NAME=")]
    return named[0] if named else "unknown system"
