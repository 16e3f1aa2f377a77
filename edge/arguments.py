"""What callers of the Python API pass, checked: pictures, sources, folders and numbers. Messages name the argument."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.address import is_address, local_path, redacted
from edge.cameras import is_live
from edge.errors import InvalidValue, SettingsError
from edge.scalars import whole
from edge.settings import check
from edge.text import printable

SCALE = "; scale it to 0 to 255, then convert it: picture.astype(np.uint8)"


def section(kind: type[Any], **values: Any) -> Any:
    """A section of the settings, each value checked under its own name.

    Raises:
        SettingsError: a value has the wrong type or is out of its range.
    """
    entries = {entry.name: entry for entry in dataclasses.fields(kind)}
    return kind(**{name: check(name, value, entries[name]) for name, value in values.items()})


def folder(name: str, value: Any) -> str:
    """The path of a folder as text, or "" for none; a message names the argument `name`.

    Raises:
        SettingsError: it is not a path.
    """
    path = os.fspath(value) if isinstance(value, str | os.PathLike) else value
    if not isinstance(path, str):
        raise SettingsError(f"{name}: expected the path of a folder, got {_kind(value)}")
    if "\0" in path:
        raise SettingsError(f"{name}: expected a path without NUL characters, got {printable(path)}")
    return path


def picture_path(value: str | os.PathLike[str]) -> Path:
    """The path of a picture file, which need not exist.

    Raises:
        InvalidValue: it is empty, an address, or made of bytes.
    """
    path = os.fspath(value)
    if not isinstance(path, str):
        raise InvalidValue(f"picture: expected a path of text, got {_kind(path)}")
    if not path:
        raise InvalidValue("picture: the path is empty; expected the path of a picture file")
    if is_address(path):
        raise InvalidValue(
            f"picture: {redacted(path)} is an address, expected the path of a file; "
            "recognizer.track(ADDRESS) follows a camera"
        )
    return Path(local_path(path) or path)


def picture_pixels(picture: Any, bgr: bool) -> np.ndarray:
    """A copy of a picture's array as uint8 (H, W, 3) RGB: the caller may go on writing into its own.

    Raises:
        InvalidValue: it is not an array of that type and shape.
    """
    if not isinstance(picture, np.ndarray):
        raise InvalidValue(
            f"picture: expected a path or an array uint8 (H, W, 3), got {_kind(picture)}{_advice_for(picture)}"
        )
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        told = f"{picture.dtype} {picture.shape}"
        raise InvalidValue(f"picture: expected uint8 (H, W, 3), got {told}{_advice(picture)}")
    if bgr and picture.flags.c_contiguous:  # as cameras and imread give it; many times as fast as the copy of a view
        swapped: np.ndarray = cv2.cvtColor(np.asarray(picture), cv2.COLOR_BGR2RGB)
        return swapped
    return np.array(picture[:, :, ::-1] if bgr else picture, order="C")


def source(value: int | str | os.PathLike[str]) -> str:
    """A source as the settings have it.

    Raises:
        InvalidValue: not a number, text or path.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
        if not isinstance(path, str):
            raise InvalidValue(f"source: expected a path of text, got {_kind(path)}")
        return os.path.join(".", path) if is_live(path) or path == "demo" else path
    number = whole(value)
    if number is None:
        raise InvalidValue(f"source: expected a number, a text or a path, got {_kind(value)}")
    if number < 0:
        raise InvalidValue(f"source: expected a camera's number, 0 or more, got {number}")
    return f"v4l2:{number}"


def _kind(thing: object) -> str:
    """The name of a thing's type, with its module where that is not Python itself."""
    kind = type(thing)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _advice(array: np.ndarray) -> str:
    """How to turn such an array into a picture, as the end of an error message."""
    if not array.size:
        return "; it has no pixels"
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            return "; it holds NaN or infinity; replace them: np.nan_to_num(picture), then convert it to 8 bits"
        if not 0.0 <= float(array.min()) <= float(array.max()) <= 255.0:
            return SCALE
        scaled = "(picture * 255)" if float(array.max()) <= 1.0 else "picture"
        return f"; convert it: {scaled}.astype(np.uint8)"
    if array.dtype.kind in "iu" and array.dtype != np.uint8:
        return "; convert it: picture.astype(np.uint8)" if 0 <= array.min() <= array.max() <= 255 else SCALE
    if array.dtype != np.uint8:
        return "; convert it to 8 bits"
    if array.ndim == 2:
        return "; repeat the grey values: np.stack([picture] * 3, axis=2)"
    if array.ndim == 3 and array.shape[2] == 1:
        return "; repeat the grey values: np.repeat(picture, 3, axis=2)"
    if array.ndim == 3 and array.shape[2] == 4:
        return "; drop the alpha channel: picture[:, :, :3]"
    if array.ndim == 3 and array.shape[0] == 3:
        return "; move the channels to the end: picture.transpose(1, 2, 0)"
    return "; pass one picture at a time" if array.ndim == 4 else ""


def _advice_for(thing: object) -> str:
    if type(thing).__module__.partition(".")[0] == "PIL":
        if str(getattr(thing, "mode", "")).startswith(("I", "F")):  # `convert` would clip what is above 255
            return "; it has more than 8 bits: pass the path of its file"
        return "; convert it: np.asarray(image.convert('RGB'))"
    if thing is None:
        return "; OpenCV's imread gives None for a file that it cannot read: pass the path"
    if isinstance(thing, bytes | bytearray | memoryview):
        return "; decode it, with bgr=True: cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)"
    if isinstance(thing, list | tuple):
        return "; pass one picture at a time"
    if hasattr(thing, "read"):
        return "; pass the path of its file"
    if hasattr(thing, "__array__"):  # tensors of PyTorch, TensorFlow and JAX
        return "; convert it: np.asarray(picture)"
    return ""
