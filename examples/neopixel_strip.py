#!/usr/bin/env python3
"""A NeoPixel strip shows the emotion of the last face, the more pixels the stronger.

    pip install adafruit-circuitpython-neopixel-spi
    edge-emotion run --source auto --journal - | python neopixel_strip.py

The strip's data line is on GPIO 10 (SPI MOSI), which works on every Pi and without root; switch SPI on with
`sudo raspi-config nonint do_spi 0`. Power the strip from a supply of its own and join the grounds.
"""

import json
import sys
from collections.abc import Iterable
from typing import Any

PIXELS = 8
BRIGHTNESS = 0.2
COLOURS = {
    "angry": (255, 0, 0),
    "disgust": (0, 160, 0),
    "fear": (150, 0, 200),
    "happy": (255, 170, 0),
    "sad": (0, 0, 255),
    "surprise": (0, 200, 200),
    "neutral": (120, 120, 120),
}
OTHER = (120, 110, 80)  # an emotion beside these, of a model of your own
OFF = (0, 0, 0)


def pattern(event: dict[str, Any], pixels: int = PIXELS) -> list[tuple[int, int, int]] | None:
    """The colour of each pixel after an event, or None where it changes nothing.

    >>> pattern({"event": "changed", "emotion": "sad", "intensity": 0.5}, pixels=4)
    [(0, 0, 255), (0, 0, 255), (0, 0, 0), (0, 0, 0)]
    >>> pattern({"event": "changed", "emotion": "contempt", "intensity": 1.0}, pixels=2)
    [(120, 110, 80), (120, 110, 80)]
    """
    if event["event"] in ("left", "stop"):
        return [OFF] * pixels
    if not event.get("emotion"):
        return None
    lit = pixels if event["emotion"] == "neutral" else max(1, round(event["intensity"] * pixels))
    return [COLOURS.get(event["emotion"], OTHER)] * lit + [OFF] * (pixels - lit)


def follow(lines: Iterable[str], strip: Any) -> None:
    """Show each event on a strip of NeoPixels."""
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:  # a power cut leaves a torn line in a journal
            continue
        colours = pattern(event, len(strip))
        if colours is not None:
            strip[:] = colours
            strip.show()


if __name__ == "__main__":
    import board
    import neopixel_spi

    strip = neopixel_spi.NeoPixel_SPI(board.SPI(), PIXELS, brightness=BRIGHTNESS, auto_write=False)
    try:
        follow(sys.stdin, strip)
    except KeyboardInterrupt:  # Ctrl-C
        sys.exit(130)
    finally:  # a strip keeps its last colours when the program ends
        strip.fill(OFF)
        strip.show()
