"""Write the golden examples of a models folder, and those of crop and resize; tests replay them."""

from __future__ import annotations

import argparse
from pathlib import Path

from convert import golden
from convert.errors import ConversionError
from edge import manifest

EXAMPLES = ("edge-emotion-convert golden",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From where, to where."""
    parser.add_argument(
        "--models", type=Path, default=Path("models"), metavar="DIR", help="models folder (default: models)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("tests/golden"),
        metavar="DIR",
        help="where the tests look for them (default: tests/golden)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Write one .npz a model and vision.npz.

    Raises:
        ModelError: a model is missing or does not match.
        ConversionError: a file cannot be written.
    """
    made = golden.all_of(manifest.load(arguments.models))
    try:
        written = golden.save(arguments.out, made)
    except OSError as error:
        raise ConversionError(f"{arguments.out}: cannot be written ({error.strerror}); fix --out") from None
    for path in written:
        print(f"wrote {path}, {path.stat().st_size:,} bytes")
    return 0
