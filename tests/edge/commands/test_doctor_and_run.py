"""The doctor fails exactly where `run` refuses to start, and changes nothing on the way."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import socket
from contextlib import closing

import pytest

from edge import __main__ as program
from edge import picture
from edge.commands import doctor_outputs
from edge.journals.jsonl import encode
from edge.registry import SINKS
from edge.settings import MetricsSettings, Settings, WebSettings
from edge.sinks.metrics_http import MetricsServer
from tests.ports import free_port

LINE = encode({"monotonic": 1.0, "event": "sample"}, 1.8e9)


@pytest.fixture
def both(tiny, tmp_path, paint, capfd, monkeypatch):
    """both(text): exit code and findings of the doctor, exit code and standard error of run, with these settings."""
    for name in ("LOGS_DIRECTORY", "STATE_DIRECTORY", "NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("edge.daemon.folders.SERVICE", tmp_path / "not-installed")
    monkeypatch.chdir(tmp_path)
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
    before = {number: signal.getsignal(number) for number in numbers}
    frame, config = tmp_path / "frame.png", tmp_path / "config.toml"
    picture.write(frame, paint((48, 32, False, True)))
    (tmp_path / "journal.jsonl").write_bytes(LINE)
    (tmp_path / "thesis.txt").write_text("my thesis\n")
    (tmp_path / "script").write_text("#!/bin/sh\n")
    (tmp_path / "short-token").write_text("abc\n")
    (tmp_path / "token-in-utf-16").write_bytes("a-token-of-forty-letters".encode("utf-16"))
    (tmp_path / "empty-password").write_text("\n")

    def call(text):
        config.write_text(text)
        words = ["--config", str(config), "--models", str(tiny), "--source", str(frame), "--accelerator", "cpu"]
        there = state(tmp_path)
        capfd.readouterr()
        doctors = program.main(["doctor", "--json", *words])
        out, err = capfd.readouterr()
        findings = [(c["level"], c["about"], c["text"]) for c in json.loads(out)["checks"]] if out else [err]
        assert state(tmp_path) == there, "the doctor changed a file"
        runs = program.main(["run", *words])
        return doctors, findings, runs, capfd.readouterr()[1]

    yield call
    for number, handler in before.items():
        signal.signal(number, handler)


def state(folder):
    return {path.name: (path.stat().st_mode, path.stat().st_size) for path in folder.iterdir()}


@pytest.fixture
def taken():
    """A port on which somebody listens, as text."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield str(listener.getsockname()[1])


WEB = "[web]\nenabled = true\nport = 0\n"
REFUSED = [
    ("[faces]\ngender = true\n", "models", "has no gender model"),
    ("[faces]\nlandmarks = true\n", "model landmarks", "landmarks"),
    (f'{WEB}proxy = "abc"\n', "page", "proxy: expected an address"),
    (f'{WEB}host = "nonsense host"\n', "page", "without a token; set [web] token_file"),
    (f'{WEB}host = "0.0.0.0"\n', "page", "without a token; set [web] token_file"),
    (f'{WEB}host = "0.0.0.0"\ntoken_file = "/nonexist/x"\n', "page", "cannot make the page's token (No such file"),
    (f'{WEB}token_file = "short-token"\n', "page", "expected one word of at least 16 characters"),
    (f'{WEB}token_file = "token-in-utf-16"\n', "page", "token-in-utf-16: text in UTF-16; save it as UTF-8"),
    (f'{WEB}token_file = "{"x" * 300}"\n', "page", "cannot make the page's token (File name too long)"),
    (f'{WEB}token_file = "token"\n[metrics]\nenabled = true\ntoken_file = "short-token"\n', "page", "one word of"),
    (f'{WEB}frame = "javascript:x y"\n', "page", "frame: expected a site such as"),
    (f'{WEB}frame = "\'self\'; script-src *"\n', "page", "frame: expected a site such as"),
    (f'{WEB}frame = "self"\n', "page", "frame: expected a site such as"),
    (f'{WEB}hosts = "a b,,"\n', "page", "hosts: expected names such as door.example"),
    (f'{WEB}hosts = "https://door.example"\n', "page", "hosts: expected names such as door.example"),
    ("[maker]\non_event = \"'unclosed\"\n", "on_event", "on_event: cannot be split into words"),
    ('[maker]\nsinks = "nobody"\n', "sink nobody", "no such sink"),
    ("[metrics]\nport = TAKEN\n", "metrics", "cannot listen on 127.0.0.1:"),
    ('[metrics]\nenabled = true\nhost = "nonsense host"\n', "metrics", "cannot listen on nonsense host:"),
    (f'[metrics]\nenabled = true\nhost = "{"a" * 70}"\n', "metrics", "cannot listen on aaa"),
    ('[mqtt]\nenabled = true\nnode = "a b"\n', "mqtt", "node: expected up to 64 letters"),
    ('[mqtt]\nenabled = true\ntopic = "a/#"\n', "mqtt", "topic: expected words separated by /"),
    ('[mqtt]\nenabled = true\nca = "ca.pem"\n', "mqtt", "ca: used with TLS only"),
    ('[mqtt]\nenabled = true\ntls = true\nca = "ca.pem"\n', "mqtt", "ca: ca.pem: not a PEM file"),
    ('[mqtt]\nenabled = true\nuser = "u"\npassword_file = "empty-password"\n', "mqtt", "expected the password"),
    ('[journal]\nfile = "absent/journal.jsonl"\n', "journal", "cannot write the journal (no such folder)"),
    ('[journal]\nfile = "."\n', "journal", "cannot write the journal (Is a directory)"),
    ('[journal]\nfile = "frame.png/x"\n', "journal", "cannot write the journal (Not a directory)"),
    ('[journal]\nfile = "thesis.txt"\n', "journal", "thesis.txt: not a journal of edge-emotion"),
    (f'[maker]\npause_file = "{"x" * 300}"\n', "pause", "pause_file: "),
    ('[screen]\nkind = "window"\nmode = "small"\n', "screen", "expected auto or a size"),
]  # fmt: skip
WARNED = [
    ('[maker]\non_event = "/nonexist/command --all"\n', "on_event", "/nonexist/command: no such command"),
    ('[maker]\non_event = "./script"\n', "on_event", "./script: not executable; make it so with: chmod +x"),
    (
        '[maker]\non_event = "cat > event.json"\n',
        "on_event",
        "cat: no shell runs the command, so '>' is passed on as text",
    ),
    ("[web]\nenabled = true\nport = TAKEN\n", "page", ": cannot serve there (Address already in use)"),
    (f'{WEB}host = "nonsense host"\ntoken_file = "token"\n', "page", "nonsense host:0: cannot serve there ("),
    ("[web]\nenabled = true\nport = FREE\n[metrics]\nport = FREE\n", "page", "[metrics] port is the same"),
]
FINE = [
    "",
    "[faces]\n",
    WEB,
    f"{WEB}live = true\n[metrics]\nenabled = true\n",
    f'{WEB}token_file = "token"\n[metrics]\nport = FREE\n',
    f'{WEB}host = "0.0.0.0"\nproxy = "127.0.0.1"\nframe = "https://home.example:8123 \'self\'"\n',
    f'{WEB}hosts = "door.example, door.lan:8095, ::1,"\n',
    '[web]\nproxy = "abc"\n',  # the page is off
    '[maker]\non_event = "true --all"\n',
    '[maker]\non_event = "  "\n',
    '[models]\ndetector = "haar"\n',
    '[journal]\nfile = "journal.jsonl"\n',
    '[journal]\nfile = "new.jsonl"\n',
    '[journal]\nfile = "/dev/null"\n',
    '[mqtt]\nnode = "a b"\n',  # off
]


@pytest.mark.parametrize(("text", "about", "words"), REFUSED, ids=[f"{n}" for n in range(len(REFUSED))])
def test_where_run_refuses_the_doctor_fails_and_says_the_same(both, taken, text, about, words):
    doctors, findings, runs, err = both(text.replace("TAKEN", taken))
    assert (doctors, runs != 0) == (1, True), err
    ((_, where, said),) = [finding for finding in findings if finding[0] == "fail"]
    assert (where, words in said, words in err) == (about, True, True), (said, err)


@pytest.mark.parametrize(("text", "about", "words"), WARNED, ids=[f"{n}" for n in range(len(WARNED))])
def test_what_run_starts_without_is_a_warning(both, taken, text, about, words):
    doctors, findings, runs, err = both(text.replace("TAKEN", taken).replace("FREE", str(free_port())))
    assert (doctors, runs) == (0, 0), err
    ((*_, said),) = [finding for finding in findings if finding[0] == "warn" and finding[1] == about]
    assert words in said
    assert said.endswith("; `run` starts all the same" if about == "on_event" else "; `run` will try again")


@pytest.mark.parametrize("text", FINE, ids=[f"{n}" for n in range(len(FINE))])
def test_where_run_works_the_doctor_does_not_fail(both, text):
    doctors, findings, runs, err = both(text.replace("FREE", str(free_port())))
    assert (doctors, runs) == (0, 0), (findings, err)


def test_a_taken_port_is_the_services_only_where_a_server_of_ours_answers(taken, monkeypatch):
    monkeypatch.setattr("edge.commands.doctor_finding.ANSWER_S", 0.05)  # a stranger that never says anything

    def found(port):
        web, metrics = WebSettings(enabled=True, port=port), MetricsSettings(enabled=True, port=port)
        findings = [
            *doctor_outputs.page(Settings(web=web), lambda: "9 fps", {}),
            *doctor_outputs.builtin_sinks(Settings(metrics=metrics), lambda: "9 fps"),
        ]
        return {finding.about: (finding.level, finding.text.rpartition("; ")[2]) for finding in findings}

    perhaps = ("warn", "perhaps the running service has it (9 fps)")
    assert found(int(taken)) | {"page": perhaps, "metrics": perhaps} == found(int(taken))
    monkeypatch.undo()
    with closing(MetricsServer("127.0.0.1", 0, lambda: b"", "text/plain")) as server:
        service = ("ok", "used by the service (9 fps)")
        assert found(server.port) | {"page": service, "metrics": service} == found(server.port)


def test_a_journal_in_use_is_refused_but_fine_if_the_service_has_it(both, tmp_path, monkeypatch):
    fd = os.open(tmp_path / "journal.jsonl", os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    text = '[journal]\nfile = "journal.jsonl"\n'
    doctors, findings, runs, err = both(text)
    assert (doctors, runs, "in use by another edge-emotion" in err) == (1, 1, True)
    service = tmp_path / "systemctl"
    service.write_text("#!/bin/sh\nprintf 'StatusText=29.8 fps, 1 face\\nActiveState=active\\n'\n")
    service.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    doctors, findings, _, _ = both(text)
    assert (doctors, ("ok", "journal", "used by the service (29.8 fps, 1 face)") in findings) == (0, True)
    os.close(fd)


def test_the_services_own_token_is_looked_for_where_the_service_is_installed(tmp_path, monkeypatch):
    folder = tmp_path / "service"
    monkeypatch.setattr("edge.daemon.folders.SERVICE", folder)
    settings = Settings(web=WebSettings(enabled=True, host="0.0.0.0", port=0))

    def found():
        (finding,) = doctor_outputs.page(settings, lambda: "", {})
        return finding.level, finding.text

    assert found()[0] == "fail", "no service, no token"
    folder.mkdir()
    assert found() == ("ok", "a free port of 0.0.0.0, with a token (as the service)"), "`run` by hand would refuse"
    assert list(folder.iterdir()) == []
    (folder / "web-token").write_text("short\n")
    assert found()[0] == "fail"
    real = os.lstat

    def lstat(path, **more):
        if str(path).startswith(str(folder)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, **more)

    monkeypatch.setattr(os, "lstat", lstat)
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith(str(folder)))
    assert found() == ("warn", f"{folder}: this user cannot read the service's folder; run this with sudo")


def test_every_sink_of_ours_has_a_check():
    assert {name for name in SINKS.builtin if SINKS.check(name) is None} == set()
