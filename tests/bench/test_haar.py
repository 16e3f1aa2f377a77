"""The fit of the cascade's scores."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.haar import fit


@pytest.mark.parametrize(("slope", "middle"), [(1.0, 0.0), (0.4, 5.0), (2.0, -1.5)])
def test_the_logistic_that_made_the_answers_is_found_again(slope, middle):
    rng = np.random.default_rng(1)
    x = rng.uniform(middle - 6 / slope, middle + 6 / slope, 40_000)
    right = rng.random(len(x)) < 1 / (1 + np.exp(-slope * (x - middle)))
    assert fit(x, right) == pytest.approx((slope, middle), rel=0.1, abs=0.1)
