"""The served network teaches a quicker one, which goes on where it was interrupted."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the short trainings need torch")

from edge import manifest  # noqa: E402
from edge.engines import open_engine  # noqa: E402
from tests.training.accelerator.packs import grey_pack  # noqa: E402
from training.accelerator.mask_net import MaskNet, set_weights  # noqa: E402
from training.accelerator.mask_shrink import Pupil, Served, shrink  # noqa: E402
from training.accelerator.mask_story import read  # noqa: E402
from training.data.fer2013 import DataError  # noqa: E402

SMALL = {"stem": 4, "stages": [[6, 1]], "dropout": 0.0, "plain": True}


def pupil(minutes=1.0):
    torch.manual_seed(0)
    return Pupil(SMALL, minutes, torch.device("cpu"))


def test_the_teacher_answers_as_the_device_does():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3)).astype(np.uint8)
    told = Served(None)(torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255)
    engine = open_engine(manifest.load(None), "mask")
    assert told.tolist() == [engine.infer(picture)[0].reshape(-1).tolist() for picture in pictures]


def test_what_is_taught_is_learned():
    images = torch.rand(8, 3, 48, 48) * torch.tensor([0.2, 1.0] * 4).view(8, 1, 1, 1)
    wanted = torch.tensor([[0.9, 0.1, 0, 0], [0, 0.1, 0.9, 0]] * 4)
    taught = pupil()
    losses = [taught.learn(images, wanted) for _ in range(200)]
    assert losses[-1] < 0.75 * losses[0]


def test_it_goes_on_where_it_was_saved(tmp_path):
    one, other = pupil(), pupil()
    images, wanted = torch.rand(4, 3, 48, 48), torch.full((4, 4), 0.25)
    one.learn(images, wanted)
    one.seconds = 33.0
    one.save(tmp_path / "state.pt")
    other.resume(tmp_path / "state.pt")
    assert (other.seconds, other.step, other.average.steps) == (33.0, 1, 1)
    assert one.learn(images, wanted) == pytest.approx(other.learn(images, wanted), rel=1e-3)
    for name in ("net", "average"):
        first, second = (vars(each)[name] for each in (one, other))
        first, second = (getattr(each, "net", each) if name == "average" else each for each in (first, second))
        torch.testing.assert_close(list(first.parameters()), list(second.parameters()), rtol=1e-3, atol=1e-5)


def test_a_run_leaves_networks_and_is_not_done_twice(tmp_path):
    grey_pack(tmp_path)
    given = (tmp_path, tmp_path / "out", None, 0.02, 8, 0.7, 1, 0, SMALL)
    (tmp_path / "out").mkdir()
    told = shrink(*given)
    for name in ("best", "last"):
        arrays, story = read(tmp_path / "out" / "mask.npz", name)
        set_weights(MaskNet(**story["network"]), arrays)
    assert story["best"] == told
    assert story["story"][-1]["seconds"] >= 1.2
    written = (tmp_path / "out" / "mask.npz").read_bytes()
    assert shrink(*given) == told
    assert (tmp_path / "out" / "mask.npz").read_bytes() == written


def test_the_pack_is_not_overwritten(tmp_path):
    grey_pack(tmp_path)
    with pytest.raises(DataError, match="write into another folder"):
        shrink(tmp_path, tmp_path / ".", None, 0.02, 8, 0.7, 1, 0, SMALL)
