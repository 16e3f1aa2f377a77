"""Which card, connector and mode: found by what is connected, or as the settings say."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Sequence
from dataclasses import dataclass

from edge.errors import ScreenAbsent, ScreenError
from edge.screens import kms_abi as abi
from edge.screens.kernel import Kernel
from edge.screens.kms import Card, Output
from edge.settings import ScreenSettings

# Text is sized by the screen's height and reads as well on 720 rows as on 1080, which cost more than twice as much.
ENOUGH = 1280 * 720
ASPECT = 0.02


@dataclass(frozen=True)
class Target:
    """Where to show.

    Attributes:
        card: open; whoever has the target closes it.
        output: the connector.
        crtc: what feeds it.
        place: of the crtc in the card's list.
        mode: size and timing.
    """

    card: Card
    output: Output
    crtc: int
    place: int
    mode: abi.Mode


def find(kernel: Kernel, settings: ScreenSettings) -> Target:
    """The first card with the connector of the settings; "auto" is the first one that is connected.

    Raises:
        ScreenAbsent: no card is there, or nothing is connected to it.
        ScreenError: a card or connector of another name, no permission, or no such mode.
    """
    named = settings.card != "auto"
    paths = [settings.card] if named else kernel.cards()
    if not paths:
        raise ScreenAbsent("screen: there is no /dev/dri/card*; on a Pi, put dtoverlay=vc4-kms-v3d into config.txt")
    seen: list[Output] = []
    refused: ScreenError | None = None
    for path in paths:
        try:
            target = _on_card(kernel, path, settings, seen)
        except OSError as error:
            # EdgeErrors of this room are OSErrors, too, and say more.
            told = error if isinstance(error, ScreenError) else refusal(path, error)
            if named or isinstance(error, ScreenError):
                raise told from None
            refused = refused or told
            continue
        if target is not None:
            return target
    if refused is not None and not seen:
        raise refused
    raise _missing(settings, seen)


def _on_card(kernel: Kernel, path: str, settings: ScreenSettings, seen: list[Output]) -> Target | None:
    """The wanted output of one card, or None; every output that it has goes to `seen`."""
    card = Card(kernel, path)
    target = None
    try:
        if card.draws():
            crtcs, connectors = card.resources()
            outputs = [card.output(connector) for connector in connectors]
            seen += outputs
            target = _target(card, settings, crtcs, outputs)
    except OSError as error:
        # A card without screens, such as the Pi's 3D core, does not know these requests.
        if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENOTTY):
            raise
    finally:
        if target is None:
            with contextlib.suppress(OSError):
                card.close()
    return target


def _target(card: Card, settings: ScreenSettings, crtcs: Sequence[int], outputs: Sequence[Output]) -> Target | None:
    for output in outputs:
        if settings.connector == "auto":
            fits = output.state == abi.CONNECTED
        else:
            # One that cannot tell (composite) is believed when it is asked for by its name.
            fits = output.name == settings.connector and output.state != abi.DISCONNECTED
        if not fits or not output.modes:
            continue
        crtc = card.crtc_for(output, crtcs)
        if crtc is not None:
            return Target(card, output, crtc, crtcs.index(crtc), choose_mode(output, settings.mode))
    return None


def _missing(settings: ScreenSettings, seen: Sequence[Output]) -> ScreenError:
    names = ", ".join(output.name for output in seen)
    if settings.connector != "auto" and seen and settings.connector not in [output.name for output in seen]:
        return ScreenError(f"screen: no connector {settings.connector}; mend [screen] connector, there are {names}")
    if not seen:
        where = "" if settings.card == "auto" else f" {settings.card}"
        return ScreenAbsent(
            f"screen: no connector on any card{where}; on a Pi, put dtoverlay=vc4-kms-v3d into config.txt"
        )
    return ScreenAbsent(f"screen: nothing is connected (of {names}); plug a screen in and switch it on")


def choose_mode(output: Output, wanted: str) -> abi.Mode:
    """The mode of that size ("1280x720"); for "auto" the screen's favourite, or its like with fewer pixels.

    Raises:
        ScreenError: the screen has none of that size.
    """
    favourite = next((mode for mode in output.modes if mode.type & abi.PREFERRED), output.modes[0])
    if wanted != "auto":
        same = [mode for mode in output.modes if size(mode) == wanted]
        if not same:
            sizes = ", ".join(dict.fromkeys(map(size, output.modes)))
            raise ScreenError(f"screen: {output.name} has no mode {wanted}; mend [screen] mode, there are {sizes}")
        return min(same, key=lambda mode: (bool(mode.flags & abi.INTERLACED), abs(mode.vrefresh - 60)))
    if _pixels(favourite) <= ENOUGH:
        return favourite
    aspect = favourite.hdisplay / favourite.vdisplay
    smaller = [
        mode
        for mode in output.modes
        if _pixels(mode) <= ENOUGH
        and mode.vdisplay >= 480
        and not mode.flags & abi.INTERLACED
        and abs(mode.hdisplay / mode.vdisplay / aspect - 1) <= ASPECT
    ]
    return max(smaller, key=lambda mode: (_pixels(mode), -abs(mode.vrefresh - 60)), default=favourite)


def size(mode: abi.Mode) -> str:
    """Such as 1280x720."""
    return f"{mode.hdisplay}x{mode.vdisplay}"


def _pixels(mode: abi.Mode) -> int:
    return mode.hdisplay * mode.vdisplay


def refusal(path: str, error: OSError) -> ScreenError:
    """What the kernel's refusal means, and what mends it."""
    why = error.strerror or str(error)
    if error.errno in (errno.ENODEV, errno.ENXIO):
        return ScreenAbsent(f"screen: {path} is gone ({why})")
    if error.errno == errno.ENOENT:
        return ScreenError(f"screen: {path}: no such card; mend [screen] card, or set it to auto")
    if error.errno == errno.EACCES and not _is_request(error):
        return ScreenError(f"screen: {path}: no permission; add the user to the groups video and render")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EBUSY):
        return ScreenError(f"screen: {path} is held by another program; end the desktop, or use --screen window in it")
    return ScreenError(f"screen: {path} does not do what is asked ({why}); look at dmesg, or use --screen none")


def _is_request(error: OSError) -> bool:
    """Whether it came from a request and not from opening the file, whose errors carry the file's name."""
    return error.filename is None
