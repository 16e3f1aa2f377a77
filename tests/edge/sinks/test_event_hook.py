"""on_event with real commands: they run for a moment, or hang until they are killed."""

from __future__ import annotations

import json
import os
import shlex
import sys

import pytest

from edge.errors import SettingsError
from edge.settings import MakerSettings
from edge.sinks.event_hook import EventHook
from edge.testing import FakeClock
from tests.waiting import descriptors, until

EVENT = {"time": "2026-01-31T08:00:00.000Z", "event": "appeared", "track": 1, "box": (1.0, 2.00001), "score": 0.5}


def python(program, *arguments):
    return shlex.join([sys.executable, "-S", "-c", program, *map(str, arguments)])


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def hooked(clock):
    """hooked(command, settings...): the hook; closed after the test."""
    hooks = []

    def make(command, **settings):
        hooks.append(EventHook(MakerSettings(on_event=command, **settings), clock))
        return hooks[-1]

    yield make
    for hook in hooks:
        hook.close()


def alive(hook):
    hook.tick()
    return len(hook._running)


def test_without_a_command_nothing_happens(hooked):
    hook = hooked("")
    hook.write(EVENT)
    hook.tick()
    assert hook._running == []


def test_the_command_gets_the_event_as_one_line_of_json(hooked, tmp_path):
    out = tmp_path / "out"
    hook = hooked(python("import sys; open(sys.argv[1] + '.new', 'w').write(sys.stdin.read());"
                         "import os; os.rename(sys.argv[1] + '.new', sys.argv[1])", out))  # fmt: skip
    hook.write(EVENT)
    assert until(out.exists)
    text = out.read_text()
    assert text.count("\n") == 1
    assert json.loads(text) == {**EVENT, "box": [1.0, 2.0]}
    assert until(lambda: alive(hook) == 0)


def test_no_shell_runs_the_command(hooked, tmp_path):
    hook = hooked(f"{python('import sys; open(sys.argv[1], chr(119))', tmp_path / 'a')} ; touch {tmp_path / 'b'}")
    hook.write(EVENT)
    assert until(lambda: alive(hook) == 0)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_command_may_begin_at_the_home_folder(hooked, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    script = tmp_path / "led.sh"
    script.write_text('#!/bin/sh\necho "$1" > "$HOME/argument"\n')
    script.chmod(0o755)
    hook = hooked("~/led.sh ~/argument")
    hook.write(EVENT)
    assert until(lambda: not alive(hook))
    assert (tmp_path / "argument").read_text() == "~/argument\n"


def test_events_are_skipped_while_too_many_commands_run_and_that_is_logged_once(hooked, caplog):
    hook = hooked(python("import time; time.sleep(60)"), on_event_max=2)
    for _ in range(5):
        hook.write(EVENT)
    assert alive(hook) == 2
    assert [record.getMessage().partition(" ")[2] for record in caplog.records] == [
        f"{sys.executable} is already running 2 times; events are skipped"
    ]


def gone(pid):
    """Whether a process is dead, and perhaps not yet collected by the init process."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
with open(sys.argv[1] + ".new", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(60)
"""


def test_a_command_that_takes_too_long_is_killed_with_its_children(hooked, clock, tmp_path):
    pids = tmp_path / "pids"
    hook = hooked(python(PARENT, pids), on_event_timeout_s=5)
    hook.write(EVENT)
    assert until(pids.exists)
    clock.advance(4.9)
    assert alive(hook) == 1
    clock.advance(0.2)
    assert until(lambda: alive(hook) == 0)

    assert all(until(lambda pid=pid: gone(pid)) for pid in pids.read_text().split())


# The child says itself that it is there: while a program is being loaded, /proc does not show its environment.
CHILD = """
import os, sys, time
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(os.getpid()))
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""
DAEMON = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-S", "-c", {CHILD!r}, sys.argv[1]], start_new_session=True)
"""


@pytest.mark.parametrize("ends", ["by itself", "by time-out", "with the run"])
def test_a_child_in_a_session_of_its_own_ends_with_the_command(hooked, clock, tmp_path, ends):
    pids = tmp_path / "pids"
    wait = "" if ends == "by itself" else "time.sleep(600)"
    hook = hooked(python(DAEMON + wait, pids), on_event_timeout_s=5)
    hook.write(EVENT)
    assert until(pids.exists)
    if ends == "with the run":
        hook.close()
    clock.advance(6 if ends == "by time-out" else 0)
    assert until(lambda: alive(hook) == 0)
    assert until(lambda: gone(pids.read_text()))


def test_what_a_command_prints_is_bounded_and_one_line_a_minute_is_logged(hooked, clock, caplog, capfd):
    noisy = python("import sys\nprint('one \x1b[31m\\ntwo', file=sys.stderr)\nfor _ in range(300):\n"
                   "    print('x' * 10000, file=sys.stderr); print('y' * 10000)")  # fmt: skip
    hook = hooked(noisy)
    for seconds in (0, 1, 58, 2):
        clock.advance(seconds)
        hook.write(EVENT)
        assert until(lambda: alive(hook) == 0), "three megabytes are taken"
    said = f"on_event: {sys.executable} said: one \\x1b[31m"
    assert [record.getMessage() for record in caplog.records] == [said, said]
    assert capfd.readouterr() == ("", "")


def test_a_command_that_prints_without_end_is_killed_in_time_and_holds_nobody_up(hooked, clock):
    hook = hooked(python("import sys\nwhile True:\n    print('x' * 60000, file=sys.stderr)"), on_event_timeout_s=5)
    hook.write(EVENT)
    for _ in range(20):
        assert alive(hook) == 1
    clock.advance(6)
    assert until(lambda: alive(hook) == 0)


def test_descriptors_do_not_pile_up(hooked):
    hook = hooked(python("pass"))
    before = descriptors()
    for _ in range(5):
        hook.write(EVENT)
        assert until(lambda: alive(hook) == 0)
    assert descriptors() <= before


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("/nowhere/command", "cannot be started (no such command; change [maker] on_event)"),
        ("/", "cannot be started (a folder; name a command in it)"),
        (python("raise SystemExit(3)"), "ended with exit code 3"),
    ],
)
def test_a_command_that_fails_is_logged_once_and_disturbs_nobody(hooked, caplog, command, message):
    hook = hooked(command)
    for _ in range(3):
        hook.write(EVENT)
        assert until(lambda: alive(hook) == 0)
    (record,) = caplog.records
    assert record.getMessage().endswith(message)


def test_a_command_that_counts_on_a_shell_is_told_once_that_there_is_none(hooked, caplog):
    hook = hooked("true TOKEN=secret > event.json")
    hook.write(EVENT)
    (record,) = caplog.records
    said = "on_event: true: no shell runs the command, so '>' is passed on as text; to use a shell, write sh -c '...'"
    assert record.getMessage() == said


def test_a_command_that_does_not_read_does_not_block_the_loop(hooked):
    hook = hooked(python("import time; time.sleep(60)"))
    hook.write({**EVENT, "text": "x" * 1_000_000})
    assert alive(hook) == 1


def test_close_kills_what_runs(hooked):
    hook = hooked(python("import time; time.sleep(60)"))
    hook.write(EVENT)
    (process, _) = hook._running[0]
    hook.close()
    assert process.child.returncode is not None
    assert not os.path.exists(f"/proc/{process.child.pid}")


def test_a_command_that_cannot_be_split_is_a_settings_error(clock):
    with pytest.raises(SettingsError, match=r"\[maker\] on_event: cannot be split into words \(No closing quotation\)"):
        EventHook(MakerSettings(on_event="say 'hello"), clock)
