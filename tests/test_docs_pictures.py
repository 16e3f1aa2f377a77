"""The pictures of the documentation: made by `make pictures`, small enough for a page, and all of them known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image, ImageSequence

from docs.tools import page_picture, pictures
from edge import manifest
from edge.cameras.demo import DemoCamera
from edge.errors import ModelError
from edge.pipeline.factory import open_pipeline
from edge.settings import Settings
from edge.tasks import DAEMON

NAMES = {"demo.webp", "overlay.webp", "annotated.webp", "page.webp"}
CURVES = {"compare.png"}  # of `edge-emotion-train compare`, which takes hours


def test_the_folder_holds_what_the_commands_make(root):
    assert {path.name for path in (root / "docs/pictures").iterdir()} == NAMES | CURVES
    assert "docs/pictures/demo.webp" in (root / "README.md").read_text(encoding="utf-8")


def test_the_pictures_are_small_enough_for_a_page_and_for_history(root):
    sizes = {path.name: path.stat().st_size for path in (root / "docs/pictures").iterdir()}
    assert sizes.pop("demo.webp") <= 400_000
    assert max(sizes.values()) <= 100_000


def test_the_animation_moves_and_takes_its_time(root):
    with Image.open(root / "docs/pictures/demo.webp") as opened:
        assert opened.size == (pictures.WIDTH, pictures.HEIGHT)
        frames = [(np.asarray(f.convert("L"), np.float32), f.info["duration"]) for f in ImageSequence.Iterator(opened)]
    seconds = sum(duration for _, duration in frames) / 1000
    assert 10 < seconds < 30
    assert max(np.abs(a - b).mean() for (a, _), (b, _) in itertools.pairwise(frames)) > 20  # the cut


@pytest.fixture(scope="module")
def pipeline():
    """On the shipped models."""
    try:
        for task in DAEMON:
            manifest.load()[task]
    except ModelError as error:
        pytest.skip(f"no shipped models yet: {error}")
    opened = open_pipeline(Settings(), live=False)
    yield opened
    opened.close()


def test_the_stills_can_be_made_anew(pipeline, tmp_path):
    pictures.annotated(pipeline, tmp_path / "annotated.webp")
    made = np.asarray(Image.open(tmp_path / "annotated.webp").convert("RGB"), np.float32)
    frames = {frame.index: frame.image for frame in DemoCamera() if frame.index in (40, 187)}
    plain = np.hstack([frames[40], frames[187]]).astype(np.float32)
    assert made.shape == plain.shape
    assert 1 < np.abs(made - plain).mean() < 60


def test_the_picture_of_the_page_can_be_made_anew(pipeline, tmp_path, monkeypatch, chromium, root):
    pytest.importorskip("aiohttp", reason="needs the extra web: pip install 'edge-emotion[web]'")
    # The curves may be short here.
    monkeypatch.setattr(page_picture, "READY", page_picture.READY.replace("> 40", "> 4"))
    page_picture.page(pipeline, tmp_path / "page.webp", chromium, tmp_path / "profile")
    with Image.open(tmp_path / "page.webp") as made, Image.open(root / "docs/pictures/page.webp") as shipped:
        assert made.size == shipped.size
        desktop, phone = (made.convert("L").crop(box) for box in ((20, 560, 400, 590), (960, 370, 1260, 410)))
    assert np.mean(desktop) > 180  # light
    assert np.mean(phone) < 75  # dark
