"""The mask network learns on under a teacher: what both are shown, and what a run leaves."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the short trainings need torch")

from tests.training.accelerator.packs import grey_pack  # noqa: E402
from training.accelerator.mask_crops import Crops  # noqa: E402
from training.accelerator.mask_distill import BLENDS, blended, distill  # noqa: E402
from training.accelerator.mask_net import MaskNet, keras_weights, set_weights  # noqa: E402
from training.accelerator.mask_pack import BACKGROUND, BARE, GROUPS, INCORRECT, WORN  # noqa: E402
from training.accelerator.mask_schedule import Clock  # noqa: E402
from training.accelerator.mask_story import read, write  # noqa: E402
from training.accelerator.mask_teacher import TeacherNet, difference, mixed, only, soft, trusted  # noqa: E402

SMALL = {"stem": 4, "stages": [[4, 1], [8, 1]], "dropout": 0.0}


def crops(kinds, group):
    count = len(kinds)
    groups = np.full(count, GROUPS.index(group))
    return Crops(np.arange(count), np.array(kinds), groups, np.zeros(count, bool), np.ones(count))


@pytest.mark.parametrize(
    ("group", "kinds", "said", "stay"),
    [
        ("masked_faces", [], [], []),
        ("masked_faces", [BARE, WORN], [BARE, WORN], [True, True]),
        ("masked_faces", [BARE, BARE, WORN], [WORN, INCORRECT, BARE], [False, False, False]),
        ("masked_faces", [INCORRECT, BACKGROUND, WORN], [BARE, WORN, INCORRECT], [True, True, True]),
        ("faces", [BARE], [WORN], [True]),
    ],
    ids=["none", "agreed", "contradicted", "only bare and worn are doubted", "not labelled by hand"],
)
def test_labels_that_a_network_is_sure_are_wrong_are_not_taught(group, kinds, said, stay):
    known, sure = crops(kinds, group), np.eye(4)[said].reshape(-1, 4) * 6
    assert trusted(known, sure, 2.0).tolist() == stay
    assert trusted(known, sure, 20.0).all()
    assert only(known, trusted(known, sure, 2.0)).images.tolist() == np.flatnonzero(stay).tolist()


def test_the_last_half_of_a_batch_is_blended_with_the_first_and_its_labels_alike():
    torch.manual_seed(0)
    images = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 2, 2)
    labels = soft(torch.arange(4), 0.0)
    shown, told = mixed(images, labels, 0.5)
    torch.testing.assert_close(shown[:2], images[:2])
    for row, other in ((2, 0), (3, 1)):
        share = float(told[row, row])
        assert 0.5 <= share < 1
        assert float(told[row, other]) == pytest.approx(1 - share)
        assert float(shown[row].mean()) == pytest.approx(row * share + other * (1 - share))
    assert mixed(images, labels, 0.0)[0] is images


def test_the_loss_is_least_where_the_answer_is_what_is_wanted():
    wanted = soft(torch.tensor([0, 3]), 0.2)
    assert wanted.sum(dim=1).tolist() == pytest.approx([1, 1])
    least = difference(wanted.log(), wanted)
    assert least == pytest.approx(float(-(wanted * wanted.log()).sum(dim=1).mean()))
    assert difference(wanted.log() + torch.tensor([0.0, 1, 0, 0]), wanted) > least


def test_a_blend_lies_between_two_networks():
    torch.manual_seed(0)
    one, other = MaskNet(**SMALL), MaskNet(**SMALL)
    half = blended(one, other, 0.25).head.weight
    torch.testing.assert_close(half, one.head.weight * 0.75 + other.head.weight * 0.25)


def test_the_teacher_answers_pictures_of_any_size():
    net = TeacherNet(4, [[4, 1], [6, 2]]).eval()
    assert net(torch.zeros(2, 3, 48, 48)).shape == net(torch.zeros(2, 3, 64, 64)).shape == (2, 4)


def test_a_run_leaves_networks_to_choose_from_with_their_figures(tmp_path):
    grey_pack(tmp_path)
    net = MaskNet(**SMALL).eval()
    write(tmp_path / "start.npz", {"best": keras_weights(net)}, {"network": SMALL})
    now = iter(range(100_000))
    clock = Clock(1.0, lambda: min(next(now), 55))  # a second passes at each look at it, and it stops after training
    out = tmp_path / "out"
    out.mkdir()
    small = {"stem": 4, "stages": [[4, 1]], "dropout": 0.0}
    told = distill(tmp_path, tmp_path / "start.npz", out, clock, 0.5, 8, 100.0, 1, 0, small)
    assert set(told) == {"best", "last", "mean", "blend0", *(f"blend{part * 100:.0f}" for part in BLENDS)}
    for name, figures in told.items():
        arrays, story = read(out / "mask.npz", name)
        set_weights(MaskNet(**story["network"]), arrays)
        assert story["each"][name]["score"] == figures["score"]
    arrays, figures = read(out / "teacher.npz", "teacher")
    assert figures["network"] == "teacher"
    assert arrays[-1].shape == (4,)
