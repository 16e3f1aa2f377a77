"""How much a stranger's file may ask for: nothing outside of itself, and no more memory than a network needs."""

from __future__ import annotations

import contextlib
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from convert.errors import ConversionError

WEIGHT_BYTES = 2 << 30  # of a whole file, unpacked; VGG16 has half a gigabyte
PARAMETERS = WEIGHT_BYTES // 4
JSON_BYTES = 64 << 20
ACTIVATION = 1 << 26  # values that one layer answers with for one picture; 3 million in VGG16
OBJECTS = 100_000  # groups and arrays of an HDF5 file


def check_h5(path: Path, name: Path | None = None) -> None:
    """Check that an HDF5 file holds its arrays itself, and how large they are; none is read.

    Args:
        path: of the file.
        name: what it is called in messages, where that is another.

    Raises:
        ConversionError: it links to another file, or its arrays are larger than a network's.
        OSError: it cannot be read.
    """
    import h5py

    name, total, seen = name or path, 0, set()
    with h5py.File(path, "r") as file:
        todo = [file]
        while todo:
            group = todo.pop()
            for key in group:
                if isinstance(group.get(key, getlink=True), h5py.ExternalLink):
                    raise ConversionError(f"{name}: links to another file; it is not read. Save the model again")
                part = group.get(key)
                if part is None or (address := h5py.h5o.get_info(part.id).addr) in seen:
                    continue
                seen.add(address)
                if isinstance(part, h5py.Group):
                    todo.append(part)
                elif isinstance(part, h5py.Dataset):
                    if part.external or part.is_virtual:
                        raise ConversionError(
                            f"{name}: keeps arrays in another file; it is not read. Save the model again"
                        )
                    total += (part.size or 0) * part.dtype.itemsize
            if len(seen) > OBJECTS:
                raise ConversionError(f"{name}: more than {OBJECTS:,} arrays, which no network has; it is not read")
    check_bytes(name, total)


def check_zip(path: Path, archive: zipfile.ZipFile) -> None:
    """Check the members of an archive before one is unpacked.

    Raises:
        ConversionError: a member would leave the folder, or all are larger than a network.
    """
    for item in archive.infolist():
        place = PurePosixPath(item.filename.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts or ":" in item.filename:
            raise ConversionError(f"{path}: a member of the archive leads out of it; it is not unpacked")
        if item.filename.endswith(".json"):
            check_json_size(path, item.file_size)
    check_bytes(path, sum(item.file_size for item in archive.infolist()))


def check_json_size(path: Path, size: int) -> None:
    """Check the size of an architecture, bytes.

    Raises:
        ConversionError: it is larger than any.
    """
    if size > JSON_BYTES:
        raise ConversionError(f"{path}: an architecture of {size:,} bytes, at most {JSON_BYTES:,} are read")


class Budget:
    """Counts the parameters of layers before they are made, while `counted` lasts.

    Attributes:
        overdrawn: the error that ended the building of a model, or None.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._left = path, PARAMETERS
        self.overdrawn: ConversionError | None = None

    @contextlib.contextmanager
    def counted(self, library: Any) -> Iterator[None]:
        """Layers of this Keras, 2 or 3, are counted; one that is too large raises ConversionError."""
        kind = library.layers.Layer
        plain = kind.add_weight

        def add_weight(layer: Any, *args: Any, **more: Any) -> Any:
            for value in (*args, more.get("shape")):
                self._take(value)
            return plain(layer, *args, **more)

        kind.add_weight = add_weight
        try:
            yield
        finally:
            kind.add_weight = plain

    def _take(self, shape: Any) -> None:
        if isinstance(shape, str) or not hasattr(shape, "__iter__"):
            return
        sizes = [size for size in shape if isinstance(size, int)]
        self._left -= math.prod(sizes) if sizes else 0
        if self._left < 0:
            self.overdrawn = ConversionError(
                f"{self._path}: more than {PARAMETERS:,} parameters; no such network runs on the device"
            )
            raise self.overdrawn


def check_activations(name: str, model: Any) -> None:
    """Check how much the layers of a built model answer with for one picture.

    Raises:
        ConversionError: one of them more than a network for this device would.
    """
    for layer in getattr(model, "layers", ()):
        shape = getattr(layer, "output_shape", None)  # of Keras 2
        if shape is None:
            with contextlib.suppress(AttributeError, ValueError):  # several, or never called
                shape = tuple(layer.output.shape)
        if isinstance(shape, tuple) and math.prod(s for s in shape if isinstance(s, int)) > ACTIVATION:
            shown = "x".join(str(s) for s in shape[1:])
            raise ConversionError(
                f"{name}: the layer {str(layer.name)[:60]} answers with {shown} values, too many for the device"
            )


def check_bytes(name: Path, total: int) -> None:
    """Check the size of a model, unpacked.

    Raises:
        ConversionError: no network of the device is so large.
    """
    if total > WEIGHT_BYTES:
        raise ConversionError(
            f"{name}: {total:,} bytes when unpacked, at most {WEIGHT_BYTES:,} are read; the device runs no such network"
        )
