from __future__ import annotations

import io

import pytest

from edge.cli.terminal import AFTER_S, CLEAR, Progress, Step, coloured, has_colours, is_terminal


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Gone(Terminal):
    def write(self, text):
        raise BrokenPipeError


@pytest.mark.parametrize(
    ("stream", "environment", "answer"),
    [
        (None, {}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
    ],
    ids=["closed", "pipe", "terminal", "NO_COLOR empty", "NO_COLOR", "dumb"],
)
def test_colours_are_for_terminals_whose_user_wants_them(stream, environment, answer):
    assert has_colours(stream, environment) == answer


def test_a_closed_stream_is_no_terminal():
    stream = Terminal()
    stream.close()
    stream.isatty = io.StringIO.isatty.__get__(stream)
    assert not is_terminal(stream)


def test_a_text_without_a_colour_stays_as_it_is():
    assert (coloured("a"), coloured("a", "1", "31")) == ("a", "\x1b[1;31ma\x1b[0m")


def steps(stream, total, times):
    """What is written while a job of `total` goes on, one a step."""
    clock = iter([0.0, *times])
    progress = Progress(stream, "frames", total, lambda: next(clock))
    for n in range(len(times)):
        progress.update(n)
    progress.clear()
    return stream.getvalue()


def test_a_short_job_shows_no_bar():
    assert steps(Terminal(), 10, [0.1 * n for n in range(10)]) == ""


def test_a_pipe_never_sees_one():
    assert steps(io.StringIO(), 10, [float(n) for n in range(10)]) == ""


def test_a_long_job_shows_one_at_most_ten_times_a_second_and_takes_it_away():
    text = steps(Terminal(), 100, [AFTER_S + 0.02 * n for n in range(50)])
    assert 5 <= text.count("frames") <= 11
    assert text.endswith(CLEAR)


@pytest.mark.parametrize(
    ("total", "done", "seconds", "line"),
    [
        (None, 7, 3.0, "7 frames"),
        (240, 120, 8.0, "[############------------] 120 of 240 frames, 8 s left"),
        (240, 0, 8.0, "[------------------------] 0 of 240 frames, 0 s left"),
        (240, 24, 60.0, "[##----------------------] 24 of 240 frames, 9 min left"),
        (240, 250, 8.0, "[########################] 250 of 240 frames, 0 s left"),
    ],
)
def test_a_bar_says_how_far_and_how_long(total, done, seconds, line):
    assert Progress(Terminal(), "frames", total).line(done, seconds) == line


def test_a_terminal_that_went_away_ends_the_bar_not_the_job():
    clock = iter([0.0, 3.0, 4.0])
    progress = Progress(Gone(), "frames", 10, lambda: next(clock))
    progress.update(1)
    progress.update(2)
    progress.clear()


def test_a_step_is_on_the_last_line_of_a_terminal_and_nowhere_else():
    stream, pipe = Terminal(), io.StringIO()
    for each in (stream, pipe, None):
        step = Step(each)
        step.show("reading the model")
        step.show("")
    assert stream.getvalue() == f"{CLEAR}reading the model ...{CLEAR}"
    assert pipe.getvalue() == ""


def test_a_terminal_that_went_away_does_not_end_a_job():
    step = Step(Gone())
    step.show("quantizing")
    step.show("")
