"""The worked examples in the docstrings of edge, run where there is a photo.jpg, a clip.mp4 and the tiny models."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import cv2
import numpy as np
import pytest

import edge
from edge import manifest

NOT_IMPORTED = ("edge.__main__", "edge.observe")  # a program; an old name that warns
NAMES = ["edge", *(module.name for module in pkgutil.walk_packages(edge.__path__, "edge."))]


def with_examples() -> list[str]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = (importlib.import_module(name) for name in NAMES if name not in NOT_IMPORTED)
    return [module.__name__ for module in modules if any(test.examples for test in finder.find(module))]


@pytest.fixture
def at_hand(tmp_path, monkeypatch, tiny, paint):
    """What the examples may use: files in the current folder, the tiny models as the bundled ones, a recognizer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(manifest, "default_folder", lambda: tiny)
    picture = paint((48, 32, False, True))[:, :, ::-1]
    cv2.imwrite("photo.jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 100])
    clip = cv2.VideoWriter("clip.mp4", cv2.VideoWriter_fourcc(*"mp4v"), 10, (160, 120))
    for _ in range(3):
        clip.write(np.ascontiguousarray(picture))
    clip.release()
    with edge.Recognizer() as recognizer:
        yield {"edge": edge, "recognizer": recognizer}


def test_the_public_api_has_examples():
    assert {"edge", "edge.recognizer", "edge.result"} <= set(with_examples())


@pytest.mark.parametrize("name", with_examples())
def test_the_examples_of_a_module_are_true(name, at_hand):
    failed, tried = doctest.testmod(importlib.import_module(name), extraglobs=at_hand, raise_on_error=False)
    assert tried
    assert failed == 0
