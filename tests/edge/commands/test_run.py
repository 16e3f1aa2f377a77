"""`edge-emotion run` end to end, on tiny models: pictures in, journal and exit code out."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from edge import __main__ as program
from edge import picture
from edge.daemon.folders import pause_file
from edge.journals.location import journal_file
from edge.settings import JournalSettings, MakerSettings, Settings

# What libraries write past Python: LiteRT always, OpenCV and FFmpeg where nobody asked them to be quiet in time.
QUIET = ("INFO: Created TensorFlow Lite XNNPACK delegate for CPU.", "[")


@pytest.fixture
def signals():
    """What signals did before."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def go(tiny, signals, capfd, monkeypatch):
    """go(words...): run with the tiny models; exit code, standard output, standard error."""
    for name in ("LOGS_DIRECTORY", "STATE_DIRECTORY", "NOTIFY_SOCKET"):
        monkeypatch.delenv(name, raising=False)

    def call(*words):
        capfd.readouterr()
        code = program.main(["run", "--models", str(tiny), "--accelerator", "cpu", *map(str, words)])
        out, err = capfd.readouterr()
        return code, out, "".join(line for line in err.splitlines(True) if not line.startswith(QUIET))

    return call


@pytest.fixture
def film(tmp_path, paint):
    """90 pictures (3 s): a face comes at the 7th, wears a mask from the 21st to the 50th, is sad from the 41st on."""
    folder = tmp_path / "film"
    folder.mkdir()
    for n in range(90):
        faces = [] if n < 6 else [(48, 32, 20 <= n < 50, n < 40)]
        picture.write(folder / f"{n:03}.png", paint(*faces))
    return folder


def events(text):
    return [json.loads(line) for line in text.splitlines()]


def timeless(text):
    """A journal as replays must give it: without wall times and health events."""
    kept = [{k: v for k, v in event.items() if k != "time"} for event in events(text) if event["event"] != "health"]
    return "\n".join(map(json.dumps, kept))


def test_a_film_is_journalled_on_standard_output_with_both_routes_on_one_track(go, film):
    code, out, err = go("--source", film)
    assert (code, err) == (0, "")
    recorded = events(out)
    assert [e["event"] for e in recorded][:2] == ["start", "appeared"]
    assert [e["event"] for e in recorded][-2:] == ["left", "stop"]
    assert {e["track"] for e in recorded if "track" in e} == {1}
    by_route = {worn: {e["emotion"] for e in recorded if e.get("worn") is worn} - {None} for worn in (False, True)}
    assert by_route == {False: {"happy", "sad"}, True: {"surprise", "neutral"}}, "each by its own model"
    assert recorded[0]["source"] == str(film)
    assert set(recorded[0]["models"]) == {"face", "mask", "emotion-bare", "emotion-masked"}


def test_the_same_film_gives_the_same_journal_but_for_the_time_of_day(go, film):
    (_, first, _), (_, second, _) = go("--source", film), go("--source", film)
    assert first != second
    assert timeless(first) == timeless(second) != ""


def test_a_closed_standard_output_is_one_line_and_no_matter_where_the_journal_is_a_file(tiny, signals, film, tmp_path):
    for more, code, said in ((), 1, "standard output is closed"), (("--journal", tmp_path / "j.jsonl"), 0, ""):
        words = [sys.executable, "-m", "edge", "run", "--models", tiny, "--source", film, *more]
        shell = ["sh", "-c", 'exec "$@" >&-', "sh", *map(str, words)]
        done = subprocess.run(shell, stderr=subprocess.PIPE, text=True, timeout=120)
        assert (done.returncode, said in done.stderr, "unexpected" in done.stderr) == (code, True, False), done.stderr
    assert (tmp_path / "j.jsonl").exists()


def test_a_journal_in_a_file_ends_with_a_summary_a_person_understands(go, film, tmp_path):
    file = tmp_path / "journal.jsonl"
    code, out, err = go("--source", film, "--journal", file)
    assert (code, err) == (0, "")
    assert "Faces: 1; 1 seen both with and without a mask" in out
    assert "Face 1: no mask " in out
    assert out.endswith(f"Journal: {file}\n")
    assert [e["event"] for e in events(file.read_text())][-1] == "stop"


def test_a_second_run_continues_the_same_journal(go, film, tmp_path):
    file = tmp_path / "journal.jsonl"
    go("--source", film, "--journal", file, "--frames", 3)
    go("--source", film, "--journal", file, "--frames", 4)
    assert [(e["event"], e.get("frames")) for e in events(file.read_text())] == [
        ("start", None), ("stop", 3), ("start", None), ("stop", 4),
    ]  # fmt: skip


def test_settings_come_from_a_file_and_flags_go_before_it(go, film, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('[source]\nsource = "absent.mp4"\nfps = 10\nflip = "horizontal"\n[track]\nexpire_s = 0.5\n')
    code, out, err = go("--config", file, "--source", film)
    assert (code, err) == (0, "")
    assert events(out)[-1]["monotonic"] == 8.9
    assert events(out)[1]["box"] == [64.0, 32.0, 112.0, 80.0], "mirrored"


def one_line(err):
    assert err.startswith("edge-emotion: ")
    assert err.count("\n") == 1
    return err.removeprefix("edge-emotion: ").strip()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.mp4", None, "no such file, folder or camera"),
        ("empty.jpg", b"", "the file is empty"),
        ("empty.mp4", b"", "the file is empty"),
        ("text.jpg", b"hello", "not a picture that can be decoded"),
        ("text.mp4", b"hello", "not a clip or picture that can be decoded"),
    ],
)
def test_a_source_that_cannot_be_read_is_exit_3(go, tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    code, _, err = go("--source", path)
    assert code == 3
    assert one_line(err).startswith(f"{path}: {message}")


def test_an_empty_folder_and_a_missing_camera_are_exit_3(go, tmp_path):
    code, _, err = go("--source", tmp_path)
    assert (code, "no picture in this folder" in one_line(err)) == (3, True)
    code, _, err = go("--source", "v4l2:4321")
    assert (code, "v4l2:4321: no camera at /dev/video4321" in one_line(err)) == (3, True)


def test_a_bad_picture_among_good_ones_is_named_and_the_rest_is_done(go, film, caplog):
    (film / "010.png").write_bytes(b"")
    code, out, _ = go("--source", film)
    assert code == 0
    assert [record.getMessage() for record in caplog.records] == [f"{film / '010.png'}: the file is empty"]
    assert events(out)[-1]["frames"] == 89


def test_a_whole_process_prints_one_line_and_no_library_adds_to_it(tiny, tmp_path):
    path = tmp_path / "text.mp4"
    path.write_bytes(b"hello")
    command = [sys.executable, "-m", "edge", "run", "--models", str(tiny), "--source", str(path), "--journal", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if not line.startswith(QUIET[0])]
    message = "not a clip or picture that can be decoded; its beginning or its end may be missing"
    assert (done.returncode, lines) == (3, [f"edge-emotion: {path}: {message}"])


@pytest.mark.parametrize(
    ("text", "message"), [("[source]\nsauce = 1", "sauce: unknown setting"), ("[sou", "not valid TOML")]
)
def test_wrong_settings_are_exit_2(go, tmp_path, text, message):
    file = tmp_path / "config.toml"
    file.write_text(text)
    code, out, err = go("--config", file)
    assert (code, out) == (2, "")
    assert one_line(err).startswith(f"{file}: ")
    assert message in err


def test_a_model_that_does_not_match_its_hash_is_exit_4(go, tiny, film, tmp_path):
    models = tmp_path / "models"
    subprocess.run(["cp", "-r", tiny, models], check=True)
    with open(models / "mask" / "model.tflite", "ab") as file:
        file.write(b"x")
    code, out, err = go("--source", film, "--models", models)
    assert (code, out) == (4, "")
    assert "mask/model.tflite: sha256" in one_line(err)
    code, _, err = go("--source", film, "--models", tmp_path)
    assert (code, "cannot read the manifest" in one_line(err)) == (4, True)


def test_a_journal_that_cannot_be_written_is_exit_1_and_no_camera_is_opened(go, film, tmp_path):
    for file in (tmp_path / "absent" / "journal.jsonl", tmp_path):
        code, out, err = go("--source", film, "--journal", file)
        assert (code, out) == (1, "")
        assert f"{file}: cannot write the journal" in one_line(err)


@pytest.mark.parametrize(
    "data",
    [
        b"my thesis\n", b"\0" * 40_000 + b"CD001 data\n", b"\0" * 1_000_000,
        b'{"time": "2026-11-27T01:00:00Z", "level": "info", "msg": "a log of another program"}\n',
    ],
)  # fmt: skip
def test_somebody_elses_file_is_not_written_to(go, film, tmp_path, data):
    file = tmp_path / "file"
    file.write_bytes(data)
    code, _, err = go("--source", film, "--journal", file)
    assert (code, "not a journal of edge-emotion" in one_line(err)) == (1, True)
    assert file.read_bytes() == data


def test_an_output_that_would_be_lost_is_refused_before_anything_is_opened(go, film, tmp_path):
    journal = tmp_path / "z.png"
    go("--source", film, "--journal", journal, "--frames", 2)
    before = {path: path.read_bytes() for path in (journal, film / "000.png")}
    for words, said in (
        (("--sheet", film / "000.png"), f"{film / '000.png'}: is one of the source's pictures; choose another file"),
        (("--journal", journal, "--sheet", journal), f"{journal}: choose two files for --journal and --sheet"),
    ):
        for source in (film, f"file://{film}"):
            code, out, err = go("--source", source, *words, "--force")
            assert (code, out) == (1, "")
            assert one_line(err).startswith(said)
            assert {path: path.read_bytes() for path in before} == before


def test_a_clip_is_never_replaced_by_its_own_recording_however_it_is_named(go, tmp_path):
    clip = tmp_path / "a clip.mp4"
    clip.write_bytes(b"mine")
    code, out, err = go("--source", f"file://{tmp_path}/a%20clip.mp4", "--out", clip, "--force")
    assert (code, out, clip.read_bytes()) == (1, "", b"mine")
    assert one_line(err) == f"{clip}: is the source itself; choose another file for --out"


@pytest.mark.parametrize(
    ("file", "environment", "answer"),
    [
        ("auto", {}, "-"),
        ("auto", {"LOGS_DIRECTORY": "/var/log/edge-emotion"}, "/var/log/edge-emotion/journal.jsonl"),
        ("auto", {"LOGS_DIRECTORY": "/a:/b"}, "/a/journal.jsonl"),
        ("-", {"LOGS_DIRECTORY": "/a"}, "-"),
        ("mine.jsonl", {"LOGS_DIRECTORY": "/a"}, "mine.jsonl"),
    ],
)
def test_where_the_journal_goes(file, environment, answer):
    assert journal_file(JournalSettings(file=file), environment) == answer


@pytest.mark.parametrize(
    ("file", "environment", "answer"),
    [
        ("auto", {}, "None"),
        ("auto", {"STATE_DIRECTORY": "/var/lib/edge-emotion"}, "/var/lib/edge-emotion/pause"),
        ("", {"STATE_DIRECTORY": "/a"}, "None"),
        ("/run/off", {"STATE_DIRECTORY": "/a"}, "/run/off"),
    ],
)
def test_which_file_pauses(file, environment, answer):
    assert str(pause_file(Settings(maker=MakerSettings(pause_file=file)), environment)) == answer


class Service:
    """A daemon that waits for a camera that never comes, as a service manager starts it."""

    def __init__(self, models, folder, notify):
        self.folder = folder
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(str(notify))
        self.line.settimeout(120)
        self.environment = {
            **os.environ, "NOTIFY_SOCKET": str(notify), "WATCHDOG_USEC": "2000000",
            "LOGS_DIRECTORY": str(folder), "STATE_DIRECTORY": str(folder),
        }  # fmt: skip
        self.command = [sys.executable, "-m", "edge", "run", "--wait", "--models", str(models), "--source", "v4l2:4321"]
        self.start()

    def start(self):
        """A process of it, after the one before has ended."""
        pipe = subprocess.PIPE
        # As the unit's `env --block-signal=USR1` does it: a child inherits what is blocked.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        try:
            self.child = subprocess.Popen(self.command, env=self.environment, stdout=pipe, stderr=pipe, text=True)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})

    def wait_for(self, what):
        """Wait for a message with these words."""
        while what not in (message := self.line.recv(4096).decode()):
            pass
        return message

    def kill(self):
        """End it like a crash."""
        self.child.kill()
        self.child.communicate()


@pytest.fixture
def daemon(tiny, tmp_path, socket_folder):
    service = Service(tiny, tmp_path, socket_folder / "notify")
    yield service
    service.kill()
    service.line.close()


def test_as_a_service_it_waits_beats_pauses_and_stops_on_sigterm(daemon, tmp_path):
    assert daemon.wait_for("READY=1").startswith("READY=1\nSTATUS=")
    daemon.wait_for("STATUS=no camera; trying again")
    for _ in range(4):
        daemon.wait_for("WATCHDOG=1")
    (tmp_path / "pause").touch()
    daemon.wait_for("STATUS=paused")
    (tmp_path / "pause").unlink()
    daemon.wait_for("STATUS=no camera; trying again")
    daemon.child.send_signal(signal.SIGUSR1)
    daemon.wait_for("STATUS=paused")
    daemon.child.send_signal(signal.SIGTERM)
    daemon.wait_for("STOPPING=1")
    assert daemon.child.wait(120) == 0
    what = [event.get("what", event["event"]) for event in events((tmp_path / "journal.jsonl").read_text())]
    assert what == ["start", "camera-lost", "paused", "resumed", "paused", "stop"] or what == [
        "start", "camera-lost", "paused", "resumed", "camera-lost", "paused", "stop",
    ]  # fmt: skip


def test_a_pause_asked_for_at_the_very_start_holds_and_outlives_a_crash(daemon, tmp_path):
    daemon.child.send_signal(signal.SIGUSR1)  # before Python has even begun
    daemon.wait_for("STATUS=paused")
    daemon.kill()
    daemon.start()
    daemon.wait_for("READY=1")
    daemon.wait_for("STATUS=paused")
    what = [event.get("what", event["event"]) for event in events((tmp_path / "journal.jsonl").read_text())]
    assert what == ["start", "paused", "start", "paused"], "the camera was never opened"
    daemon.child.send_signal(signal.SIGUSR1)
    daemon.wait_for("STATUS=no camera")
    daemon.kill()
    daemon.start()
    daemon.wait_for("READY=1")
    daemon.wait_for("STATUS=no camera")


def test_a_pause_file_that_cannot_be_looked_for_is_exit_2(go, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(f'[maker]\npause_file = "{tmp_path}/{"x" * 300}"\n')
    code, _, err = go("--config", file, "--source", "demo")
    assert (code, "[maker] pause_file: " in one_line(err)) == (2, True)
