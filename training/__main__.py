"""`edge-emotion-train`: prepare data, draw masks, train, measure."""

from __future__ import annotations

import sys

try:
    import importlib
    from collections.abc import Sequence
    from types import ModuleType

    from edge import cli
    from edge.errors import MissingExtra
    from training.backend import FIX
except KeyboardInterrupt:  # Ctrl-C needs no traceback, however soon it comes
    sys.exit(130)

# A command's module is loaded on demand: some need packages that the device's install does not have.
COMMANDS = {
    "prepare": "check the data, or convert a data set",
    "masks": "draw masks on the faces of a folder of pictures, or on FER2013",
    "features": "write a table of embeddings, probabilities and landmarks",
    "train": "train a recipe",
    "compare": "train emotion networks and put them into one table",
    "prior": "balance a trained emotion network: choose its bias on validation rows",
    "evaluate": "measure the models of a folder",
}


def command_module(name: str) -> ModuleType:
    """The module of a command: add_arguments(parser) and main(arguments) -> exit code.

    Raises:
        MissingExtra: it needs a package that is not installed.
    """
    try:
        return importlib.import_module(f"training.commands.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("edge", "training", "convert"):
            raise
        raise MissingExtra(f"{name} needs the package {error.name}; {FIX}") from None


PROGRAM = cli.Commands(
    program="edge-emotion-train",
    description="Trains and measures the models of edge-emotion.",
    summaries=COMMANDS,
    load=command_module,
    examples=(
        "edge-emotion-train prepare --data data",
        "edge-emotion-train train emotion-bare --data data",
        "edge-emotion-train evaluate --data data --models models",
    ),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit code: 0 done, 1 failure, 2 usage or settings, 4 models, 130 interrupted."""
    return cli.run(PROGRAM.program, PROGRAM.main, argv)


if __name__ == "__main__":
    sys.exit(main())
