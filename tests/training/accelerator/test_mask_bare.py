"""The last layer of a mask network learns that cloth around a face is no mask, and keeps what it said."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the short trainings need torch")

from edge.errors import ModelError  # noqa: E402
from tests.training.accelerator.packs import grey_pack  # noqa: E402
from tests.training.accelerator.test_mask_pack import face_points  # noqa: E402
from training.accelerator import mask_pack  # noqa: E402
from training.accelerator.mask import NETWORK  # noqa: E402
from training.accelerator.mask_bare import begun, features, figures, material, refit, scarved  # noqa: E402
from training.accelerator.mask_net import MaskNet, keras_weights, set_weights  # noqa: E402
from training.accelerator.mask_pack import BACKGROUND, BARE, INCORRECT, WORN  # noqa: E402
from training.accelerator.mask_story import write  # noqa: E402

SMALL = {"stem": 4, "stages": [[6, 1]], "dropout": 0.0}


@pytest.fixture
def pack(tmp_path):
    """The grey pack, with points in its bare crops."""
    grey_pack(tmp_path)
    pack = mask_pack.load(tmp_path / "mask.npz")
    pack.points[pack.kinds == BARE] = face_points()
    mask_pack.save(pack, tmp_path / "mask.npz")
    return mask_pack.load(tmp_path / "mask.npz")


def test_the_shipped_weights_can_be_the_start(root) -> None:
    arrays, network = begun(root / "models" / "mask" / "weights.npz")
    assert network == NETWORK
    net = MaskNet(**network)
    set_weights(net, arrays)
    assert all(np.array_equal(a, b) for a, b in zip(keras_weights(net), arrays, strict=True))


def test_so_can_what_a_training_wrote(tmp_path) -> None:
    arrays = keras_weights(MaskNet(**SMALL))
    write(tmp_path / "mask.npz", {"best": arrays}, {"network": SMALL, "best": {}, "story": []})
    found, network = begun(tmp_path / "mask.npz")
    assert network == SMALL
    assert all(np.array_equal(a, b) for a, b in zip(found, arrays, strict=True))


@pytest.mark.parametrize("name", ["emotion-bare/weights.npz", "no/weights.npz", "manifest.json"])
def test_weights_of_another_network_cannot(root, name) -> None:
    with pytest.raises(ModelError, match=r"(these are not the weights|cannot read)"):
        begun(root / "models" / name)


def test_cloth_is_drawn_on_bare_faces(pack) -> None:
    rows = np.flatnonzero(pack.kinds == BARE)[:3]
    cloth = scarved(pack, rows, 1)
    assert cloth.images.shape == (3, 72, 72, 3)
    assert cloth.kinds.tolist() == [BARE] * 3
    assert np.array_equal(cloth.images, scarved(pack, rows, 1).images)
    assert not np.array_equal(cloth.images, scarved(pack, rows, 2).images)


def test_cloth_becomes_bare_and_the_rest_stays() -> None:
    """Features of three kinds of crops; cloth lies between bare and incorrect ones, on the wrong side."""
    torch.manual_seed(0)
    kernel, bias = 2 * torch.eye(8, 4), torch.zeros(4)
    near = 0.3 * torch.randn(400, 8)
    kinds = torch.tensor([BARE, WORN, BACKGROUND, INCORRECT]).repeat(100)
    rows = near + 2 * torch.nn.functional.one_hot(kinds, 8)
    cloth = 0.3 * torch.randn(100, 8) + torch.tensor([1.0, 0, 0, 1.4, 0, 2, 0, 0])

    def said(kernel, bias, rows):
        return (rows @ kernel + bias).argmax(dim=1)

    assert (said(kernel, bias, cloth) == INCORRECT).float().mean() > 0.7
    new, offset = refit(kernel, bias, [(rows, torch.full((400,), 1 / 400))], cloth)
    assert (said(new, offset, cloth) == BARE).float().mean() > 0.9
    assert (said(new, offset, rows) == kinds).float().mean() > 0.98
    for kind in (WORN, BACKGROUND):
        assert torch.equal(new[:, kind], kernel[:, kind]), "these rows stay"
    assert offset[WORN] == bias[WORN]
    faces = rows[kinds != BACKGROUND]

    def face(kernel, bias):
        logits = faces @ kernel + bias
        return (torch.logsumexp(logits[:, [BARE, WORN, INCORRECT]], 1) - logits[:, BACKGROUND]).mean()

    assert face(new, offset) == pytest.approx(float(face(kernel, bias)), abs=0.05), "a face is as sure as before"


def test_figures_of_a_pack(pack) -> None:
    known, cloth, held, looked = material(pack, 2)
    assert len(known.kinds) == 16 + 3 * 2
    assert len(held.kinds) == 16
    net = MaskNet(**SMALL).eval()
    assert features(net, cloth).shape == (len(cloth.kinds), 6)
    told = figures(net, held, looked)
    assert 0 <= told["cloth"] <= 1
    assert "real" in told
