"""Tiny models and pictures that they understand; see tests/tiny/make.py for what the models do."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from edge import manifest
from edge.pipeline.factory import open_models
from edge.testing import drm_kernel

TINY = Path(__file__).resolve().parent.parent / "tiny"
SIDE = 48


@pytest.fixture(scope="session")
def tiny() -> Path:
    """A models folder whose models have weights set by hand and need no TensorFlow."""
    return TINY


@pytest.fixture(scope="session")
def tiny_manifest(tiny) -> manifest.Manifest:
    return manifest.load(tiny)


@pytest.fixture
def pipeline(tiny):
    opened = open_models(tiny)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def paint():
    """paint((x, y, masked, glad), ..., width, height): a black picture with the tiny models' faces, uint8 RGB.

    A face is a square of 48 pixels with (x, y) at its top left; the detector finds it where both divide by 16.
    """

    def picture(*faces: tuple[int, int, bool, bool], width: int = 160, height: int = 120) -> np.ndarray:
        image = np.zeros((height, width, 3), np.uint8)
        for x, y, masked, glad in faces:
            image[y : y + SIDE, x : x + SIDE] = (255, 255 * glad, 255 * masked)
        return image

    return picture


@pytest.fixture
def socket_folder():
    """A folder with a short name: that of a socket has 107 bytes at most, and `tmp_path` may have as many."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


class Hardware:
    """What tests put a machine together from."""

    Card, Connector, Kernel = drm_kernel.FakeCard, drm_kernel.FakeConnector, drm_kernel.FakeKernel
    mode = staticmethod(drm_kernel.mode)


@pytest.fixture
def hardware() -> type[Hardware]:
    return Hardware
