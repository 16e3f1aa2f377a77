"""Journals for tests: a line of one event, told apart by its track."""

from __future__ import annotations

from edge.journals.jsonl import encode


def line(n):
    return encode({"monotonic": float(n), "event": "sample", "track": n}, n)


def tracks(events):
    return [event["track"] for event in events]
