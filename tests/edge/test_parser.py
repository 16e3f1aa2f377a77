"""Numbers on the command line: one plain message, in every command of every program."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

import convert.__main__ as convert
import training.__main__ as training
from convert import commands
from edge import __main__ as edge
from edge.parser import folder_path, number, whole_number


@pytest.mark.parametrize(
    ("kind", "text", "answer"),
    [
        (whole_number(), "", "expected a whole number, got "),
        (whole_number(), "80x", "expected a whole number, got 80x"),
        (whole_number(), "1.5", "expected a whole number, got 1.5"),
        (whole_number(), "9" * 5000, f"expected a whole number, got {'9' * 80}..."),
        (whole_number(), "\x1b[31m", r"expected a whole number, got \x1b[31m"),
        (whole_number(1), "0", "expected at least 1, got 0"),
        (whole_number(0, 65535), "99999", "expected at least 0, at most 65535, got 99999"),
        (number(), "", "expected a number, got "),
        (number(), "inf", "expected a number, got inf"),
        (number(0, 0.5), "0.6", "expected at least 0, at most 0.5, got 0.6"),
        (number(above=0), "0", "expected more than 0, got 0"),
        (whole_number(), "-3", -3),
        (whole_number(1, 2), "2", 2),
        (number(0, 0.5), "5e-1", 0.5),
    ],
)
def test_a_number_is_taken_or_the_message_says_what_was_expected(kind, text, answer):
    if isinstance(answer, str):
        with pytest.raises(argparse.ArgumentTypeError) as caught:
            kind(text)
        assert str(caught.value) == answer
    else:
        assert kind(text) == answer


def arguments():
    """Every argument with a type, by the command it belongs to."""
    parsers = {name: edge.PROGRAM.parser([name])[1] for name in edge.COMMANDS}
    parsers |= {f"train {name}": training.PROGRAM.parser([name])[1] for name in training.COMMANDS}
    parsers |= {f"convert {name}": convert.parser_of(name) for name in commands.SUMMARIES}
    while parsers:
        name, parser = parsers.popitem()
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                parsers |= {f"{name} {kind}": child for kind, child in action.choices.items()}
            elif action.type not in (None, str, Path, folder_path):
                yield f"{name} {'/'.join(action.option_strings) or action.dest}", action.type


def test_what_no_command_understands_is_answered_with_what_it_expects():
    found = dict(arguments())
    assert {"run --frames", "run --threads", "web --port", "log tail -n/--lines", "train train --nodes"} <= set(found)
    assert {"convert convert --low", "train prepare combined --size", "scan --every"} <= set(found)
    for name, kind in found.items():
        with pytest.raises(argparse.ArgumentTypeError) as caught:
            kind("?")
        assert str(caught.value).startswith("expected "), name
