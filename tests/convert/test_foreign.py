"""Files that are not Keras models: each says what it is and which tool makes a Keras model of it."""

from __future__ import annotations

import json
import os
import zipfile

import pytest

from convert.load import load
from edge.errors import ModelError

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


def written(content: bytes | str):
    def make(path):
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return make


def zipped(*names: str):
    def make(path):
        with zipfile.ZipFile(path, "w") as file:
            for name in names:
                file.writestr(name, b"x")

    return make


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("m.h5", written(""), "an empty file; copy or download it again"),
        ("m.h5", written("hello"), "neither a Keras model"),
        ("m.h5", written(LFS), "a Git LFS pointer, .* git lfs pull"),
        ("m.json", written(LFS), "a Git LFS pointer"),
        ("m.h5", written("\n<!DOCTYPE html><html>"), "a web page, .*download the raw file"),
        ("m.h5", written("<html>"), "a web page"),
        ("m.h5", written("404: Not Found"), "what a server answered .*download it again"),
        ("m.h5", written('<?xml version="1.0"?><Error>'), "what a server answered"),
        ("m.h5", written('{"message": "Not Found"}'), "not a Keras architecture but an object with message"),
        ("m.json", written("{}".encode("utf-16")), "text in UTF-16; save it as UTF-8"),
        ("m.safetensors", written(b"\x40\0\0\0\0\0\0\0{}"), "weights without an architecture"),
        ("m.tflite", written(b"\x1c\0\0\0TFL3" + bytes(99)), "TensorFlow Lite already"),
        ("m.pt", zipped("archive/data.pkl"), "a PyTorch model; .*torch.onnx.export"),
        ("m.bin", zipped("archive/data.pkl"), "a PyTorch model"),
        ("m.zip", zipped("archive/data.pkl"), "a PyTorch model"),
        ("m.pth", written(b"\x80\x02\x8a\n"), "a PyTorch model"),
        ("m.pkl", written(b"\x80\x04\x95\n"), "a Python pickle, .*not read here"),
        ("saved_model.pb", written(b"\x08\x01\x12"), "a part of a SavedModel; give the folder"),
        ("frozen.pb", written(b"\x0a\x20\x0a\x05"), "a frozen graph of TensorFlow 1; .*simple_save"),
        ("m.caffemodel", written(b"\x0a"), "a Caffe or Darknet model"),
        ("m.tar.gz", written(b"\x1f\x8b\x08"), "an archive; unpack it"),
        ("m.tar", written(b"sm/"), "an archive; unpack it"),
        ("m.pth.tar", zipped("archive/data.pkl"), "a PyTorch model"),
        ("m.tbz", written(b"BZh91"), "an archive; unpack it"),
        ("m.zip", zipped("sm/saved_model.pb", "sm/variables/x"), r"unpack it, and give sm$"),
        ("m.zip", zipped("saved_model.pb"), "unpack it, and give the folder that it becomes"),
        (
            "converted_keras.zip",
            zipped("keras_model.h5", "labels.txt"),
            "unpack it, and give keras_model.h5",
        ),
        ("m.zip", zipped("m/config.json", "__MACOSX/m/._model.weights.h5", "m/model.weights.h5"), "and give m$"),
        ("m.weights.json", written(json.dumps({"metadata": {}, "weight_map": {}})), r"several files; .*save_weights"),
        ("model.json", written(json.dumps({"modelTopology": {}, "weightsManifest": []})), "tensorflowjs_converter"),
        ("m.json", written(json.dumps([{"weights": [], "paths": ["x"]}])), "a TensorFlow.js model"),
    ],
)
def test_one_line_with_the_tool(tmp_path, name, make, says):
    make(tmp_path / name)
    with pytest.raises(ModelError, match=says) as caught:
        load(tmp_path / name)
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / name}: ")
    assert "\n" not in text


def test_weights_of_another_kind_are_named_too(tmp_path):
    (tmp_path / "m.json").write_text('{"class_name": "Sequential", "config": {}}')
    (tmp_path / "w.h5").write_text(LFS)
    with pytest.raises(ModelError, match=r"w\.h5: a Git LFS pointer"):
        load(tmp_path / "m.json", tmp_path / "w.h5")


def test_weights_in_several_files_are_named_too(tmp_path):
    (tmp_path / "m.json").write_text('{"class_name": "Sequential", "config": {}}')
    (tmp_path / "m.weights.json").write_text('{"metadata": {}, "weight_map": {}}')
    with pytest.raises(ModelError, match=r"m\.weights\.json: weights in several files"):
        load(tmp_path / "m.json", tmp_path / "m.weights.json")


@pytest.mark.parametrize(
    ("names", "says"), [((), "the folder that holds it"), (("a.h5",), r"/a\.h5"), (("a.h5", "b.h5"), "the folder that")]
)
def test_a_folder_with_a_model_in_it(tmp_path, names, says):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(ModelError, match=rf"not a SavedModel .*; give .*{says}"):
        load(tmp_path)


def test_a_fifo_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "m.h5")
    with pytest.raises(ModelError, match="a FIFO, expected a regular file"):
        load(tmp_path / "m.h5")


def test_an_unpacked_keras_file_is_known(tmp_path):
    for name in ("config.json", "metadata.json", "model.weights.h5"):
        (tmp_path / name).touch()
    with pytest.raises(ModelError, match=r"config\.json --weights .*model\.weights\.h5$"):
        load(tmp_path)
