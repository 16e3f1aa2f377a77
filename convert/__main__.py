"""`edge-emotion-convert`: a Keras model in, a .tflite that the device trusts out; and the tools around it."""

from __future__ import annotations

import sys

try:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from convert import commands, interrupt
    from edge import cli
    from edge.cli.output import require_output
    from edge.cli.parser import Parser
    from edge.values import suggestion
except KeyboardInterrupt:  # Ctrl-C needs no traceback, however soon it comes
    sys.exit(130)

PROGRAM = "edge-emotion-convert"
DEFAULT = "convert"  # what runs where no command is named


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit code: 0 done, 1 failure, 2 usage or settings, 4 models."""
    with interrupt.heard():
        return cli.run(PROGRAM, _main, argv)


def _main(words: list[str]) -> int:
    if words == ["--completion"]:
        print(completion(), end="")
        return 0
    name, rest = command_of(words)
    if name == DEFAULT and not [word for word in rest if word != "--debug"]:
        parser_of(name).print_help()
        return 0
    if name == DEFAULT and (hint := meant(rest)):
        parser_of(name).error(hint)
    command = commands.load(name)
    arguments = parser_of(name).parse_args(rest)
    require_output()
    return int(command.main(arguments))


def command_of(words: Sequence[str]) -> tuple[str, list[str]]:
    """The command that the arguments name, and what is left of them."""
    first = next((n for n, word in enumerate(words) if word != "--debug"), None)
    if first is None or words[first] not in commands.SUMMARIES:
        return DEFAULT, list(words)
    return words[first], [word for n, word in enumerate(words) if n != first]


def meant(words: Sequence[str]) -> str:
    """What is wrong where the first word is neither a model nor a command but looks like one; else nothing."""
    first = next((word for word in words if not word.startswith("-")), "")
    if not first or "." in first or "/" in first or first != next(iter(words)) or Path(first).exists():
        return ""
    hint = suggestion(first, commands.SUMMARIES)
    return f"no such command: {first}{hint}" if hint else ""


def completion() -> str:
    """A script that completes this program in bash and zsh."""
    from edge.cli.completion import script

    parsers = {name: parser_of(name) for name in commands.SUMMARIES}
    return script(PROGRAM, parsers[DEFAULT], parsers)


def parser_of(name: str) -> Parser:
    """The parser of a command."""
    command = commands.load(name)
    examples = tuple(getattr(command, "EXAMPLES", ()))
    parser = Parser(
        PROGRAM if name == DEFAULT else f"{PROGRAM} {name}",
        usage=getattr(command, "USAGE", None),
        description=(command.__doc__ or "").partition("\n\n")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_epilog(name, examples),
    )
    if name == DEFAULT:
        parser.add_argument(
            "--completion",
            action="store_true",
            help=f'complete commands and flags in bash and zsh: eval "$({PROGRAM} --completion)"',
        )
    command.add_arguments(parser)
    return parser


def _epilog(name: str, examples: Sequence[str]) -> str:
    lines = ["examples:", *(f"  {line}" for line in examples)] if examples else []
    if name == DEFAULT:
        others = {key: line for key, line in commands.SUMMARIES.items() if key != DEFAULT}
        width = max(map(len, others))
        lines += ["", "other commands:", *(f"  {key:<{width}}  {line}" for key, line in others.items())]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
