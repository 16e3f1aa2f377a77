"""Text that comes from outside, made fit for a terminal; errors need it, so that it needs nothing."""

from __future__ import annotations


def printable(text: object) -> str:
    r"""The text on one line: control characters, and bytes of a file name that are not UTF-8, are escaped.

    >>> printable("caf\udce9\x1b[31m.jpg\n")
    'caf\\xe9\\x1b[31m.jpg\\n'
    """
    return "".join(_escaped(c) for c in str(text))


def _escaped(c: str) -> str:
    if "\udc80" <= c <= "\udcff":  # what surrogateescape makes of the byte
        return f"\\x{ord(c) - 0xDC00:02x}"
    return c if c.isprintable() else c.encode("unicode_escape").decode("ascii")
