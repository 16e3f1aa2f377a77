"""What `make demo` promises, with the models that ship."""

from __future__ import annotations

import json

import pytest

from edge import __main__ as program
from edge import manifest
from edge.errors import ModelError
from edge.tasks import DAEMON


def test_the_demo_shows_both_routes_on_one_track_within_300_frames(tmp_path, capsys):
    pytest.importorskip("matplotlib", reason="the demo's portrait comes with matplotlib (the extra 'plot')")
    try:
        for task in DAEMON:
            manifest.load()[task]
    except ModelError as error:
        pytest.skip(f"no shipped models yet: {error}")
    file = tmp_path / "journal.jsonl"
    assert program.main(["run", "--source", "demo", "--journal", str(file), "--accelerator", "cpu"]) == 0
    message = [json.loads(line) for line in file.read_text().splitlines()]
    assert message[-1]["frames"] == 300
    routes = {}
    for event in message:
        if "track" in event and event["emotion"]:
            routes.setdefault(event["track"], set()).add(event["worn"])
    assert {False, True} in routes.values()
    assert "2 seen both with and without a mask" in capsys.readouterr().out
