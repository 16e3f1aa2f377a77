#!/usr/bin/python3
"""An RGB LED shows the emotion: red is angry, yellow happy, blue sad.

It reads events on standard input, one JSON object a line, so it works in three ways:

    on_event = "/usr/local/bin/led.py"                                     in the settings; one event each time
    edge-emotion run --journal - | python3 led.py                    while you try things out
    tail -n 0 -F /var/log/edge-emotion/journal.jsonl | python3 led.py    beside the service

Red, green and blue are on GPIO 17, 27 and 22, each with a resistor (330 ohm), the common cathode on ground.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable

# lgpio, which gpiozero uses, writes a file into its working folder, and a service may have none that it can write.
os.environ.setdefault("LG_WD", tempfile.gettempdir())

from gpiozero import RGBLED

PINS = (17, 27, 22)  # GPIO numbers of red, green and blue
COLOURS = {
    "angry": (1, 0, 0),
    "disgust": (0, 1, 0),
    "fear": (1, 0, 1),
    "happy": (1, 1, 0),
    "sad": (0, 0, 1),
    "surprise": (0, 1, 1),
    "neutral": (1, 1, 1),
}
OTHER = (1, 1, 1)  # an emotion beside these, of a model of your own
OFF = (0, 0, 0)
LIT_S = 3.0  # after the last event; on_event kills a command after five seconds


def follow(lines: Iterable[str], led: RGBLED) -> None:
    """Show each event; one without a face, or with a face that was unsure, changes nothing."""
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:  # a power cut leaves a torn line in a journal
            continue
        if event["event"] in ("left", "stop"):
            led.color = OFF
        elif event.get("emotion"):
            led.color = COLOURS.get(event["emotion"], OTHER)


if __name__ == "__main__":
    led = RGBLED(*PINS, pwm=False)
    try:
        follow(sys.stdin, led)
    except KeyboardInterrupt:  # Ctrl-C: the LED goes out as this ends
        sys.exit(130)
    if led.color != OFF:
        time.sleep(LIT_S)
