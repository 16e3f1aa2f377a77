"""What a run of masks keeps beside its pictures: which masks were drawn, what was skipped, and what is done."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.files import replacing
from training.counted import counted
from training.data.prepared import DONE, MASKS, SKIPPED

HEAD = ("picture", "left", "top", "right", "bottom", "kind", "colour", "seed")
SKIPPED_HEAD, DONE_HEAD = ("picture", "reason"), ("picture", "bytes", "changed")
UNCLEAR = "a face whose landmarks are not clear"
NAMED = 20


@dataclass
class Report:
    """What a run did.

    Attributes:
        rows: one a mask, the values of HEAD.
        skipped: (picture, why there is no mask on it, or not on all of its faces).
        pictures: with a mask.
        before: how many pictures an earlier run had done.
    """

    rows: list[list[str]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    before: int = 0

    @property
    def pictures(self) -> int:
        """How many pictures have a mask."""
        return len({row[0] for row in self.rows})

    def text(self) -> str:
        """For a person, in Markdown."""
        drawn = f"{counted(len(self.rows), 'mask')} on {counted(self.pictures, 'picture')}"
        lines = [f"{drawn} ({counted(self.before, 'picture')} {'was' if self.before == 1 else 'were'} done before)."]
        for place, what in ((5, "kinds"), (6, "colours")):
            counts = Counter(row[place] for row in self.rows)
            lines.append(f"{what}: {', '.join(f'{name} {count}' for name, count in counts.most_common())}")
        reasons = Counter(_kind(reason) for _, reason in self.skipped)
        lines.append(
            f"Without a mask, or not on every face: {len(self.skipped) or 'none'}"
            + (f", named in {SKIPPED}:" if reasons else ".")
        )
        few = len(self.skipped) <= NAMED
        lines += [f"- {name}: {reason}" for name, reason in self.skipped if few]
        lines += [f"- {reason}: {count}" for reason, count in reasons.most_common() if not few]
        return "\n".join(lines)


def stamp(path: Path) -> tuple[str, str]:
    """Size and time of change of a file, by which another content is noticed; two empty texts where it is gone."""
    try:
        about = path.stat()
    except OSError:
        return "", ""
    return str(about.st_size), str(about.st_mtime_ns)


def earlier(out: Path, pictures: Mapping[str, Path], is_there: Callable[[str], bool]) -> tuple[Report, dict[str, Any]]:
    """What an earlier run has done that still holds, and the stamps of those pictures.

    A picture is done if its file has not changed since and what was drawn on it is there. A line that was torn off
    counts as not there.

    Args:
        out: the folder of the run.
        pictures: the source's, by name.
        is_there: whether the picture that was drawn from one of that name is there.
    """
    rows = [row for row in _lines(out / MASKS) if len(row) == len(HEAD)]
    skipped = [(row[0], row[1]) for row in _lines(out / SKIPPED) if len(row) == 2]
    known = {row[0]: (row[1], row[2]) for row in _lines(out / DONE) if len(row) == 3}
    drawn = {row[0] for row in rows}
    told = {name for name, _ in skipped}
    done = {
        name: known[name]
        for name, path in pictures.items()
        if name in known and known[name] == stamp(path) and (is_there(name) if name in drawn else name in told)
    }
    # Of a picture that has left the source, what was drawn is still there.
    rows = [row for row in rows if row[0] in done or (row[0] not in pictures and is_there(row[0]))]
    return Report(rows, [one for one in skipped if one[0] in done]), done


def _kind(reason: str) -> str:
    return reason.partition(",")[0] if reason.startswith(UNCLEAR) else reason


def _lines(path: Path) -> Iterator[list[str]]:
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return
    yield from itertools.islice(csv.reader(io.StringIO(text[: text.rfind("\n") + 1], newline="")), 1, None)


class Table:
    """A csv that is on the disk after every call of `add`; a full disk takes nothing away that was there.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, head: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> None:
        with replacing(path) as scratch:
            scratch.write_bytes(_text([head, *rows]))
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115

    def add(self, *rows: Sequence[str]) -> None:
        """Write rows, all in one go."""
        rest = memoryview(_text(rows))
        while rest:
            rest = rest[self._file.write(rest) :]

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: Any) -> None:
        self._file.close()


def _text(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "surrogateescape")
