"""Points by a picture and its mirror image: averaged where they agree, not trusted where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training import made
from training.data.face_points import AGREE, FacePoints, disagreement, locate
from training.data.landmarks68 import MIRROR

FACE = (made.points((8, 14, 40, 46)) / 48).astype(np.float32)


class Network:
    """Answers the face where the top left pixel says so; sees mirror images as mirrored, but for its `lean`."""

    def __init__(self, lean: float = 0.0) -> None:
        self.lean = lean
        self.asked = 0

    def __call__(self, images: np.ndarray) -> np.ndarray:
        self.asked += 1
        answers = np.empty((len(images), 68, 2), np.float32)
        for index, image in enumerate(images):
            if image[0, 0] or image[0, -1]:
                mirrored = not image[0, 0]
                answers[index] = (FACE[MIRROR] * [-1, 1] + [1, 0] if mirrored else FACE) + [self.lean, 0]
            else:
                answers[index] = 0.5
        return answers


def faces(count: int, marked: bool = True) -> np.ndarray:
    images = np.zeros((count, 48, 48), np.uint8)
    images[:, 0, 0] = 255 * marked
    return images


@pytest.mark.parametrize("count", [0, 1, 3])
def test_points_come_in_pixels(count: int) -> None:
    found = locate(Network(), faces(count))
    assert found.points.shape == (count, 68, 2)
    assert found.points.dtype == np.float32
    assert np.allclose(found.points, FACE * 48, atol=1e-4)
    assert found.plausible.tolist() == [True] * count


def test_a_lean_to_one_side_is_averaged_away_and_a_large_one_is_not_trusted() -> None:
    eyes = float(np.linalg.norm(FACE[45] - FACE[36]))
    slight, wild = AGREE * eyes / 2 * 0.9, AGREE * eyes / 2 * 1.1
    found = locate(Network(slight), faces(1))
    assert np.allclose(found.points, FACE * 48, atol=1e-3)
    assert found.plausible.all()
    assert not locate(Network(wild), faces(1)).plausible.any()


def test_points_that_are_no_face_are_not_trusted() -> None:
    network = Network()
    found = locate(network, np.concatenate([faces(2), faces(1, marked=False)]))
    assert found.plausible.tolist() == [True, True, False]
    assert np.allclose(found.mean(), FACE * 48, atol=1e-4), "the mean is of the trusted ones"
    assert network.asked == 2


def test_without_a_trusted_face_the_mean_is_of_all() -> None:
    points = np.stack([FACE, FACE + 1])
    assert np.allclose(FacePoints(points, np.zeros(2, bool)).mean(), FACE + 0.5)


def test_disagreement_is_in_parts_of_the_eyes_distance() -> None:
    eyes = float(np.linalg.norm(FACE[45] - FACE[36]))
    assert disagreement(FACE[None], FACE[None]) == pytest.approx([0])
    assert disagreement(FACE[None], FACE[None] + [0, eyes]) == pytest.approx([1])
