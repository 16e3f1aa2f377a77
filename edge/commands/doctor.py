"""`edge-emotion doctor`: checks everything that `run` needs; one line each, with a fix where something is wrong."""

from __future__ import annotations

import argparse

from edge import config
from edge.commands import doctor_checks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments: those of `run` that are settings, checked as they would be used."""
    config.add_flags(parser)
    parser.add_argument(
        "--software", action="store_true", help="check only what an upgrade can break: no camera, screen or files"
    )


def main(arguments: argparse.Namespace) -> int:
    """0: `run` would work with the same settings (there may be warnings); 1: it would not.

    Raises:
        SettingsError: the settings themselves are wrong.
    """
    settings = config.from_arguments(arguments)
    failed = 0
    for check in doctor_checks.SOFTWARE if arguments.software else doctor_checks.CHECKS:
        for finding in check(settings):
            failed += finding.level == doctor_checks.FAIL
            print(f"{finding.level:<5} {finding.about}: {finding.text}", flush=True)
    return 1 if failed else 0
