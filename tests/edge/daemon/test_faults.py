"""Faults that go through the whole command: the journal, the exit code, and the next start."""

from __future__ import annotations

import logging
import shutil
from dataclasses import replace

import cv2
import pytest

from edge import manifest
from edge.__main__ import main
from edge.engines import AGAIN_S, FIRST_S, tpu
from edge.engines.litert import LiteRtEngine
from edge.errors import DelegateError, EngineError
from edge.journals.reader import read


class LosesItsDevice(LiteRtEngine):
    """A model on an accelerator that is unplugged after some looks; the CPU plays the accelerator."""

    looks = 4

    def infer(self, image):
        if self.looks == 0:
            raise EngineError(f"{self.spec.name}: the model could not be run (device lost)")
        self.looks -= 1
        return super().infer(image)


@pytest.fixture
def watch(tmp_path, tiny, paint):
    """watch(...): `edge-emotion run` over ten pictures of one face; the exit code and the journal's events."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n in range(10):
        assert cv2.imwrite(str(pictures / f"{n:02}.png"), paint((48, 32, False, True))[..., ::-1])
    file = tmp_path / "journal.jsonl"

    def run(*flags):
        file.unlink(missing_ok=True)
        code = main(["run", "--source", str(pictures), "--models", str(tiny), "--journal", str(file), *flags])
        return code, list(read([file]))

    return run


def kinds(events):
    return [event.get("what", event["event"]) for event in events]


def test_without_a_fault_ten_pictures_are_one_face(watch):
    code, events = watch()
    assert code == 0
    assert kinds(events) == ["start", "appeared", "left", "stop"]


@pytest.fixture
def compiled(tiny, tmp_path):
    """The tiny models, each also "compiled": its own file again."""
    folder = tmp_path / "compiled"
    shutil.copytree(tiny, folder)
    specs = manifest.load(tiny).specs
    both = {task: replace(spec, edgetpu=spec.file, edgetpu_sha256=spec.sha256) for task, spec in specs.items()}
    manifest.save(folder, both)
    return str(folder)


def test_an_accelerator_lost_in_the_run_ends_it_and_the_next_start_is_on_the_cpu(
    watch, compiled, monkeypatch, caplog, capsys
):
    def plugged(manifest, tasks, threads, trial_s):
        return {task: LosesItsDevice(manifest[task], manifest.path(task), threads) for task in tasks}

    def unplugged(manifest, tasks, threads, trial_s):
        raise DelegateError("libedgetpu.so.1: no Edge TPU answers; plug one in and check its cable")

    monkeypatch.setattr(tpu, "open_tpu", plugged)
    code, events = watch("--accelerator", "edgetpu", "--models", compiled)
    assert code == EngineError.exit_code == 1, "which systemd restarts"
    assert kinds(events) == ["start", "appeared", "engine-failed", "failed", "left", "stop"]
    assert "device lost" in events[2]["detail"]
    assert len(capsys.readouterr().err.splitlines()) == 1

    monkeypatch.setattr(tpu, "open_tpu", unplugged)
    with caplog.at_level(logging.WARNING):
        code, events = watch("--accelerator", "edgetpu", "--models", compiled)
    assert code == 0
    assert kinds(events) == ["start", "cpu-fallback", "appeared", "left", "stop"]
    assert events[1]["detail"].startswith("libedgetpu.so.1: no Edge TPU answers")
    assert sum("the CPU does the work" in message for message in caplog.messages) == 1


def test_an_accelerator_is_given_less_time_after_a_run_that_ended_badly(watch, compiled, monkeypatch, tmp_path):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    given = []

    def open_tpu(manifest, tasks, threads, trial_s):
        given.append(trial_s)
        engine = LosesItsDevice if len(given) == 2 else LiteRtEngine
        return {task: engine(manifest[task], manifest.path(task), threads) for task in tasks}

    monkeypatch.setattr(tpu, "open_tpu", open_tpu)
    codes = [watch("--accelerator", "edgetpu", "--models", compiled)[0] for _ in range(4)]
    assert codes == [0, 1, 0, 0]
    assert given == [FIRST_S, FIRST_S, AGAIN_S, FIRST_S]


def test_a_model_that_was_tampered_with_is_never_run(watch, tiny, tmp_path, capsys):
    models = tmp_path / "models"
    shutil.copytree(tiny, models)
    with open(models / "mask/model.tflite", "r+b") as file:
        file.seek(100)
        file.write(b"\xff")
    code = main(["run", "--source", str(tmp_path / "pictures"), "--models", str(models), "--journal", "-"])
    assert code == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "sha256" in err
