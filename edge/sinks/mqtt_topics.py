"""The topics of one device, and what its retained ones say. Pure."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass

from edge.errors import SettingsError
from edge.journals.jsonl import DECIMALS
from edge.settings import MqttSettings
from edge.sinks.situation import Situation, dominant, masked_share, mean_intensity

ONLINE, STOPPED, OFFLINE = "online", "stopped", "offline"
ON, OFF = "ON", "OFF"
UNKNOWN = "None"  # Home Assistant's word for a sensor without a value
LONGEST = 200  # characters of a base topic


@dataclass(frozen=True)
class Topics:
    """All topics, below one base.

    Attributes:
        node: the name of the device.
        base: such as "edge-emotion/pi".
    """

    node: str
    base: str

    def __call__(self, name: str) -> str:
        """One of them: "status", "events", or one of `states`."""
        return f"{self.base}/{name}"

    @property
    def pause(self) -> str:
        """Where the camera is switched off ("ON": pause) and on again ("OFF": resume)."""
        return self("pause/set")

    @classmethod
    def of(cls, settings: MqttSettings, hostname: str = "") -> Topics:
        """The topics of the settings; `hostname` replaces the machine's own.

        Raises:
            SettingsError: the node or the topic has characters that MQTT or Home Assistant do not allow there.
        """
        node = settings.node
        if node == "auto":
            node = re.sub(r"[^A-Za-z0-9_-]+", "-", hostname or socket.gethostname().partition(".")[0]).strip("-")
            node = node or "device"
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", node):
            raise SettingsError(f"[mqtt] node: expected up to 64 letters, digits, - and _, got {node!r}")
        base = settings.topic.replace("<node>", node)
        for name, topic in (("topic", base), ("discovery_prefix", settings.discovery_prefix)):
            parts = topic.split("/")
            bad = any(not part or part.startswith("$") or set(part) & set("+#\0") for part in parts)
            if bad or len(topic) > LONGEST:
                raise SettingsError(f"[mqtt] {name}: expected words separated by /, without + and #, got {topic!r}")
        return cls(node, base)


def states(situation: Situation, fps: float) -> dict[str, str]:
    """What the retained topics say, by the name of each.

    | topic | payload |
    |---|---|
    | occupancy | ON or OFF: whether there is a face |
    | faces | how many, such as 2 |
    | emotion | the emotion of most faces; none: no face; unsure: none that could be named |
    | masked | per cent of the faces; None without a face |
    | intensity | per cent, the mean over the faces; None without a face that is large enough |
    | fps | frames per second |
    | health | JSON: `problem`, true or false, and `problems`, a list of words |
    | paused | ON or OFF |
    """
    tracks = situation.tracks
    return {
        "occupancy": ON if tracks else OFF,
        "faces": str(len(tracks)),
        "emotion": dominant(tracks),
        "masked": _percent(masked_share(tracks)),
        "intensity": _percent(mean_intensity(tracks)),
        "fps": f"{fps:.1f}",
        "health": json.dumps({"problem": bool(situation.problems), "problems": list(situation.problems)}),
        "paused": ON if situation.paused else OFF,
    }


def _percent(share: float | None) -> str:
    return UNKNOWN if share is None else str(round(100 * round(share, DECIMALS)))
