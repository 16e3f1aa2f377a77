"""Which device, connector and mode to use: whatever is connected, or what the settings name."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Sequence
from dataclasses import dataclass

from edge.errors import ScreenAbsent, ScreenError
from edge.screens import kms_abi as abi
from edge.screens.kernel import Kernel
from edge.screens.kms import Connector, DrmDevice
from edge.settings import ScreenSettings

# Text is sized by the screen's height: 1080 rows read no better than 720, and cost more than twice as much.
ENOUGH = 1280 * 720
ASPECT = 0.02


@dataclass(frozen=True)
class Target:
    """Where to show pictures.

    Attributes:
        device: open; whoever holds the target closes it.
        connector: the screen's.
        crtc: id of the CRTC that feeds it.
        mode: size and timing.
    """

    device: DrmDevice
    connector: Connector
    crtc: int
    mode: abi.Mode


def find(kernel: Kernel, settings: ScreenSettings) -> Target:
    """The first device that has the connector of the settings; "auto" means the first that is connected.

    Raises:
        ScreenAbsent: there is no device, or nothing is connected.
        ScreenError: unknown device or connector, no permission, or no such mode.
    """
    named = settings.card != "auto"
    paths = [settings.card] if named else kernel.cards()
    if not paths:
        raise ScreenAbsent("screen: no /dev/dri/card* found; on a Pi, add dtoverlay=vc4-kms-v3d to config.txt")
    seen: list[Connector] = []
    refused: ScreenError | None = None
    for path in paths:
        try:
            target = _on_device(kernel, path, settings, seen)
        except OSError as error:
            # A ScreenError is an OSError, too, and says more than the kernel does.
            reason = error if isinstance(error, ScreenError) else refusal(path, error)
            if named or isinstance(error, ScreenError):
                raise reason from None
            refused = refused or reason
            continue
        if target is not None:
            return target
    if refused is not None and not seen:
        raise refused
    raise _missing(settings, seen)


def _on_device(kernel: Kernel, path: str, settings: ScreenSettings, seen: list[Connector]) -> Target | None:
    """The target on one device, or None; every connector that it has is appended to `seen`."""
    device = DrmDevice(kernel, path)
    target = None
    try:
        if device.has_dumb_buffers():
            crtcs, numbers = device.resources()
            connectors = [device.connector(number) for number in numbers]
            seen += connectors
            target = _target(device, settings, crtcs, connectors)
    except OSError as error:
        # A device without screens, such as the Pi's 3D core, does not know these requests.
        if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENOTTY):
            raise
    finally:
        if target is None:
            with contextlib.suppress(OSError):
                device.close()
    return target


def _target(
    device: DrmDevice, settings: ScreenSettings, crtcs: Sequence[int], connectors: Sequence[Connector]
) -> Target | None:
    for connector in connectors:
        if settings.connector == "auto":
            fits = connector.state == abi.CONNECTED
        else:
            # One that cannot tell (composite) is taken to be connected when the settings name it.
            fits = connector.name == settings.connector and connector.state != abi.DISCONNECTED
        if not fits or not connector.modes:
            continue
        crtc = device.crtc_for(connector, crtcs)
        if crtc is not None:
            return Target(device, connector, crtc, choose_mode(connector, settings.mode))
    return None


def _missing(settings: ScreenSettings, seen: Sequence[Connector]) -> ScreenError:
    names = ", ".join(connector.name for connector in seen)
    if settings.connector != "auto" and seen and settings.connector not in [connector.name for connector in seen]:
        return ScreenError(f"screen: no connector {settings.connector}; set [screen] connector to one of {names}")
    if not seen:
        where = "any card" if settings.card == "auto" else settings.card
        return ScreenAbsent(f"screen: no connector on {where}; on a Pi, add dtoverlay=vc4-kms-v3d to config.txt")
    return ScreenAbsent(f"screen: nothing is connected to {names}; plug a screen in and switch it on")


def choose_mode(connector: Connector, wanted: str) -> abi.Mode:
    """The mode of that size ("1280x720"); for "auto" the preferred one, or one of the same shape with fewer pixels.

    Raises:
        ScreenError: the screen has no mode of that size.
    """
    preferred = next((mode for mode in connector.modes if mode.type & abi.PREFERRED), connector.modes[0])
    if wanted != "auto":
        same = [mode for mode in connector.modes if size(mode) == wanted]
        if not same:
            sizes = ", ".join(dict.fromkeys(map(size, connector.modes)))
            raise ScreenError(f"screen: {connector.name} has no mode {wanted}; set [screen] mode to one of {sizes}")
        return min(same, key=lambda mode: (bool(mode.flags & abi.INTERLACED), abs(mode.vrefresh - 60)))
    if _pixels(preferred) <= ENOUGH:
        return preferred
    aspect = preferred.hdisplay / preferred.vdisplay
    smaller = [
        mode
        for mode in connector.modes
        if _pixels(mode) <= ENOUGH
        and mode.vdisplay >= 480
        and not mode.flags & abi.INTERLACED
        and abs(mode.hdisplay / mode.vdisplay / aspect - 1) <= ASPECT
    ]
    return max(smaller, key=lambda mode: (_pixels(mode), -abs(mode.vrefresh - 60)), default=preferred)


def size(mode: abi.Mode) -> str:
    """Such as 1280x720."""
    return f"{mode.hdisplay}x{mode.vdisplay}"


def _pixels(mode: abi.Mode) -> int:
    return int(mode.hdisplay) * int(mode.vdisplay)


def refusal(path: str, error: OSError) -> ScreenError:
    """What the kernel's refusal means, and how to fix it."""
    why = error.strerror or str(error)
    if error.errno in (errno.ENODEV, errno.ENXIO):
        return ScreenAbsent(f"screen: {path} is gone ({why})")
    if error.errno == errno.ENOENT:
        return ScreenError(f"screen: {path}: no such device; set [screen] card to auto")
    if error.errno == errno.EACCES and not _is_request(error):
        return ScreenError(f"screen: {path}: no permission; add the user to the groups video and render")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EBUSY):
        return ScreenError(
            f"screen: {path} is in use by another program; quit the desktop, or use --screen window inside it"
        )
    return ScreenError(f"screen: {path} refused the request ({why}); see dmesg, or use --screen none")


def _is_request(error: OSError) -> bool:
    """Whether it came from a request and not from opening the file, whose errors carry the file's name."""
    return error.filename is None
