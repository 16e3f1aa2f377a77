from __future__ import annotations

import pickle
from datetime import UTC

import pytest

from edge.clock import rfc3339
from edge.journals.summary import Summary, human

BEGIN = 20_000 * 86400 + 8 * 3600  # 2024-10-04 08:00 UTC


def event(kind, monotonic, **fields):
    return {"time": rfc3339(BEGIN + monotonic), "monotonic": float(monotonic), "event": kind, **fields}


def face(kind, monotonic, track=1, worn=False, emotion="neutral", **fields):
    return event(kind, monotonic, track=track, worn=worn, emotion=emotion, **fields)


def summary(*events):
    folded = Summary()
    for each in events:
        folded.add(each)
    return folded


def text(*events):
    return summary(*events).text(UTC)


def test_an_empty_journal_has_no_events():
    assert text() == "No events."


def test_a_run_without_faces_says_so():
    assert text(event("start", 0), event("stop", 90)) == (
        "From 2024-10-04 08:00:00 to 2024-10-04 08:01:30: watched 1 min 30 s\nNo faces."
    )


DEMO = [
    event("start", 0, live=False),
    face("appeared", 0),
    face("changed", 7, worn=True),
    face("changed", 9, worn=True, emotion="happy"),
    face("sample", 10, worn=True, emotion="happy"),
    face("changed", 13.5),
    face("left", 20, seconds=20.0),
    event("stop", 20, frames=300),
]


def test_a_single_face_is_described_from_first_to_last():
    assert text(*DEMO) == (
        "20.0 s of video, processed in 20.0 s at 2024-10-04 08:00:00\n"
        "Faces: 1; 1 seen both with and without a mask\n"
        "In sight for 20.0 s: no mask 13.5 s (68 %), mask 6.5 s (32 %)\n"
        "\n"
        "                        no mask                 mask\n"
        "happy                         -          4.5 s  69 %\n"
        "neutral            13.5 s 100 %          2.0 s  31 %\n"
        "\n"
        "Face 1: no mask 7.0 s, most often neutral (100 % of it); then mask 6.5 s, most often happy (69 % of it); "
        "then no mask 6.5 s, most often neutral (100 % of it)"
    )


def test_many_faces_are_counted_by_the_hour_not_described_one_by_one():
    events = [event("start", 0)]
    for n in range(20):
        begin = 600 * n + 5
        events += [face("appeared", begin, n, n % 2 == 0), face("left", begin + 9, n, n % 2 == 0, seconds=9.0)]
    lines = text(*events, event("stop", 12000)).splitlines()
    assert lines[1] == "Faces: 20, 6.0 per hour, busiest hour from 2024-10-04 08:00 (6)"
    assert not [line for line in lines if line.startswith("Face ")]


def test_faces_of_several_runs_are_not_described_as_one():
    assert "Face 1:" in text(*DEMO)
    assert "Face 1:" not in text(*DEMO, *DEMO)
    assert "Faces: 2; 2 seen both" in text(*DEMO, *DEMO)


def test_a_clip_has_its_own_time_however_fast_it_was_processed():
    fast = [each | {"time": rfc3339(BEGIN + each["monotonic"] / 10)} for each in DEMO]
    assert text(*fast).startswith("20.0 s of video, processed in 2.0 s at 2024-10-04 08:00:00\n")
    folded = summary(*fast)
    assert (folded.first, folded.last) == (BEGIN, BEGIN + 20)
    assert folded.record()["to"] == rfc3339(BEGIN + 20)


def test_time_without_a_camera_and_between_runs_is_not_watched():
    events = [
        event("start", 0),
        event("health", 100, what="camera-lost"),
        event("health", 200, what="camera-back"),
        event("health", 250, what="dark"),
        event("health", 300, what="paused"),
        event("health", 900, what="resumed"),
        event("stop", 1000),
        event("start", 5000),
        event("stop", 5010),
    ]
    assert summary(*events).watched == 100 + 100 + 100 + 10


def test_a_camera_that_was_never_there_is_not_watched():
    assert summary(event("start", 0), event("health", 0, what="camera-lost"), event("stop", 99)).watched == 0


def test_a_journal_that_begins_in_the_middle_counts_from_there():
    folded = summary(face("sample", 50), face("sample", 60), face("left", 65, seconds=100.0))
    assert (folded.faces, folded.watched) == (0, 15)
    assert dict(folded.seconds) == {(False, "neutral"): 15}


def test_the_period_is_that_of_all_events_in_whatever_order_the_journals_are_given():
    older, newer = (event("start", 0), event("stop", 60)), (event("start", 7200), event("stop", 7260))
    for events in ((*older, *newer), (*newer, *older)):
        folded = summary(*events)
        assert folded.last - folded.first == 7260
        assert folded.watched == 120


def test_a_boot_between_two_events_subtracts_no_time():
    assert (
        summary(event("start", 500), event("health", 600, what="dark"), event("start", 3), event("stop", 7)).watched
        == 104
    )


def test_problems_are_counted_and_other_health_events_are_not():
    lines = text(
        event("start", 0), event("health", 1, what="camera-lost"), event("health", 2, what="camera-back"),
        event("health", 3, what="camera-lost"), event("health", 4, what="journal-repaired"),
        event("health", 5, what="light"),
    )  # fmt: skip
    assert lines.splitlines()[-1] == "Problems: camera-lost 2 times, journal-repaired 1 time"


def test_faces_without_an_emotion_have_their_rows():
    unsure, small = ({"emotion": None, "reason": reason} for reason in ("unsure", "too-small"))
    rows = text(
        event("start", 0), face("appeared", 0, 1, **unsure), face("appeared", 0, 2, True, **small),
        face("left", 4, 1, seconds=4.0), face("left", 4, 2, seconds=4.0), event("stop", 4),
    ).splitlines()  # fmt: skip
    assert [row.split() for row in rows[5:7]] == [
        ["unsure", "4.0", "s", "100", "%", "-"], ["too", "small", "-", "4.0", "s", "100", "%"],
    ]  # fmt: skip


def test_a_summary_does_not_grow_with_the_journal():
    def size(faces):
        folded = summary(event("start", 0))
        for n in range(faces):
            for kind, at, worn in (("appeared", 0, False), ("changed", 1, True), ("left", 2, True)):
                folded.add(face(kind, n % 900 + at, n, worn, seconds=2.0))
        return len(pickle.dumps(folded))

    assert size(3000) < size(300) + 50


def test_a_face_that_changes_for_ever_is_not_described():
    folded = summary(event("start", 0), face("appeared", 0))
    for n in range(1, 500):
        folded.add(face("changed", n, worn=n % 2 == 1))
    assert "Face 1" not in folded.text(UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"), (9.54, "9.5 s"), (59.94, "59.9 s"), (59.96, "1 min 0 s"), (200, "3 min 20 s"),
        (3599.7, "1 h 0 min"), (7500, "2 h 5 min"), (86400 * 3 + 4 * 3600 + 59, "3 d 4 h"),
    ],
)  # fmt: skip
def test_durations_are_written_as_people_write_them(seconds, words):
    assert human(seconds) == words
