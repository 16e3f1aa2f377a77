from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from edge.engines import model, open_engine, open_engines, tpu
from edge.errors import DelegateError, InvalidValue
from edge.manifest import Manifest


@pytest.fixture
def compiled(tiny_manifest, tmp_path):
    """The tiny models, their mask model also "compiled": a copy of itself."""
    content = tiny_manifest.path("mask").read_bytes()
    (tmp_path / "mask").mkdir()
    for name in ("mask/model.tflite", "mask/model_edgetpu.tflite"):
        (tmp_path / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    spec = replace(tiny_manifest["mask"], edgetpu="mask/model_edgetpu.tflite", edgetpu_sha256=digest)
    return Manifest(tmp_path, {"mask": spec})


@pytest.mark.parametrize("fault", [OSError("libedgetpu.so.1: cannot open shared object file"), ValueError("")])
def test_a_delegate_that_does_not_load_is_a_delegate_error(fault):
    class Module:
        @staticmethod
        def load_delegate(name):
            assert name == "libedgetpu.so.1"
            raise fault

    expected = "install libedgetpu1-std" if isinstance(fault, OSError) else "no Edge TPU answers"
    with pytest.raises(DelegateError, match=expected):
        tpu.load_delegate(Module)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", r"libedgetpu\.so\.1 crashed \(signal 11\)"),
        ("import sys; print('noise', file=sys.stderr); sys.exit('no device')", "Edge TPU: no device"),
        ("import sys; sys.exit(3)", "Edge TPU: exit 3"),
        ("import time; time.sleep(60)", "no answer within 0.3 s"),
    ],
    ids=["crash", "refusal", "silent refusal", "hang"],
)
def test_what_the_child_does_is_told_in_one_line(tmp_path, program, message):
    with pytest.raises(DelegateError, match=message):
        tpu.probe(
            [tmp_path / "model.tflite"],
            timeout_s=0.3 if "sleep" in program else 120,
            command=(sys.executable, "-c", program),
        )


def test_the_real_child_says_that_there_is_no_library(tiny_manifest):
    with pytest.raises(DelegateError, match="Edge TPU: "):
        tpu.probe([tiny_manifest.path("mask")])


def test_a_child_that_does_not_even_die_is_not_waited_for(tmp_path, monkeypatch):
    """As one that hangs inside the kernel: it is told to end, and does not."""
    monkeypatch.setattr(tpu, "KILL_S", 0.05)
    monkeypatch.setattr(subprocess.Popen, "kill", lambda child: told.append(child))
    told = []
    with pytest.raises(DelegateError, match=r"no answer within 0\.1 s"):
        tpu.probe([tmp_path / "model.tflite"], 0.1, (sys.executable, "-c", "import time; time.sleep(60)"))
    (child,) = told
    assert child.poll() is None
    child.terminate()
    child.wait(120)


def test_a_child_that_works_lets_the_delegate_in(compiled, monkeypatch):
    tried, given = [], []

    class Module:
        @staticmethod
        def load_delegate(name):
            return f"delegate of {name}"

        @staticmethod
        def Interpreter(model_path, num_threads, experimental_delegates):
            given.extend(experimental_delegates)
            from ai_edge_litert.interpreter import Interpreter

            return Interpreter(model_path=model_path)

    for module in (tpu, model):
        monkeypatch.setattr(module, "interpreter_module", lambda: Module)
    engines = tpu.open_tpu(compiled, ["mask"], trial_s=7.0, try_out=lambda *how: tried.append(how))
    assert tried == [([compiled.folder / "mask/model_edgetpu.tflite"], 7.0)]
    assert given == ["delegate of libedgetpu.so.1"]
    assert engines["mask"].infer(np.zeros((16, 16, 3), np.uint8))[0].shape == (2,)


def test_asked_for_and_absent_it_says_so_and_goes_on_with_the_cpu(compiled, caplog):
    with caplog.at_level(logging.WARNING):
        engine = open_engine(compiled, "mask", accelerator="edgetpu")
    assert engine.infer(np.zeros((16, 16, 3), np.uint8))[0].shape == (2,)
    assert [record.getMessage().endswith("; the CPU does the work") for record in caplog.records] == [True]


def test_no_models_are_no_engines(tiny_manifest):
    assert open_engines(tiny_manifest, ()) == ()


@pytest.fixture
def opened(tiny_manifest, monkeypatch):
    """opened(error): what four models are, two of them compiled, where the Edge TPU works or raises; and what was told.

    The third is what the Edge TPU was asked for: (tasks, seconds).
    """

    def answers(error=None):
        both = {
            task: replace(tiny_manifest[task], edgetpu="there.tflite", edgetpu_sha256="0" * 64)
            for task in ("mask", "face")
        }
        listed = Manifest(tiny_manifest.folder, {**tiny_manifest.specs, **both})
        asked, told = [], []

        def open_tpu(manifest, tasks, threads, trial_s):
            asked.append((tasks, trial_s))
            if error:
                raise error
            return {task: f"{task} on the Edge TPU" for task in tasks}

        monkeypatch.setattr(tpu, "open_tpu", open_tpu)
        tasks = ("emotion-bare", "mask", "emotion-masked", "face")
        return open_engines(listed, tasks, accelerator="edgetpu", trial_s=3.0, fell_back=told.append), told, asked

    return answers


def test_what_was_compiled_runs_on_the_edge_tpu_and_the_rest_is_said_once(opened, caplog):
    engines, told, asked = opened()
    assert asked == [(["mask", "face"], 3.0)]
    assert [engine if isinstance(engine, str) else engine.spec.task for engine in engines] == [
        "emotion-bare", "mask on the Edge TPU", "emotion-masked", "face on the Edge TPU",
    ]  # fmt: skip
    assert [line.partition(" lists ")[2] for line in told] == [
        "no compiled emotion-bare, emotion-masked model; the CPU runs it"
    ]
    assert caplog.messages == told


def test_an_edge_tpu_that_does_not_work_is_tried_and_said_once(opened, caplog):
    engines, told, asked = opened(DelegateError("Edge TPU: no answer within 3 s; unplug it and plug it back in"))
    assert len(asked) == 1
    assert [engine.spec.task for engine in engines] == ["emotion-bare", "mask", "emotion-masked", "face"]
    assert told[1:] == ["Edge TPU: no answer within 3 s; unplug it and plug it back in; the CPU does the work"]
    assert caplog.messages == told


def test_models_that_were_never_compiled_are_said_and_nothing_is_tried(tiny_manifest, caplog, monkeypatch):
    monkeypatch.setattr(tpu, "probe", lambda *_: pytest.fail("tried"))
    open_engines(tiny_manifest, ("mask", "face"), accelerator="edgetpu")
    assert len(caplog.messages) == 1
    assert "lists no compiled mask, face model" in caplog.text


def test_auto_without_a_device_is_the_cpu_and_silent(compiled, caplog, monkeypatch):
    monkeypatch.setattr(tpu, "devices", lambda: [])
    open_engine(compiled, "mask", accelerator="auto")
    assert caplog.text == ""


def test_an_unknown_accelerator_is_refused(tiny_manifest):
    with pytest.raises(InvalidValue, match="expected one of auto, cpu, edgetpu, got 'gpu'"):
        open_engine(tiny_manifest, "mask", accelerator="gpu")


def test_devices_are_found_by_node_and_by_usb_id(tmp_path):
    assert tpu.devices(tmp_path) == []
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/apex_0").touch()
    for name, vendor, product in (("1-1", "18d1", "9302"), ("1-2", "1a6e", "089a"), ("1-3", "046d", "0825")):
        folder = tmp_path / "sys/bus/usb/devices" / name
        folder.mkdir(parents=True)
        (folder / "idVendor").write_text(vendor + "\n")
        (folder / "idProduct").write_text(product + "\n")
    (tmp_path / "sys/bus/usb/devices/usb1").mkdir()
    assert tpu.devices(tmp_path) == ["/dev/apex_0", "usb 1-1", "usb 1-2"]
