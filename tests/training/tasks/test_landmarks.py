"""The landmark task: points move with the picture, the loss is the published one, the network keeps its budget."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training import made
from training import recipe as recipes
from training.data.landmarks68 import Faces68

keras = pytest.importorskip("keras", reason="Keras is not installed; install it: pip install 'edge-emotion[train]'")

from training.networks import landmarks as networks  # noqa: E402
from training.networks.fused import original  # noqa: E402
from training.tasks import landmarks  # noqa: E402
from training.tasks.landmarks import WIDE, WIDE_SIZE, LandmarkBatches, Landmarks, Warp, predict, wing  # noqa: E402

RECIPE = recipes.load(recipes.find("landmarks"))
POINTS = (made.points((26, 28, 70, 74)) / WIDE_SIZE).astype(np.float32)
STILL = Warp(rotate=0, zoom=0, stretch=0, shift=0, light=0, hide=0, blur=0)
MOVING = Warp(light=0, hide=0, blur=0)


def dotted(index: int, size: int = WIDE_SIZE) -> np.ndarray:
    """A dark square with a white dot under one of POINTS."""
    image = np.full((size, size), 20, np.uint8)
    x, y = POINTS[index] * size - 0.5
    cv2.circle(image, (round(float(x)), round(float(y))), 3, 255, -1)
    return image


def test_a_warp_of_nothing_is_the_middle_of_the_square() -> None:
    image = np.random.default_rng(0).integers(0, 255, (WIDE_SIZE, WIDE_SIZE), dtype=np.uint8)
    before = image.copy()
    for seed in range(4):
        _, points = STILL(image, POINTS, 48, np.random.default_rng(seed))
        expected = (POINTS - 0.5) * WIDE + 0.5
        middles = [points[:, 0], 1 - points[:, 0]]
        assert min(np.abs(np.sort(m) - np.sort(expected[:, 0])).max() for m in middles) < 1e-5
        assert np.allclose(np.sort(points[:, 1]), np.sort(expected[:, 1]), atol=1e-5)
    assert np.array_equal(image, before)


@pytest.mark.parametrize("index", [8, 30, 36, 48])
def test_points_move_with_the_picture(index: int) -> None:
    """Also through the mirror: the dot is then found under the point of the other side."""
    mirrored, straight = 0, 0
    for seed in range(24):
        image, points = MOVING(dotted(index), POINTS, 48, np.random.default_rng(seed))
        pixels = np.clip(image.astype(float) - 190, 0, None)  # the ground is at 128
        if pixels[[0, -1]].any() or pixels[:, [0, -1]].any() or not pixels.any():
            continue  # cut off by the border
        ys, xs = np.mgrid[:48, :48] + 0.5
        found = np.array([(xs * pixels).sum(), (ys * pixels).sum()]) / pixels.sum()
        distances = np.linalg.norm(points * 48 - found, axis=1)
        here, there = distances[index], distances[landmarks.MIRROR[index]]
        assert min(here, there) < 1.2
        mirrored += there < here
        straight += there >= here
    assert straight > 3
    assert (mirrored > 3) == (landmarks.MIRROR[index] != index)


def test_the_same_seed_spoils_the_same_way() -> None:
    image = dotted(30)
    first, again = (Warp()(image, POINTS, 48, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert first[0].dtype == np.uint8
    assert first[0].shape == (48, 48)


@pytest.mark.parametrize("apart", [0.0, 0.1, 1.0, 2.9, 3.1, 10.0, -2.0])
def test_wing_is_the_published_loss(apart: float) -> None:
    width, curve = 3.0, 0.5
    constant = width - width * np.log(1 + width / curve)
    expected = width * np.log(1 + abs(apart) / curve) if abs(apart) < width else abs(apart) - constant
    true = np.zeros((1, 4), np.float32)
    got = keras.ops.convert_to_numpy(wing(48, width, curve)(true, true + np.float32(apart / 48)))
    assert got == pytest.approx([expected], abs=1e-4)


def faces(count: int) -> Faces68:
    return Faces68(
        np.stack([dotted(index) for index in range(count)]),
        np.repeat(POINTS[None], count, axis=0),
        tuple(f"{index}.png" for index in range(count)),
    )


def test_batches_are_drawn_by_weight_and_differ_by_epoch() -> None:
    weights = np.array([0.0, 1.0, 0.0])
    batches = LandmarkBatches(faces(3), weights, RECIPE, 48, STILL)
    images, points = batches[0]
    assert images.shape == (RECIPE.fit.batch, 48, 48, 1)
    assert images.dtype == np.float32
    assert images.min() >= 0
    assert images.max() <= 1
    assert points.shape == (RECIPE.fit.batch, 136)
    assert len(batches) == RECIPE.fit.steps
    only = {image.tobytes() for image in images}
    assert len(only) <= 2 * RECIPE.fit.batch
    moving = LandmarkBatches(faces(3), np.ones(3), RECIPE, 48, MOVING)
    first = moving[0][0]
    assert np.array_equal(first, moving[0][0])
    moving.on_epoch_end()
    assert not np.array_equal(first, moving[0][0])


def multiply_adds(model) -> int:
    """Of the convolutions and dense layers, for one picture."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            total += int(np.prod(layer.kernel.shape))
        elif isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)):
            total += int(np.prod(layer.kernel.shape)) * int(np.prod(layer.output.shape[1:3]))
    return total


def test_the_network_keeps_its_budget_and_its_operations() -> None:
    model = networks.build(**RECIPE.network)
    assert model.input_shape == (None, 48, 48, 1)
    assert model.output_shape == (None, 136)
    assert 5_000_000 < multiply_adds(model) <= 15_000_000
    assert model.count_params() <= 400_000
    known = "InputLayer Conv2D DepthwiseConv2D BatchNormalization ReLU Add AveragePooling2D Flatten Dense"
    assert {original(layer).__name__ for layer in model.layers} <= {*known.split()}


def test_folding_the_gain_changes_no_answer() -> None:
    small = {"stem": 4, "stages": ((8, 1, 2),), "size": 16, "points": 3}
    model = networks.build(**small, gain=1 / 16)
    images = np.random.default_rng(0).random((5, 16, 16, 1)).astype(np.float32)
    served = networks.folded(model, 1 / 16, **small)
    assert np.allclose(model.predict(images, verbose=0), served.predict(images, verbose=0), atol=1e-5)
    assert "rescaling" not in " ".join(layer.name for layer in served.layers)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A landmarks68 folder of four made faces."""
    points = made.points((30, 34, 84, 90))
    lines = ["image,split," + ",".join(f"{axis}{i}" for i in range(68) for axis in "xy")]
    for name, split in (
        ("helen_train/a", "train"),
        ("video_train/b", "train"),
        ("video_train/c", "val"),
        ("afw/d", "test"),
    ):
        path = tmp_path / "landmarks68" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), made.face(3, 120, np.random.default_rng(len(name))))
        lines.append(",".join([f"{name}.png", split, *(f"{v:.2f}" for v in points.reshape(-1))]))
    (tmp_path / "landmarks68" / "points.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_the_task_from_data_to_a_served_network(data: Path) -> None:
    task = Landmarks(RECIPE, data)
    batches = task.batches()
    assert np.allclose(batches.weights, np.array([RECIPE.data["helen"], 1.0]) / (RECIPE.data["helen"] + 1))
    samples = task.samples(6, 1)
    assert samples.shape == (6, 48, 48, 1)
    assert samples.dtype == np.uint8
    model = task.build()
    figures = task.measure(model)
    assert figures["score"] == pytest.approx(1 - figures["nme"])
    images, points = batches[0]
    loss = keras.ops.convert_to_numpy(task.loss()(points, points + 1 / 48))
    assert loss == pytest.approx(3 * np.log(3), abs=1e-3)
    served = task.export(model)
    assert np.allclose(served.predict(images[:4], verbose=0), model.predict(images[:4], verbose=0), atol=1e-4)
    whole = (images[:4, ..., 0] * 255).round().astype(np.uint8)
    assert predict(served, whole).shape == (4, 68, 2)
