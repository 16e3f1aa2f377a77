"""The stable names of USB cameras: /dev/v4l/by-id/... links to the device, whatever its number is today."""

from __future__ import annotations

from pathlib import Path

FOLDER = "v4l/by-id"


class DeviceNames:
    """Remembers the stable name of each camera that was opened, so that it is found again under another number."""

    def __init__(self) -> None:
        self._links: dict[Path, Path] = {}

    def remember(self, path: Path, root: Path) -> None:
        """Note the stable name of an opened device; one that has none is forgotten.

        Args:
            path: what the source names, such as /dev/video0.
            root: the folder of device files.
        """
        link = stable_name(path, root)
        if link is None:
            self._links.pop(path, None)
        else:
            self._links[path] = link

    def moved(self, path: Path) -> Path | None:
        """The stable name of the camera that was opened as `path`, if it is connected under another number now."""
        link = self._links.get(path)
        if link is None or not link.exists() or link.resolve() == path.resolve():
            return None
        return link


def stable_name(path: Path, root: Path = Path("/dev")) -> Path | None:
    """The name in v4l/by-id of a device file, or None where udev gave it none."""
    try:
        links = sorted((root / FOLDER).iterdir())
    except OSError:
        return None
    device = path.resolve()
    return next((link for link in links if link.resolve() == device), None)
