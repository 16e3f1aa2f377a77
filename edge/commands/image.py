"""`edge-emotion image`: detect faces, masks and emotions in pictures, and draw them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from edge import config, picture
from edge.address import is_address, local_path, redacted
from edge.cli.terminal import Progress, is_terminal
from edge.commands.image_crops import Chart, Crops
from edge.commands.image_folder import Taken
from edge.commands.image_output import Drawn, Lines, Total
from edge.errors import EdgeError, EngineError, PictureError, PictureIsVideo
from edge.pipeline.detail import DETAILS
from edge.pipeline.factory import open_pipeline
from edge.text import printable
from edge.values import folder_path
from edge.vision.annotate import STYLES

EXAMPLES = (
    "edge-emotion image photo.jpg",
    "edge-emotion image holiday/ --out annotated",
    "edge-emotion image *.jpg --json > faces.jsonl",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE|FOLDER", help="pictures, or folders of pictures")
    parser.add_argument("--out", type=folder_path, metavar="DIR", help="write annotated copies to DIR")
    parser.add_argument("--crop", type=folder_path, metavar="DIR", help="cut the faces out and write them to DIR")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw a chart of all faces' emotions")
    parser.add_argument("--force", action="store_true", help="overwrite existing files, but never the input pictures")
    parser.add_argument(
        "--style", choices=STYLES, default=STYLES[0],
        help="mark faces with a box and a chart, or with a circle and the emotion's name alone (default: box)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object per picture, one per line")
    parser.add_argument(
        "--detail", choices=DETAILS, default=DETAILS[0],
        help="search large pictures once (fast), also in tiles (auto, the default), or in ever smaller tiles (full)",
    )  # fmt: skip
    config.add_flags(parser, "models", "engine", "source.max_megapixels")


def main(arguments: argparse.Namespace) -> int:
    """0: all done; 1: a picture or folder could not be read or written; it is named, and the others are done.

    Raises:
        EdgeError: settings or models that are wrong, or standard output that cannot be written.
    """
    settings = config.from_arguments(arguments)
    lines, total = Lines(sys.stdout, arguments.json), Total()
    paths = list(found(arguments.paths))
    taken = Taken(path for path in paths if isinstance(path, Path))
    chart = Chart(arguments.chart, taken, arguments.force)
    drawn = Drawn(arguments.out, taken, arguments.force, arguments.style)
    crops = Crops(arguments.crop, taken, arguments.force)
    pipeline = open_pipeline(settings, live=False)
    # Lines on the same terminal say enough.
    progress = Progress(None if is_terminal(sys.stdout) else sys.stderr, "pictures", len(paths))
    try:
        for number, path in enumerate(paths):
            progress.update(number)
            try:
                if isinstance(path, EdgeError):
                    raise path
                loaded = picture.load(path, settings.source.max_megapixels)
                if loaded.note:
                    say(loaded.note)
                tracks = pipeline.detect(loaded.pixels, arguments.detail)
                total.add(tracks)
                chart.add(tracks)
                problem: PictureError | None = None
                place = None
                try:
                    place = drawn.write(path, loaded.pixels, tracks)
                    crops.write(path, loaded.pixels, tracks)
                except PictureError as error:
                    problem = error
                lines.write(path, loaded.pixels, tracks, place)
                if problem:
                    raise problem
            except PictureIsVideo as error:
                total.failed += 1
                progress.clear()
                say(f"{error}; for a clip: edge-emotion run --source {printable(path)}")
            except (PictureError, EngineError) as error:
                total.failed += 1
                progress.clear()
                say(str(error))
    finally:
        progress.clear()
        pipeline.close()
    chart.write()
    if len(paths) > 1:
        where = f"; annotated copies are in {printable(arguments.out)}" if drawn.count else ""
        where += f"; {crops.count} faces are in {printable(arguments.crop)}" if crops.count else ""
        say(f"{total}{where}")
    return 1 if total.failed else 0


def found(paths: Sequence[Path]) -> Iterator[Path | PictureError]:
    """The picture files of what was named, in that order; an error in the place of a folder that has none.

    What a folder holds beside pictures is counted and named on standard error.
    """
    for given in paths:
        path = Path(local_path(str(given)) or given)
        try:
            folder = path.is_dir()
        except (OSError, ValueError):  # no such name can be: reading it says why
            folder = False
        if is_address(str(path)):
            yield PictureError(
                f"{redacted(str(path))}: an address; watch a camera with: edge-emotion run --source ADDRESS"
            )
            continue
        if str(given) == "-" and not path.exists():
            yield PictureError("-: standard input is not read; save the picture as a file, and name that")
            continue
        if not folder:
            yield path
            continue
        try:
            scanned = picture.scan(path)
        except PictureError as error:
            yield error
            continue
        if scanned.note:
            say(scanned.note)
        yield from scanned.pictures


def say(line: str) -> None:
    """One line on standard error, under the program's name."""
    print(f"edge-emotion: {line}", file=sys.stderr)
