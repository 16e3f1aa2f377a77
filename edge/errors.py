"""The errors of the device: one tree, each child also a builtin, each with the exit code it ends a command with."""

from edge.escape import printable


class EdgeError(Exception):
    """Root of every error that this package raises on purpose. Its message is one line: what, where, how to fix it.

    What it quotes may come from anywhere, such as the name of a file: control characters are escaped.

    >>> EdgeError("caf\\udce9\\n.jpg: the file is empty")
    EdgeError('caf\\\\xe9\\\\n.jpg: the file is empty')
    """

    exit_code = 1

    def __init__(self, *message: object) -> None:
        super().__init__(*(printable(part) if isinstance(part, str) else part for part in message))


class InvalidValue(EdgeError, ValueError):
    """A value that breaks its type's promise; the message says what was expected and what was got."""


class SettingsError(EdgeError, ValueError):
    """An unknown or malformed setting; the message names the key and the file."""

    exit_code = 2


class SourceError(EdgeError, OSError):
    """A camera, clip or folder that cannot be opened or gives no frame."""

    exit_code = 3


class CameraTimeout(SourceError, TimeoutError):
    """A live camera that gave no frame within its time-out."""


class ModelError(EdgeError, ValueError):
    """A model that is missing, broken, or does not match its manifest entry."""

    exit_code = 4


class EngineError(EdgeError, RuntimeError):
    """A model that was loaded but could not be run."""


class DelegateError(EngineError):
    """An accelerator that is absent or unusable."""


class PictureError(EdgeError, ValueError):
    """A picture file that cannot be read."""


class NotAPicture(PictureError):
    """A file whose content is not that of a picture."""


class PictureIsVideo(NotAPicture):
    """A clip in the place of a picture."""


class PictureTooLarge(PictureError):
    """A picture with more pixels, or a file with more bytes, than are read."""


class OutputError(EdgeError, OSError):
    """Standard output is closed, full or cannot be written."""


class JournalError(EdgeError, OSError):
    """A journal that cannot be written or read."""


class ScanError(EdgeError, OSError):
    """A scan's folder or cluster that cannot be used."""


class Absent(EdgeError, OSError):
    """Something that is not there now and may come: `run` starts without it and tries again."""


class InUse(EdgeError, OSError):
    """Something that another process has, maybe the running service.

    Attributes:
        address: host and port that are taken, by whatever program; None: what only edge-emotion takes, such as the lock
            of a journal.
    """

    address: tuple[str, int] | None = None


class ScreenError(EdgeError, OSError):
    """A screen that cannot be opened or drawn on."""


class ScreenAbsent(ScreenError, Absent):
    """A screen that is not plugged in or not switched on; it may come."""


class AdapterError(EdgeError, ImportError):
    """A camera, screen or sink that no package provides, or one that cannot be imported."""

    exit_code = 2


class MissingExtra(EdgeError, ImportError):
    """An optional dependency that is not installed; the message gives the command that installs it."""


LONGEST = 1000  # characters of a message: what it quotes, such as a name, may be of any length


def one_line(error: BaseException | str, limit: int = 0) -> str:
    """The message of an error, whoever raised it, as one line; the name of its type where it has none.

    Args:
        error: the error, or text that is to be one line.
        limit: cut to this many characters; 0: text of more than LONGEST loses its middle, so that the name in front and
            the way out at the end stay.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    if limit:
        return text if len(text) <= limit else text[: limit - 3] + "..."
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"
