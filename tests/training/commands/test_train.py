"""edge-emotion-train train: everything that the next step needs, and one line for everything that goes wrong."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge import manifest
from training import history
from training.__main__ import main
from training.commands import next_steps, train

keras = pytest.importorskip("keras")


@pytest.fixture
def words(write_recipe, made_data, tmp_path):
    path = write_recipe("emotion-bare", epochs=2)
    return ["train", str(path), "--data", str(made_data), "--out", str(tmp_path / "run")]


def test_a_run_leaves_what_the_conversion_needs(words, tmp_path, capsys) -> None:
    assert main([*words, "--epochs", "1", "--calibration", "5"]) == 0
    run = tmp_path / "run"
    out = capsys.readouterr().out
    assert keras.models.load_model(run / "model.keras", compile=False).output_shape == (None, 7)
    with np.load(run / "calibration.npz") as stored:
        assert stored["images"].shape == (5, 48, 48, 1)
    report = (run / "report.md").read_text()
    assert "| epochs | 1 of 1 |" in report
    assert f"| data | the sets of the task emotion-bare in {Path(words[words.index('--data') + 1]).name} |" in report
    assert "curves.png" in report
    assert (run / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert (run / "weights.npz").stat().st_size < 100_000
    command = shlex.split(next(line for line in out.splitlines() if line.startswith("next: "))[6:])
    assert command[:2] == ["edge-emotion-convert", str(run / "model.keras")]
    assert command[command.index("--calibrate") + 1] == str(run / "calibration.npz")
    assert command[command.index("--evaluate") + 1] == words[words.index("--data") + 1]


def test_a_run_that_goes_on_leaves_no_older_network_for_prior_to_begin_from(words, tmp_path) -> None:
    assert main([*words, "--epochs", "1", "--calibration", "5"]) == 0
    (tmp_path / "run" / "plain.keras").touch()
    assert main([*words, "--resume", "--calibration", "5"]) == 0
    assert not (tmp_path / "run" / "plain.keras").exists()


def test_ctrl_c_ends_with_the_line_that_goes_on(words, tmp_path, capsys, monkeypatch) -> None:
    def interrupted(*_args, **_more) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "run", interrupted)
    more = ["--batch", "8", "--every", "3", "--calibration", "9"]
    assert main([*words, *more]) == 130
    line = capsys.readouterr().out.strip()
    assert line.startswith("interrupted; resume with: edge-emotion-train train ")
    again = shlex.split(line.partition(": ")[2])[1:]
    assert again == [*words, *more, "--resume"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "Can't write data\n(file write failed: error message = 'No space left on device')"),
        RuntimeError("Problems closing file (error message = 'No space left on device')"),
    ],
)
def test_a_full_disk_ends_with_what_is_saved_and_the_line_that_goes_on(
    words, tmp_path, capsys, monkeypatch, error
) -> None:
    def full(*_args, **_more) -> None:
        raise error

    monkeypatch.setattr(train, "run", full)
    backup = tmp_path / "run" / history.STATE
    for saved in ("nothing of the run is saved yet", "the run is saved up to epoch 4"):
        assert main(words) == 1
        err = capsys.readouterr().err
        assert f"run: no space left on the disk; {saved}; free some space, then run: edge-emotion-train train" in err
        assert err.count("\n") == 1
        backup.mkdir(parents=True, exist_ok=True)
        (backup / history.STATE_METADATA).write_text('{"epoch": 4}')


def test_a_place_for_the_run_that_is_a_file_is_told_before_the_work(words, tmp_path, capsys, monkeypatch) -> None:
    (tmp_path / "run").touch()
    monkeypatch.setattr(train, "work", None)
    assert main(words) == 1
    assert "run is a file, not a folder); choose another place" in capsys.readouterr().err


def test_to_resume_nothing_is_to_start(words, capsys, monkeypatch) -> None:
    from training import fit

    class Reached(BaseException):
        pass

    def begin(*_args, **more) -> None:
        assert more["resume"]
        raise Reached

    monkeypatch.setattr(fit, "train", begin)
    with pytest.raises(Reached):
        main([*words, "--resume"])
    assert "no run to resume; starting one" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "code", "expected"),
    [
        ({"recipe": "nobody"}, 2, "nobody: no such recipe"),
        ({"--data": "/nowhere"}, 1, "fer2013.npz: no such file or folder"),
    ],
)
def test_what_is_wrong_is_one_line(words, capsys, change, code, expected) -> None:
    for key, value in change.items():
        words[1 if key == "recipe" else words.index(key) + 1] = value
    assert main(words) == code
    err = capsys.readouterr().err.strip()
    assert expected in err
    assert err.startswith("edge-emotion-train: ")
    assert "\n" not in err


@pytest.mark.parametrize("flag", [["--nodes", "2"], ["--bf16"], ["--every", "2"], ["--calibration", "9"]])
def test_flags_without_effect_on_distances_are_refused(tmp_path, capsys, flag) -> None:
    assert main(["train", "distances", "--data", str(tmp_path), *flag]) == 2
    expected = f"edge-emotion-train: {flag[0]}: has no effect on the recipe distances; leave it out\n"
    assert capsys.readouterr().err == expected


def test_without_a_models_folder_the_bundled_models_are_copied_first(tmp_path, monkeypatch) -> None:
    """One model alone makes no folder that a device can use."""
    monkeypatch.chdir(tmp_path)
    assert next_steps.models_folder("mask") == Path("my-models")
    told = next_steps.lines(Path("my-models"), [["convert", "--manifest", Path("my-models")]]).splitlines()
    assert told[1:] == ["then: convert --manifest my-models"]
    subprocess.run(shlex.split(told[0].removeprefix("next: ")), check=True)
    assert manifest.load(Path("my-models")).specs == manifest.load().specs
    assert next_steps.lines(Path("my-models"), [["convert"]]) == "next: convert"
    Path("my-models").rename("models")
    assert next_steps.models_folder("mask") == Path("models")
    assert next_steps.models_folder("gender") == Path("my-models"), "no gender model is shipped"


@pytest.mark.parametrize("flag", ["--epochs", "--batch", "--threads", "--every"])
def test_numbers_that_make_no_sense_are_usage_errors(words, flag, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, flag, "0"])
    assert ended.value.code == 2
    assert "expected at least 1, got 0" in capsys.readouterr().err


def test_a_calibration_of_another_size_is_refused(tmp_path) -> None:
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    with pytest.raises(ValueError, match=r"expected uint8 .*8, 8, 1.*, got uint8 \(2, 9, 8, 1\)"):
        train.write_calibration(np.zeros((2, 9, 8, 1), np.uint8), model, tmp_path / "c.npz")
    assert not list(tmp_path.iterdir())
