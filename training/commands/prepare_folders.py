"""edge-emotion-train prepare fer2013, ckplus and combined: folders of PNG files, OUT/<usage>/<emotion>/<name>.png.

Run again after an interruption, each goes on where it stopped. OUT/report.md says what there is and what was skipped,
skipped.csv names everything that was, and notes.csv what is odd about pictures that were kept.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from edge.cli.terminal import Progress
from edge.errors import SettingsError
from edge.values import number, whole_number
from training.commands import INTERRUPTED
from training.data import ckplus, combined, emotion_folders, fer2013, fer2013_csv, prepared, walk
from training.data.emotion_folders import Sample, Skipped

SETS = {
    "fer2013": "write the rows of FER2013's csv as OUT/<usage>/<emotion>/<row>.png",
    "ckplus": "write the frames of CK+ (full layout or 48x48 excerpts) the same way, split by subject",
    "combined": "write several sets into one folder, each face found, cut out and resized",
}
RESEARCH = "CK+ is for research only: do not ship what is trained on it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands."""
    sets = parser.add_subparsers(dest="set", metavar="SET", title="folders of pictures")
    for name, summary in SETS.items():
        made = sets.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == "fer2013":
            made.add_argument("sources", nargs=1, type=Path, metavar="CSV", help="the Kaggle csv, or fer2013.npz")
        elif name == "ckplus":
            made.add_argument("sources", nargs=1, type=Path, metavar="DIR", help="the folder of CK+")
        else:
            made.add_argument(
                "sources",
                nargs="+",
                type=Path,
                metavar="SOURCE",
                help="FER2013's csv or npz, a CK+ folder, or a folder with a sub-folder for each emotion",
            )
        made.add_argument("out", type=Path, metavar="OUT", help="a new folder, or that of an interrupted run")
        _options(made, name)


def _options(parser: argparse.ArgumentParser, name: str) -> None:
    """What the sets have beside sources and OUT."""
    parser.set_defaults(size=48, drop=ckplus.DROP, seed=1, models=None, crops=False)
    if name == "combined":
        parser.add_argument(
            "--size", type=whole_number(16, 1024), metavar="PX", help="side of the pictures (default: 48)"
        )
        parser.add_argument("--crops", action="store_true", help="pictures in folders are face crops: keep them whole")
    if name in ("ckplus", "combined"):
        parser.add_argument(
            "--drop",
            type=number(),
            metavar="PART",
            help="part of each full CK+ sequence to drop from its start (default: 0.4)",
        )
        parser.add_argument(
            "--seed", type=whole_number(0), metavar="N", help="seed of CK+'s split by subject (default: 1)"
        )
        parser.add_argument(
            "--models",
            type=Path,
            metavar="DIR",
            help="folder with the detector that finds faces (default: the bundled models)",
        )


def main(arguments: argparse.Namespace) -> int:
    """Run one of the subcommands.

    Raises:
        DataError: a source or OUT is not what it should be, or there is nothing to write.
    """
    sources: Sequence[Path] = arguments.sources
    names = [combined.name_of(source) for source in sources]
    if arguments.set != "combined":
        _expect(arguments.set, names[0], sources[0])
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise SettingsError(f"combined: two sources are named {twice[0]}; rename one of the folders")
    for source in sources:
        if source.is_dir() and source.resolve() in (arguments.out.resolve(), *arguments.out.resolve().parents):
            raise SettingsError(f"{arguments.out}: lies in the source {source}; choose a folder outside of it")
    find = None if arguments.crops or arguments.set == "fer2013" else finder(arguments.models)
    items = [
        combined.samples(
            source, arguments.size, find, arguments.drop, arguments.seed,
            f"{name}-" if arguments.set == "combined" else "",
        )
        for source, name in zip(sources, names, strict=True)
    ]  # fmt: skip
    made_from = {
        "sources": [[str(source.resolve()), walk.fingerprint(source)] for source in sources],
        "options": [arguments.set, arguments.size, arguments.drop, arguments.seed, arguments.crops],
        "models": str(arguments.models.resolve()) if arguments.models else "",
    }
    progress = Progress(sys.stderr, "pictures")
    try:
        report = emotion_folders.write(_counted(items, sources, progress), arguments.out, made_from, progress.update)
    except KeyboardInterrupt:
        progress.clear()
        print(f"\ninterrupted; the same command goes on with {arguments.out}")
        return INTERRUPTED
    finally:
        progress.clear()
    print(f"{report.text()}\nwrote {arguments.out}: the pictures, {prepared.REPORT} and the tables beside it")
    if "ckplus" in names:
        print(RESEARCH)
    return 0


def finder(models: Path | None) -> combined.Find:
    """The best face of a picture, in the square that the bare-face model wants."""
    from edge import manifest
    from training.evaluate.context import EvaluationContext

    listed = manifest.load(models)
    detector, spec = EvaluationContext(listed, Path()).finder(), listed["emotion-bare"]

    def find(image: Any) -> Any:
        faces = detector.detect(image)
        return faces[0].box.square(spec.margin, spec.shift) if faces else None

    return find


def _expect(wanted: str, name: str, source: Path) -> None:
    if (wanted == "fer2013") != source.is_file() and source.exists():
        kind = "a file, FER2013's csv or npz" if wanted == "fer2013" else "a folder, that of CK+"
        raise SettingsError(f"{source}: expected {kind}")
    if wanted == "ckplus" and name != "ckplus" and source.exists():
        raise SettingsError(
            f"{source}: not a CK+ folder: no {ckplus.IMAGES}/ and no emotions with pictures named S005_001_00000001.png"
        )


def _counted(
    parts: Sequence[Iterator[Sample | Skipped]], sources: Sequence[Path], progress: Progress
) -> Iterator[Sample | Skipped]:
    """All items, after counting them for the bar; a csv's rows are counted by its lines and not held in memory."""
    tables = [source.is_file() and not fer2013.is_npz(source) for source in sources]
    held = [part if table else list(part) for part, table in zip(parts, tables, strict=True)]
    progress.total = sum(
        len(part) if isinstance(part, list) else fer2013_csv.count(source)
        for part, source in zip(held, sources, strict=True)
    )
    for part in held:
        yield from part
