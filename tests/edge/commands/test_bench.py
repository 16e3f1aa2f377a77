from __future__ import annotations

import argparse
import itertools
import json
import platform
import socket

import pytest

import edge
from edge import picture
from edge.commands import bench
from edge.commands.bench_share import shared
from edge.commands.bench_text import verdict
from edge.errors import SourceError
from edge.frame import Frame


@pytest.fixture
def folder(tmp_path, paint):
    for index, faces in enumerate([[], [(32, 32, False, True)], [(0, 32, True, True), (96, 48, True, False)]]):
        picture.write(tmp_path / f"{index}.png", paint(*faces))
    return tmp_path


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    return parser.parse_args([str(argument) for argument in arguments])


def test_every_stage_is_measured_on_every_frame_and_face(folder, tiny, capsys):
    assert bench.main(parsed("--source", folder, "--models", tiny, "--rounds", 2, "--json")) == 0
    result = json.loads(capsys.readouterr().out)
    assert {stage: row["runs"] for stage, row in result["stages"].items()} == {
        "face": 6, "decode": 6, "mask": 6, "emotion": 6, "whole": 6, "shipped": 6,
    }  # fmt: skip
    assert all(0 < row["median_ms"] <= row["p95_ms"] for row in result["stages"].values())
    assert (result["frames"], result["width"], result["height"], result["faces_per_frame"]) == (3, 160, 120, 1.0)
    assert result["model_bytes"] == {
        task: (tiny / task / "model.tflite").stat().st_size
        for task in ("face", "mask", "emotion-bare", "emotion-masked")
    }
    assert result["threads"] == 2
    assert result["rss_mb"] > 1
    assert result["startup_s"] > 0


def test_without_json_it_is_a_table(folder, tiny, capsys):
    assert bench.main(parsed("--source", folder, "--models", tiny, "--frames", 1)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "1 frame of 160x120" in lines[1]
    assert [line.split()[0] for line in lines[4:10]] == list(bench.STAGES)
    assert lines[6].split()[1:4] == ["-", "-", "0"]  # no face in the first picture, so no mask was looked at


def test_a_block_to_share_has_the_versions_the_models_and_the_table(folder, tiny, capsys, monkeypatch):
    monkeypatch.setattr(platform, "node", lambda: "kitchen-pi")
    monkeypatch.setattr(socket, "gethostname", lambda: "kitchen-pi")
    assert bench.main(parsed("--source", folder, "--models", tiny, "--frames", 2, "--share")) == 0
    text = capsys.readouterr().out
    head, _, rest = text.partition("```text\n")
    versions, system, models, *_ = head.splitlines()
    assert versions.startswith(f"- edge-emotion {edge.__version__}, Python 3.")
    assert "Linux " in system
    assert [word.split()[0] for word in models.removeprefix("- models: ").split(", ")] == [
        "face", "mask", "emotion-bare", "emotion-masked",
    ]  # fmt: skip
    assert rest.endswith("\n```\n")
    assert "2 frames of 160x120" in rest
    assert "kitchen-pi" not in text


def test_a_system_without_a_name(pipeline, tmp_path):
    assert "\n- unknown system, Linux " in shared(pipeline, "", tmp_path)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
    assert "\n- Debian GNU/Linux 12 (bookworm), Linux " in shared(pipeline, "", tmp_path)


def test_seconds_are_those_of_the_timer(pipeline, paint):
    ticks = itertools.count()
    frames = [Frame(paint((32, 32, True, True)), n / 10, n) for n in range(4)]
    times = bench.measure(pipeline, pipeline, frames, rounds=2, timer=lambda: float(next(ticks)))
    assert {stage: set(seconds) for stage, seconds in times.items()} == {stage: {1.0} for stage in bench.STAGES}
    assert {stage: len(seconds) for stage, seconds in times.items()} == dict.fromkeys(bench.STAGES, 8)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], {"median_ms": None, "p95_ms": None, "runs": 0}),
        ([0.002], {"median_ms": 2.0, "p95_ms": 2.0, "runs": 1}),
        ([n / 1000 for n in range(101)], {"median_ms": 50.0, "p95_ms": 95.0, "runs": 101}),
    ],
)
def test_a_summary_by_table(seconds, expected):
    assert bench.summary(seconds) == expected


def test_a_missing_source_is_a_source_error(tiny, tmp_path):
    with pytest.raises(SourceError, match="absent"):
        bench.main(parsed("--source", tmp_path / "absent", "--models", tiny))


@pytest.mark.parametrize("count", ["0", "-3", "many"])
def test_a_count_that_is_none_is_a_usage_error(count):
    with pytest.raises(SystemExit) as caught:
        parsed("--frames", count)
    assert caught.value.code == 2


def rows(whole, p95, **others):
    """Stages as the JSON object has them."""
    medians = {"face": 3.0, "decode": 0.3, "mask": 0.5, "emotion": 1.0, "whole": whole} | others
    made = {
        stage: {"median_ms": ms, "p95_ms": ms and 1.2 * ms, "runs": 9 if ms else 0} for stage, ms in medians.items()
    }
    made["whole"]["p95_ms"] = p95
    return made


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        (rows(None, None, mask=None, emotion=None), []),
        (rows(5.0, 6.0), ["every stage on every frame: 200 frames per second; at 30 frames per second, 20 faces"]),
        (
            rows(40.0, 50.0, face=31.0, emotion=1.5),
            ["every stage on every frame: 25 frames per second; at 30 frames per second, 1 face"],
        ),
        (
            rows(5.0, 40.0, mask=None),
            ["this machine is busy: one frame in 20 took 8 times the median; close other programs for steady figures"],
        ),
    ],
)
def test_what_the_stages_mean_is_said_in_words(stages, expected):
    assert verdict(stages) == expected
