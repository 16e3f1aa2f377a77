"""What a screen should show, drawn here by the same code, and what it does show, to the pixel."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from edge.cameras.opencv import to_rgb
from edge.face import Detection, Scene, Track
from edge.frame import Box, Frame
from edge.labels import EMOTIONS
from edge.ports import NO_NOTICE, Notice
from edge.screens.overlay import Fit, compose
from edge.vision import palette
from tests.system import machine

SHOWN = machine.SIZE
CAMERA = (640, 480)
FIT = Fit.of(CAMERA, SHOWN)
# vivid's first test picture, "75% Colour Bar": white, yellow, cyan, green, magenta, red, blue, black; bright or not.
BARS = [(r, g, b) for g in (1, 0) for r in (1, 0) for b in (1, 0)]
CORNER = np.s_[: SHOWN[1] // 15, FIT.left + FIT.width :]
ROUNDING = 8  # of 255: OpenCV rounds blended letters in another way on ARM, by 2 at most
DARK = Frame(np.zeros((CAMERA[1], CAMERA[0], 3), np.uint8), 0.0, 0)


def same(picture: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether two pictures are equal but for rounding."""
    return picture.shape == wanted.shape and bool(cv2.absdiff(picture, wanted).max() <= ROUNDING)


def rate(picture: np.ndarray) -> float:
    """The frames a second that stand in the upper right corner, or 0 where no such words do."""
    if picture.shape != (SHOWN[1], SHOWN[0], 3):
        return 0.0
    return next((tenths / 10 for tenths in range(1, 601) if same(picture[CORNER], _corner(tenths))), 0.0)


@functools.cache
def _corner(tenths: int) -> np.ndarray:
    return compose(DARK, Scene(), NO_NOTICE, *SHOWN, tenths / 10).pixels[CORNER].copy()


def notice_stands(picture: np.ndarray, notice: str) -> bool:
    """Whether the visitors' line is there: its letters white, its ground dark."""
    wanted = compose(DARK, Scene(), Notice("", notice), *SHOWN).pixels
    if picture.shape != wanted.shape:
        return False
    letters, ground = (wanted == 255).all(axis=2), (wanted == palette.GROUND).all(axis=2)
    return bool((picture[letters] == 255).all() and picture[ground].max() <= max(palette.GROUND) + 32)


def bars_stand(picture: np.ndarray) -> bool:
    """Whether vivid's colour bars are in the preview, three quarters down, where no words are."""
    if picture.shape != (SHOWN[1], SHOWN[0], 3):
        return False
    row = picture[FIT.top + FIT.height * 3 // 4]
    middles = [row[FIT.left + round((n + 0.5) * FIT.width / len(BARS))] for n in range(len(BARS))]
    return all(((middle > 100) == np.array(bar, bool)).all() for middle, bar in zip(middles, BARS, strict=True))


def played(image: np.ndarray) -> bytes:
    """A picture RGB (H, W, 3) as it is played into the camera, blue first: what OpenCV asks `vivid` for.

    What comes in by vivid's HDMI socket in another format than is asked for arrives as noise.
    """
    return image[..., ::-1].tobytes()


def seen_through(camera: bytes) -> Frame:
    """The frame that the daemon makes of it."""
    return Frame(to_rgb(np.frombuffer(camera, np.uint8).reshape(CAMERA[1], CAMERA[0], 3)), 0.0, 0)


def track(event: Mapping[str, Any]) -> Track:
    """The face that an event of the journal tells of."""
    told = event["probabilities"]
    return Track(
        id=event["track"],
        face=Detection(Box(*event["box"]), event["score"]),
        seen=0.0,
        mask=event["mask"],
        worn=event["worn"],
        emotion=None if told is None else np.float32([told[label] for label in EMOTIONS]),
        reason=event.get("reason"),
    )


def unlike(picture: np.ndarray, camera: bytes, events: list[Mapping[str, Any]], notice: str, fps: float) -> float:
    """The part of the screen's pixels, 0-1, that differ from what our own drawing makes of camera and journal."""
    scene = Scene(tracks=tuple(map(track, events)))
    wanted = compose(seen_through(camera), scene, Notice("", notice), *SHOWN, fps).pixels
    if picture.shape != wanted.shape:
        return 1.0
    return float((cv2.absdiff(picture, wanted).max(axis=2) > ROUNDING).mean())
