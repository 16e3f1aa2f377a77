from __future__ import annotations

import argparse

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
    assert {line.split()[0] for line in lines} <= {"ok", "warn"}  # a Pi may be warm
    assert [line[6:].split(":")[0] for line in lines] == [
        "runtime", "model face", "model mask", "model emotion-bare", "model emotion-masked",
        "accelerator", "camera", "screen", "journal", "power",
    ]  # fmt: skip


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
