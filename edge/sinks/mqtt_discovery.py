"""How Home Assistant learns of the device: one retained document in its device form. Pure.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge.labels import EMOTIONS
from edge.sinks.mqtt_topics import OFF, OFFLINE, ON, ONLINE, Topics
from edge.sinks.situation import NOBODY, UNSURE

BIRTH = "online"  # what Home Assistant says below its prefix when it has started
EVENTS = ("appeared", "changed", "left")


def identifier(node: str) -> str:
    """The device's identifier, and the beginning of its entities'."""
    return f"edge-emotion-{node}"


def discovery_topic(prefix: str, node: str) -> str:
    """Where the document goes; an empty one removes the device."""
    return f"{prefix}/device/{identifier(node)}/config"


def birth_topic(prefix: str) -> str:
    """Where Home Assistant says that it has started."""
    return f"{prefix}/status"


def document(topics: Topics, version: str, labels: Sequence[str] = EMOTIONS, image: bool = False) -> dict[str, Any]:
    """The device with its entities. Names, icons and units follow Home Assistant's guidelines: an entity whose device
    class says what it is has no name of its own.

    Args:
        topics: where its values go.
        version: of this program.
        labels: the emotions that the models tell apart.
        image: announce an image, too; else one that was announced before is removed.
    """
    device = identifier(topics.node)

    def entity(platform: str, key: str, topic: str, **options: Any) -> dict[str, Any]:
        return {"platform": platform, "unique_id": f"{device}-{key}", "state_topic": topics(topic), **options}

    per_cent = {"unit_of_measurement": "%", "state_class": "measurement", "suggested_display_precision": 0}
    diagnostic = {"entity_category": "diagnostic"}
    return {
        "device": {
            "identifiers": [device],
            "name": f"Edge Emotion {topics.node}",
            "manufacturer": "edge-emotion",
            "model": "Emotion recognizer",
            "sw_version": version,
        },
        "origin": {"name": "edge-emotion", "sw_version": version},
        "availability": [
            {
                "topic": topics("status"),
                # Stopped on purpose or gone: neither is available.
                "value_template": f"{{{{ '{ONLINE}' if value == '{ONLINE}' else '{OFFLINE}' }}}}",
                "payload_available": ONLINE,
                "payload_not_available": OFFLINE,
            }
        ],
        "qos": 1,
        "components": {
            # A topic for each entity: Home Assistant may miss a retained message on a topic that it already follows.
            "occupancy": entity("binary_sensor", "occupancy", "occupancy", device_class="occupancy"),
            "faces": entity("sensor", "faces", "faces", name="Faces", icon="mdi:account-group",
                            state_class="measurement"),
            "emotion": entity("sensor", "emotion", "emotion", name="Emotion", icon="mdi:emoticon-outline",
                              device_class="enum", options=[*labels, UNSURE, NOBODY]),
            "masked": entity("sensor", "masked", "masked", name="Masked faces", icon="mdi:face-mask", **per_cent),
            "intensity": entity("sensor", "intensity", "intensity", name="Emotion intensity", icon="mdi:gauge",
                                **per_cent),
            "fps": entity("sensor", "fps", "fps", name="Frame rate", icon="mdi:speedometer", unit_of_measurement="fps",
                          state_class="measurement", suggested_display_precision=1, **diagnostic),
            "problem": entity(
                "binary_sensor", "problem", "health", device_class="problem",
                value_template=f"{{{{ '{ON}' if value_json.problem else '{OFF}' }}}}",
                json_attributes_topic=topics("health"), **diagnostic,
            ),
            "pause": entity("switch", "pause", "paused", name="Pause", icon="mdi:pause", command_topic=topics.pause,
                            payload_on=ON, payload_off=OFF, state_on=ON, state_off=OFF),
            "face": entity(
                "event", "face", "events", name="Face", icon="mdi:account-eye", event_types=list(EVENTS),
                # The journal's other events (samples, health) are none of this entity's: empty is ignored.
                value_template=(
                    "{% if value_json.event in " + str(list(EVENTS)) + " %}"
                    "{{ dict(value_json, event_type=value_json.event) | to_json }}{% endif %}"
                ),
            ),
            "picture": {"platform": "image"} if not image else {
                "platform": "image", "unique_id": f"{device}-picture", "name": "Picture", "icon": "mdi:image-frame",
                "image_topic": topics("image"), "content_type": "image/jpeg",
            },
        },
    }  # fmt: skip
