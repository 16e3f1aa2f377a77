"""The refit of `background`: it learns the mined places, and the mask's own answers stay."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the short trainings need torch")

from training.accelerator.mask_net import MaskNet, keras_weights, set_weights  # noqa: E402
from training.accelerator.mask_pack import BACKGROUND  # noqa: E402
from training.accelerator.mask_refit import SHARES, features, refit  # noqa: E402

SMALL = {"stem": 4, "stages": [[4, 1], [8, 1]], "dropout": 0.0}


def test_set_weights_is_the_inverse_of_keras_weights():
    one, other = MaskNet(**SMALL).eval(), MaskNet(**SMALL).eval()
    set_weights(other, keras_weights(one))
    images = np.random.default_rng(0).integers(0, 256, (3, 72, 72, 3), np.uint8)
    torch.manual_seed(0)
    first = features(one, images)
    torch.manual_seed(0)
    assert torch.equal(first, features(other, images))


def test_places_become_background_and_the_mean_of_the_faces_stays():
    torch.manual_seed(1)
    kernel, bias = torch.randn(8, 4) * 0.3, torch.zeros(4)
    seen = {key: torch.randn(40, 8) for key in SHARES}
    for key in ("of_faces", "of_wild"):
        seen[key] += 2.0

    def face(rows, row, offset):
        others = [kind for kind in range(4) if kind != BACKGROUND]
        return torch.logsumexp(rows @ kernel[:, others] + bias[others], 1) - rows @ row - offset

    row, offset = refit(kernel, bias, seen)
    before = {key: face(rows, kernel[:, BACKGROUND], bias[BACKGROUND]).mean() for key, rows in seen.items()}
    after = {key: face(rows, row, offset).mean() for key, rows in seen.items()}
    assert after["faces"] == pytest.approx(float(before["faces"]), abs=1e-4)
    assert after["of_faces"] < before["of_faces"] - 1
    assert after["of_wild"] < before["of_wild"] - 1
