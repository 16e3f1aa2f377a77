"""`edge-emotion image`: find the faces of pictures, say what they show, and draw it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from edge import config, picture, records
from edge.errors import EdgeError, EngineError, PictureError
from edge.face import Track
from edge.pipeline.factory import open_pipeline
from edge.vision.annotate import annotate, caption, factor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE|FOLDER", help="pictures, or folders of pictures")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write each picture there with what was found drawn on")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, one line a picture")
    config.add_flags(parser, "models", "engine")


def main(arguments: argparse.Namespace) -> int:
    """0: all done; 1: a picture or folder could not be read or written; it is named, and the rest is done.

    Raises:
        EdgeError: settings or models that are wrong.
    """
    pipeline = open_pipeline(config.from_arguments(arguments), live=False)
    paths = list(found(arguments.paths))
    out = Output(arguments.out, arguments.json, keep=[path for path in paths if isinstance(path, Path)])
    failed = 0
    try:
        for path in paths:
            try:
                if isinstance(path, EdgeError):
                    raise path
                image = picture.read(path)
                out.put(path, image, pipeline.detect(image))
            except (PictureError, EngineError) as error:
                failed += 1
                print(f"edge-emotion: {error}", file=sys.stderr)
    finally:
        pipeline.close()
    return 1 if failed else 0


def found(paths: Sequence[Path]) -> Iterator[Path | PictureError]:
    """The picture files of what was named, in that order; an error in the place of a folder that has none."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        try:
            yield from picture.listing(path)
        except PictureError as error:
            yield error


class Output:
    """Where answers go: lines on standard output, and drawn pictures in a folder.

    Args:
        folder: made when the first picture is written; None: nothing is drawn.
        as_json: lines are JSON objects, else words.
        keep: files that are never written over.
    """

    def __init__(self, folder: Path | None, as_json: bool, keep: Sequence[Path]) -> None:
        self._folder, self._json = folder, as_json
        self._taken = {path.resolve() for path in keep}

    def put(self, path: Path, image: np.ndarray, tracks: Sequence[Track]) -> None:
        """One picture's answer.

        Raises:
            PictureError: the drawn picture cannot be written.
        """
        if self._json:
            print(json.dumps(records.picture_record(str(path), image, tracks), ensure_ascii=False), flush=True)
        else:
            print(words(path, tracks), flush=True)
        if self._folder:
            picture.write(self._place(path), annotate(image, tracks, factor(image.shape[1], image.shape[0])))

    def _place(self, path: Path) -> Path:
        """A place in the folder where no picture of this run is, nor one that it reads."""
        assert self._folder is not None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PictureError(f"{self._folder}: cannot make the folder ({error.strerror or error})") from None
        suffix = path.suffix if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp") else ".png"
        stem, number = path.stem, 1
        while (place := self._folder / f"{stem}{suffix}").resolve() in self._taken:
            number += 1
            stem = f"{path.stem}-{number}"
        self._taken.add(place.resolve())
        return place


def words(path: Path, tracks: Sequence[Track]) -> str:
    """One line for a person, such as "door.jpg: 2 faces: happy 83% | no mask, unsure | mask"."""
    count = {0: "no face", 1: "1 face"}.get(len(tracks), f"{len(tracks)} faces")
    return f"{path}: {count}" + (": " + ", ".join(caption(track) for track in tracks) if tracks else "")
