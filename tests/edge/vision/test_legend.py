from __future__ import annotations

import numpy as np
import pytest

from edge.vision.canvas import eyes, shared
from edge.vision.captions import Caption
from edge.vision.legend import Legend, arranged_with_legend
from edge.vision.lettering import Style
from edge.vision.placement import Detail, Place
from tests.edge.vision.faces import crowd, feeling, track

STYLE = Style(12)
BADGE, WORD = Place((0, 0, 18, 18), Detail.BADGE), Place((0, 0, 80, 24), Detail.WORD)
TRACKS = [track(), track(worn=True), track(), track(reason="unsure"), track(emotion=feeling("sad", 0.5))]


def texts(legend: Legend) -> list[str]:
    return [text for _, text in legend.entries]


def rects(tracks) -> list:
    return [tuple(round(side) for side in each.face.box.ltrb) for each in tracks]


@pytest.mark.parametrize("places", [[], [WORD] * 5])
def test_without_badges_there_is_no_legend(places):
    legend = Legend.of([Caption.of(each) for each in TRACKS][: len(places)], places, 640, STYLE)
    assert legend.height == 0
    picture = np.full((50, 640, 3), 9, np.uint8)
    legend.draw(picture, 0)
    assert (picture == 9).all()


def test_each_pictogram_and_the_mask_are_explained_once():
    legend = Legend.of([Caption.of(each) for each in TRACKS], [BADGE] * 4 + [WORD], 640, STYLE)
    assert texts(legend) == ["happy", "unsure", "mask"]


def test_each_number_is_explained_with_all_that_is_known():
    captions = [Caption.of(each, n + 1) for n, each in enumerate(TRACKS)]
    legend = Legend.of(captions, [BADGE, BADGE, WORD, BADGE, BADGE], 640, STYLE)
    assert texts(legend) == ["happy 70 %", "happy 70 %, mask", "unsure", "sad 50 %"]


@pytest.mark.parametrize("width", [200, 300, 1000])
def test_entries_are_wrapped_into_rows_that_fit(width):
    legend = Legend.of([Caption.of(each, n) for n, each in enumerate(TRACKS)], [BADGE] * 5, width, STYLE)
    picture = np.full((legend.height + 20, width, 3), 255, np.uint8)
    legend.draw(picture, 10)
    assert (picture[:10] == 255).all()
    assert (picture[-10:] == 255).all()
    bright = (picture[10:-10] > 200).all(axis=2)
    assert bright.sum() > 100
    assert not bright[:, -2:].any()


def test_a_narrow_legend_is_higher():
    captions = [Caption.of(each, n) for n, each in enumerate(TRACKS)]
    heights = [Legend.of(captions, [BADGE] * 5, width, STYLE).height for width in (200, 300, 1000)]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] > heights[2]


@pytest.mark.parametrize("count", [0, 1, 8, 13, 40, 59])
@pytest.mark.parametrize("size", [(640, 480), (720, 1280)])
def test_a_legend_lies_on_no_caption_and_on_nobodys_eyes(count, size):
    tracks = crowd(count, *size)
    captions = [Caption.of(each) for each in tracks]
    places, legend, top = arranged_with_legend(
        captions, rects(tracks), size, [], Style(24), Detail.SHORT, (0, size[1] - 40)
    )
    assert len(places) == count
    room = (0, top, size[0], top + legend.height)
    assert room[3] <= size[1] - 40 or not legend.entries
    assert not any(shared(room, place.rect) for place in places)
    assert not any(shared(room, eyes(rect)) for rect in rects(tracks))


def test_the_legend_goes_to_the_upper_edge_if_faces_are_at_the_lower_one():
    lower = [track(10 + 36 * n, 440, 34, feeling("angry"), number=n) for n in range(17)]
    captions = [Caption.of(each) for each in lower]
    _, legend, top = arranged_with_legend(captions, rects(lower), (640, 480), [], Style(24), Detail.SHORT, (0, 480))
    assert legend.entries
    assert top == 0
