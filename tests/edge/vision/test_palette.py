from __future__ import annotations

import itertools

import numpy as np
import pytest

from edge.labels import EMOTIONS
from edge.vision import palette

# Machado, Oliveira and Fernandes (2009), severity 1: linear RGB as colour-blind people see it.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "deuteranopia": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
    "tritanopia": np.array([[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


def linear(colour: palette.Colour) -> np.ndarray:
    share = np.array(colour) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def contrast(a: palette.Colour, b: palette.Colour) -> float:
    """WCAG 2's ratio, 1 to 21."""
    dark, bright = sorted(float(linear(colour) @ XYZ[1]) for colour in (a, b))
    return (bright + 0.05) / (dark + 0.05)


def lab(light: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB."""
    share = XYZ @ light / WHITE
    f = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_every_emotion_has_a_colour_and_no_emotion_is_grey():
    assert set(palette.EMOTION) == set(EMOTIONS)
    assert palette.of(None) == palette.UNKNOWN


@pytest.mark.parametrize("below", [0, 128, 255])
@pytest.mark.parametrize("label", [*EMOTIONS, None])
def test_colours_stand_out_on_a_plate_over_any_picture(below, label):
    plate = tuple((below >> palette.SHINE) + ground for ground in palette.GROUND)
    assert contrast(palette.of(label), plate) >= 4.5


@pytest.mark.parametrize("text", [palette.INK, palette.MUTED])
def test_text_stands_out_on_a_plate_over_a_white_picture(text):
    plate = tuple((255 >> palette.SHINE) + ground for ground in palette.GROUND)
    assert contrast(text, plate) >= 4.5


@pytest.mark.parametrize("sight", SIGHT)
def test_colour_blind_people_can_tell_the_emotions_apart(sight):
    seen = {label: lab(np.clip(SIGHT[sight] @ linear(palette.of(label)), 0, 1)) for label in EMOTIONS}
    nearest = min(float(np.linalg.norm(seen[a] - seen[b])) for a, b in itertools.combinations(EMOTIONS, 2))
    assert nearest >= 10  # about four times what can just be noticed
