"""The on_event command as it is written in the settings: its words, and what keeps it from working as meant."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Sequence

from edge.errors import SettingsError
from edge.settings import MakerSettings
from edge.text import printable

NAMED = 80  # characters of the command in messages
HEAD = 256  # bytes of a script in which its first line is looked for

# What a shell takes as it is. The `&` of an address stands inside a word, and `find` is given a `\;`.
_QUOTED = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.""", re.DOTALL)
# What is named of such a word, the rest of which may be a password, is a group.
_FOR_A_SHELL = re.compile(r"\d*([<>]).*|(&)>.*|([|&])[|&]?|[^;]*(;)|.*(\$)[\w({].*|.*(`).*")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*=).*", re.DOTALL)


def words(settings: MakerSettings) -> list[str]:
    """The command, split like in a shell; a ~ at its beginning is the home folder.

    Raises:
        SettingsError: it cannot be split.
    """
    try:
        command = shlex.split(settings.on_event)
    except ValueError as error:
        raise SettingsError(f"[maker] on_event: cannot be split into words ({error})") from None
    return [os.path.expanduser(command[0]), *command[1:]] if command else []


def name(command: Sequence[str]) -> str:
    """What a command is called in messages; of a variable that is set before it, which may be a password, its name."""
    first = (command or [""])[0]
    is_set = _ASSIGNMENT.fullmatch(first)
    return printable(f"{is_set[1]}..." if is_set else first)[:NAMED]


def for_a_shell(settings: MakerSettings) -> str:
    """What is to be said where a command has words that only a shell understands; empty where it has none.

    >>> for_a_shell(MakerSettings(on_event="cat > /tmp/event.json"))
    "no shell runs the command, so '>' is passed on as text; to use a shell, write sh -c '...'"
    """
    for place, word in enumerate(_QUOTED.sub("x", settings.on_event).split()):
        found = (_ASSIGNMENT.fullmatch(word) if place == 0 else None) or _FOR_A_SHELL.fullmatch(word)
        if found:
            named = next(group for group in found.groups() if group)
            return f"no shell runs the command, so '{named}' is passed on as text; to use a shell, write sh -c '...'"
    return ""


def obstacle(program: str) -> str:
    """Why a program cannot be started, and how to fix it; empty where nothing is seen."""
    found = shutil.which(program)
    if found is None:
        if "/" not in program or not os.path.exists(program):
            return "no such command; change [maker] on_event"
        if os.path.isdir(program):
            return "a folder; name a command in it"
        return "not executable; make it so with: chmod +x"
    try:
        with open(found, "rb") as file:
            head = file.read(HEAD)
    except OSError:  # it may be executable all the same
        return ""
    if not head.startswith(b"#!"):
        return "" if b"\0" in head else "not a program; begin a script with a line such as #!/bin/sh"
    first, _, _ = head[2:].partition(b"\n")
    if first.endswith(b"\r"):
        return "a script with the line ends of Windows; save it with those of Linux"
    interpreter = os.fsdecode((first.split() or [b""])[0])
    if not interpreter:
        return "its first line names no program; begin it with a line such as #!/bin/sh"
    if os.path.exists(interpreter):
        return ""
    return f"its first line names {printable(interpreter)}, which does not exist; correct that line"
