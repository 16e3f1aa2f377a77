from __future__ import annotations

import hashlib
import logging
import sys
from dataclasses import replace

import numpy as np
import pytest

from edge.engines import litert, open_engine, open_engines, tpu
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
            tmp_path / "model.tflite",
            timeout_s=0.3 if "sleep" in program else 20,
            command=(sys.executable, "-c", program),
        )


def test_the_real_child_says_that_there_is_no_library(tiny_manifest):
    with pytest.raises(DelegateError, match="Edge TPU: "):
        tpu.probe(tiny_manifest.path("mask"))


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

    for module in (tpu, litert):
        monkeypatch.setattr(module, "interpreter_module", lambda: Module)
    engine = tpu.open_tpu(compiled, "mask", try_out=tried.append)
    assert tried == [compiled.folder / "mask/model_edgetpu.tflite"]
    assert given == ["delegate of libedgetpu.so.1"]
    assert engine.infer(np.zeros((16, 16, 3), np.uint8))[0].shape == (2,)


def test_asked_for_and_absent_it_says_so_and_goes_on_with_the_cpu(compiled, caplog):
    with caplog.at_level(logging.WARNING):
        engine = open_engine(compiled, "mask", accelerator="edgetpu")
    assert engine.infer(np.zeros((16, 16, 3), np.uint8))[0].shape == (2,)
    assert [record.getMessage().endswith("; the CPU does the work") for record in caplog.records] == [True]


def test_no_models_are_no_engines(tiny_manifest):
    assert open_engines(tiny_manifest, ()) == ()


@pytest.mark.parametrize(
    ("works", "tried", "said"), [(0, ["mask"], 1), (1, ["mask", "face"], 1), (2, ["mask", "face"], 0)]
)
def test_an_edge_tpu_that_fails_is_tried_and_said_once(tiny_manifest, caplog, monkeypatch, works, tried, said):
    """Of three models two are compiled; the device answers for the first `works` of them."""
    compiled = {task: replace(tiny_manifest[task], edgetpu="there.tflite") for task in ("mask", "face")}
    listed = Manifest(tiny_manifest.folder, {**tiny_manifest.specs, **compiled})
    asked = []

    def open_tpu(manifest, task, threads):
        asked.append(task)
        if len(asked) > works:
            raise DelegateError("Edge TPU: no answer within 20 s; plug it out and in again")
        return f"{task} on the Edge TPU"

    monkeypatch.setattr(tpu, "open_tpu", open_tpu)
    with caplog.at_level(logging.WARNING):
        engines = open_engines(listed, ("mask", "face", "emotion-bare"), accelerator="edgetpu")
    assert asked == tried
    assert [isinstance(engine, str) for engine in engines] == [k < works for k in range(3)]
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if line.endswith("; the CPU does the work")]) == said
    assert len([line for line in lines if "lists no compiled emotion-bare model" in line]) == (works == 2)


def test_a_model_that_was_never_compiled_is_said_too(tiny_manifest, caplog):
    open_engine(tiny_manifest, "mask", accelerator="edgetpu")
    assert "lists no compiled mask model" in caplog.text


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
