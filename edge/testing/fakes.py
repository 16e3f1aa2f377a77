"""The old place of the fakes; import them from edge.testing."""

from __future__ import annotations

from edge.testing import FakeCamera, FakeClock, FakeEngine, FakeScreen, FakeSink, pictures

FakeJournal = FakeSink

__all__ = ["FakeCamera", "FakeClock", "FakeEngine", "FakeJournal", "FakeScreen", "FakeSink", "pictures"]
