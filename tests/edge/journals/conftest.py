"""Where the journals of tests lie."""

from __future__ import annotations

import pytest


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"
