"""The settings of the Home Assistant add-on: its options as TOML, and the broker that Home Assistant has.

`python addon_settings.py /data` reads /data/options.json, asks the Supervisor for the broker, and prints the settings.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

INGRESS = "172.30.32.2"  # where Home Assistant's ingress comes from, always
SERVICES = "http://supervisor/services/mqtt"
PASSWORD = "mqtt-password"


def settings(options: Mapping[str, Any], broker: Mapping[str, Any] | None, folder: Path) -> str:
    """The settings as TOML.

    Args:
        options: what the user chose.
        broker: host, port, username and ssl of the broker; None: there is none.
        folder: where the password and the journal are.
    """
    sections: dict[str, dict[str, Any]] = {
        "source": {"source": options["source"], "rotate": int(options["rotate"])},
        "journal": {"file": str(folder / "journal.jsonl"), "keep_days": options["keep_days"]},
        "web": {"enabled": True, "host": "0.0.0.0", "proxy": INGRESS, "frame": "'self'", "live": options["live"]},
    }
    if options["mqtt"] and broker is not None:
        sections["mqtt"] = {
            "enabled": True, "host": broker["host"], "port": int(broker["port"]), "user": broker["username"],
            "password_file": str(folder / PASSWORD), "tls": bool(broker["ssl"]), "node": options["node"],
        }  # fmt: skip
    return "\n".join(f"[{name}]\n" + "".join(map(line, keys.items())) for name, keys in sections.items())


def line(item: tuple[str, Any]) -> str:
    """One key; JSON's text, numbers and truth values are TOML's, too."""
    return f"{item[0]} = {json.dumps(item[1], ensure_ascii=False)}\n"


def ask(token: str) -> Mapping[str, Any] | None:
    """The broker, by the Supervisor; None: there is none, or it cannot be asked."""
    request = urllib.request.Request(SERVICES, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return dict(json.load(answer)["data"])
    except (OSError, ValueError, KeyError) as error:
        print(f"no MQTT: Home Assistant has no broker for add-ons ({error})", file=sys.stderr)
        return None


def keep(password: str, path: Path) -> None:
    """Write the password to a file that nobody else can read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(password + "\n")


def main(folder: Path, environment: Mapping[str, str] = os.environ) -> int:
    """Print the settings; 0."""
    options = json.loads((folder / "options.json").read_text(encoding="utf-8"))
    broker = ask(environment.get("SUPERVISOR_TOKEN", "")) if options["mqtt"] else None
    if broker is not None:
        keep(broker["password"], folder / PASSWORD)
    print(settings(options, broker, folder), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
