"""Ranges of a clip give what the whole clip gives, or say that they cannot."""

from __future__ import annotations

import zlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from edge.errors import SourceError
from edge.scan.clip import look_at_clip
from edge.scan.inputs import ANIMATION, CLIP, Source
from edge.scan.plan import WHOLE, Job
from edge.scan.request import Request
from tests.edge.cameras.matroska import matroska
from tests.edge.scan.conftest import write_clip

RANDOM = np.random.default_rng(1)
SCENES = [cv2.resize(RANDOM.integers(0, 255, (6, 8, 3), np.uint8), (64, 48)) for _ in range(4)]


def scene(number, light=0):
    """A picture that has nothing to do with another scene's, in slightly different light."""
    return np.clip(SCENES[number].astype(int) + light, 0, 255).astype(np.uint8)


@pytest.fixture
def looked():
    """looked(path, request): per job, the frames as (time, checksum) and the Span; the whole clip first."""

    def run(path, request, kind=CLIP):
        source = Source(path.name, str(path), kind)

        def job(job):
            frames = []
            span = look_at_clip(job, request, lambda time, image: frames.append((time, zlib.crc32(image.tobytes()))))
            return frames, span

        whole = job(Job((source,), WHOLE))
        parts = [job(Job((source,), 0))]
        first = parts[0][1]
        for number in range(1, first.spans if first.regular else 0):
            parts.append(job(Job((source,), number, first.spans, first.start)))
            if parts[-1][1].ended:
                break
        return whole, parts

    return run


def same(whole, parts):
    """Whether the ranges give the frames, times, cuts and numbers of the whole clip."""
    frames, span = whole
    return (
        [frame for part, _ in parts for frame in part] == frames
        and tuple(cut for _, each in parts for cut in each.cuts) == span.cuts
        and sum(each.decoded for _, each in parts) == span.decoded
        and max(each.last for _, each in parts) == span.last
    )


@pytest.mark.parametrize("every", [0.5, 0.3, 0.0, 1.0, 7.0])
def test_ranges_add_up_to_the_clip(tmp_path, plain, looked, every):
    write_clip(tmp_path / "clip.avi", plain(*(3 * n for n in range(72))))
    whole, parts = looked(tmp_path / "clip.avi", replace(Request(every), range_s=2.0))
    assert same(whole, parts)
    assert len(parts) == (2 if every == 7.0 else 5)
    assert len(whole[0]) == {0.5: 18, 0.3: 30, 0.0: 72, 1.0: 9, 7.0: 2}[every]
    assert [span.regular for _, span in parts] == [True] * len(parts)


def test_a_clip_whose_frames_change_their_size_is_read_whole(tmp_path, looked):
    images = [scene(0)] * 50 + [cv2.resize(scene(0), (48, 64))] * 50
    path = tmp_path / "clip.mkv"
    path.write_bytes(matroska(images, [100 * n for n in range(100)], 100.0, length_ms=10_000.0))
    whole, parts = looked(path, replace(Request(0.5), range_s=2.0))
    assert not any(span.regular for _, span in parts)
    assert whole[1].cuts == (5.0,)


@pytest.mark.parametrize("cut", [15, 16, 17, 20, 32])
def test_a_cut_is_seen_where_it_is_even_between_two_ranges(tmp_path, looked, cut):
    images = [scene(0 if n < cut else 1, n % 3) for n in range(48)]
    write_clip(tmp_path / "clip.avi", images)
    whole, parts = looked(tmp_path / "clip.avi", replace(Request(0.5), range_s=2.0))
    assert len(whole[1].cuts) == 1
    assert whole[1].cuts[0] == pytest.approx(-(-cut // 4) * 0.5)
    assert same(whole, parts)


@pytest.mark.parametrize("dark", [(12, 18), (15, 17), (14, 20)])
def test_a_cut_in_the_dark_between_two_ranges_is_seen(tmp_path, looked, dark):
    images = [np.zeros((48, 64, 3), np.uint8) if dark[0] <= n < dark[1] else scene(int(n >= 16)) for n in range(48)]
    write_clip(tmp_path / "clip.avi", images)
    whole, parts = looked(tmp_path / "clip.avi", replace(Request(0.25), range_s=2.0))
    assert len(whole[1].cuts) == 1
    assert same(whole, parts)


def test_a_clip_that_is_dark_for_long_is_not_read_to_its_end_by_every_range(tmp_path, plain, looked):
    write_clip(tmp_path / "clip.avi", [scene(0), *plain(*[0] * 71)])
    request = replace(Request(0.5), range_s=2.0)
    whole, parts = looked(tmp_path / "clip.avi", request)
    assert same(whole, parts)


def test_a_change_of_size_is_a_cut(tmp_path):
    from edge.scan.clip import _Scenes

    scenes = _Scenes()
    assert scenes.add(scene(0)) == (False, True)
    assert scenes.add(scene(0, 2)) == (False, True)
    assert scenes.add(scene(0)[:40]) == (True, True)
    assert scenes.add(np.zeros((48, 64, 3), np.uint8)) == (True, True)
    assert not scenes.comparable


def test_a_variable_frame_rate_goes_by_the_containers_time_stamps(tmp_path, plain, looked):
    stamps = [0, 40, 900, 1000, 2600, 2700, 2800, 2900, 3000, 5900, 6000, 6100, 9000]
    path = tmp_path / "clip.mkv"
    path.write_bytes(matroska(plain(*(10 * n for n in range(len(stamps)))), stamps, duration_ms=100))
    whole, parts = looked(path, replace(Request(0.5), range_s=2.0))
    assert [time for time, _ in whole[0]] == pytest.approx([0.0, 0.9, 1.0, 2.6, 3.0, 5.9, 6.0, 9.0])
    assert same(whole, parts)


def test_a_clip_whose_stamps_jump_back_is_read_whole(tmp_path, plain, looked):
    """As a recorder leaves that was switched off and on; nothing says where to seek to."""
    stamps = [100 * n for n in range(30)] + [100 * n for n in range(40)]
    path = tmp_path / "clip.mkv"
    path.write_bytes(matroska(plain(*range(70)), stamps, duration_ms=100))
    request = replace(Request(0.5), range_s=2.0)
    whole, _ = looked(path, request)
    assert len(whole[0]) == 14
    assert [time for time, _ in whole[0]] == pytest.approx([0.5 * n for n in range(14)])


class Jumping:
    """A clip's camera whose stamps are given; `seek` goes where it wants."""

    fps, seekable = 10.0, True

    def __init__(self, stamps, seeks_to=None):
        self._stamps, self._next = list(stamps), 0
        self._seeks_to = seeks_to or (lambda seconds: seconds)
        self.length = len(self._stamps)

    def advance(self):
        if self._next >= len(self._stamps):
            return None
        self._next += 1
        return self._stamps[self._next - 1]

    def decoded(self):
        return scene(0, self._next % 5)

    def changes_size(self):
        return False

    def frames_due(self):
        return 0.0

    def seek(self, seconds):
        wanted = self._seeks_to(seconds)
        self._next = next((n for n, stamp in enumerate(self._stamps) if stamp >= wanted), len(self._stamps))


def one(camera, span, spans=5, start=0.0, every=0.5):
    from edge.scan.clip import _clip

    times = []
    job = Job((Source("x", "/x", CLIP),), span, spans if span else 0, start)
    told = _clip(camera, job, replace(Request(every), range_s=2.0), lambda time, image: times.append(time))
    return times, told


STEADY = [0.1 * n for n in range(100)]


@pytest.mark.parametrize(
    ("stamps", "span", "regular"),
    [
        (STEADY, 0, True),
        (STEADY, 2, True),
        ([*STEADY[:30], *STEADY[10:80]], 1, False),
        ([*STEADY[:45], *STEADY[44:90]], 2, False),
        ([*STEADY[:15], *(700 + t for t in STEADY)], 0, False),
        ([float("nan")] * 100, 0, False),
    ],
)
def test_stamps_that_do_not_grow_steadily_make_a_clip_irregular(stamps, span, regular):
    assert one(Jumping(stamps), span)[1].regular is regular


@pytest.mark.parametrize("late", [0.5, 3.0, 20.0])
def test_a_seek_that_leads_too_far_is_tried_again_from_further_away(late):
    times, span = one(Jumping(STEADY, lambda seconds: seconds + late), 2)
    assert span.regular
    assert times == pytest.approx([4.0, 4.5, 5.0, 5.5])


def test_a_seek_that_never_leads_before_the_range_makes_it_irregular():
    assert not one(Jumping(STEADY, lambda seconds: 7.0), 2)[1].regular


def test_stamps_that_do_not_begin_at_zero_are_counted_from_the_first():
    times, span = one(Jumping([1000 + t for t in STEADY]), 1, start=1000.0)
    assert span.regular
    assert times == pytest.approx([2.0, 2.5, 3.0, 3.5])


def test_a_clip_without_a_plausible_frame_rate_is_not_cut():
    camera = Jumping(STEADY)
    camera.seekable = False
    times, span = one(camera, 0)
    assert (span.spans, len(times)) == (1, 20)


def test_the_last_range_goes_to_the_end_even_where_the_header_declares_less():
    camera = Jumping([0.1 * n for n in range(150)])
    times, span = one(camera, 4, spans=5)
    assert span.ended
    assert times == pytest.approx([8.0 + 0.5 * n for n in range(14)])


def test_an_animation_is_looked_at_by_its_own_times(tmp_path, looked):
    frames = [Image.fromarray(scene(n % 2, n)) for n in range(6)]
    path = tmp_path / "moves.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=200)
    (found, span), _ = looked(path, Request(0.5), ANIMATION)
    assert [time for time, _ in found] == pytest.approx([0.0, 0.6, 1.0])
    assert (span.decoded, span.ended) == (6, True)


def test_a_clip_that_cannot_be_read_is_an_error(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"no clip")
    with pytest.raises(SourceError, match="not a clip"):
        look_at_clip(Job((Source("clip.mp4", str(path), CLIP),), 0), Request(), lambda time, image: None)


def test_a_clip_that_breaks_off_gives_what_there_is(tmp_path, plain, looked):
    write_clip(tmp_path / "clip.avi", plain(*range(0, 216, 3)))
    data = (tmp_path / "clip.avi").read_bytes()
    torn = tmp_path / "torn.avi"
    torn.write_bytes(data[: len(data) // 2])
    whole, _ = looked(torn, replace(Request(0.5), range_s=2.0))
    assert 0 < whole[1].decoded < whole[1].declared == 72


def test_a_clip_is_held_to_the_limit_that_pictures_are(tmp_path, plain, looked):
    write_clip(tmp_path / "clip.avi", plain(0, 0))
    with pytest.raises(SourceError, match=r"expected at most 0\.001 megapixels; raise max_megapixels to read it"):
        looked(tmp_path / "clip.avi", replace(Request(0.5), max_megapixels=0.001))


def test_an_animation_that_breaks_off_says_how_many_frames_it_should_have(tmp_path, looked, caplog):
    first, *rest = [Image.fromarray(scene(n)) for n in range(4)]
    path = tmp_path / "a.gif"
    first.save(path, save_all=True, append_images=rest, duration=1000)
    assert looked(path, Request(0.5), ANIMATION)[0][1].declared == 0
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 5 // 8])
    _, span = looked(path, Request(0.5), ANIMATION)[0]
    assert 0 < span.decoded < span.declared
    assert caplog.messages == []
