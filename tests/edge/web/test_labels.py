"""Where the page puts the labels of faces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CROWDS = (Path(__file__).parent / "crowds.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("wide", "high", "crowd"), [(362, 272, [[0, 1], [1, 1], [2, 2], [8, 4], [13, 5]]), (800, 600, [[13, 5], [24, 6]])]
)
def test_no_label_covers_eyes_or_another_label(serve, browser, wide, high, crowd):
    browser.size(wide + 28, 844)
    browser.open(serve(loop=False).address + "#picture")
    script = CROWDS.replace("WIDE", str(wide)).replace("HIGH", str(high)).replace("CROWD", json.dumps(crowd))
    wrong, numbers = browser.eval(script)
    assert wrong == []
    assert wide > 362 or not any(numbers[:4])  # on a phone, eight faces still have words


# Eight heads close together, as in a photograph of 384x230.
GROUP = [
    [72, 84, 138, 171], [85, 46, 114, 78], [137, 44, 171, 84], [138, 101, 179, 166],
    [182, 90, 232, 160], [220, 43, 258, 93], [247, 77, 302, 145], [306, 21, 349, 71],
]  # fmt: skip


def test_in_a_group_no_label_lies_on_another_or_on_somebody_else(serve, browser):
    browser.open(serve(loop=False).address + "#picture")
    script = """(async () => {
        const { place } = await import("./labels.js");
        const all = n => n === 1 ? "happy 52 %, mask" : "happy 95 %";
        const texts = GROUP.map((_, n) => [all(n), "happy 95 %", "happy", String(n + 1)]);
        const found = place(GROUP, texts, 384, 230, text => 8 * text.length + 30, 22);
        return found.map(({ text, area }) => [text, ...area]);
    })()"""
    found = browser.eval(script.replace("GROUP", json.dumps(GROUP)))
    areas = [area for _, *area in found]

    def meet(a, b):
        return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]

    assert [(n, m) for n, a in enumerate(areas) for m, b in enumerate(areas) if n < m and meet(a, b)] == []
    assert [(n, m) for n, a in enumerate(areas) for m, face in enumerate(GROUP) if n != m and meet(a, face)] == []
    assert sum(len(text) > 1 for text, *_ in found) >= 4  # and half of them still say a word


def test_a_label_stays_where_it_is_while_it_fits_and_grows_where_there_is_room(serve, browser):
    browser.open(serve(loop=False).address + "#picture")
    spots = browser.eval(
        """(async () => {
        const { place } = await import("./labels.js");
        const put = (boxes, before) => place(boxes, boxes.map(() => ["a long label", "short", "word", "1"]), 300, 200,
          text => 9 * text.length, 20, before);
        const [alone] = put([[100, 60, 160, 140]]);
        const [moved] = put([[100, 10, 160, 90]], [alone.at]);
        const [back] = put([[100, 60, 160, 140]], [moved.at]);
        const tight = put([[0, 30, 60, 110], [62, 30, 122, 110]]);
        const [grown] = put([[0, 30, 60, 110]], [[3, 0]]);
        return [alone, moved, back, ...tight, grown].map(({ text, area }) => [text, ...area]);
    })()"""
    )
    alone, moved, back, first, second, grown = spots
    assert alone == ["a long label", 100, 37, 208, 57]
    assert moved[2] == 93  # below, as there is no room above any more
    assert back[2] == 143  # and there it stays
    assert (first[0], second[0]) == ("a long label", "a long label")
    assert first[2] != second[2]
    assert grown[0] == "a long label"


def test_a_face_with_room_for_a_number_alone_has_it_on_its_card_too(serve, browser):
    house = serve(loop=False)
    browser.open(house.address + "#picture")
    numbers = browser.eval(
        """(async () => {
        const { drawBoxes } = await import("./boxes.js");
        const layer = document.createElement("div");
        layer.className = "boxes";
        layer.style.cssText = "position:fixed;inset:auto;left:0;top:0;width:60px;height:60px";
        document.body.append(layer);
        const face = left => ({ box: [left, 10, left + 20, 40], emotion: "happy", probabilities: { happy: .9 } });
        return [...drawBoxes(layer, [face(5), face(35)], 60, 60, (_, n) => n)];
    })()"""
    )
    assert numbers == [["0", "1"], ["1", "2"]]
