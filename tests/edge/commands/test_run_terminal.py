"""What a person sees of `run`: on a terminal readable lines, through a pipe JSON."""

from __future__ import annotations

import errno
import io
import json
import os
import pty
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest

from edge import __main__ as program
from edge import picture
from edge.cli.terminal import Progress
from edge.commands.run_progress import CountedCamera
from edge.commands.run_terminal import TerminalSink, position
from edge.frame import Frame

TIME = {"time": "2024-10-04T08:00:00.000Z", "monotonic": 0.0}
FACE = TIME | {"track": 1, "worn": True, "emotion": "happy", "probabilities": {"happy": 0.83}, "intensity": 0.7}


def printed(events, colours=False, journal=""):
    stream = io.StringIO()
    sink = TerminalSink(stream, colours, journal, Progress(None, "frames"))
    for event in events:
        sink.write(event)
        sink.tick()
    sink.close()
    return stream.getvalue()


def test_it_says_what_it_watches_then_a_line_an_event_but_for_samples():
    text = printed(
        [
            TIME | {"event": "start", "source": "rtsp://***@door/\x1b[2J", "models": {}},
            FACE | {"event": "appeared"},
            FACE | {"event": "sample"},
            TIME | {"event": "health", "what": "dark"},
            TIME | {"event": "stop", "frames": 3},
        ],
        journal="j.jsonl",
    )
    first, second, third = text.splitlines()
    assert first == r"Watching rtsp://***@door/\x1b[2J; Ctrl-C stops it. Journal: j.jsonl"
    assert second.endswith("face 1 appeared: mask, happy 83 %, intensity 0.70")
    assert third.endswith("health dark")


def test_a_closed_terminal_does_not_keep_the_journal_from_its_end():
    class Closed(io.StringIO):
        def write(self, text):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    sink = TerminalSink(Closed(), False, "", Progress(None, "frames"))
    for kind in ("start", "appeared"):
        sink.write(FACE | {"event": kind, "source": "demo"})
    sink.close()
    sink.say("Faces: 1")


def test_a_recording_is_whole_when_its_terminal_is_closed(tiny, tmp_path):
    names = ("clip.mp4", "sheet.png", "journal.jsonl")
    clip, sheet, journal = (tmp_path / name for name in names)
    child, terminal = pty.fork()
    if not child:
        os.environ["PYTHONUNBUFFERED"] = ""
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
        words = ("--source", "demo", "--models", tiny, "--out", clip, "--sheet", sheet, "--journal", journal)
        os.execv(sys.executable, [sys.executable, "-m", "edge", "run", *map(str, words)])
    said = b""
    while b"appeared" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "not by the signal, and nothing is lost"
    stop = json.loads(journal.read_text().splitlines()[-1])
    assert stop["event"] == "stop"
    capture = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == stop["frames"]
    assert picture.read(sheet).shape[2] == 3


def test_events_of_a_clip_have_their_place_in_it():
    start = TIME | {"event": "start", "source": "clip.mp4", "live": False}
    text = printed([start, FACE | {"event": "appeared", "monotonic": 64.5}])
    assert text.splitlines()[1] == " 1:04.5  face 1 appeared: mask, happy 83 %, intensity 0.70"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, " 0:00.0"),
        (4.56, " 0:04.6"),
        (59.96, " 1:00.0"),
        (720, "12:00.0"),
        (3599.97, "1:00:00.0"),
        (3723.4, "1:02:03.4"),
    ],
)
def test_a_place_in_a_clip(seconds, shown):
    assert position(seconds) == shown


def test_in_colour_the_emotion_has_a_block_and_its_letters_stay_readable_on_any_background():
    plain, bright = (printed([FACE | {"event": "changed"}], colours) for colours in (False, True))
    assert "\x1b" not in plain
    assert ": mask, \x1b[48;2;240;228;66m  \x1b[0m happy 83 %, " in bright


class Source:
    live = stuck = False
    closed = False

    def __init__(self, length=None):
        self.length = length

    def __iter__(self):
        image = np.zeros((2, 2, 3), np.uint8)
        yield from (Frame(image, 0.0, 0), None, Frame(image, 0.1, 1))

    def close(self):
        self.closed = True


@pytest.mark.parametrize(("length", "most", "total"), [(None, 0, None), (9, 0, 9), (9, 3, 3), (3, 9, 3), (None, 3, 3)])
def test_a_counted_camera_is_the_camera_and_knows_the_end(length, most, total):
    source, progress = Source(length), Progress(None, "frames")
    camera = CountedCamera(source, progress, most)
    assert [frame and frame.index for frame in camera] == [0, None, 1]
    assert (camera.live, camera.stuck, progress.total) == (False, False, total)
    camera.close()
    assert source.closed


@pytest.fixture
def film(tmp_path, paint):
    folder = tmp_path / "film"
    folder.mkdir()
    for n in range(8):
        picture.write(folder / f"{n}.png", paint((48, 32, False, True)))
    return folder


def on_a_terminal(*words):
    """Run `edge-emotion run` on a terminal: exit code and what it showed."""
    main, child = pty.openpty()
    command = [sys.executable, "-m", "edge", "run", "--accelerator", "cpu", *map(str, words)]
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1"}
    with subprocess.Popen(command, stdout=child, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(child)
        shown = b""
        try:
            while block := os.read(main, 4096):
                shown += block
        except OSError:  # the other end is closed
            pass
    os.close(main)
    return process.returncode, shown.decode().splitlines()


def test_on_a_terminal_people_read_lines_and_a_summary(tiny, film):
    code, lines = on_a_terminal("--models", tiny, "--source", film)
    assert (code, lines[0]) == (0, f"Watching {film}; Ctrl-C stops it.")
    assert "face 1 appeared: no mask, happy" in lines[1]
    assert any(line.startswith("In sight for") for line in lines)
    assert not any(line.startswith("{") for line in lines)


def test_with_json_a_terminal_gets_what_a_pipe_gets(tiny, film):
    code, lines = on_a_terminal("--models", tiny, "--source", film, "--json")
    assert (code, [json.loads(line)["event"] for line in lines]) == (0, ["start", "appeared", "left", "stop"])


def test_with_a_journal_the_terminal_has_lines_and_the_file_has_json(tiny, film, tmp_path):
    journal, clip, sheet = tmp_path / "j.jsonl", tmp_path / "c.webp", tmp_path / "s.png"
    code, lines = on_a_terminal(
        "--models", tiny, "--source", film, "--journal", journal, "--out", clip, "--sheet", sheet
    )
    assert (code, lines[-3:]) == (0, [f"Journal: {journal}", f"Video: {clip}", f"Sheet: {sheet}"])
    assert json.loads(journal.read_text().splitlines()[0])["event"] == "start"
    assert clip.read_bytes()[:4] == b"RIFF"
    assert sheet.exists()


@pytest.mark.parametrize("recorded", [False, True])
def test_what_draws_is_imported_for_a_recording_alone(tiny, film, tmp_path, recorded):
    words = ["run", "--models", tiny, "--source", film, "--journal", tmp_path / "j.jsonl", "--accelerator", "cpu"]
    words += ["--out", tmp_path / "c.webp"] if recorded else []
    program = (
        "import sys; from edge.__main__ import main; assert main(sys.argv[1:]) == 0;"
        "drawing = {'edge.screens.recording', 'edge.screens.overlay', 'edge.vision.annotate'} & set(sys.modules);"
        "print('drawing:', len(drawing))"
    )
    command = [sys.executable, "-c", program, *map(str, words)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == f"drawing: {3 if recorded else 0}"


@pytest.mark.parametrize("flag", ["--out", "--sheet"])
def test_a_recording_that_is_there_is_not_replaced(tiny, film, tmp_path, capsys, flag):
    place = tmp_path / "mine.webp"
    place.write_bytes(b"mine")
    words = ["run", "--models", str(tiny), "--source", str(film), "--journal", str(tmp_path / "j.jsonl")]
    assert program.main([*words, flag, str(place)]) == 1
    assert "mine.webp: exists; choose another file, or add --force" in capsys.readouterr().err
    assert place.read_bytes() == b"mine"
    assert program.main([*words, flag, str(place), "--force"]) == 0
    assert place.read_bytes()[:4] == b"RIFF"


def test_clip_and_sheet_are_two_files(tiny, film, tmp_path, capsys):
    words = ["run", "--models", str(tiny), "--source", str(film), "--out", str(tmp_path / "a.webp")]
    assert program.main([*words, "--sheet", str(tmp_path / "a.webp")]) == 1
    assert "choose two files for --out and --sheet" in capsys.readouterr().err
