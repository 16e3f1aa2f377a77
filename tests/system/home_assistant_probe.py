"""A custom integration for Home Assistant: writes down every state, and calls the services that it is asked to."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from homeassistant.core import callback  # type: ignore[import-not-found]

FOLDER = Path("/config")


async def async_setup(hass: Any, config: Any) -> bool:
    """Listen from now on."""

    # In the event loop: a plain function would run in one of several threads, and states could be written out of order.
    @callback
    def changed(event: Any) -> None:
        state = event.data["new_state"]
        line = {"id": event.data["entity_id"], "state": None, "attributes": {}}
        if state is not None:
            line |= {"state": state.state, "attributes": dict(state.attributes)}
        with open(FOLDER / "states.jsonl", "a") as file:
            file.write(json.dumps(line, default=str) + "\n")

    async def serve() -> None:
        done = 0
        while True:
            await asyncio.sleep(0.2)
            file = FOLDER / "calls.jsonl"
            lines = file.read_text().splitlines() if file.exists() else []
            for line in lines[done:]:
                await hass.services.async_call(*json.loads(line), blocking=True)
            done = len(lines)

    hass.bus.async_listen("state_changed", changed)
    hass.async_create_background_task(serve(), "probe")
    return True
