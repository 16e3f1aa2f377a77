from __future__ import annotations

import argparse
import json

import numpy as np
import pytest

from edge import picture
from edge.commands import doctor
from edge.errors import SettingsError


def examine(*arguments):
    parser = argparse.ArgumentParser()
    doctor.add_arguments(parser)
    return doctor.main(parser.parse_args([str(argument) for argument in arguments]))


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "p.png"
    picture.write(path, np.full((48, 64, 3), 90, np.uint8))
    return path


def test_all_well_is_a_line_each_and_exit_0(tiny, source, capsys):
    assert examine("--models", tiny, "--source", source, "--accelerator", "cpu") == 0
    lines = capsys.readouterr().out.splitlines()
    *findings, empty, last = lines
    assert {line.split()[0] for line in findings} <= {"ok", "warn"}  # a Pi may be warm, a disk full
    assert [line[6:].split(":")[0] for line in findings] == [
        "version", "runtime", "model face", "model mask", "model emotion-bare", "model emotion-masked",
        "accelerator", "camera", "screen", "journal", "memory", "disk", "power",
    ]  # fmt: skip
    warnings = sum(line.startswith("warn") for line in findings)
    assert (empty, last) == ("", f"{13 - warnings} ok, {warnings} warning{'s' * (warnings != 1)}, 0 failed")


def test_as_json_it_is_one_object_with_the_same_findings(tiny, source, tmp_path, capsys):
    assert examine("--models", tiny, "--source", source, "--accelerator", "cpu", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["works"], len(record["checks"])) == (True, 13)
    assert examine("--models", tmp_path, "--source", source, "--accelerator", "cpu", "--json") == 1
    record = json.loads(capsys.readouterr().out)
    failed = [check["about"] for check in record["checks"] if check["level"] == "fail"]
    assert (record["works"], failed) == (False, ["models"])


def test_what_is_wrong_is_named_and_everything_else_is_still_checked(tiny, tmp_path, capsys):
    assert examine("--models", tmp_path, "--source", tmp_path / "absent.mp4", "--accelerator", "cpu") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line[6:].split(":")[0] for line in lines if line.startswith("fail")] == ["models", "camera"]
    assert any(line[6:].startswith("screen") for line in lines)


def test_wrong_settings_are_a_settings_error(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("[source]\nsauce = 1\n")
    with pytest.raises(SettingsError, match="sauce"):
        examine("--config", file)
