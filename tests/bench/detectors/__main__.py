"""Average precision of the detectors, ours too, by one code: python -m tests.bench.detectors --data D --peers P."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from edge import manifest
from edge.engines import open_engine
from edge.engines.haar import HaarEngine
from edge.errors import EdgeError
from edge.pipeline.detector import FaceDetector
from tests.bench.detectors import PEERS, Boxes, Detector
from training.data import boxes
from training.metrics import SMALLEST, Found, average_precision

# As in the design: everything from this score counts, and at most so many boxes a picture.
SCORE, LIMIT = 0.01, 200
COLUMNS = ("faces", "masked_tight", "masked_tight_all", "wild")


HAAR = "ours, detector haar"
SIDE = 320.0  # px, the longer side of a picture in which boxes under SMALLEST do not count


class Ours:
    """Our detector alone, as the device runs it, but without verification and from the score of the figures.

    Args:
        models: the folder with the face model.
        threads: of the model.
        haar: the cascade in its place, as with `[models] detector = "haar"`.
    """

    def __init__(self, models: Path | None, threads: int, haar: bool = False) -> None:
        engine = HaarEngine() if haar else open_engine(manifest.load(models), "face", threads)
        self._finder = FaceDetector(engine, 0.0 if haar else SCORE, limit=LIMIT)

    def find(self, bgr: np.ndarray) -> Boxes:
        """See Detector."""
        faces = self._finder.detect(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
        ltrb = np.array([face.box.ltrb for face in faces], np.float32).reshape(-1, 4)
        return ltrb, np.array([face.score for face in faces], np.float32)


@dataclass(frozen=True)
class Row:
    """One detector's average precisions, 0-1, and its time.

    Attributes:
        faces, wild: on the test pictures of these sets.
        masked_tight, masked_tight_all: on the tight boxes of `masked_faces` test, and on all of them.
        ms: processor time of all threads for a picture of `faces`, median, in milliseconds, from pixels to boxes.
    """

    name: str
    faces: float | None
    masked_tight: float | None
    masked_tight_all: float | None
    wild: float | None = None
    ms: float | None = None


def judge(
    detector: Detector, pictures: Iterable[boxes.Boxed], seconds: list[float] | None = None, scaled: bool = False
) -> float:
    """AP@0.5 of a detector on pictures, as the design takes it.

    Args:
        detector: to judge.
        pictures: annotated.
        seconds: the processor time for each picture is appended.
        scaled: the smallest width that counts is that of a picture with a longer side of 320 px.
    """
    found = []
    for picture in pictures:
        bgr = cv2.cvtColor(picture.read(), cv2.COLOR_RGB2BGR)
        start = time.process_time()
        ltrb, scores = detector.find(bgr)
        if seconds is not None:
            seconds.append(time.process_time() - start)
        best = np.argsort(-scores, kind="stable")[:LIMIT]
        smallest = SMALLEST * max(1.0, max(bgr.shape[:2]) / SIDE) if scaled else SMALLEST
        found.append(Found(ltrb[best], scores[best], picture.ltrb, picture.ignored, smallest))
    return average_precision(found)


def sets(data: Path, pictures: int | None) -> dict[str, list[boxes.Boxed]]:
    """The pictures of each column; `pictures` takes that many of each, for a quick look."""
    tight = [[p for p in boxes.load(data / "masked_faces", split) if p.tight] for split in ("test", "train")]
    columns = {
        "faces": boxes.load(data / "faces", "test"),
        "masked_tight": tight[0],
        "masked_tight_all": tight[0] + tight[1],
        "wild": boxes.load(data / "wild", "test"),
    }
    return {name: column[:pictures] for name, column in columns.items()}


def table(rows: Sequence[Row]) -> str:
    """The rows in markdown; a dash where there is no figure."""
    lines = [
        "| detector | faces test | wild test | tight masked, test | tight masked, all | CPU ms a picture |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        values = (row.faces, row.wild, row.masked_tight, row.masked_tight_all)
        cells = ["-" if v is None else f"{v:.3f}" for v in values]
        cells.append("-" if row.ms is None else f"{row.ms:.1f}")
        lines.append(f"| {row.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    answer = argparse.ArgumentParser(prog="python -m tests.bench.detectors", description=__doc__)
    answer.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    answer.add_argument("--peers", type=Path, required=True, help="folder of other people's models")
    answer.add_argument("--models", type=Path, help="our models (default: the shipped ones)")
    answer.add_argument(
        "--only", nargs="+", metavar="NAME", choices=["ours", HAAR, *PEERS], help="these detectors alone"
    )
    answer.add_argument(
        "--sets", nargs="+", metavar="NAME", choices=COLUMNS, default=COLUMNS, help="these columns alone"
    )
    answer.add_argument("--pictures", type=int, help="so many pictures of each set, for a quick look")
    answer.add_argument("--threads", type=int, default=2, help="of each detector (default: %(default)s)")
    answer.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    return answer


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    options = parser().parse_args(arguments)
    cv2.setNumThreads(options.threads)
    names = options.only or ["ours", *PEERS]
    rows = []
    try:
        columns = sets(options.data, options.pictures)
        for name in names:
            ours = name in ("ours", HAAR)
            detector: Detector = (
                Ours(options.models, options.threads, name == HAAR)
                if ours
                else PEERS[name](options.peers, SCORE, options.threads)
            )
            # Our detector has seen the training half of the masked pictures: there only the peers' figure means much.
            seconds: list[float] = []
            figures = {
                c: None
                if c not in options.sets or (name == "ours" and c == "masked_tight_all")
                else judge(detector, p, seconds if c == "faces" else None, scaled=c == "wild")
                for c, p in columns.items()
            }
            rows.append(Row(name, **figures, ms=round(1000 * statistics.median(seconds), 2) if seconds else None))
    except EdgeError as error:
        print(f"bench: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps([asdict(row) for row in rows]) if options.json else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
