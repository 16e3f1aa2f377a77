"""How an archive is cut into jobs: the same way whoever does them, and nearly the same with one file more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.scan.inputs import ANIMATION, CLIP, PICTURE, Source
from edge.scan.plan import MOST, WHOLE, Job, first_jobs
from edge.scan.sampling import Sampling


def picture(name):
    return Source(name, f"/{name}", PICTURE, 100, 1)


MANY = [picture(f"p{n:05}.jpg") for n in range(3000)]


def test_nothing_makes_no_job():
    assert list(first_jobs([])) == []


def test_batches_hold_every_picture_in_order_and_none_is_large():
    jobs = list(first_jobs(MANY))
    assert [source for job in jobs for source in job.sources] == MANY
    assert max(len(job.sources) for job in jobs) <= MOST
    assert 50 < len(jobs) < 200


def test_one_picture_more_or_less_changes_one_batch_or_two():
    before = {job.key for job in first_jobs(MANY)}
    more = {job.key for job in first_jobs(sorted([*MANY, picture("p01000b.jpg")], key=lambda s: s.name))}
    less = {job.key for job in first_jobs(MANY[:700] + MANY[701:])}
    assert 1 <= len(more - before) <= 2
    assert 1 <= len(less - before) <= 2


def test_a_clip_ends_a_batch_and_begins_with_its_first_range():
    clip, gif = Source("b.mp4", "/b.mp4", CLIP), Source("c.gif", "/c.gif", ANIMATION)
    jobs = list(first_jobs([picture("a.jpg"), clip, gif, picture("d.jpg")]))
    assert [(job.sources[0].name, job.span) for job in jobs] == [
        ("a.jpg", WHOLE), ("b.mp4", 0), ("c.gif", WHOLE), ("d.jpg", WHOLE),
    ]  # fmt: skip


@pytest.mark.parametrize("change", [{"name": "b"}, {"size": 101}, {"modified_ns": 2}, {"kind": CLIP}])
def test_a_file_that_changed_is_other_work(change):
    job = Job((picture("a"),))
    assert Job((replace(picture("a"), **change),)).key != job.key
    assert Job((picture("a"),)).key == job.key
    assert replace(job, span=3).key != job.key
    assert Job((replace(picture("a"), path="/elsewhere"),)).key == job.key, "an archive may move"


@pytest.mark.parametrize(
    ("every", "length"), [(0.5, 60.0), (0.0, 60.0), (0.7, 60.2), (45.0, 45.0), (90.0, 90.0), (0.04, 60.0)]
)
def test_a_range_is_a_whole_number_of_slots(every, length):
    sampling = Sampling(every, 60.0)
    assert sampling.length_s == pytest.approx(length)
    assert sampling.begin_of(3) == pytest.approx(3 * length)
    assert [sampling.spans_in(seconds) for seconds in (0.0, length - 0.1, length + 0.1)] == [1, 1, 2]


def test_times_belong_to_the_slot_that_they_begin_however_they_are_rounded():
    sampling = Sampling(0.1, 60.0)
    assert [sampling.slot_of(n * 0.1) for n in range(1000)] == list(range(1000))
    assert [sampling.span_of(n * 0.1) for n in (0, 599, 600, 1199, 1200)] == [0, 0, 1, 1, 2]
