"""What the short trainings read and leave, without torch."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import ModelError
from training.accelerator import landmark_pack
from training.accelerator.landmark_pack import WIDE, Points68
from training.accelerator.mask_story import Kept, read, write
from training.data.fer2013 import DataError


def test_networks_come_back_in_their_order(tmp_path):
    weights = [np.full((2, n + 1), n, np.float32) for n in range(12)]
    write(tmp_path / "mask.npz", {"best": weights, "last": weights[:3]}, {"best": {"score": 0.9}})
    arrays, story = read(tmp_path / "mask.npz", "best")
    assert [array.shape for array in arrays] == [array.shape for array in weights]
    assert story == {"best": {"score": 0.9}}
    assert len(read(tmp_path / "mask.npz", "last")[0]) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["mask.npz"]


def test_the_best_and_the_last_network_are_kept_and_each_look_is_told(tmp_path, capsys):
    kept = Kept(tmp_path / "x.npz", "mask", {"stem": 4}, lambda told: told["score"])
    assert kept.best == {}
    for step, score in enumerate((0.5, 0.7, 0.6)):
        kept.look({"score": score, "step": step}, [np.full(2, score, np.float32)])
    assert kept.best == {"score": 0.7, "step": 1}
    for name, score in (("best", 0.7), ("last", 0.6)):
        (weights,), story = read(tmp_path / "x.npz", name)
        assert weights.tolist() == pytest.approx([score] * 2)
        assert (story["network"], len(story["story"])) == ({"stem": 4}, 3)
    assert capsys.readouterr().out.splitlines()[1] == 'mask: {"score": 0.7, "step": 1}'


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_a_broken_story_says_so(tmp_path, content):
    path = tmp_path / "mask.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot read the network 'best'"):
        read(path, "best")


def test_a_network_that_is_not_there_is_named(tmp_path):
    write(tmp_path / "mask.npz", {"last": [np.zeros(2)]}, {})
    with pytest.raises(ModelError, match="'best'"):
        read(tmp_path / "mask.npz", "best")


@pytest.mark.parametrize("count", [0, 3])
def test_a_pack_of_points_comes_back(tmp_path, count):
    images = np.linspace(40, 200, count or 1).astype(np.uint8)[:count, None, None].repeat(WIDE, 1).repeat(WIDE, 2)
    points = np.linspace(0, 1, count * 136, dtype=np.float32).reshape(count, 68, 2)
    landmark_pack.save(Points68(images, points, np.arange(count, dtype=np.int8)), tmp_path / "landmark.npz")
    back = landmark_pack.load(tmp_path / "landmark.npz")
    assert len(back.images) == count
    np.testing.assert_allclose(back.points, points, atol=1e-3)
    if count:
        assert np.abs(back.images.astype(int) - images).max() < 6


def test_a_broken_pack_of_points_says_so(tmp_path):
    (tmp_path / "landmark.npz").write_bytes(b"")
    with pytest.raises(DataError, match=r"landmark\.npz: cannot read the pack"):
        landmark_pack.load(tmp_path / "landmark.npz")
