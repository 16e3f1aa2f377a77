"""The command line from outside: exit codes, one line for each error, and nothing imported that is not used."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

from edge import __main__ as program
from edge.commands import doctor
from edge.errors import CameraTimeout, EdgeError, JournalError, ModelError, SettingsError, SourceError


@pytest.fixture(autouse=True)
def logs():
    """Logging as it was before."""
    root, edge = logging.getLogger(), logging.getLogger("edge")
    before = (list(root.handlers), root.level, edge.level)
    yield
    root.handlers[:], root.level = before[0], before[1]
    edge.setLevel(before[2])


@pytest.fixture
def ending(monkeypatch):
    """ending(error): every doctor ends like this."""

    def make(error):
        def main(arguments):
            if isinstance(error, BaseException):
                raise error
            return error

        monkeypatch.setattr(doctor, "main", main)

    return make


@pytest.mark.parametrize("words", [[], ["walk"], ["run", "--fast"], ["run", "--frames", "0"], ["log"], ["--debug"]])
def test_wrong_usage_is_exit_2_and_says_what_is_right(words, capsys):
    with pytest.raises(SystemExit) as caught:
        program.main(words)
    assert caught.value.code == 2
    assert "usage: edge-emotion" in capsys.readouterr().err


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit) as caught:
        program.main(["--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert all(f"    {name} " in out for name in program.COMMANDS)


@pytest.mark.parametrize("name", program.COMMANDS)
def test_every_command_has_its_help(name, capsys):
    with pytest.raises(SystemExit) as caught:
        program.main([name, "--help"])
    assert caught.value.code == 0
    assert f"usage: edge-emotion {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (0, 0), (1, 1), (EdgeError("x"), 1), (SettingsError("x"), 2), (SourceError("x"), 3), (CameraTimeout("x"), 3),
        (ModelError("x"), 4), (JournalError("x"), 1), (KeyboardInterrupt(), 130), (RuntimeError("x"), 1),
    ],
)  # fmt: skip
def test_exit_codes(ending, error, code):
    ending(error)
    assert program.main(["doctor"]) == code


def test_an_error_is_one_line_on_standard_error(ending, capsys):
    ending(SourceError("clip.mp4: no such\n file"))
    program.main(["doctor"])
    assert capsys.readouterr() == ("", "edge-emotion: clip.mp4: no such file\n")


def test_a_bug_is_one_line_too_and_says_how_to_see_more(ending, capsys):
    ending(KeyError("width"))
    assert program.main(["doctor"]) == 1
    assert capsys.readouterr() == ("", "edge-emotion: unexpected KeyError: 'width'; --debug shows where\n")


@pytest.mark.parametrize("words", [["doctor", "--debug"], ["--debug", "doctor"]])
def test_debug_shows_the_traceback_wherever_it_stands(ending, caplog, words):
    ending(SourceError("no such file"))
    assert program.main(words) == 3
    assert caplog.records[-1].exc_info[1].args == ("no such file",)


def test_a_reader_that_went_away_is_no_error_to_speak_of():
    script = (
        "import sys; from edge import __main__ as p; from edge.commands import doctor\n"
        "def main(a):\n    while True: print('x' * 1000)\n"
        "doctor.main = main\nsys.exit(p.main(['doctor']))"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout.read(10) == b"x" * 10
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait() == 1
    child.stderr.close()


def test_only_the_command_that_is_run_is_imported():
    script = (
        "import json, sys; from edge import __main__ as p\ntry: p.main(['log', '--help'])\nexcept SystemExit: pass\n"
        "print(json.dumps([m for m in sys.modules if m.startswith('edge.') or m in ('matplotlib', 'flask')]))"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    loaded = json.loads(out.splitlines()[-1])
    assert "edge.commands.log" in loaded
    assert not {"edge.commands.bench", "edge.commands.web", "edge.commands.image", "matplotlib", "flask"} & set(loaded)
