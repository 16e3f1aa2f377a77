"""`edge-emotion scan`: every picture and clip of an archive, as tables of faces, by all cores or a cluster."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge import config
from edge.address import is_address, local_path, redacted
from edge.cli.terminal import Progress
from edge.errors import SourceError
from edge.pipeline.detail import DETAILS
from edge.scan import cluster, tables
from edge.scan.finish import Report, finish
from edge.scan.folder import FACES, SUMMARY, Folder
from edge.scan.inputs import Found, find, readable
from edge.scan.request import MAX_EVERY_S, Request
from edge.scan.schedule import Count, Schedule, Workers
from edge.scan.summary import table, widths_of
from edge.text import printable
from edge.values import folder_path, whole_number

EXAMPLES = (
    "edge-emotion scan archive/ --out results",
    "edge-emotion scan holiday/ film.mp4 --out results --every 2s",
    "edge-emotion scan /mnt/archive --out results --scheduler tcp://10.0.0.5:8786",
)
UNITS = {"": 1.0, "s": 1.0, "ms": 0.001, "min": 60.0}
NAMED = 10  # problems that are printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="pictures, clips, and folders of them")
    parser.add_argument("--out", type=folder_path, metavar="DIR", required=True, help="folder for the tables")
    parser.add_argument(
        "--every", type=seconds, default=0.5, metavar="TIME",
        help="analyse a clip's frames this often, such as 500ms, 2s or 1min; 0: every frame (default: 0.5s)",
    )  # fmt: skip
    parser.add_argument(
        "--detail", choices=DETAILS, default=DETAILS[0],
        help="search large pictures and frames once (fast), also in tiles (auto, the default), or in ever smaller "
        "tiles (full)",
    )  # fmt: skip
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--workers",
        type=whole_number(1, 1024),
        metavar="N",
        help="worker processes on this machine (default: one per core, fewer if memory is short)",
    )
    who.add_argument("--scheduler", metavar="ADDRESS", help="use this Dask cluster, such as tcp://10.0.0.5:8786")
    parser.add_argument("--force", action="store_true", help="discard the earlier scan in DIR and start over")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")
    config.add_flags(parser, "models", "source.max_megapixels")


def main(arguments: argparse.Namespace) -> int:
    """0: all done; 1: some files could not be read; they are rows of failures.parquet, and the others are done.

    Raises:
        EdgeError: wrong settings or models, a folder that is not ours, nothing to scan, workers that cannot continue,
            or a missing extra.
    """
    tables.require()
    cluster.require()
    request = Request.of(config.from_arguments(arguments), arguments.every, arguments.detail)
    found = look_for(arguments.paths, arguments.out)
    paths = [readable(str(path.absolute())) for path in arguments.paths]
    folder = Folder(arguments.out, request, paths, arguments.force)
    try:
        _scan(found, request, folder, arguments.workers, arguments.scheduler or "")
        report = finish(found, request, folder)
    finally:
        folder.close()
    _tell(report, arguments.out, arguments.json)
    return 1 if report.totals.failed or report.totals.incomplete else 0


def look_for(paths: list[Path], out: Path) -> Found:
    """The files to scan, while a bar counts them.

    Raises:
        SourceError: there is none, or a path is the address of a camera.
    """
    paths = [Path(local_path(str(path)) or path) for path in paths]
    for path in paths:
        if is_address(str(path)):
            shown = redacted(str(path))
            raise SourceError(f"{shown}: an address; watch a camera with: edge-emotion run --source ADDRESS")
    progress = Progress(sys.stderr, "files found")
    try:
        found = find(paths, out, progress.update)
    finally:
        progress.clear()
    if found.sources:
        return found
    failed = [problem.message for problem in found.problems if problem.kind == "failed"]
    named = ", ".join(printable(path) for path in paths[:3]) + (" ..." if len(paths) > 3 else "")
    raise SourceError(printable(failed[0]) if failed else f"{named}: no picture or clip there; nothing to scan")


def _scan(found: Found, request: Request, folder: Folder, workers: int | None, address: str) -> None:
    progress = Progress(sys.stderr, "pictures and frames")

    def tick(count: Count) -> None:
        progress.total = count.total
        progress.update(count.done)

    schedule = Schedule(found.sources, request, folder, tick)
    count = schedule.count
    try:
        if schedule.pending():
            with _workers(request, workers, address) as there:
                schedule.run(there)
    except KeyboardInterrupt:
        progress.clear()
        done = _counted(count.done + count.before, "is", "are")
        say(f"stopped; {done} done; run the same command again to resume")
        raise
    finally:
        progress.clear()
    if count.before:
        say(f"{_counted(count.before)} done before, {count.done:,} now")


@contextmanager
def _workers(request: Request, workers: int | None, address: str) -> Iterator[Workers]:
    if address:
        with cluster.scheduler(request, address) as there:
            yield there
    else:
        with cluster.this_machine(request, workers or cluster.default_workers()) as here:
            yield here


def _tell(report: Report, out: Path, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"out": str(out), **report.totals.record()}))
        return
    for one in table(report.top, widths_of(report.top)):
        print(one)
    files = report.totals.pictures + report.totals.clips
    if files > len(report.top):
        say(f"these are the {len(report.top)} files with the most faces; {printable(out / SUMMARY)} has all {files:,}")
    wrong = [problem for problem in report.problems if problem.kind != "skipped"]
    for problem in wrong[:NAMED]:
        say(printable(problem.message))
    if len(wrong) > NAMED:
        say(f"and {len(wrong) - NAMED:,} more; {printable(out / SUMMARY)} names all of them")
    say(f"{report.totals}; the rows are in {printable(out / FACES)}")


def seconds(text: str) -> float:
    """A length of time in seconds, from text such as "0.5s", "500ms", "2" or "1min".

    Raises:
        argparse.ArgumentTypeError: it is none, or out of range.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+) ?(s|ms|min|)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"expected a time such as 0.5s, 500ms or 1min, got {text}")
    value = float(match[1]) * UNITS[match[2]]
    if value > MAX_EVERY_S:
        raise argparse.ArgumentTypeError(f"expected at most {MAX_EVERY_S:g}s, got {text}")
    return value


def _counted(count: int, one: str = "was", many: str = "were") -> str:
    """Such as "1 picture or frame was"."""
    return f"1 picture or frame {one}" if count == 1 else f"{count:,} pictures and frames {many}"


def say(line: str) -> None:
    """One line on standard error, under the program's name."""
    print(f"edge-emotion: {line}", file=sys.stderr)
