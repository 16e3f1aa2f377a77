"""The outbox: bounded, counted, in order; every event is in exactly one place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.sinks.outbox import Outbox


def events(count, start=0):
    return [{"event": "sample", "track": n} for n in range(start, start + count)]


def filled(most, count):
    outbox = Outbox(most)
    fits = [outbox.add(event) for event in events(count)]
    return outbox, fits


def drained(outbox):
    found = []
    while (waiting := outbox.take()) is not None:
        found.append(waiting.event["track"])
    return found


@pytest.mark.parametrize(
    ("most", "count", "kept", "dropped"),
    [(3, 0, [], 0), (3, 3, [0, 1, 2], 0), (3, 4, [1, 2, 3], 1), (1, 5, [4], 4), (2, 100, [98, 99], 98)],
)
def test_beyond_the_limit_the_oldest_are_dropped_and_counted(most, count, kept, dropped):
    outbox, fits = filled(most, count)
    assert fits == [n < most for n in range(count)]
    assert (drained(outbox), outbox.dropped) == (kept, dropped)


def test_what_was_not_confirmed_comes_again_first_and_in_order():
    outbox, _ = filled(5, 4)
    for number in (11, 12, 13):
        outbox.sent(number, outbox.take())
    outbox.confirmed(12)
    outbox.confirmed(99)
    assert (outbox.delivered, outbox.on_the_way) == (1, 2)
    outbox.lost_connection()
    outbox.confirmed(11)  # of the connection before
    assert outbox.on_the_way == 0
    assert drained(outbox) == [0, 2, 3]
    assert outbox.delivered == 1


def test_what_is_on_the_way_counts_towards_the_limit():
    outbox, _ = filled(2, 2)
    outbox.sent(1, outbox.take())
    assert not outbox.add({"event": "sample", "track": 2})
    assert drained(outbox) == [2]
    assert outbox.dropped == 1


def test_what_is_about_to_be_sent_counts_and_is_not_lost_with_the_connection():
    outbox, _ = filled(2, 2)
    outbox.take()
    assert not outbox.add({"event": "sample", "track": 2})
    outbox.take()
    assert not outbox.empty
    outbox.lost_connection()
    assert drained(outbox) == [0, 2]
    assert outbox.dropped == 1


def test_what_cannot_be_sent_is_dropped_and_the_next_comes():
    outbox, _ = filled(3, 2)
    outbox.refused(outbox.take())
    outbox.lost_connection()
    assert (drained(outbox), outbox.dropped) == ([1], 1)


def test_giving_up_counts_what_is_left():
    outbox, _ = filled(5, 3)
    outbox.sent(1, outbox.take())
    assert not outbox.empty
    assert (outbox.give_up(), outbox.dropped, outbox.empty) == (3, 3, True)
    assert outbox.give_up() == 0


def test_of_a_state_only_the_latest_is_said_and_all_again_to_a_new_connection():
    woken = []
    outbox = Outbox(5, lambda: woken.append(1))
    assert outbox.unsaid() == {}
    outbox.say({"faces": "0", "fps": "0.0"})
    outbox.say({"faces": "1"})
    outbox.say({"faces": "1"})
    assert len(woken) == 2, "nothing new is nothing to wake up for"
    assert outbox.unsaid() == {"faces": "1", "fps": "0.0"}
    assert outbox.unsaid() == {}
    outbox.say({"faces": "2"})
    assert outbox.unsaid() == {"faces": "2"}
    for forget in (outbox.repeat, outbox.lost_connection):
        forget()
        assert outbox.unsaid() == {"faces": "2", "fps": "0.0"}


@given(st.integers(1, 5), st.lists(st.sampled_from(["add", "send", "confirm", "lose"]), max_size=60))
def test_every_event_is_in_exactly_one_place(most, steps):
    outbox, added, number, open_numbers = Outbox(most), 0, 0, []
    for step in steps:
        if step == "add":
            outbox.add({"track": added})
            added += 1
        elif step == "send" and (waiting := outbox.take()) is not None:
            number += 1
            outbox.sent(number, waiting)
            open_numbers.append(number)
        elif step == "confirm" and open_numbers:
            outbox.confirmed(open_numbers.pop(0))
        elif step == "lose":
            outbox.lost_connection()
            open_numbers.clear()
        assert outbox.on_the_way == len(open_numbers)
    before = outbox.delivered + outbox.dropped
    assert outbox.give_up() == added - before
    assert outbox.delivered + outbox.dropped == added
