"""`edge-emotion doctor`: checks everything that `run` needs; one line each, with a fix where something is wrong."""

from __future__ import annotations

import argparse
import collections
import json
import sys
from dataclasses import asdict

import edge
from edge import config
from edge.cli.terminal import GREEN, RED, YELLOW, coloured, has_colours
from edge.commands import doctor_checks
from edge.commands.doctor_finding import FAIL, OK, WARN

EXAMPLES = ("edge-emotion doctor", "edge-emotion doctor --source /dev/video0 --json")
COLOURS = {OK: GREEN, WARN: YELLOW, FAIL: RED}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments: those of `run` that are settings, checked as they would be used."""
    config.add_flags(parser)
    parser.add_argument(
        "--software",
        action="store_true",
        help="check only what an upgrade can break, not the camera, the screen or files",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def main(arguments: argparse.Namespace) -> int:
    """0: `run` would work with the same settings (there may be warnings); 1: it would not.

    Raises:
        SettingsError: the settings themselves are wrong.
    """
    settings = config.from_arguments(arguments)
    colours, found = has_colours(sys.stdout), []
    for check in doctor_checks.SOFTWARE if arguments.software else doctor_checks.CHECKS:
        for finding in check(settings):
            found.append(finding)
            if not arguments.json:
                level = coloured(f"{finding.level:<5}", *([COLOURS[finding.level]] if colours else ()))
                print(f"{level} {finding.about}: {finding.text}", flush=True)
    counts = collections.Counter(finding.level for finding in found)
    if arguments.json:
        works = {"version": edge.__version__, "works": not counts[FAIL]}
        print(json.dumps(works | {"checks": [asdict(finding) for finding in found]}, ensure_ascii=False))
    else:
        warnings = f"{counts[WARN]} warning{'s' * (counts[WARN] != 1)}"
        print(f"\n{counts[OK]} ok, {warnings}, {counts[FAIL]} failed")
    return 1 if counts[FAIL] else 0
