"""Completion, asked of a real bash."""

from __future__ import annotations

import argparse

import pytest

from edge.__main__ import COMMANDS, PROGRAM
from edge.cli.completion import script
from tests.shell import completer


@pytest.fixture(scope="module")
def completed(tmp_path_factory):
    """completed(word, ...): what is offered for the last word."""
    return completer(tmp_path_factory.mktemp("completion"), "edge-emotion", PROGRAM.completion())


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["ru"], ["run"]),
        (["run", "--acc"], ["--accelerator"]),
        (["run", "--accelerator", ""], ["auto", "cpu", "edgetpu"]),
        (["run", "--accelerator", "e"], ["edgetpu"]),
        (["log", "s"], ["summary"]),
        (["log", "summary", "--by", ""], ["hour", "day", "weekday"]),
        (["log", "summary", "--js"], ["--json"]),
        (["image", ""], []),  # the shell completes file names
        (["image", "--cr"], ["--crop"]),
        (["run", "--config", ""], []),
        (["fly", "--fa"], []),
    ],
)
def test_what_is_offered(completed, words, offered):
    assert completed(*words) == offered


def test_every_command_is_offered(completed):
    assert [word for word in completed("") if not word.startswith("-")] == list(COMMANDS)


def test_a_program_without_commands_offers_its_flags():
    parser = argparse.ArgumentParser("plain")
    parser.add_argument("--mode", choices=("a", "b"))
    made = script("plain", parser, {})
    assert '":--mode") words="a b"' in made
    assert "complete -o default -F _plain plain" in made


def test_the_program_prints_it(capsys):
    assert PROGRAM.main(["--completion"]) == 0
    assert capsys.readouterr().out == PROGRAM.completion()
