"""Where settings come from: defaults, overlaid by a TOML file, overlaid by flags; and the file that lists them all."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from edge.errors import SettingsError
from edge.settings import Settings, check, table

_log = logging.getLogger(__name__)

# Settings that files written for an older version may still have; they are skipped, with a warning.
REMOVED = {("screen", "hardware_preview")}
FLAG = "setting "  # what the name of a settings flag begins with among the parsed arguments


def load(path: str | Path | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """The defaults, overlaid by a TOML file, overlaid by flags.

    Args:
        path: the TOML file, or None.
        flags: values by "section.key".

    Raises:
        SettingsError: no such file, not TOML, an unknown key, or a value that is not allowed; names key and file.
    """
    values: dict[str, dict[str, Any]] = {}
    entries = {(section, key): entry for section, key, entry in table()}
    renamed = {(section, entry.metadata["old"]): key for section, key, entry in table() if entry.metadata["old"]}
    for section, key, value in _read(Path(path)) if path else ():
        where = f"{path}: [{section}] {key}"
        if (section, key) in renamed:
            _log.warning("%s: now called %s; please rename it", where, renamed[section, key])
            key = renamed[section, key]
        if (section, key) in REMOVED:
            _log.warning("%s: no longer used; please remove it", where)
            continue
        if (section, key) not in entries:
            raise SettingsError(f"{where}: unknown setting; systemd/config.toml lists all of them")
        values.setdefault(section, {})[key] = check(where, value, entries[section, key])
    for name, value in (flags or {}).items():
        section, _, key = name.partition(".")
        entry = entries[section, key]
        values.setdefault(section, {})[key] = check(entry.metadata["flag"] or name, value, entry)
    sections = {s.name: s.default for s in dataclasses.fields(Settings)}
    try:
        return Settings(**{s: dataclasses.replace(sections[s], **values.get(s, {})) for s in sections})  # type: ignore
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}" if path else str(error)) from None


def _read(path: Path) -> Iterable[tuple[str, str, Any]]:
    """What a TOML file says, as (section, key, value)."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot read the settings ({error.strerror or error})") from None
    except ValueError as error:
        raise SettingsError(f"{path}: not valid TOML ({' '.join(str(error).split())})") from None
    known = {section.name for section in dataclasses.fields(Settings)}
    for section, keys in document.items():
        if section not in known:
            raise SettingsError(f"{path}: {section}: unknown section; expected one of {', '.join(sorted(known))}")
        if not isinstance(keys, dict):
            raise SettingsError(f"{path}: {section}: expected a section [{section}], got {keys!r}")
        for key, value in keys.items():
            yield section, key, value


def add_flags(parser: argparse.ArgumentParser, *sections: str) -> None:
    """Add --config and the flags of these sections (default: all) to a parser; `from_arguments` reads them.

    A section may be narrowed to one setting: "source.max_megapixels".
    """
    parser.add_argument("--config", metavar="FILE", help="settings in TOML (systemd/config.toml lists them)")
    for section, key, entry in table():
        told = entry.metadata
        if not told["flag"] or (sections and not {section, f"{section}.{key}"} & set(sections)):
            continue
        parser.add_argument(
            told["flag"], dest=f"{FLAG}{section}.{key}", metavar=None if told["choices"] else key.upper(),
            type=type(entry.default), choices=told["choices"] or None, help=told["help"].replace("%", "%%"),
        )  # fmt: skip


def from_arguments(arguments: argparse.Namespace) -> Settings:
    """The settings that parsed arguments ask for: their --config and their flags.

    Raises:
        SettingsError: as `load`.
    """
    given = {name.removeprefix(FLAG): value for name, value in vars(arguments).items() if name.startswith(FLAG)}
    return load(getattr(arguments, "config", None), {name: value for name, value in given.items() if value is not None})


def render(settings: Settings | None = None) -> str:
    """A TOML file with every setting, its help and its unit in a comment: systemd/config.toml for the defaults."""
    settings = settings or Settings()
    lines = ["# Settings of edge-emotion. What stands here are the defaults; flags of the command go before the file."]
    before = ""
    for section, key, entry in table():
        if section != before:
            summary = (type(getattr(settings, section)).__doc__ or "").splitlines()[0]
            lines += ["", f"# {summary}", f"[{section}]"]
            before = section
        lines += [f"# {_comment(entry)}", f"{key} = {_toml(getattr(getattr(settings, section), key))}"]
    return "\n".join(lines) + "\n"


def _comment(entry: dataclasses.Field[Any]) -> str:
    unit, choices = entry.metadata["unit"], ", ".join(map(str, entry.metadata["choices"]))
    return entry.metadata["help"] + (f" ({unit})" if unit else "") + (f": {choices}" if choices else "")


def _toml(value: Any) -> str:
    # Strings of JSON are strings of TOML but for one character; its numbers, true and false are the same.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
