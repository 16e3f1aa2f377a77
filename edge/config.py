"""Where settings come from: defaults, overridden by a TOML file, overridden by flags; and the file that lists them."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from edge.errors import InvalidValue, SettingsError, one_line
from edge.files import read_small
from edge.settings import Settings, check, shown, table
from edge.text import decoded
from edge.values import comma_hint, number, suggestion, whole_number

_log = logging.getLogger(__name__)

# Settings that files written for an older version may still have; they are skipped, with a warning.
REMOVED = {("screen", "hardware_preview")}
LARGEST = 1_000_000  # bytes of a settings file
KINDS: dict[type, Callable[[str], Any]] = {int: whole_number(), float: number(), str: str}  # of flags
FLAG = "setting "  # the beginning of a settings flag's name among the parsed arguments


def load(path: str | Path | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """The defaults, overridden by a TOML file, overridden by flags.

    Args:
        path: the TOML file, or None.
        flags: values by "section.key".

    Raises:
        SettingsError: there is no such file, it is not TOML, it has an unknown key, or a value is not allowed; the
            message names key and file.
    """
    values: dict[str, dict[str, Any]] = {}
    entries = {(section, key): entry for section, key, entry in table()}
    renamed = {(section, entry.metadata["old"]): key for section, key, entry in table() if entry.metadata["old"]}
    if path == "":  # such as from a variable that is not set
        raise SettingsError("the name of the settings file is empty; name a file, or leave --config out")
    for section, key, value in _read(Path(path)) if path else ():
        where = f"{path}: [{section}] {key}"
        if (section, key) in renamed:
            _log.warning("%s: now called %s; please rename it", where, renamed[section, key])
            key = renamed[section, key]
        if (section, key) in REMOVED:
            _log.warning("%s: no longer used; please remove it", where)
            continue
        if (section, key) not in entries:
            raise SettingsError(f"{where}: unknown setting{_hint(section, key)}")
        values.setdefault(section, {})[key] = _checked(where, value, entries[section, key])
    for name, value in (flags or {}).items():
        section, _, key = name.partition(".")
        entry = entries[section, key]
        values.setdefault(section, {})[key] = _checked(entry.metadata["flag"] or name, value, entry)
    sections = {s.name: s.default for s in dataclasses.fields(Settings)}
    try:
        return Settings(**{s: dataclasses.replace(sections[s], **values.get(s, {})) for s in sections})  # type: ignore
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}" if path else str(error)) from None


def _checked(where: str, value: Any, entry: dataclasses.Field[Any]) -> Any:
    """The value as `check` has it; of a path, with the home folder in the place of a ~."""
    value = check(where, value, entry)
    return os.path.expanduser(value) if entry.metadata["path"] else value


def _read(path: Path) -> Iterable[tuple[str, str, Any]]:
    """The content of a TOML file, as (section, key, value)."""
    import tomllib

    try:
        text = decoded(read_small(path, LARGEST)).replace("\r\n", "\n")
        document = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path}: cannot read the settings ({error.strerror or error})") from None
    except InvalidValue as error:
        raise SettingsError(f"{path}: {error}") from None
    except RecursionError:
        raise SettingsError(f"{path}: not valid TOML (nested too deeply)") from None
    except ValueError as error:
        comma = re.search(r"(?m)^[^#\"'=\n]*=[ \t]*([-+]?[0-9]+,[0-9]+)[ \t]*(?:#.*)?$", text)
        hint = comma_hint(comma[1]) if comma else ""
        raise SettingsError(f"{path}: not valid TOML ({one_line(error)}){hint}") from None
    known = {section.name for section in dataclasses.fields(Settings)}
    for section, keys in document.items():
        if section not in known:
            hint, there = suggestion(section, known), ", ".join(sorted(known))
            raise SettingsError(f"{path}: [{section}]: unknown section{hint}; expected one of {there}")
        if not isinstance(keys, dict):
            # The value is not shown: it may be an address with a password.
            raise SettingsError(f"{path}: {section}: expected a section [{section}], got {shown(keys, secret=True)}")
        for key, value in keys.items():
            yield section, key, value


def add_flags(parser: argparse.ArgumentParser, *sections: str) -> None:
    """Add --config and the flags of these sections (default: all) to a parser; `from_arguments` reads them.

    A section may be narrowed to one setting: "source.max_megapixels".
    """
    parser.add_argument("--config", metavar="FILE", help="settings file (TOML); systemd/config.toml lists all settings")
    for section, key, entry in table():
        about = entry.metadata
        if not about["flag"] or (sections and not {section, f"{section}.{key}"} & set(sections)):
            continue
        # Other packages' adapters are not looked for until one is named.
        closed = about["choices"] if about["registry"] is None else ()
        parser.add_argument(
            about["flag"], dest=f"{FLAG}{section}.{key}", metavar=None if closed else _metavar(key, entry),
            type=KINDS[type(entry.default)], choices=closed or None, help=_flag_help(entry).replace("%", "%%"),
        )  # fmt: skip


def from_arguments(arguments: argparse.Namespace) -> Settings:
    """The settings of parsed arguments: their --config and their flags.

    Raises:
        SettingsError: as `load`.
    """
    given = {name.removeprefix(FLAG): value for name, value in vars(arguments).items() if name.startswith(FLAG)}
    return load(getattr(arguments, "config", None), {name: value for name, value in given.items() if value is not None})


def render(settings: Settings | None = None) -> str:
    """A TOML file with every setting, its help and its unit in a comment: systemd/config.toml for the defaults."""
    settings = settings or Settings()
    lines = ["# Settings of edge-emotion. The values here are the defaults; command-line flags override this file."]
    before = ""
    for section, key, entry in table():
        if section != before:
            summary = (type(getattr(settings, section)).__doc__ or "").splitlines()[0]
            lines += ["", f"# {summary}", f"[{section}]"]
            before = section
        lines += [f"# {_comment(entry)}", f"{key} = {_toml(getattr(getattr(settings, section), key))}"]
    return "\n".join(lines) + "\n"


def _hint(section: str, key: str) -> str:
    """The end of the message about an unknown key: what was probably meant, else where all keys are listed."""
    keys = [f"{s}.{k}" for s, k, _ in table()]
    elsewhere = [name for name in keys if name.endswith(f".{key}")]
    if elsewhere:
        other, _, name = elsewhere[0].partition(".")
        return f"; did you mean [{other}] {name}?"
    close = suggestion(key, [name.partition(".")[2] for name in keys if name.startswith(f"{section}.")])
    return close or "; systemd/config.toml lists all settings"


def _metavar(key: str, entry: dataclasses.Field[Any]) -> str:
    return "N" if isinstance(entry.default, int | float) else key.upper()


def _flag_help(entry: dataclasses.Field[Any]) -> str:
    return (
        f"{entry.metadata['help']} (default: {entry.default})" if entry.default != "" else str(entry.metadata["help"])
    )


def _comment(entry: dataclasses.Field[Any]) -> str:
    unit, choices = entry.metadata["unit"], ", ".join(map(str, entry.metadata["choices"]))
    return str(entry.metadata["help"]) + (f" ({unit})" if unit else "") + (f": {choices}" if choices else "")


def _toml(value: Any) -> str:
    # Strings of JSON are strings of TOML but for one character; its numbers, true and false are the same.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
