"""Home Assistant's core, headless, in a Debian root with a Python that is new enough for it; it is fetched once."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.system import debian

VERSION = "2025.11.3"  # the last release for some time that works with trixie's Python 3.13 and builds without Rust
# Its own constraints are looser than what it works with.
PINS = ["pycares<5", "numpy==2.3.2"]
# The core does not start without the frontend; the others are imported by MQTT or in the recovery mode.
INTEGRATIONS = ("mqtt", "frontend", "recorder", "cloud", "camera", "stream", "automation", "template", "image")
WAIT_S = 300.0
# A lamp that is nothing but its state, for the automations of examples/.
LAMP = """
automation: !include automations.yaml
template:
  - light:
      - name: hall
        turn_on: []
        turn_off: []
"""
ENTRY = {
    "created_at": "2026-01-01T00:00:00+00:00", "modified_at": "2026-01-01T00:00:00+00:00", "disabled_by": None,
    "discovery_keys": {}, "domain": "mqtt", "entry_id": "01JTESTTESTTESTTESTTESTTES", "version": 1, "minor_version": 2,
    "options": {}, "pref_disable_new_entities": False, "pref_disable_polling": False, "source": "user",
    "subentries": [], "title": "broker", "unique_id": None,
}  # fmt: skip


@contextlib.contextmanager
def root() -> Iterator[Path]:
    """A throw-away root with Home Assistant in /opt/home-assistant."""
    arch = debian.architecture()
    kept = debian.CACHE / f"home-assistant-{VERSION}-{arch}"
    with debian.overlay(debian.base(arch), "home-assistant") as made:
        inside = made / "opt/home-assistant"
        inside.mkdir(parents=True)
        kept.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--bind", str(kept), str(inside)], check=True)
        for name in ("proc", "dev"):
            subprocess.run(["mount", "--bind", f"/{name}", str(made / name)], check=True)
        if not (kept / "complete").exists():
            _install(made)
            (kept / "complete").touch()
        yield made


def _install(root: Path) -> None:
    """Debian's compilers, then pip as this machine's is set up."""
    for name in ("resolv.conf", "hosts", "pip.conf", "ssl/certs/ca-certificates.crt"):
        if (Path("/etc") / name).exists():
            shutil.copy(Path("/etc") / name, root / "etc" / name)
    own = Path("~/.config/pip/pip.conf").expanduser()
    if own.exists():
        (root / "root/.config/pip").mkdir(parents=True, exist_ok=True)
        shutil.copy(own, root / "root/.config/pip")

    def run(*words: str) -> None:
        subprocess.run(["chroot", str(root), "env", "DEBIAN_FRONTEND=noninteractive", *words], check=True)

    run("apt-get", "update", "--quiet")
    run("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "build-essential", "python3-dev",
        "libffi-dev", "libssl-dev", "libturbojpeg0")  # fmt: skip
    run("python3", "-m", "venv", "--clear", "/opt/home-assistant")
    pip = ("/opt/home-assistant/bin/pip", "install", "--quiet", "--prefer-binary")
    run(*pip, f"homeassistant=={VERSION}", *PINS)
    run(*pip, *_requirements(root), *PINS)


def _requirements(root: Path) -> list[str]:
    """What the integrations need, by their manifests."""
    (package,) = root.glob("opt/home-assistant/lib/python3*/site-packages/homeassistant/components")
    todo, seen, found = list(INTEGRATIONS), set[str](), set[str]()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            manifest = json.loads((package / name / "manifest.json").read_text())
            found.update(manifest.get("requirements", []))
            todo += manifest.get("dependencies", [])
    return sorted(each for each in found if not each.startswith("numpy"))


class HomeAssistant:
    """A running core that knows one broker.

    Args:
        root: as of `root`.
        broker_port: on the loopback interface; anybody may log in.
        port: where its own web server listens.
    """

    def __init__(self, root: Path, broker_port: int, port: int) -> None:
        self._root, self._config = root, root / "config"
        probe = self._config / "custom_components/probe"
        probe.mkdir(parents=True)
        shutil.copy(Path(__file__).with_name("home_assistant_probe.py"), probe / "__init__.py")
        about = {"domain": "probe", "name": "Probe", "version": "1.0.0", "codeowners": [], "requirements": []}
        (probe / "manifest.json").write_text(json.dumps({**about, "documentation": "", "iot_class": "local_push"}))
        text = f"http:\n  server_host: 127.0.0.1\n  server_port: {port}\nprobe:\nlogger:\n  default: warning\n{LAMP}"
        shutil.copy(debian.TREE / "examples/home-assistant/automations.yaml", self._config)
        (self._config / "configuration.yaml").write_text(text)
        (self._config / ".storage").mkdir()
        entry = {**ENTRY, "data": {"broker": "127.0.0.1", "port": broker_port}}
        kept = {"version": 1, "minor_version": 5, "key": "core.config_entries", "data": {"entries": [entry]}}
        (self._config / ".storage/core.config_entries").write_text(json.dumps(kept))
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its states are those since then."""
        (self._config / "states.jsonl").unlink(missing_ok=True)
        command = ["chroot", str(self._root), "/opt/home-assistant/bin/python", "-m", "homeassistant"]
        with open(self._config / "output", "ab") as output:
            command += ["--config", "/config", "--skip-pip"]
            self._child = subprocess.Popen(command, stdout=output, stderr=output)

    def stop(self) -> None:
        """Stop it in order."""
        if self._child:
            self._child.terminate()
            self._child.wait(WAIT_S)
        self._child = None

    def states(self) -> dict[str, tuple[str | None, dict[str, Any]]]:
        """State and attributes of each entity."""
        file = self._config / "states.jsonl"
        text = file.read_text() if file.exists() else ""
        lines = map(json.loads, text[: text.rfind("\n") + 1].splitlines())  # the last one may be half written
        return {line["id"]: (line["state"], line["attributes"]) for line in lines}

    def call(self, domain: str, service: str, **data: Any) -> None:
        """Call a service."""
        with open(self._config / "calls.jsonl", "a") as file:
            file.write(json.dumps([domain, service, data]) + "\n")

    def wait_for(self, wanted: dict[str, str | None], prefix: str, meanwhile: Any = lambda: None) -> None:
        """Wait until these entities have these states; their ids follow `prefix` after the domain's dot."""
        deadline, seen = time.monotonic() + WAIT_S, dict[str, str | None]()
        while time.monotonic() < deadline and self._child is not None and self._child.poll() is None:
            meanwhile()
            time.sleep(0.05)
            seen = {
                entity.partition(".")[2].removeprefix(prefix): state
                for entity, (state, _) in self.states().items()
                if entity.partition(".")[2].startswith(prefix)
            }
            if all(name in seen and seen[name] == state for name, state in wanted.items()):
                return
        raise AssertionError(f"expected {wanted}, got {seen}; {(self._config / 'output').read_text()[-3000:]}")
