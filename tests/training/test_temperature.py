"""How sure a network is: a temperature that leaves its answers as they are."""

from __future__ import annotations

import numpy as np
import pytest

from training.metrics import calibration_error
from training.temperature import SHARPEST, SOFTEST, cross_entropy, fitted, probabilities


def calibrated(rows: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels that are drawn with just these probabilities."""
    rng = np.random.default_rng(4)
    logits = rng.normal(0, 1.5, (rows, 7))
    return logits, (probabilities(logits).cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)


def test_without_rows_nothing_changes():
    assert fitted(np.zeros((0, 7)), np.zeros(0, np.int64)) == 1


@pytest.mark.parametrize("wrong", [0.4, 0.9, 1.0, 1.1, 2.5])
def test_logits_that_were_multiplied_are_divided_again(wrong):
    logits, labels = calibrated()
    assert fitted(logits * wrong, labels) == pytest.approx(wrong, rel=0.03)
    assert calibration_error(probabilities(logits * wrong / fitted(logits * wrong, labels)), labels) < 0.015


def test_no_other_temperature_has_a_smaller_loss():
    logits, labels = calibrated(2_000)
    best = cross_entropy(logits / fitted(logits, labels), labels)
    assert best <= min(cross_entropy(logits * times, labels) for times in np.linspace(SOFTEST, SHARPEST, 200)) + 1e-9


def test_a_network_that_is_always_right_ends_at_the_limit():
    logits = 2 * np.eye(7)
    assert fitted(logits, np.arange(7)) == pytest.approx(1 / SHARPEST, rel=0.01)
    assert fitted(logits, np.roll(np.arange(7), 1)) == pytest.approx(1 / SOFTEST, rel=0.01), "and always wrong"


def test_probabilities_sum_to_one_even_of_large_logits():
    assert probabilities(np.array([[1000.0, 0.0], [-1000.0, -1000.0]])) == pytest.approx(np.array([[1, 0], [0.5, 0.5]]))
