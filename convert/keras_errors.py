"""What Keras says of a file that it cannot load, as one line with a way out."""

from __future__ import annotations

import re
from pathlib import Path

from convert.errors import ConversionError, scratch_full
from convert.keras_config import OWN_CODE
from edge.errors import EdgeError, ModelError, one_line

# What Keras says of a Sequential whose InputLayer an old release did not save.
SIZELESS = re.compile(r"expected 0 layers|has not created its variables yet")
_UNKNOWN = re.compile(
    r"(?:Could not locate class|Unknown layer:?|Unknown object:?|Could not locate function) '?([\w>]+)"
)
Version = tuple[int, ...] | None


def explained(path: Path, error: Exception, version: Version, installed: Version) -> Exception:
    """The error to raise for a file that Keras could not load.

    Args:
        path: of the file.
        error: what Keras raised.
        version: of the Keras that wrote the file, where it says so.
        installed: that of the Keras that is installed.
    """
    if isinstance(error, EdgeError):
        return error
    if full := scratch_full(error):
        return full
    text = str(error)
    if SIZELESS.search(text):
        return sizeless(path)
    if version and installed and version > installed:
        made, here = (".".join(map(str, one)) for one in (version, installed))
        return ModelError(
            f"{path}: written by Keras {made}, which is newer than the installed {here}, and cannot be loaded "
            f"({_cause(text)}); fix it with: pip install --upgrade keras"
        )
    if found := _UNKNOWN.search(text):
        return ConversionError(f"{path}: custom layer {found.group(1)!r}; {OWN_CODE}")
    if "lambda" in text.lower():
        return ConversionError(f"{path}: a Lambda layer, which holds code of its own; {OWN_CODE}")
    return ModelError(
        f"{path}: cannot be loaded as a Keras model ({_cause(text)}); export a SavedModel folder with the program that "
        "made it, and convert that"
    )


def sizeless(path: Path) -> ModelError:
    """The error for a Sequential that does not say how large its pictures are."""
    return ModelError(
        f"{path}: does not say the size of its input, a fault of Keras 2.2 and 2.3; add for example "
        '"batch_input_shape": [null, 48, 48, 1] to the config of its first layer'
    )


def _cause(text: str) -> str:
    """What went wrong, without the pages of configuration that Keras puts in front of it."""
    inner = re.split(r"Exceptions? encountered:", text)[-1].strip()
    return one_line(without_colours(inner or text), 200)


def without_colours(text: str) -> str:
    """A message without the codes by which Keras prints parts of it in bold."""
    return re.sub("\x1b\\[[0-9;]*m", "", text)
