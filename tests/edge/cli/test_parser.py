"""Numbers on the command line: one plain message, in every command of every program."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

import convert.__main__ as convert
import training.__main__ as training
from convert import commands
from edge import __main__ as edge
from edge.values import folder_path, given


def actions():
    """Every argument with its parser, by the command it belongs to."""
    parsers = {name: edge.PROGRAM.parser([name])[1] for name in edge.COMMANDS}
    parsers |= {f"train {name}": training.PROGRAM.parser([name])[1] for name in training.COMMANDS}
    parsers |= {f"convert {name}": convert.parser_of(name) for name in commands.SUMMARIES}
    while parsers:
        name, parser = parsers.popitem()
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                parsers |= {f"{name} {kind}": child for kind, child in action.choices.items()}
            else:
                yield f"{name} {'/'.join(action.option_strings) or action.dest}", parser, action


def arguments():
    """Every argument with a type of its own, by the command it belongs to."""
    for name, _, action in actions():
        if action.type not in (None, str, Path, folder_path, given):
            yield name, action.type


def test_what_no_command_understands_is_answered_with_what_it_expects():
    found = dict(arguments())
    assert {"run --frames", "run --threads", "web --port", "log tail -n/--lines", "train train --nodes"} <= set(found)
    assert {"convert convert --low", "train prepare combined --size", "scan --every"} <= set(found)
    for name, kind in found.items():
        with pytest.raises(argparse.ArgumentTypeError) as caught:
            kind("?")
        assert str(caught.value).startswith("expected "), name


def test_no_path_that_is_empty_is_the_working_folder():
    """It comes from a variable that is not set."""
    paths = {name: (parser, action) for name, parser, action in actions() if action.type in (Path, folder_path)}
    assert {"run --out", "web --journal", "log tail files", "scan --out", "train train --out"} <= set(paths)
    assert {"convert convert --manifest", "convert tpu-compile models", "train masks data"} <= set(paths)
    for name, (parser, action) in paths.items():
        with pytest.raises(argparse.ArgumentError) as caught:
            parser._get_value(action, "")
        assert str(caught.value).endswith("expected a path, got nothing; is a variable not set?"), name


@pytest.mark.parametrize("name", ["image", "scan"])
@pytest.mark.parametrize("words", [["--out=~/made"], ["--out", "~/made"]])
def test_the_home_folder_is_meant_where_a_shell_leaves_its_sign_alone(monkeypatch, tmp_path, name, words):
    monkeypatch.setenv("HOME", str(tmp_path))
    parser = edge.PROGRAM.parser([name])[1]
    parsed = parser.parse_args(["~/a.png", "~b.png", *words])
    assert (parsed.out, parsed.paths) == (tmp_path / "made", [tmp_path / "a.png", Path("~b.png")])
