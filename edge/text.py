"""Text that comes from outside: files that people write, and what is made fit for a terminal."""

from __future__ import annotations

import codecs

from edge.errors import InvalidValue
from edge.escape import printable as printable


def decoded(data: bytes) -> str:
    r"""The text of a file that somebody wrote: UTF-8, with or without the mark that Windows' editors put in front.

    >>> decoded(b"\xef\xbb\xbfcaf\xc3\xa9")
    'café'

    Raises:
        InvalidValue: it is something else; the message says what, but not where.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InvalidValue("text in UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidValue("not text in UTF-8; save it as UTF-8") from None


def is_utf8(text: str) -> bool:
    r"""Whether the text can be encoded: a file name with other bytes cannot, and given such text OpenCV crashes.

    >>> is_utf8("café"), is_utf8("caf\udce9")
    (True, False)
    """
    return not any("\ud800" <= c <= "\udfff" for c in text)
