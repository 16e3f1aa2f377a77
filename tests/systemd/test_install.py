"""install.sh below DESTDIR, with programs on the PATH that write down how they were called.

Nothing is fetched and nothing of this machine is touched; `make system-test` runs the script for real.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edge.settings import Settings

# Makes the files that an environment consists of; its own python is the test's, with pip and the imports left out.
PYTHON = """#!/bin/sh
# The test may kill the script, which called this, in a step.
if [ -n "${KILLED_IN:-}" ]; then
    case "$*" in *"-m $KILLED_IN"* | *"-m edge $KILLED_IN"*) kill -KILL $PPID; exit 1 ;; esac
fi
case "$*" in
*"-m venv"*) for last; do :; done
    echo "venv $last" >> "$CALLS"
    mkdir -p "$last/bin" && touch "$last/pyvenv.cfg" && cp "$0" "$last/bin/python" ;;
*"-m pip list"*) printf '%s\n' edge-emotion==0.1.0 pip==25.0 ${EXTRAS:-} ;;
*"-m pip"*) echo "pip $*" >> "$CALLS"; exit "${PIP_EXIT:-0}" ;;
*"-m edge doctor"*) echo "doctor $*" >> "$CALLS"
    [ -z "${DOCTOR_REAL:-}" ] || PYTHONPATH="$TREE" exec "$REAL" "$@"
    echo "${DOCTOR_SAYS:-ok    runtime: fine}"; exit "${DOCTOR_EXIT:-0}" ;;
"-") cat > "$CALLS.imports"; exit "${IMPORTS_EXIT:-0}" ;;
*) PYTHONPATH="$TREE" exec "$REAL" "$@" ;;
esac
"""
NOTED = '#!/bin/sh\necho "$(basename "$0") $*" >> "$CALLS"\n'
# Both packages are there, picamera2 can be had.
DPKG = '#!/bin/sh\nfor last; do :; done\n[ "$last" = python3-picamera2 ] || printf installed\n'


class House:
    """A DESTDIR with the fakes, and what happened in it."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.tree = folder / "tree"
        self.dest = folder / "dest"
        self.calls_file = folder / "calls"
        self.system = self.dest / "etc/systemd/system/edge-emotion.service"
        self.settings = self.dest / "etc/edge-emotion/config.toml"
        self.home = self.dest / "opt/edge-emotion"  # a link to one of two environments
        shutil.copytree(root / "systemd", self.tree / "systemd")
        for part in ("edge", "convert", "training", "models"):
            (self.tree / part).mkdir()
        for part in ("setup.cfg", "pyproject.toml", "LICENSE"):
            shutil.copy(root / part, self.tree)
        self.release("trixie")
        fakes = folder / "fakes"
        fakes.mkdir()
        for name, text in {"python3": PYTHON, "dpkg-query": DPKG, "apt-get": NOTED, "apt-cache": NOTED,
                           "systemctl": NOTED, "udevadm": NOTED, "usermod": NOTED}.items():  # fmt: skip
            (fakes / name).write_text(text)
            (fakes / name).chmod(0o755)
        self.environment = {
            "PATH": f"{fakes}:{os.environ['PATH']}", "DESTDIR": str(self.dest), "CALLS": str(self.calls_file),
            "TREE": str(root), "REAL": sys.executable,
        }  # fmt: skip

    def release(self, name: str) -> None:
        """Another Debian."""
        (self.dest / "etc").mkdir(parents=True, exist_ok=True)
        (self.dest / "etc/os-release").write_text(f"VERSION_CODENAME={name}\n")

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The script's run."""
        self.calls_file.write_text("")
        return subprocess.run(
            ["bash", str(self.tree / "systemd/install.sh"), *arguments], env=self.environment | environment,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def calls(self, program: str) -> list[str]:
        """How a fake was called in the last run."""
        return [line for line in self.calls_file.read_text().splitlines() if line.startswith(program)]

    def files(self) -> set[str]:
        """Every file below DESTDIR."""
        return {str(path.relative_to(self.dest)) for path in self.dest.rglob("*") if not path.is_dir()}

    def default(self, text: str) -> None:
        """The next version comes with other defaults."""
        (self.tree / "systemd/config.toml").write_text(text)


@pytest.fixture
def house(root, tmp_path):
    return House(root, tmp_path)


@pytest.fixture(scope="module")
def after_first_run(root, tmp_path_factory):
    """The DESTDIR that the first run leaves."""
    made = House(root, tmp_path_factory.mktemp("first"))
    assert made.run().returncode == 0
    return made.dest


@pytest.fixture
def installed(house, after_first_run):
    """A house where the script has run once."""
    shutil.copytree(after_first_run, house.dest, symlinks=True, dirs_exist_ok=True)
    return house


def lines(result: subprocess.CompletedProcess[str]) -> list[str]:
    return result.stderr.splitlines()


def test_bash_takes_it(root):
    script = root / "systemd/install.sh"
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    assert os.access(script, os.X_OK)


def test_shellcheck_finds_nothing(root):
    if not shutil.which("shellcheck"):
        pytest.skip("no shellcheck here (Debian: sudo apt install shellcheck)")
    result = subprocess.run(["shellcheck", str(root / "systemd/install.sh")], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_the_libraries_that_it_tries_are_those_of_the_package(root):
    script = (root / "systemd/install.sh").read_text(encoding="utf-8")
    tried = script.partition("<<'PYTHON'")[2].partition("\n")[2].partition("\nPYTHON\n")[0]
    assert "import cv2" in tried
    ended = subprocess.run([sys.executable, "-c", tried], cwd=root, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [("--hepl",), ("--no-start", "now"), ("--user",), ("--with",), ("--with", "web;rm"), ("--with", "web,")],
)
def test_a_wrong_option_is_one_line_and_exit_two(house, arguments):
    result = house.run(*arguments)
    assert result.returncode == 2
    assert len(lines(result)) == 1
    assert "--help" in result.stderr
    assert house.files() == {"etc/os-release"}


def test_without_root_it_says_how_in_one_line(house, root):
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("setpriv, as root, is needed to become nobody")
    # From standard input, as nobody may not read the test's folder.
    result = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "bash"], env={"PATH": os.environ["PATH"]},
        input=(root / "systemd/install.sh").read_text(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert len(lines(result)) == 1
    assert "sudo" in result.stderr


def test_the_first_time(house, root):
    result = house.run()
    assert (result.returncode, result.stderr) == (0, "")
    assert house.system.read_text() == (root / "systemd/edge-emotion.service").read_text()
    assert house.settings.read_text() == (root / "systemd/config.toml").read_text()
    assert (house.dest / "etc/udev/rules.d/60-edge-emotion.rules").exists()
    assert os.readlink(house.dest / "usr/local/bin/edge-emotion") == "/opt/edge-emotion/bin/edge-emotion"
    assert (house.dest / "usr/share/bash-completion/completions/edge-emotion").read_text().startswith("# Completes")
    assert house.calls("venv") == [f"venv {house.home}.a"]
    assert os.readlink(house.home) == "edge-emotion.a"
    assert house.calls("doctor") == [f"doctor -P -m edge doctor --software --config {house.tree}/systemd/config.toml"]
    assert stat.S_IMODE(house.settings.stat().st_mode) == 0o640, "a camera's password may be in it"
    assert house.calls("apt-get")[0].endswith("python3-picamera2")
    # Below DESTDIR the running system is left alone.
    assert house.calls("systemctl") == house.calls("udevadm") == house.calls("usermod") == []


def environments(house):
    """The environments that are there, and the one in use."""
    return sorted(path.name for path in house.home.parent.glob("edge-emotion.[abo]*")), house.home.resolve().name


def test_each_time_the_new_environment_takes_the_place_of_the_old_one(installed):
    before = {name: (installed.dest / name).read_bytes() for name in installed.files() if name.startswith("etc")}
    assert environments(installed) == (["edge-emotion.a"], "edge-emotion.a")
    for name in ("edge-emotion.b", "edge-emotion.a"):
        assert installed.run().returncode == 0
        assert environments(installed) == ([name], name)
    assert {name: (installed.dest / name).read_bytes() for name in before} == before


def test_what_was_added_to_the_old_environment_is_added_to_the_new_one(installed):
    assert installed.run(EXTRAS="Flask==3.1.0 paho-mqtt==2.1.0").returncode == 0
    assert [call.split()[-2:] for call in installed.calls("pip")][1:] == [["Flask", "paho-mqtt"]]


def test_extras_are_installed_where_they_are_asked_for(house):
    house.run()
    assert not house.calls("pip")[0].endswith("]")
    assert house.run("--with", "web,plot").returncode == 0
    assert house.calls("pip")[0].endswith("[web,plot]")


TOKEN = "var/lib/edge-emotion/web-token"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("[web]\nenabled = true\n", False),
        ('[web]\nhost = "0.0.0.0"\n', False),
        ('[web]\nenabled = true\nhost = "127.0.0.1"\n', False),
        ('[web]\nenabled = true\nhost = "0.0.0.0"\n', True),
        ('[web]\nenabled = true\nhost = "::"\n', True),
    ],
)
def test_a_token_is_made_where_other_machines_can_reach_the_page(installed, text, made):
    installed.settings.write_text(text)
    first, second = installed.run(), installed.run()
    token = installed.dest / TOKEN
    assert token.exists() == made
    assert (f"sudo cat /{TOKEN}" in first.stdout) == made
    assert "sudo cat" not in second.stdout, "it is said once"
    if made:
        assert stat.S_IMODE(token.stat().st_mode) == 0o640
        assert len(token.read_text().strip()) >= 24


def test_a_token_that_is_there_is_kept(installed):
    installed.settings.write_text('[web]\nenabled = true\nhost = "0.0.0.0"\n')
    token = installed.dest / TOKEN
    token.parent.mkdir(parents=True)
    token.write_text("my-own-token-of-old\n")
    assert installed.run().returncode == 0
    assert token.read_text() == "my-own-token-of-old\n"


def test_the_environment_of_an_earlier_version_is_replaced_in_place(house):
    (house.home / "bin").mkdir(parents=True)
    for file in ("pyvenv.cfg", "config.toml"):
        (house.home / file).write_text("")
    assert house.run().returncode == 0
    assert environments(house) == (["edge-emotion.a"], "edge-emotion.a")
    assert (house.home / "config.toml").read_text() != ""


FAILURES = ({"PIP_EXIT": "1"}, {"DOCTOR_EXIT": "1", "DOCTOR_SAYS": "FAIL  model face: broken"}, {"IMPORTS_EXIT": "1"})


@pytest.mark.parametrize("failure", FAILURES)
def test_what_fails_leaves_the_old_environment_in_use_and_settings_and_unit_as_they_were(installed, failure):
    installed.system.write_text("the old one\n")
    installed.default("[source]\nfps = 25.0\n")
    before = {
        name: (installed.dest / name).read_bytes()
        for name in installed.files()
        if name.startswith(("etc", "opt/edge-emotion.a"))
    }
    result = installed.run(**failure)
    assert result.returncode == 1
    assert len(lines(result)) == 1
    assert "what was there before is unchanged" in result.stderr
    assert installed.home.resolve().name == "edge-emotion.a"
    assert {name: (installed.dest / name).read_bytes() for name in before} == before
    assert installed.run().returncode == 0
    assert environments(installed) == (["edge-emotion.b"], "edge-emotion.b")


@pytest.mark.parametrize("step", ["venv", "pip", "doctor"])
def test_whoever_kills_it_leaves_a_whole_environment_and_the_next_run_succeeds(installed, step):
    assert installed.run(KILLED_IN=step).returncode == -signal.SIGKILL
    assert installed.home.resolve().name == "edge-emotion.a"
    assert (installed.home / "bin/python").exists()
    assert installed.run().returncode == 0
    assert environments(installed) == (["edge-emotion.b"], "edge-emotion.b")


# Ends the script in the middle of its n-th file.
CUT = """#!/bin/sh
echo install >> "$CALLS"
if [ "$(grep -c '^install' "$CALLS")" = "${CUT_AT:-0}" ]; then
    for last; do :; done
    printf half > "$last"
    kill -9 $PPID
fi
exec "$(PATH="${PATH#*:}" command -v install)" "$@"
"""


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_whoever_kills_it_leaves_settings_and_unit_whole(installed, tmp_path, at):
    whole = {file: file.read_text() for file in (installed.settings, installed.system)}
    installed.default("[source]\nfps = 25.0\n")
    (tmp_path / "fakes/install").write_text(CUT)
    (tmp_path / "fakes/install").chmod(0o755)
    assert installed.run(CUT_AT=str(at)).returncode == -signal.SIGKILL
    for file, old in whole.items():
        assert file.read_text() in (old, (installed.tree / "systemd" / file.name).read_text())
    assert installed.run().returncode == 0
    assert installed.settings.read_text() == "[source]\nfps = 25.0\n"
    assert not [name for name in installed.files() if name.endswith(".part")]


def test_only_one_runs_at_a_time(installed):
    with open(f"{installed.home}.lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        result = installed.run()
    assert (result.returncode, "another install.sh is running" in result.stderr) == (1, True)
    assert installed.calls("venv") == []


def test_a_folder_that_is_no_environment_is_not_replaced(house):
    house.home.mkdir(parents=True)
    (house.home / "letters.txt").write_text("dear ...\n")
    result = house.run()
    assert (result.returncode, "is in the way" in result.stderr) == (1, True)
    assert (house.home / "letters.txt").exists()


@pytest.mark.parametrize(("release", "limited"), [("bookworm", True), ("trixie", False)])
def test_only_bookworm_needs_the_older_libraries(house, release, limited):
    house.release(release)
    assert house.run().returncode == 0
    (call,) = house.calls("pip")
    assert ("constraints-bookworm.txt" in call) == limited


def test_an_upgrade_keeps_what_somebody_wrote_and_puts_the_new_defaults_beside_it(installed):
    installed.settings.write_text('[source]\nsource = "v4l2:0"\n')
    quiet = installed.run()
    assert "config.toml.new" not in quiet.stdout
    installed.default("[source]\nfps = 25.0\n")
    result = installed.run()
    assert "config.toml.new" in result.stdout
    assert installed.settings.read_text() == '[source]\nsource = "v4l2:0"\n'
    assert installed.settings.with_suffix(".toml.new").read_text() == "[source]\nfps = 25.0\n"
    assert installed.run().returncode == 0
    assert installed.settings.with_suffix(".toml.new").exists()


def test_an_upgrade_replaces_defaults_that_nobody_changed(installed):
    installed.default("[source]\nfps = 25.0\n")
    installed.run()
    assert installed.settings.read_text() == "[source]\nfps = 25.0\n"
    assert not installed.settings.with_suffix(".toml.new").exists()


@pytest.mark.parametrize("text", ["[source]\nspeed = 3\n", "[source\n", "[source]\nfps = 1e9\n"])
def test_settings_that_do_not_fit_are_named_in_one_line(installed, text):
    installed.settings.write_text(text)
    result = installed.run(DOCTOR_REAL="1")
    assert result.returncode == 1
    assert len(lines(result)) == 1
    assert str(installed.settings) in result.stderr
    assert installed.settings.read_text() == text


def test_an_incomplete_tree_is_named(house):
    (house.tree / "models").rmdir()
    result = house.run()
    assert result.returncode == 1
    assert "models is missing" in result.stderr
    assert not house.system.exists()


def test_uninstalling_keeps_settings_and_journals_and_can_be_done_twice(installed):
    for folder in ("log", "lib"):
        (installed.dest / "var" / folder / "edge-emotion").mkdir(parents=True)
    journal = installed.dest / "var/log/edge-emotion/journal.jsonl"
    journal.write_text("{}\n")
    kept = {"etc/os-release", "etc/edge-emotion/config.toml", "var/log/edge-emotion/journal.jsonl"}
    for _ in range(2):
        result = installed.run("--uninstall")
        assert (result.returncode, result.stderr) == (0, "")
        assert "Kept: /etc/edge-emotion" in result.stdout
        assert installed.files() == kept
    assert not installed.home.exists()


def test_uninstalling_never_removes_a_folder_that_is_no_environment(house):
    (house.home / "bin").mkdir(parents=True)
    (house.home / "letters.txt").write_text("dear ...\n")
    assert house.run("--uninstall").returncode == 0
    assert (house.home / "letters.txt").exists()


def test_the_settings_that_are_installed_are_the_defaults(root):
    from edge.config import load

    assert load(root / "systemd/config.toml") == Settings()
