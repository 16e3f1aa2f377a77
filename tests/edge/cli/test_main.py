"""The command line from outside: exit codes, one line for each error, and nothing imported that is not used."""

from __future__ import annotations

import json
import logging
import platform
import socket
import subprocess
import sys

import pytest

import edge
from edge import __main__ as program
from edge import cli
from edge.commands import doctor
from edge.errors import CameraTimeout, EdgeError, JournalError, ModelError, SettingsError, SourceError, one_line


@pytest.fixture(autouse=True)
def logs():
    """Logging as it was before."""
    loggers = [logging.getLogger(name) for name in ("", "edge", "convert", "training")]
    handlers, levels = list(loggers[0].handlers), [logger.level for logger in loggers]
    yield
    loggers[0].handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


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


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["walk"], "edge-emotion: no such command: walk; expected one of " + ", ".join(program.COMMANDS)),
        (["rnu"], "edge-emotion: no such command: rnu; did you mean 'run'?"),
        (["--dbug"], "edge-emotion: unknown argument --dbug; did you mean '--debug'?"),
        (["run", "--fast"], "edge-emotion run: unknown argument --fast"),
        (["run", "--hlep"], "edge-emotion run: unknown argument --hlep; did you mean '--help'?"),
        (["log", "tail", "--folow"], "edge-emotion log tail: unknown argument --folow; did you mean '--follow'?"),
        (["run", "--frames", "0"], "edge-emotion run: argument --frames: expected at least 1, got 0"),
        (["run", "--frames", "x"], "edge-emotion run: argument --frames: expected a whole number, got x"),
        (["run", "--threads", "x"], "edge-emotion run: argument --threads: expected a whole number, got x"),
        (
            ["log", "tail", "-n", "-1"],
            "edge-emotion log tail: argument -n/--lines: expected at least 0, got -1",
        ),
        (
            ["web", "--port", "99999"],
            "edge-emotion web: argument --port: expected at least 0, at most 65535, got 99999",
        ),
        *(
            (
                words,
                f"edge-emotion {words[0]}: argument {words[1]}: expected a folder, got -; "
                "a folder cannot be standard output",
            )
            for words in (["image", "--out", "-"], ["image", "--crop", "-"], ["scan", "--out", "-"])
        ),
        (["doctor", "extra"], "edge-emotion doctor: unknown argument extra"),
        (
            ["log", "tial"],
            "edge-emotion log: argument COMMAND: expected one of summary, tail, plot, report, csv, got tial; "
            "did you mean 'tail'?",
        ),
        (
            ["run", "--accelerator", "gpu"],
            "edge-emotion run: argument --accelerator: expected one of auto, cpu, edgetpu, got gpu; "
            "did you mean 'cpu'?",
        ),
    ],
)
def test_wrong_usage_is_exit_2_with_a_suggestion(words, line, capsys):
    with pytest.raises(SystemExit) as caught:
        program.main(words)
    assert caught.value.code == 2
    usage, *_, last = capsys.readouterr().err.splitlines()
    assert usage.startswith("usage: edge-emotion")
    assert last == line


@pytest.mark.parametrize("words", [[], ["--debug"]])
def test_the_bare_command_shows_its_help_with_examples(words, capsys):
    assert program.main(words) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: edge-emotion")
    assert out.partition("examples:\n")[2].count("  edge-emotion ") == 3


@pytest.mark.parametrize("words", [["--version"], ["run", "--version"], ["log", "tail", "--version"]])
def test_the_version_comes_with_those_of_python_and_the_models(words, capsys):
    with pytest.raises(SystemExit) as caught:
        program.main(words)
    assert caught.value.code == 0
    first, *models = capsys.readouterr().out.splitlines()
    assert first == f"edge-emotion {edge.__version__} (Python {platform.python_version()})"
    assert {line.split()[1] for line in models} >= {"face:", "mask:", "emotion-bare:", "emotion-masked:"}


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit) as caught:
        program.main(["--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in program.COMMANDS)


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
        (OSError(28, "No space left on device"), 1),
    ],
)  # fmt: skip
def test_exit_codes(ending, error, code):
    ending(error)
    assert program.main(["doctor"]) == code


def test_an_error_is_one_line_on_standard_error(ending, capsys):
    ending(SourceError("a\nclip.mp4: no such  file"))
    program.main(["doctor"])
    assert capsys.readouterr() == ("", "edge-emotion: a\\nclip.mp4: no such file\n")


def test_a_bug_is_one_line_that_names_the_debug_flag(ending, capsys):
    ending(KeyError("width"))
    assert program.main(["doctor"]) == 1
    assert capsys.readouterr() == (
        "",
        "edge-emotion: unexpected KeyError: 'width'; run it again with --debug for the traceback\n",
    )


def test_a_full_disk_that_no_file_is_named_for_says_what_to_do(ending, capsys):
    ending(OSError(28, "No space left on device"))
    assert program.main(["doctor"]) == 1
    err = capsys.readouterr().err
    assert err == "edge-emotion: no space left on the disk; free some space, then run the command again\n"


def test_what_the_system_refuses_names_the_file(ending, capsys):
    ending(PermissionError(13, "Permission denied", "/etc/shadow"))
    assert program.main(["doctor"]) == 1
    assert capsys.readouterr() == ("", "edge-emotion: /etc/shadow: Permission denied\n")


def test_a_current_folder_that_was_removed_is_named(capsys, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert program.main(["run", "--source", "demo", "--journal", "journal.jsonl"]) == 1
    assert capsys.readouterr().err == ("edge-emotion: the current folder was removed; go to another one: cd\n")


@pytest.mark.parametrize("words", [["doctor", "--debug"], ["--debug", "doctor"]])
def test_debug_shows_the_traceback_wherever_it_stands(ending, caplog, words):
    ending(SourceError("no such file"))
    assert program.main(words) == 3
    assert caplog.records[-1].exc_info[1].args == ("no such file",)


def test_a_camera_that_is_still_waited_for_does_not_crash_the_end():
    script = (
        "import sys, time, cv2\nfrom edge import __main__ as p\nfrom edge.cameras.live import LiveCamera\n"
        "from edge.clock import SystemClock\nfrom edge.commands import doctor\n"
        "from edge.settings import SourceSettings\n"
        "class Slow:\n    def __del__(self, sleep=time.sleep): sleep(20)\n"  # the end of Python takes that long
        "sys.slow, waits = Slow(), [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 2000]\n"
        "def opened(): return cv2.VideoCapture(sys.argv[2], cv2.CAP_FFMPEG, waits)\n"
        "def main(a):\n"
        "    camera = LiveCamera(opened, SourceSettings(), SystemClock())\n"
        "    time.sleep(0.5)\n    print('done')\n    return 3\n"
        "doctor.main, doctor.add_arguments = main, lambda parser: parser.add_argument('source')\n"
        "sys.argv[1:] = ['doctor', *sys.argv[1:]]\nsys.exit(p.main())"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/"
        done = subprocess.run([sys.executable, "-c", script, source], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (3, "done\n", "")


def test_a_reader_that_goes_away_is_a_silent_exit_1():
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


@pytest.mark.parametrize(
    ("module", "last"), [("edge", "edge.cli"), ("convert", "convert.interrupt"), ("training", "training.backend")]
)
def test_ctrl_c_while_the_program_is_still_loading_is_exit_130_without_a_traceback(module, last):
    script = (
        "import runpy, sys\nclass Hook:\n    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {last!r}: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Hook()); sys.argv[1:] = ['--version']\n"
        f"runpy.run_module({module!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_so_it_is_before_the_command_is_known(monkeypatch, capsys):
    def interrupted(program, debug):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_configure_logging", interrupted)
    assert program.main(["doctor"]) == 130
    assert capsys.readouterr() == ("", "")


def test_only_the_command_that_is_run_is_imported():
    script = (
        "import json, sys; from edge import __main__ as p\ntry: p.main(['log', '--help'])\nexcept SystemExit: pass\n"
        "print(json.dumps([m for m in sys.modules if m.startswith('edge.') or m in ('matplotlib', 'aiohttp')]))"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    loaded = json.loads(out.splitlines()[-1])
    assert "edge.commands.log" in loaded
    assert not {"edge.commands.bench", "edge.commands.web", "edge.commands.image", "matplotlib", "aiohttp"} & set(
        loaded
    )


def test_a_message_that_quotes_something_long_keeps_its_beginning_and_its_end():
    assert one_line("x" * 1000) == "x" * 1000
    said = one_line("model: cannot read " + "[" * 100_000 + " (name too long); reinstall it")
    assert len(said) == 1005
    assert said.startswith("model: cannot read [")
    assert said.endswith("[ (name too long); reinstall it")
