"""Picture files: which files are pictures, reading them within limits, writing them.

`kinds` tells a file's format by its first bytes, `header` its size before anything is decoded, `reader` decodes,
`folder` lists, `writer` writes.
"""

from edge.picture.folder import is_picture, listing, scan
from edge.picture.kinds import KINDS, SUFFIXES
from edge.picture.reader import MAX_MEGAPIXELS, Picture, decode, load, read
from edge.picture.writer import WRITABLE, write

__all__ = [
    "KINDS", "MAX_MEGAPIXELS", "SUFFIXES", "WRITABLE", "Picture", "decode", "is_picture", "listing", "load", "read",
    "scan", "write",
]  # fmt: skip
