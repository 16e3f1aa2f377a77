"""The folder of a scan: its marker, the finished parts, and the tables. What is there is whole: files are renamed."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.errors import EdgeError, InUse, ScanError, SettingsError
from edge.files import alone_in, flush, read_small
from edge.scan import tables
from edge.scan.clip import Span
from edge.scan.look import Outcome, Seen
from edge.scan.plan import Job
from edge.scan.request import Request
from edge.scan.rows import part_columns
from edge.text import printable

MARKER, PARTS, SCRATCH = "scan.json", "parts", ".scan-"
FACES, FILES, FAILURES, SUMMARY = "faces.parquet", "files.parquet", "failures.parquet", "summary.txt"
FORMAT = 1
LARGEST = 100_000_000  # bytes of a marker: it lists the paths


class Folder:
    """The folder that --out names; one scan at a time uses it.

    Args:
        path: made if it is not there.
        request: what every file is asked; other settings or models than before are refused.
        paths: what is scanned; all that were scanned before must be among them.
        force: start over. Only what a scan wrote is deleted.

    Raises:
        SettingsError: it was made with other settings, models or paths.
        ScanError: it is not the folder of a scan, another scan is using it, or it cannot be written.
    """

    def __init__(self, path: Path, request: Request, paths: Sequence[str], force: bool = False) -> None:
        self.path, self._name, self._columns = path, printable(path), part_columns(request.labels)
        marker = json.loads(json.dumps({"format": FORMAT, "settings": request.identity(), "paths": sorted(set(paths))}))
        self._alone = contextlib.ExitStack()
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._alone.enter_context(alone_in(path, wait=False))
        except InUse:
            raise ScanError(f"{self._name}: another scan is using this folder; wait until it ends") from None
        except OSError as error:
            raise ScanError(f"{self._name}: cannot make the folder ({error.strerror or error})") from None
        try:
            before = self._marker()
            if force and before is not None:
                self._clear()
            elif before is not None:
                self._compare(before, marker)
            self._tidy()
            if before != marker or force:
                with self.replacing(MARKER) as scratch:
                    scratch.write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let others use the folder."""
        self._alone.close()

    def part(self, job: Job) -> Path:
        """Where the rows of a job are, or will be."""
        return self.path / PARTS / job.key[:2] / f"{job.key}.parquet"

    def seen(self, job: Job) -> tuple[Seen, ...] | None:
        """What a finished job says of its files; None: it is not finished. A damaged part counts as not finished."""
        try:
            return tuple(_seen(entry) for entry in tables.note(self.part(job))["seen"])
        except (FileNotFoundError, ScanError, KeyError, TypeError):
            return None

    def write(self, job: Job, outcome: Outcome) -> None:
        """Keep what a job gave.

        Raises:
            ScanError: it cannot be written.
        """
        about = {"seen": [dataclasses.asdict(seen) for seen in outcome.seen]}
        with self.replacing(os.path.relpath(self.part(job), self.path)) as scratch:
            tables.write(scratch, tables.table_of(self._columns, outcome.rows), about)

    @contextlib.contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """A path to write to, which becomes the file `name` if all goes well.

        Raises:
            ScanError: it cannot be written.
        """
        final = self.path / name
        scratch = self.path / f"{SCRATCH}{final.name}"
        try:
            yield scratch
            flush(scratch)
            final.parent.mkdir(parents=True, exist_ok=True)
            scratch.replace(final)
        except EdgeError:
            raise
        except OSError as error:
            place = printable(final)
            raise ScanError(
                f"{place}: cannot write ({error.strerror or error}); run the same command again to resume"
            ) from None

    def _marker(self) -> Mapping[str, Any] | None:
        """What the folder says of itself; None: it is empty."""
        names = [name for name in os.listdir(self.path) if not name.startswith(SCRATCH)]
        if not names:
            return None
        other = f"{self._name}: not empty, and not made by edge-emotion scan; choose another --out"
        if MARKER not in names:
            raise ScanError(other)
        try:
            marker = json.loads(read_small(self.path / MARKER, LARGEST))
        except (OSError, ValueError):
            marker = None
        if not isinstance(marker, dict) or not isinstance(marker.get("settings"), dict):
            raise ScanError(f"{self._name}: {MARKER} is damaged; choose another --out")
        return marker

    def _compare(self, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        fix = "choose another --out, or start over with --force"
        if before.get("format") != now["format"]:
            raise SettingsError(f"{self._name}: made by another version of edge-emotion; {fix}")
        old, new = before["settings"], now["settings"]
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                words = f"{key} {_short(old.get(key))}, now {_short(new.get(key))}"
                raise SettingsError(f"{self._name}: made with other settings or models ({words}); {fix}")
        gone = sorted(set(before.get("paths", ())) - set(now["paths"]))
        if gone:
            raise SettingsError(f"{self._name}: holds the scan of {gone[0]} as well; name it too, or {fix}")

    def _clear(self) -> None:
        for name in (FACES, FILES, FAILURES, SUMMARY):
            (self.path / name).unlink(missing_ok=True)
        if (self.path / PARTS).exists():
            shutil.rmtree(self.path / PARTS)

    def _tidy(self) -> None:
        """Remove what a scan that was killed had not finished writing."""
        for path in self.path.glob(f"{SCRATCH}*"):
            path.unlink(missing_ok=True)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 20 else f"{text[:12]}..."


def _seen(entry: Mapping[str, Any]) -> Seen:
    values = dict(entry)
    if values.get("span") is not None:
        values["span"] = Span(**values["span"] | {"cuts": tuple(values["span"]["cuts"])})
    return Seen(**values)
