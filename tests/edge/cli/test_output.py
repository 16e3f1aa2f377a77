"""A standard output that takes nothing, or not every sign, seen from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from edge import picture

FULL, CLOSED = "standard output: cannot write (No space left on device)", "standard output is closed"


@pytest.fixture(scope="module")
def material(tmp_path_factory, tiny, paint):
    """The words of commands that print."""
    folder = tmp_path_factory.mktemp("material")
    picture.write(folder / "a.png", paint((32, 32, False, True)))
    journal = folder / "j.jsonl"
    event = {"time": "2026-01-31T08:00:00.000Z", "monotonic": 0.0, "event": "start", "source": "demo", "live": True}
    journal.write_text(json.dumps(event) + "\n")
    models = ("--models", tiny, "--accelerator", "cpu")
    return {
        "version": ("--version",),
        "help": ("--help",),
        "completion": ("--completion",),
        "overview": (),
        "run": ("run", *models, "--source", folder / "a.png", "--journal", "-"),
        "image": ("image", *models, folder / "a.png"),
        "image --json": ("image", *models, folder / "a.png", "--json"),
        "log summary": ("log", "summary", journal),
        "log tail": ("log", "tail", journal),
        "log csv": ("log", "csv", journal),
        "bench": ("bench", *models, "--source", folder / "a.png", "--frames", 1, "--rounds", 1),
        "bench --json": ("bench", *models, "--source", folder / "a.png", "--frames", 1, "--rounds", 1, "--json"),
        "doctor": ("doctor", "--software", *models),
        "scan": ("scan", folder / "a.png", "--out", folder / "results"),
        "web": ("web", *models, "--port", 0),
        "doctor --json": ("doctor", "--software", *models, "--json"),
    }


NAMES = (
    "version", "help", "completion", "overview", "run", "image", "image --json", "log summary", "log tail", "log csv",
    "bench", "bench --json", "doctor", "doctor --json",
)  # fmt: skip


def ended(target, words, module="edge", unbuffered=""):
    """The exit code, and the lines on standard error."""
    command = ["sh", "-c", f'exec "$@" {target}', "sh", sys.executable, "-m", module, *map(str, words)]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=120, env=environment)
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("target", "said"), [(">/dev/full", FULL), (">&-", CLOSED)], ids=["full", "closed"])
def test_what_cannot_be_printed_is_one_line_and_exit_1(material, name, target, said):
    code, lines = ended(target, material[name])
    assert (code, len(lines)) == (1, 1), lines
    assert lines[0].startswith(f"edge-emotion: {said}")


@pytest.mark.parametrize("name", ["version", "help", "log tail"])
def test_so_it_is_where_nothing_is_buffered(material, name):
    assert ended(">/dev/full", material[name], unbuffered="1") == (1, [f"edge-emotion: {FULL}"])


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252:strict"])
def test_a_name_that_the_terminals_encoding_does_not_have_ends_nothing(material, tmp_path, encoding):
    photo = material["image"][-1].read_bytes()
    for name in ("1-\U0001f600.png", "2-\u0142.png", "3.png"):
        (tmp_path / name).write_bytes(photo)
    command = [sys.executable, "-m", "edge", *map(str, material["image"][:-1]), str(tmp_path)]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, timeout=120, env=environment)
    assert done.returncode == 0
    assert b": 3 pictures, 3 faces" in done.stderr
    lines = [line.partition(b": ")[0] for line in done.stdout.splitlines()]
    names = [b"1-\\ud83d\\ude00.png", b"2-\\u0142.png", b"3.png"]
    assert lines == [os.fsencode(tmp_path) + b"/" + name for name in names]


def test_what_standard_output_escapes_is_valid_json():
    code = (
        "import json, sys\nfrom edge.cli.output import checked_output\nwith checked_output():\n"
        "    print(json.dumps(chr(0x1f600) + chr(0xe9) + chr(0x142) + chr(0xdcff), ensure_ascii=False))"
    )
    for encoding in ("ascii", "latin-1", "utf-8"):
        environment = os.environ | {"PYTHONIOENCODING": f"{encoding}:strict"}
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, timeout=120, env=environment)
        assert json.loads(done.stdout.decode(encoding)) == "\U0001f600\xe9\u0142\udcff"


@pytest.mark.parametrize("utf8", ["0", "1"])
def test_in_the_locale_c_all_text_can_be_printed_and_bytes_of_names_stay_as_they_are(utf8):
    code = (
        "from edge.cli.output import checked_output\nwith checked_output():\n"
        "    print(chr(0xdcc3) + chr(0xdcb6) + chr(0x142) + chr(0xdcff) + chr(0xd800))"
    )
    names = [name for name in os.environ if name == "LANG" or name.startswith(("LC_", "PYTHONIO"))]
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment |= {"LC_ALL": "C", "PYTHONUTF8": utf8, "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, timeout=120, env=environment)
    assert done.returncode == 0
    assert done.stdout == (b"\xc3\xb6\xc5\x82\xff\\ud800\n" if utf8 == "1" else b"\xc3\xb6\\u0142\xff\\ud800\n")


@pytest.mark.parametrize("module", ["convert", "training"])
@pytest.mark.parametrize(("target", "said"), [(">/dev/full", FULL), (">&-", CLOSED)], ids=["full", "closed"])
def test_so_it_is_for_the_programs_of_the_workstation(module, target, said):
    code, lines = ended(target, ["--version"], module)
    assert (code, len(lines)) == (1, 1), lines
    assert said in lines[0]


@pytest.mark.parametrize("name", ["scan", "web"])
def test_no_long_work_begins_whose_answer_nobody_gets(material, name):
    code, lines = ended(">&-", material[name])
    assert (code, len(lines)) == (1, 1), lines
    assert CLOSED in lines[0]
    assert not list(material["image"][-1].parent.glob("results"))


def test_without_standard_error_its_lines_are_not_on_standard_output(material, tmp_path):
    (tmp_path / "empty.png").touch()
    words = [*material["image"], tmp_path / "empty.png", "--json"]
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-m", "edge", *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 1
    assert [json.loads(line)["image"] for line in done.stdout.splitlines()] == [str(material["image"][-1])]


@pytest.mark.parametrize("target", ["<&-", ">&-", "<&- >&- 2>&-"])
def test_no_file_becomes_the_standard_output_of_libraries_and_children(tmp_path, target):
    script = (
        "import os, sys; from edge import cli\n"
        "def main(words):\n    with open(words[0], 'w') as file:\n"
        "        os.system('echo noise; echo noise >&2')\n        file.write(str(file.fileno()))\n    return 0\n"
        "sys.exit(cli.run('x', main))"
    )
    command = ["sh", "-c", f'exec "$@" {target}', "sh", sys.executable, "-c", script, str(tmp_path / "file")]
    assert subprocess.run(command, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    assert int((tmp_path / "file").read_text()) > 2


def test_what_a_command_printed_before_it_failed_is_still_printed(tmp_path):
    script = (
        "import sys; from edge import __main__ as p; from edge.commands import doctor; from edge.errors import *\n"
        "def main(a):\n    print('half'); raise EdgeError('the rest is missing')\n"
        "doctor.main = main\nsys.exit(p.main(['doctor']))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (1, "half\n")
    assert done.stderr == "edge-emotion: the rest is missing\n"
