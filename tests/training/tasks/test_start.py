"""A recipe's `start`: our recipes fit the weights that are shipped; those of another network are refused in a line."""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("keras", reason="networks need Keras")

from training.backend import load_keras

load_keras()

from edge.errors import SettingsError  # noqa: E402
from training import recipe as recipes  # noqa: E402
from training import weights  # noqa: E402
from training.networks import emotion  # noqa: E402
from training.tasks.emotion import begin, start_file  # noqa: E402

STARTED = ["emotion-bare", "emotion-masked", "emotion-masked-fer2013", "gender", "gender-utkface"]


@pytest.mark.parametrize("name", STARTED)
def test_each_recipe_describes_the_network_that_it_starts_from(name) -> None:
    recipe = recipes.load(recipes.find(name))
    network = emotion.build(**recipe.network)
    values = weights.load(start_file(recipe.data["start"])).get_weights()
    begin(network, values, recipe)
    assert all(np.array_equal(*pair) for pair in zip(network.get_weights(), values, strict=True))


def test_no_recipe_with_a_start_is_forgotten() -> None:
    folder = recipes.find("emotion-bare").parent
    assert (
        sorted(path.stem for path in folder.glob("*.toml") if re.search(r"^start = ", path.read_text(), re.M))
        == STARTED
    )


@pytest.mark.parametrize("measures", [{"stem": 8}, {"stages": [[48, 1], [96, 2]], "inner": ()}, {"inner": (16,) * 6}])
def test_the_weights_of_another_network_are_refused_in_a_line(measures) -> None:
    recipe = recipes.load(recipes.find("emotion-bare"))
    network = emotion.build(**{**recipe.network, **measures})
    with pytest.raises(
        SettingsError, match=r"^recipe emotion-bare: data.start: the network of emotion-bare has another"
    ):
        begin(network, weights.load(start_file("emotion-bare")).get_weights(), recipe)


@pytest.mark.parametrize("inner", [(1,), (1,) * 7, (0, -1, 1, 1, 1, 1)])
def test_every_block_has_its_inner_channels(inner) -> None:
    with pytest.raises(ValueError, match="inner: expected 6 numbers above 0"):
        emotion.build(inner=inner)


def test_inner_channels_are_what_the_first_convolution_of_a_block_gives() -> None:
    whole, same = emotion.build(4, [[6, 1], [8, 2]]), emotion.build(4, [[6, 1], [8, 2]], inner=(6, 8, 8))
    thin = emotion.build(4, [[6, 1], [8, 2]], inner=(2, 3, 5))
    shapes = [[value.shape for value in model.get_weights()] for model in (whole, same, thin)]
    assert shapes[0] == shapes[1]
    kernels = [layer.kernel.shape for layer in thin.layers if "conv2d" in layer.name]
    assert [shape for shape in kernels if tuple(shape[:2]) == (3, 3)] == [
        (3, 3, 1, 4), (3, 3, 4, 2), (3, 3, 2, 6), (3, 3, 6, 3), (3, 3, 3, 8), (3, 3, 8, 5), (3, 3, 5, 8),
    ]  # fmt: skip
