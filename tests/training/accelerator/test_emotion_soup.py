"""The mean of several snapshots of a training."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

from edge.errors import ModelError, SettingsError

pytest.importorskip("torch")

from training.accelerator.emotion_soup import mixed, share_of


@pytest.fixture
def trained(tmp_path):
    path = tmp_path / "emotion-bare.npz"
    np.savez(path, **{"last/weights/head.bias": np.full(7, 1.0), "best/weights/head.bias": np.full(7, 3.0)})
    return path


@pytest.mark.parametrize(
    ("shares", "value"), [({"last": 1.0}, 1.0), ({"last": 0.5, "best": 0.5}, 2.0), ({"last": 0.25, "best": 0.75}, 2.5)]
)
def test_each_snapshot_counts_as_its_share(trained, shares, value) -> None:
    assert mixed(trained, shares)["head.bias"] == pytest.approx(np.full(7, value))


@pytest.mark.parametrize(
    ("shares", "error", "said"),
    [
        ({}, SettingsError, "add up to 0"),
        ({"last": 0.5}, SettingsError, "add up to 0.5"),
        ({"last": 0.5, "first": 0.5}, ModelError, "no first weights"),
    ],
)
def test_shares_that_make_no_mean_are_refused(trained, shares, error, said) -> None:
    with pytest.raises(error, match=said):
        mixed(trained, shares)


def test_a_share_is_a_name_and_a_number() -> None:
    assert share_of("blend-0.4=0.25") == ("blend-0.4", 0.25)
    with pytest.raises(argparse.ArgumentTypeError, match=r"last=0\.4"):
        share_of("last")
