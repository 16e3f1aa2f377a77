"""Freed memory is given back where the C library can, and nothing happens where it cannot."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace

import pytest

from edge import heap
from edge.engines.litert import LiteRtEngine
from edge.engines.model import LiteRtModel


def test_all_freed_memory_is_given_back(monkeypatch):
    left = []
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(malloc_trim=left.append))
    heap.trim()
    assert left == [0]


@pytest.mark.parametrize("error", [AttributeError("musl"), OSError("no library"), TypeError("Windows")])
def test_another_c_library_is_left_alone(monkeypatch, error):
    def absent(name):
        raise error

    monkeypatch.setattr(ctypes, "CDLL", absent)
    heap.trim()


@pytest.mark.parametrize(("seconds", "times"), [(1e-4, 1), (1.0, 0)])
def test_an_engine_gives_back_what_trials_took(monkeypatch, tiny_manifest, seconds, times):
    trimmed = []
    monkeypatch.setattr(heap, "trim", lambda: trimmed.append(True))
    monkeypatch.setattr(LiteRtModel, "seconds", lambda model, picture: seconds)
    LiteRtEngine(tiny_manifest["mask"], tiny_manifest.path("mask"))
    assert len(trimmed) == times
