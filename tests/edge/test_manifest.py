from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge import manifest
from edge.errors import EdgeError, ModelError

NESTED = "[" * 100_000
VALUES = st.one_of(
    st.sampled_from(
        [
            *(10**400, -(10**400), 2**63, 1e308, 1e-320, float("nan"), float("inf"), -1, 0, 1, 64, 63, True, None),
            *("", "x", "\0", ".", "/dev/zero", "../../etc/passwd", "rgb", "anchors", "points", "a" * 5000, "\udce9\n"),
            *([], [0], [1e9], ["a"], [[1]], ["bare", "worn"], ["a", "a"], {}, {"a": 1}, [None], [True]),
        ]
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=6,
    ),
)


@pytest.fixture
def folder(tiny, tmp_path):
    return shutil.copytree(tiny, tmp_path / "models")


def document(tiny) -> dict:
    return json.loads((tiny / "manifest.json").read_text())


def test_a_saved_manifest_is_the_one_that_is_loaded(tiny_manifest, tmp_path):
    manifest.save(tmp_path, tiny_manifest.specs)
    assert manifest.load(tmp_path).specs == tiny_manifest.specs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        (NESTED, "not valid JSON"),
        ("1" * 5000, "not valid JSON"),
        ("[]", "expected manifest version 1"),
        ('{"version": [1]}', "expected manifest version 1"),
        ('{"version": 1, "models": []}', "expected an object 'models'"),
        ('{"version": 1, "models": {"face": 3}}', "face: expected an object, got int"),
        ('{"version": 1, "models": {"face": {}}}', "face: entry missing"),
        ('{"version": 1, "models": {"face": {"nose": 1}}}', "face: unknown field 'nose'"),
    ],
    ids=["nothing", "nested", "a long number", "list", "version", "models", "a number", "nothing in it", "unknown"],
)
def test_a_manifest_that_is_none_is_one_line(tmp_path, text, message):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ModelError, match=message) as caught:
        manifest.load(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "manifest.json"))
    assert "\n" not in str(caught.value)


def test_a_manifest_that_was_edited_on_windows_is_read_or_says_how_to_save_it(tiny, tiny_manifest, tmp_path):
    text = (tiny / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_bytes(text.encode("utf-8-sig"))
    assert manifest.load(tmp_path).specs == tiny_manifest.specs
    (tmp_path / "manifest.json").write_bytes(text.encode("utf-16"))
    with pytest.raises(ModelError, match=r"manifest\.json: text in UTF-16; save it as UTF-8$"):
        manifest.load(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "width: expected pixels, 1-4096, got 0"),
        ({"width": True}, "width: expected pixels"),
        ({"height": 1e3}, "height: expected pixels"),
        ({"height": 10**9}, "height: expected pixels"),
        ({"colour": ["rgb"]}, r"colour: expected a text, got \['rgb'\]"),
        ({"name": 3}, "name: expected a text, got 3"),
        ({"head": "tail"}, "head: expected one of anchors, probabilities, points, boxes, got 'tail'"),
        ({"task": "smell"}, "task: expected one of face, "),
        ({"labels": "bare"}, "labels: expected a list, got 'bare'"),
        ({"labels": (1, 2)}, "labels: expected a list of texts"),
        ({"labels": ("bare", "bare")}, "labels: expected every label once"),
        ({"labels": ("bare",)}, "labels: expected at least two"),
        ({"low": 2.0}, "high: expected more than low"),
        ({"high": float("nan")}, "high: expected a number, got nan"),
        ({"high": 10**400}, r"high: expected a number, got 10+\.\.\."),
        ({"threshold": 1.5}, "threshold: expected 0-1, got 1.5"),
        ({"margin": 1e-320}, "margin: expected a factor"),
        ({"shift": float("inf")}, "shift: expected a part of the box's height"),
        ({"file": "/dev/zero"}, "file: expected a path inside the models folder"),
        ({"file": "../mask.tflite"}, "file: expected a path inside the models folder"),
        ({"file": "a\0b"}, "file: expected a path inside the models folder"),
        ({"file": "a\n.tflite"}, "file: expected a path inside the models folder"),
        ({"file": "\udce9"}, "file: expected a path inside the models folder"),
        ({"file": ""}, "file: expected a path inside the models folder"),
        ({"sha256": "z" * 64}, "sha256: expected 64 hex digits"),
        ({"edgetpu": "tpu.tflite"}, "edgetpu_sha256: expected 64 hex digits"),
        ({"head": "anchors"}, "strides: expected one unit a stride"),
        ({"strides": (0,)}, "strides: expected a list of pixels"),
        ({"units": (0.0,)}, "units: expected a list of positive numbers"),
    ],
)
def test_a_field_in_the_wrong_place_is_named(tiny_manifest, changes, message):
    with pytest.raises(ModelError, match=message) as caught:
        replace(tiny_manifest["mask"], **changes)
    assert len(str(caught.value)) < 200
    assert caught.value.exit_code == 4


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_nothing_in_a_manifest_is_unexpected(tiny, folder, data):
    made = document(tiny)
    for _ in range(data.draw(st.integers(1, 3))):
        task = data.draw(st.sampled_from(sorted(made["models"])))
        entry, value = made["models"][task], data.draw(VALUES)
        if isinstance(entry, dict) and data.draw(st.integers(0, 9)):
            entry[data.draw(st.sampled_from(sorted(asdict(manifest.load(tiny)[task]))))] = value
        else:
            made["models"][task] = value
    (folder / "manifest.json").write_text(json.dumps(made))
    try:
        loaded = manifest.load(folder)
        for task in loaded.specs:
            loaded.path(task)
            if loaded[task].edgetpu:
                loaded.path(task, edgetpu=True)
    except EdgeError as error:
        line = f"{error.exit_code} {error}"
    else:
        return
    assert line.startswith("4 ")
    assert "\n" not in line


@pytest.mark.parametrize("which", ["manifest.json", "mask/model.tflite"])
def test_a_fifo_is_no_model(folder, which):
    (folder / which).unlink()
    os.mkfifo(folder / which)
    with pytest.raises(ModelError, match="not a regular file"):
        manifest.load(folder).path("mask")


def test_a_file_that_was_changed_is_not_loaded(folder):
    with open(folder / "mask" / "model.tflite", "ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match="does not match the manifest's"):
        manifest.load(folder).path("mask")


def test_a_task_without_a_model_is_named(tiny_manifest):
    with pytest.raises(ModelError, match="no model for 'landmarks'"):
        tiny_manifest["landmarks"]
