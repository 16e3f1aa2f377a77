"""Heat and power of a Raspberry Pi, as its firmware and its sensors report them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

# https://www.raspberrypi.com/documentation/computers/os.html#get_throttled: what is the case now; the same bits 16
# higher say that it was the case at some time since boot.
NOW = {0: "under-voltage", 1: "frequency-capped", 2: "throttled", 3: "too-hot"}
# Up to the Pi 4, then the Pi 5, whose bus has an address in its name. Other kernels than Raspberry Pi's have neither.
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
THROTTLED_PI5 = "sys/devices/platform/soc@*/soc@*:firmware/get_throttled"
TEMPERATURE = "sys/class/thermal/thermal_zone0/temp"
SENSORS = "sys/class/hwmon"
VOLTAGE, ALARM = "rpi_volt", "in0_lcrit_alarm"  # the sensor of the kernel's raspberrypi-hwmon: under-voltage alone
MODEL = "proc/device-tree/model"
MAILBOX = "/dev/vcio"  # what vcgencmd talks to; the group "video" may use it
VCGENCMD_S = 1.0


@dataclass(frozen=True)
class Reading:
    """What the machine reports.

    Attributes:
        now: what slows the machine down now, in the words of NOW; empty where nothing does or nothing is known.
        ever: the same, for any time since boot.
        celsius: the temperature of the chip, or None.
        read_from: where `now` comes from: "firmware", "vcgencmd", "rpi_volt" (under-voltage alone), or "" where
            nothing can be read.
    """

    now: tuple[str, ...] = ()
    ever: tuple[str, ...] = ()
    celsius: float | None = None
    read_from: str = field(default="", compare=False)


def vcgencmd() -> str:
    """The answer of `vcgencmd get_throttled`, such as "throttled=0x50005"; "" where it is absent or not allowed."""
    import shutil  # both slow to import, and only a Pi of an old kernel needs them
    import subprocess

    program = shutil.which("vcgencmd")
    if not program or not os.access(MAILBOX, os.R_OK | os.W_OK):
        return ""
    try:
        done = subprocess.run(
            [program, "get_throttled"], capture_output=True, text=True, timeout=VCGENCMD_S, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def read(root: Path = Path("/"), ask: Callable[[], str] = vcgencmd) -> Reading:
    """The current reading; empty on a machine that is not a Raspberry Pi.

    Args:
        root: of the file system; another one in tests.
        ask: asks the firmware where no file has its answer.
    """
    heat = _number(root / TEMPERATURE, 10)
    celsius = None if heat is None else heat / 1000
    bits, read_from = _throttled(root), "firmware"
    if bits is None and is_pi(root):
        bits, read_from = _parse(ask().strip().removeprefix("throttled="), 16), "vcgencmd"
    if bits is None:
        bits, read_from = _under_voltage(root), VOLTAGE
    if bits is None:
        return Reading(celsius=celsius)
    now = tuple(word for bit, word in NOW.items() if bits >> bit & 1)
    ever = tuple(word for bit, word in NOW.items() if bits >> (bit + 16) & 1)
    return Reading(now, ever, celsius, read_from)


def is_pi(root: Path = Path("/")) -> bool:
    """Whether the machine says that it is a Raspberry Pi."""
    try:
        return (root / MODEL).read_text(errors="replace").startswith("Raspberry Pi")
    except OSError:
        return False


def _throttled(root: Path) -> int | None:
    """The firmware's bits, from whichever file has them."""
    found = (_number(path, 16) for path in (root / THROTTLED, *sorted(root.glob(THROTTLED_PI5))))
    return next((bits for bits in found if bits is not None), None)


def _under_voltage(root: Path) -> int | None:
    """Bit 0 alone, as the voltage sensor tells it."""
    for name in sorted(root.glob(f"{SENSORS}/*/name")):
        try:
            if name.read_text().strip() == VOLTAGE:
                return _number(name.with_name(ALARM), 10)
        except (OSError, ValueError):
            continue
    return None


def _number(path: Path, base: int) -> int | None:
    try:
        return _parse(path.read_text(), base)
    except (OSError, ValueError):
        return None


def _parse(text: str, base: int) -> int | None:
    try:
        return int(text.strip(), base)
    except ValueError:
        return None
