"""From laps to rows, and rows for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.commands.bench import summary
from tests.bench.peers.costs import Cost
from tests.bench.peers.pipelines import OURS, SHIPPED, Lap


@dataclass(frozen=True)
class Row:
    """One pipeline's figures; `error` says why there are none."""

    name: str
    whole: Mapping[str, Any]
    stages: Mapping[str, Mapping[str, Any]]
    faces_per_frame: float
    cost: Cost
    rss: int | None
    error: str = ""


def row(name: str, laps: Sequence[Lap], cost: Cost, rss: int | None, error: str = "") -> Row:
    """The figures of a pipeline's laps."""
    stages = list(laps[0].stages) if laps else []
    return Row(
        name,
        summary([lap.whole for lap in laps]),
        {stage: summary([lap.stages[stage] for lap in laps]) for stage in stages},
        sum(lap.faces for lap in laps) / len(laps) if laps else 0.0,
        cost,
        rss,
        error,
    )


def report(rows: Sequence[Row]) -> dict[str, Any]:
    """The rows as one JSON object: the ratio of each to ours, and of the fastest peer's time to ours."""
    base = next((r.whole["median_ms"] for r in rows if r.name == OURS), None)
    listed = [_entry(r, base) for r in rows]
    peers = [entry for entry in listed if entry["compared"] and entry["name"] != OURS and entry["ratio"]]
    fastest = min(peers, key=lambda entry: entry["median_ms"], default=None)
    return {
        "rows": listed,
        "fastest_peer": fastest["name"] if fastest else None,
        "times_faster_than_it": fastest["ratio"] if fastest else None,
    }


def _entry(row: Row, base: float | None) -> dict[str, Any]:
    median = row.whole["median_ms"]
    return {
        "name": row.name,
        "compared": row.name != SHIPPED,
        **row.whole,
        "ratio": round(median / base, 2) if median and base else None,
        "faces_per_frame": round(row.faces_per_frame, 2),
        "multiply_adds": row.cost.multiply_adds,
        "bytes": row.cost.bytes,
        "rss_mb": None if row.rss is None else round(row.rss / 1e6, 1),
        "stages": row.stages,
        "error": row.error or None,
    }


def text(result: Mapping[str, Any]) -> str:
    """The report for a person, in markdown."""
    lines = [
        f"{result['machine']}, {result['threads']} threads; {result['frames']} frames a pipeline, "
        f"{result['width']}x{result['height']}, from {result['source']}",
        "",
        "| pipeline | median ms | p95 ms | times ours | faces a frame | multiply-adds | models | memory |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [_line(entry) for entry in result["rows"]]
    lines += ["", "| stage of ours | median ms | p95 ms |", "|---|---:|---:|"]
    own = next((entry for entry in result["rows"] if entry["name"] == OURS), None)
    for stage, figures in (own["stages"] if own else {}).items():
        lines.append(f"| {stage} | {_number(figures['median_ms'], 3)} | {_number(figures['p95_ms'], 3)} |")
    if result["fastest_peer"]:
        lines += ["", f"The fastest peer, {result['fastest_peer']}, takes {result['times_faster_than_it']} times ours."]
    lines += [f"{entry['name']}: no figures: {entry['error']}" for entry in result["rows"] if entry["error"]]
    return "\n".join(lines)


def _line(entry: Mapping[str, Any]) -> str:
    million = None if entry["multiply_adds"] is None else entry["multiply_adds"] / 1e6
    cells = [
        entry["name"] + ("" if entry["compared"] else " (not compared)"),
        _number(entry["median_ms"], 2),
        _number(entry["p95_ms"], 2),
        _number(entry["ratio"], 2),
        _number(entry["faces_per_frame"], 2),
        f"{_number(million, 0)} M" if million is not None else "-",
        f"{entry['bytes'] / 1e6:.2f} MB",
        f"{_number(entry['rss_mb'], 0)} MB" if entry["rss_mb"] is not None else "-",
    ]
    return "| " + " | ".join(cells) + " |"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
