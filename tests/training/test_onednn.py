"""oneDNN is off where TensorFlow would crash, before TensorFlow is there, and nowhere else."""

from __future__ import annotations

import os
import sys

import pytest

from convert.load import tensorflow
from edge.errors import MissingExtra
from training import onednn
from training.backend import load_keras
from training.onednn import SET_BY_USER, VARIABLE, onednn_setting, switch_onednn_off


def cpuinfo(vendor: str, flags: str) -> str:
    """Two processors as /proc/cpuinfo lists them."""
    one = f"vendor_id\t: {vendor}\nmodel name\t: a processor: with a colon\nflags\t\t: fpu {flags} sse\n\n"
    return "processor\t: 0\n" + one + "processor\t: 1\n" + one


ZEN_3 = cpuinfo("AuthenticAMD", "avx avx2")
ZEN_4 = cpuinfo("AuthenticAMD", "avx2 avx512f avx512_vnni avx512_bf16")
XEON = cpuinfo("GenuineIntel", "avx2 avx512f avx512_vnni amx_bf16")
ARM = "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n"


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        ("", {}, None),
        ("no colon\n:\n", {}, None),
        (ARM, {}, None),
        (XEON, {}, None),
        (ZEN_3, {}, None),
        (cpuinfo("AuthenticAMD", "avx512fp16"), {}, None),
        (ZEN_4, {}, "0"),
        (ZEN_4, {"KERAS_BACKEND": "tensorflow"}, "0"),
        (ZEN_4, {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}, None),
        (ZEN_4, {"DNNL_MAX_CPU_ISA": "AVX"}, None),
        (ZEN_4, {"TF_ENABLE_ONEDNN_OPTS": "0"}, None),
        (ZEN_4, {"TF_ENABLE_ONEDNN_OPTS": "1"}, None),
    ],
    ids=[
        "nothing", "no fields", "ARM", "Intel with AVX512", "AMD without", "a longer name", "AMD with AVX512",
        "other variables", "the user's limit", "by its old name", "the user's off", "the user's on",
    ],
)  # fmt: skip
def test_what_a_processor_needs(text, environment, expected) -> None:
    assert onednn_setting(text, environment) == expected


@pytest.fixture
def zen_4(tmp_path, monkeypatch) -> None:
    """A processor that needs the limit, a user who set nothing, and neither Keras nor TensorFlow to be imported."""
    monkeypatch.setattr(onednn, "CPUINFO", tmp_path / "cpuinfo")
    onednn.CPUINFO.write_text(ZEN_4)
    for name in (*SET_BY_USER, "KERAS_BACKEND"):
        monkeypatch.setenv(name, "")  # so that what the test sets is taken back
        monkeypatch.delenv(name)
    for name in ("keras", "tensorflow"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture
def not_imported(zen_4, monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "tensorflow")


def test_it_is_set_and_said_once(not_imported, caplog) -> None:
    switch_onednn_off()
    switch_onednn_off()
    assert os.environ[VARIABLE] == "0"
    (line,) = caplog.messages
    assert line.startswith("TensorFlow's oneDNN is off: with it, training crashes on AMD processors with AVX512")
    assert "\n" not in line


def test_too_late_it_says_how_to_start_again(zen_4, monkeypatch, caplog) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", object())
    switch_onednn_off()
    (line,) = caplog.messages
    assert line.endswith("start again with TF_ENABLE_ONEDNN_OPTS=0")


def test_where_there_is_no_cpuinfo_nothing_is_set(not_imported, caplog) -> None:
    onednn.CPUINFO.unlink()
    switch_onednn_off()
    assert VARIABLE not in os.environ
    assert caplog.messages == []


@pytest.mark.parametrize("load", [load_keras, tensorflow], ids=["training", "conversion"])
def test_both_ways_to_tensorflow_set_it_first(zen_4, load) -> None:
    with pytest.raises(MissingExtra):
        load()
    assert os.environ[VARIABLE] == "0"


def test_another_backend_is_not_limited(zen_4, monkeypatch, caplog) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(MissingExtra):
        load_keras()
    assert VARIABLE not in os.environ
    assert caplog.messages == []
