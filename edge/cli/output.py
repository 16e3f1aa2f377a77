"""Standard output that says in one line why it takes nothing, closed or full, and takes any text in any encoding."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from edge.errors import OutputError

# The names of `_escaped` and `_raw_or_escaped` among Python's error handlers.
ESCAPED, RAW_OR_ESCAPED = "edge.escaped", "edge.raw_or_escaped"
CLOSED = "standard output is closed; nothing could be printed"


@contextlib.contextmanager
def checked_output() -> Iterator[None]:
    """While this lasts, standard output is flushed at its end, and raises an OutputError where it cannot be written.

    Only the process's own standard output is replaced, or one that is closed: not that of a test, for example.
    """
    before: Any = sys.stdout
    own = before is not None and before is sys.__stdout__
    errors: Any = sys.stderr
    if None in (sys.stdin, before, errors):
        _fill_standard()
    if errors is None:  # else print(file=sys.stderr) would write to standard output
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if before is None:
        sys.stdout = io.TextIOWrapper(_Closed(), write_through=True)
    elif own:
        raw = _Raw(before.fileno(), "wb", closefd=False)
        # As Python sets it up: with -u, nothing is held back.
        binary: Any = raw if before.write_through else io.BufferedWriter(raw)
        # A picture's name that the terminal's encoding has no signs for must not end the work on a whole archive.
        # In the locale C, Python prints the bytes of names as they are ("surrogateescape"), but nothing beyond.
        errors_of = {"strict": ESCAPED, "surrogateescape": RAW_OR_ESCAPED}.get(before.errors, before.errors)
        sys.stdout = io.TextIOWrapper(
            binary, before.encoding, errors_of, "\n", before.line_buffering, before.write_through
        )
    try:
        yield
    except SystemExit:  # after --help or --version, too, it counts whether they were printed
        flush(sys.stdout)
        raise
    except BaseException:
        with contextlib.suppress(OSError):  # there is already something to say
            flush(sys.stdout)
        raise
    else:
        flush(sys.stdout)
    finally:
        if errors is None:
            sys.stderr.close()
        sys.stdout, sys.stderr = before, errors


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """What an encoding has no signs for, as JSON writes it: lines of JSON stay valid."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return _units(error.object[error.start : error.end]), error.end


def _raw_or_escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    """Bytes of a name that were no text, as they are; what else the encoding has no signs for, as `_escaped`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    raw = "\udc80" <= sign <= "\udcff"
    return bytes([ord(sign) - 0xDC00]) if raw else _units(sign), error.start + 1


def _units(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


codecs.register_error(ESCAPED, _escaped)
codecs.register_error(RAW_OR_ESCAPED, _raw_or_escaped)


def is_closed() -> bool:
    """Whether standard output was closed before the process began."""
    return sys.stdout is None or isinstance(getattr(sys.stdout, "buffer", None), _Closed)


def require_output() -> None:
    """Before a command whose work would be lost, or in vain, without it.

    Raises:
        OutputError: standard output is closed.
    """
    if is_closed():
        raise OutputError(CLOSED)


class _Raw(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"standard output: cannot write ({error.strerror or error})") from None


class _Closed(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        raise OutputError(CLOSED)


def _fill_standard() -> None:
    """Open /dev/null in the place of what is closed of the descriptors 0 to 2.

    Else the next file that is opened, such as the journal, would be the standard output of libraries and children.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def flush(stream: TextIO) -> None:
    """Write what is left; where that fails, nothing more is written, not even by the interpreter's last flush.

    Raises:
        OSError: it failed.
    """
    try:
        stream.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise
