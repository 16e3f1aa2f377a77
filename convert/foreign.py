"""Files that people bring and that are not Keras models: one line each, with the tool that makes one of them."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

from edge.text import printable

PACKED = (b"Rar!", b"\x1f\x8b", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ")
LFS = b"version https://git-lfs.github.com"


def advice(path: Path, head: bytes) -> str:
    """What a file is and what to do with it, or "" where it is not known.

    Args:
        path: of the file.
        head: its first bytes, 64 or more.
    """
    suffix = path.suffix.lower()
    text = head.lstrip()
    if not head:
        return "an empty file; copy or download it again"
    if head.startswith(LFS):
        return "a Git LFS pointer, not the file itself; fetch it with: git lfs pull"
    if text[:9].lower() == b"<!doctype" or text[:5].lower() == b"<html":
        return "a web page, saved in place of the file; download the raw file"
    if text.startswith(b"<?xml") or text[:3] in (b"403", b"404"):
        return "what a server answered in place of the file; download it again"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "text in UTF-16; save it as UTF-8"
    if head[4:8] == b"TFL3":
        return "TensorFlow Lite already, which cannot be quantized again; convert the Keras model that it was made from"
    if suffix in (".pt", ".pth") or (head.startswith(b"PK") and suffix == ".bin"):
        return "a PyTorch model; export it with torch.onnx.export, and convert the .onnx"
    if suffix == ".safetensors":
        return "weights without an architecture; load them with the program that made them, and save the whole model"
    if path.name == "saved_model.pb":
        return f"a part of a SavedModel; give the folder that it lies in: {path.parent}"
    if suffix == ".pb":
        return (
            "a frozen graph of TensorFlow 1; make a SavedModel folder of it with "
            "tf.compat.v1.saved_model.simple_save, and convert that folder"
        )
    if suffix in (".caffemodel", ".prototxt", ".weights", ".cfg"):
        return "a Caffe or Darknet model; look for its Keras or ONNX form"
    if head.startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")):
        return "a Python pickle, which runs code when it is opened and is not read here; save the model with model.save"
    if head.startswith(PACKED) or (suffix == ".tar" and not head.startswith(b"PK")):  # PyTorch's are zip files
        return "an archive; unpack it, and give the model inside"
    return ""


def json_advice(path: Path, text: str) -> str:
    """What a JSON file is that is not a Keras architecture, or ""."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    parts = document if isinstance(document, list) else [document]
    if any(isinstance(part, dict) and {"modelTopology", "weightsManifest", "weights"} & set(part) for part in parts):
        return (
            "a TensorFlow.js model; make a Keras file of it with: tensorflowjs_converter "
            f"--input_format=tfjs_layers_model --output_format=keras {path.name} model.h5"
        )
    if isinstance(document, dict) and "weight_map" in document:
        return "weights in several files; save them as one: model.save_weights('model.weights.h5')"
    if isinstance(document, dict) and "class_name" not in document:
        keys = ", ".join(printable(key) for key in list(document)[:3]) or "nothing"
        return f"not a Keras architecture but an object with {keys}; expected what model.to_json() writes"
    return ""
