"""Golden examples are made the same way everywhere, and a drift in the code that makes them is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convert import golden
from convert.__main__ import main
from edge import manifest

TINY = Path(__file__).resolve().parent.parent / "tiny"


def slow_noise(seed: int, count: int) -> list[int]:
    """SplitMix64 in Python's own integers."""
    mask, state, answer = (1 << 64) - 1, (seed * 0xD1342543DE82EF95) & ((1 << 64) - 1), []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        answer.append((z ^ (z >> 31)) >> 56)
    return answer


@pytest.mark.parametrize("seed", [0, 1, 2**40, 2**63 + 5])
def test_noise_is_splitmix(seed):
    assert golden.noise(seed, 0).tolist() == []
    assert golden.noise(seed, 50).tolist() == slow_noise(seed, 50)


def test_noise_from_zero_is_the_published_sequence():
    """The first outputs of SplitMix64 from state 0 begin with the bytes e2, 6e, 06, f8 (its reference code)."""
    assert golden.noise(0, 4).tolist() == [0xE2, 0x6E, 0x06, 0xF8]


@pytest.mark.parametrize(("width", "height", "channels"), [(1, 1, 1), (48, 48, 1), (320, 240, 3), (3, 50, 3)])
def test_pictures_have_their_shape_and_use_the_range(width, height, channels):
    one, two = (golden.picture(seed, width, height, channels) for seed in (1, 2))
    assert one.shape == (height, width, channels)
    assert one.dtype == np.uint8
    assert not np.array_equal(one, two)
    assert width < 48 or int(one.max()) - int(one.min()) > 100


def test_the_command_writes_one_file_a_model_and_one_for_vision(tmp_path, capsys):
    (tmp_path / "gone.npz").touch()
    assert main(["golden", "--models", str(TINY), "--out", str(tmp_path)]) == 0
    tasks = {f"{task}.npz" for task in manifest.load(TINY).specs}
    assert {path.name for path in tmp_path.iterdir()} == {*tasks, golden.VISION}
    assert capsys.readouterr().out.count("wrote") == len(tasks) + 1


def test_made_twice_they_are_the_same():
    listed = manifest.load(TINY)
    first, second = golden.all_of(listed), golden.all_of(listed)
    for name, arrays in first.items():
        for key, values in arrays.items():
            assert np.array_equal(values, second[name][key]), (name, key)


def test_answers_tell_inputs_apart():
    """Generated pictures that every model answers alike would prove nothing."""
    arrays = golden.of_model((TINY / "face" / "model.tflite").read_bytes(), manifest.load(TINY)["face"])
    assert arrays["output_0"].shape[0] == len(golden.SEEDS)
    assert len({answer.tobytes() for answer in arrays["output_0"]}) == len(golden.SEEDS)
