"""Heat and power of a Raspberry Pi, as its firmware reports them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# https://www.raspberrypi.com/documentation/computers/os.html#get_throttled: what is the case now; the same bits 16
# higher say that it was the case at some time since boot.
NOW = {0: "under-voltage", 1: "frequency-capped", 2: "throttled", 3: "too-hot"}
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
TEMPERATURE = "sys/class/thermal/thermal_zone0/temp"


@dataclass(frozen=True)
class Reading:
    """What the firmware reports.

    Attributes:
        now: what slows the machine down now, in the words of NOW; empty where nothing does or nothing is known.
        ever: the same, for any time since boot.
        celsius: the temperature of the chip, or None.
    """

    now: tuple[str, ...] = ()
    ever: tuple[str, ...] = ()
    celsius: float | None = None


def read(root: Path = Path("/")) -> Reading:
    """The current reading; empty on a machine that is not a Raspberry Pi. `root` is for tests."""
    bits = _number(root / THROTTLED, 16) or 0
    heat = _number(root / TEMPERATURE, 10)
    now = tuple(word for bit, word in NOW.items() if bits >> bit & 1)
    ever = tuple(word for bit, word in NOW.items() if bits >> (bit + 16) & 1)
    return Reading(now, ever, None if heat is None else heat / 1000)


def _number(path: Path, base: int) -> int | None:
    try:
        return int(path.read_text().strip(), base)
    except (OSError, ValueError):
        return None
