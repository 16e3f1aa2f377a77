"""What can be said about the on_event command before it runs."""

from __future__ import annotations

import pytest

from edge.clock import SystemClock
from edge.errors import Absent
from edge.settings import MakerSettings, Settings
from edge.sinks.event_hook import EventHook, check
from edge.sinks.hook_command import for_a_shell, obstacle


@pytest.mark.parametrize(
    "command",
    [
        "",
        "/usr/local/bin/led.py --pin 17",
        "sh -c 'cat > /tmp/event.json'",
        'sh -c "grep -q happy && echo $HOME | mail me"',
        "curl --json @- http://host:8123/api/webhook/door?a=1&b=2",
        "find /tmp -name x -exec touch {} \\;",
        "/usr/bin/mosquitto_pub -t door/emotion -l --id=a;b",
        "logger --tag edge$",
    ],
)
def test_commands_that_need_no_shell(command):
    assert for_a_shell(MakerSettings(on_event=command)) == ""


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("cat > /tmp/event.json", ">"),
        ("cat >>/tmp/events", ">"),
        ("led.py 2>/dev/null", ">"),
        ("led.py < /dev/null", "<"),
        ("jq .emotion | mosquitto_pub -l -t door", "|"),
        ("led.py && beep", "&"),
        ("led.py &", "&"),
        ("led.py; beep", ";"),
        ("$HOME/led.py", "$"),
        ("led.py --out=$HOME/x", "$"),
        ("led.py --token=secret>/dev/null; beep", ";"),
        ("curl http://host/?a=1&b=$X", "$"),
        ("logger -t $(hostname)", "$"),
        ("logger `hostname`", "`"),
        ("PASSWORD=secret /usr/local/bin/led.py", "PASSWORD="),
    ],
)
def test_commands_that_only_a_shell_understands(command, named):
    said = for_a_shell(MakerSettings(on_event=command))
    assert said == f"no shell runs the command, so '{named}' is passed on as text; to use a shell, write sh -c '...'"


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        ("#!/bin/sh\n", 0o755, ""),
        ("#! /usr/bin/env python3\n", 0o755, ""),
        ("\x7fELF\0\0", 0o755, ""),
        ("#!/bin/sh\n", 0o644, "not executable; make it so with: chmod +x"),
        ("#!/bin/sh\r\necho\r\n", 0o755, "a script with the line ends of Windows; save it with those of Linux"),
        (
            "#!/opt/nowhere/python\n",
            0o755,
            "its first line names /opt/nowhere/python, which does not exist; correct that line",
        ),
        ("#!\n", 0o755, "its first line names no program; begin it with a line such as #!/bin/sh"),
        ("import json\n", 0o755, "not a program; begin a script with a line such as #!/bin/sh"),
        ("", 0o755, "not a program"),
    ],
)
def test_what_keeps_a_script_from_starting(tmp_path, content, mode, says):
    script = tmp_path / "script"
    script.write_bytes(content.encode())
    script.chmod(mode)
    said = obstacle(str(script))
    assert said.startswith(says) if says else said == ""


@pytest.mark.parametrize(
    ("program", "says"), [("/nowhere/led.py", "no such command"), ("nowhere-led", "no such command"), ("/", "a folder")]
)
def test_what_is_no_command(program, says):
    assert obstacle(program).startswith(says)


def test_what_a_variable_is_set_to_is_said_nowhere(caplog):
    settings = MakerSettings(on_event="PASSWORD=secret /usr/local/bin/led.py")
    EventHook(settings, SystemClock()).close()
    with pytest.raises(Absent, match=r"^PASSWORD=\.\.\.: no shell runs") as told:
        check(Settings(maker=settings))
    assert "on_event: PASSWORD=...: no shell runs" in caplog.text
    assert "secret" not in caplog.text + str(told.value)
