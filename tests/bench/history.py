"""What the page's history costs on a long journal: `python -m tests.bench.history` writes one and asks for it.

The journal has the last 30 days in it, in files of 10 MB as the service rotates them; the server is `edge-emotion web`
in a process of its own, as is the reader that it starts for each question. Each question is asked once, so that no
answer comes from memory. Peaks are VmHWM of /proc/PID/status; the longest wait is that of `GET /api/status`, asked
again and again until the answer is there.

| question | what is read |
|---|---|
| a day | the middle of the journal, found by bisection |
| 7 days | the newest quarter |
| 30 days | everything |

Exit 1 where a visit is missing from the answer, or where a peak is more than 8 MB above that with the first journal.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from edge.journals.jsonl import encode
from edge.labels import EMOTIONS
from tests.bench.processes import cpu_s

MB = 1 << 20
FIRST_MB, LONG_MB, FILE_BYTES = 4, 400, 10_000_000
DAYS, DAY_S = 30, 86400.0
SAMPLES, SAMPLE_S = 10, 10.0
MAY_GROW_MB = 8.0


@dataclass(frozen=True)
class Cost:
    """One question.

    Attributes:
        took_s: until the answer was there.
        cpu_s: processor time of the reader, which other programs do not change much.
        reader_mb, server_mb: the most memory that each process had so far.
        answer_kb: size of the answer.
        wait_s: the longest that another request waited meanwhile.
        visits: in the answer.
    """

    took_s: float
    cpu_s: float
    reader_mb: float
    server_mb: float
    answer_kb: float
    wait_s: float
    visits: int


def visit(track: int, begin: float) -> Iterator[bytes]:
    """The lines of one visit, with a sample every ten seconds, an emotion that changes and a mask for every third."""
    names = [name.lower() for name in EMOTIONS]
    for n in range(SAMPLES + 2):
        kind = "appeared" if n == 0 else "left" if n > SAMPLES else "sample"
        wall, label = begin + n * SAMPLE_S, names[(track + n // 4) % len(names)]
        event: dict[str, Any] = {
            "monotonic": round(wall % 1e6, 4), "event": kind, "track": track,
            "box": [173.6951, 72.5455 + n, 452.6868, 408.6995 + n], "score": 0.988, "mask": 0.0039,
            "worn": track % 3 == 0, "mask_state": "worn" if track % 3 == 0 else "none", "emotion": label,
            "probabilities": {name: 0.7 if name == label else 0.05 for name in names}, "intensity": 0.7,
        }  # fmt: skip
        yield encode(event | ({"seconds": n * SAMPLE_S} if kind == "left" else {}), wall)


def write(path: Path, size: int, end: float, file_bytes: int = FILE_BYTES) -> int:
    """A journal of about this many bytes that goes on for DAYS days until `end`; returns its number of visits."""
    length = sum(len(line) for line in visit(1, end))
    count, each = max(1, round(size / length)), max(1, file_bytes // length)
    gap = DAYS * DAY_S / count
    for newer, first in enumerate(reversed(range(0, count, each))):
        with open(path.with_name(f"{path.name}.{newer}") if newer else path, "wb") as file:
            for n in range(first, min(first + each, count)):
                file.writelines(visit(n + 1, end - (count - n) * gap))
    return count


class Server:
    """`edge-emotion web` with the history of a journal, on a free port of loopback."""

    def __init__(self, journal: Path) -> None:
        command = [sys.executable, "-m", "edge", "web", "--port", "0", "--journal", str(journal)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"}
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.search(r"http://[^:/]+:(\d+)", line):
                self._port = int(found[1])
                break
        else:
            raise SystemExit("the server did not start")

    def ask(self, path: str) -> Cost:
        """Ask for this path and watch."""
        body: list[bytes] = []
        thread = threading.Thread(target=lambda: body.append(self._get(path)))
        began, reader_mb, cpu_s, waits = time.monotonic(), 0.0, 0.0, [0.0]
        thread.start()
        while thread.is_alive():
            for child in children(self._process.pid):
                reader_mb, cpu_s = max(reader_mb, peak_mb(child)), max(cpu_s, processor_s(child))
            asked = time.monotonic()
            self._get("/api/status")
            waits.append(time.monotonic() - asked)
            thread.join(0.02)
        took = time.monotonic() - began
        told = json.loads(body[0])
        visits = sum(day["visits"] for day in told["days"]) if "days" in told else len({s[2] for s in told["spans"]})
        return Cost(took, cpu_s, reader_mb, peak_mb(self._process.pid), len(body[0]) / 1024, max(waits), visits)

    def close(self) -> None:
        """End the server."""
        self._process.terminate()
        self._process.communicate(timeout=30)

    def _get(self, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=320)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}, {body[:200]!r}")
        return body


def peak_mb(pid: int) -> float:
    """The most memory that a process had, VmHWM; 0 where it has ended."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def processor_s(pid: int) -> float:
    """Processor time of a process so far, seconds; 0 where it has ended."""
    try:
        return cpu_s(pid)
    except (OSError, IndexError):
        return 0.0


def children(pid: int) -> list[int]:
    """The processes that a process started, from any of its threads."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        found += [int(path.parent.name)] if parent == pid else []
    return found


def run(folder: Path, megabytes: float, file_bytes: int = FILE_BYTES) -> tuple[int, dict[str, Cost]]:
    """Number of visits in a journal of this size, and what each question costs."""
    journal = folder / "journal.jsonl"
    midnight = datetime.combine(date.today(), datetime.min.time())
    visits = write(journal, round(megabytes * MB), midnight.timestamp(), file_bytes)
    middle = (midnight - timedelta(days=DAYS // 2)).date()
    server = Server(journal)
    try:
        asked = {
            "a day": server.ask(f"/api/history/day?day={middle}"),
            "7 days": server.ask("/api/history?days=7"),
            # Today has begun: the first of the thirty days before it is the thirty-first.
            "30 days": server.ask(f"/api/history?days={DAYS + 1}"),
        }
    finally:
        server.close()
    return visits, asked


def table(megabytes: float, costs: dict[str, Cost]) -> list[str]:
    """Rows in Markdown."""
    return [
        f"| {megabytes:g} MB | {name} | {cost.visits:,} | {cost.took_s:.1f} | {cost.cpu_s:.1f} |"
        f" {cost.reader_mb:.1f} | {cost.server_mb:.1f} | {cost.answer_kb:.0f} | {1000 * cost.wait_s:.0f} |"
        for name, cost in costs.items()
    ]


def wrong(visits: int, first: dict[str, Cost], long: dict[str, Cost]) -> list[str]:
    """What is not as it should be; `first`: the costs with the short journal."""
    found = []
    if long["30 days"].visits != visits:
        found.append(f"30 days: {long['30 days'].visits} of {visits} visits")
    for name, cost in long.items():
        for what in ("reader_mb", "server_mb"):
            before, now = getattr(first[name], what), getattr(cost, what)
            if now > before + MAY_GROW_MB:
                found.append(f"{name}: {what} grew from {before:.1f} to {now:.1f}")
    return found


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--megabytes", type=float, default=LONG_MB, help="size of the journal (default: %(default)s)")
    parser.add_argument("--folder", help="where the journal is written (default: the system's folder for such files)")
    arguments = parser.parse_args(words)
    print("| journal | asked | visits | took, s | CPU, s | reader, MB | server, MB | answer, kB | others waited, ms |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    results = []
    for megabytes in (FIRST_MB, arguments.megabytes):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            results.append(run(Path(folder), megabytes))
        print("\n".join(table(megabytes, results[-1][1])), flush=True)
    (_, first), (visits, long) = results
    found = wrong(visits, first, long)
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
