"""Completion of commands and flags on a command line, as a script for bash and zsh made from the parsers themselves."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence

SCRIPT = """\
# Completes {program} in bash and zsh: eval "$({program} --completion)"
if [ -n "${{ZSH_VERSION:-}}" ]; then
    autoload -U +X compinit && compinit
    autoload -U +X bashcompinit && bashcompinit
fi
{function}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command='' words='' files='' n
    for ((n = 1; n < COMP_CWORD; n++)); do
        case "$command ${{COMP_WORDS[n]}}" in
            {commands}) command="${{command:+$command }}${{COMP_WORDS[n]}}" ;;
        esac
    done
    case "$command:$before" in
{values}
        *)
            case "$command" in
{words}
            esac
            ;;
    esac
    # Where nothing matches, the shell completes file names.
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    if [ -n "$files" ]; then
        local IFS=$'\n'
        compopt -o filenames 2>/dev/null
        COMPREPLY+=($(compgen -f -- "$word"))
    fi
}}
complete -o default -F {function} {program}
"""


def script(program: str, overview: argparse.ArgumentParser, parsers: Mapping[str, argparse.ArgumentParser]) -> str:
    """The script.

    Args:
        program: the name of the command that is completed.
        overview: its own parser.
        parsers: those of its commands, by their names.
    """
    every = {"": overview, **parsers}
    for name, parser in parsers.items():
        every |= {f"{name} {child}": each for child, each in _children(parser)}
    below = {name: [each.removeprefix(name).strip() for each in every if _is_below(each, name)] for name in every}
    values: dict[str, list[str]] = {}
    words = []
    for name, parser in every.items():
        for action in parser._actions:
            if not action.option_strings or action.nargs == 0:
                continue
            known = values.setdefault(" ".join(map(str, action.choices or ())), [])
            known += [f'"{name}:{flag}"' for flag in action.option_strings]
        flags = [flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")]
        words.append(f'                "{name}") {_offer(parser, below[name], flags)} ;;')
    return SCRIPT.format(
        program=program,
        function="_" + program.replace("-", "_"),
        commands=" | ".join(f'"{name if " " in name else " " + name}"' for name in every if name),
        values="\n".join(f'        {" | ".join(flags)}) words="{offered}" ;;' for offered, flags in values.items()),
        words="\n".join(words),
    )


def _offer(parser: argparse.ArgumentParser, commands: Sequence[str], flags: Sequence[str]) -> str:
    """The line of the script that chooses what is offered for a word.

    Where files are expected, flags are offered only to who has begun one, and a command may stand in the first place.
    """
    nested = any(isinstance(action, argparse._SubParsersAction) for action in parser._actions)
    if nested or not any(not action.option_strings and action.nargs != 0 for action in parser._actions):
        return f'words="{" ".join([*commands, *flags])}"'
    begun = f'[[ $word == -* ]] && words="{" ".join(flags)}"'
    return begun + (f' || {{ ((COMP_CWORD > 1)) || words="{" ".join(commands)}" files=1; }}' if commands else "")


def _children(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _is_below(name: str, parent: str) -> bool:
    """Whether a command is one of the parent's own."""
    return name != parent and name.rpartition(" ")[0] == parent
