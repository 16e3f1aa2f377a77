import io
import sys

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from edge.errors import ModelError  # noqa: E402
from training.accelerator import (  # noqa: E402
    face_light,
    face_loss,
    face_marks,
    face_measure,
    face_net,
    face_scenes,
    face_settings,
    face_store,
    face_weights,
)

CPU = torch.device("cpu")
GRID = face_loss.Grid(*face_net.points(320, 240, CPU))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Four plain pictures of 200x150 with one bright face each, one without, one to be ignored."""
    path = tmp_path_factory.mktemp("pack") / "pack.npz"
    files, boxes = [], [[40, 30, 80, 80], [100, 50, 150, 120], [10, 10, 24, 28], [60, 20, 160, 140]]
    for left, top, right, bottom in boxes:
        picture = np.full((150, 200, 3), 60, np.uint8)
        picture[top:bottom, left:right] = (220, 180, 150)
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        files.append(file.getvalue())
    np.savez(
        path,
        blob=np.frombuffer(b"".join(files), np.uint8),
        offset=np.cumsum([0, *map(len, files)]),
        shape=np.array([[150, 200]] * 4, np.int16),
        set=np.array([0, 0, 1, 7], np.int8),
        role=np.zeros(4, np.int8),
        boxes=np.array([*boxes[:3], [0, 0, 30, 30]], np.float32),
        kinds=np.array([0, 1, 0, -1], np.int8),
        first=np.array([0, 1, 2, 3, 4]),
        tight=np.array([True, True, False, True]),
    )
    return face_store.load(path, 0, CPU, 2)


def ideal(store):
    """A network that answers every face of the pictures in their order, and nothing else."""
    seen = 0

    def network(canvases):
        nonlocal seen
        answers = torch.full((len(canvases), len(GRID.points), 5), -8.0)
        for place in range(len(canvases)):
            row, seen = seen, seen + 1
            scale = min(320 / int(store.width[row, 0]), 240 / int(store.height[row, 0]))
            for box in store.boxes[row][store.kinds[row] >= 0] * scale:
                reach = torch.cat([GRID.points - box[:2], box[2:] - GRID.points], 1) / GRID.units[:, None]
                bad = (reach.amin(1) <= 0) | (reach.amax(1) >= 6)
                point = int(((reach - 1).abs().sum(1) + 1e3 * bad).argmin())
                answers[place, point] = torch.cat([torch.tensor([4.0]), reach[point]])
        return answers

    return network


def test_a_store_gives_each_picture_back_as_the_device_letterboxes_it(store):
    cv2 = pytest.importorskip("cv2")
    from edge.vision.letterbox import letterbox

    assert cv2 is not None
    canvases, scales = face_store.whole(store, torch.arange(len(store)), 320, 240)
    for row in range(len(store)):
        start, wide, high = (int(v[row, 0]) for v in (store.offset, store.width, store.height))
        texels = store.texels[start : start + wide * high].numpy().reshape(high, wide)
        picture = np.stack([texels & 255, texels >> 8 & 255, texels >> 16 & 255], -1).astype(np.uint8)
        expected, fit = letterbox(picture, 320, 240)
        assert np.abs(canvases[row].permute(1, 2, 0).numpy() * 255 - expected).max() <= 1
        assert float(scales[row]) == pytest.approx(fit.scale)


def test_a_picture_is_halved_as_the_mean_of_four_pixels_whatever_its_size():
    for height, width in ((150, 200), (7, 5), (3, 1)):
        picture = np.random.default_rng(2).integers(0, 256, (height, width, 3), np.uint8)
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        sizes = face_store.pyramid(file.getvalue())
        assert [size.shape for size in sizes] == face_store.halves(height, width)
        if width > 1:
            even = picture[: height // 2 * 2, : width // 2 * 2].astype(float)
            expected = (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
            halved = np.stack([sizes[1] & 255, sizes[1] >> 8 & 255, sizes[1] >> 16 & 255], -1)
            assert np.abs(halved - expected).max() <= 0.5


def test_a_share_whose_process_was_killed_is_decoded_all_the_same(store, tmp_path_factory, monkeypatch):
    path = next(tmp_path_factory.getbasetemp().glob("pack*/pack.npz"))
    monkeypatch.setattr(face_store.Loading, "_decode", lambda *_: sys.exit(9))
    loading = face_store.Loading(path, 0, 2)
    monkeypatch.undo()
    again = loading.store(CPU)
    loading.finish(again)
    assert torch.equal(again.texels, store.texels)


def test_planned_scenes_split_into_batches(store):
    torch.manual_seed(5)
    scenes = face_scenes.Planner(store, 320, 240).plan(6)
    first, second = scenes.split(4)
    assert torch.equal(torch.cat([first.boxes, second.boxes]), scenes.boxes)
    assert (len(first.into), len(second.into)) == (4, 2)


def test_a_training_continues_with_its_own_settings():
    recipe = {"accelerator": {"batch": 8, "rate": 1.0, "continued": {"rate": 0.5}}}
    assert face_settings.Settings.of(recipe, continued=False).rate == 1.0
    continued = face_settings.Settings.of(recipe, continued=True)
    assert (continued.batch, continued.rate) == (8, 0.5)
    for continued in (False, True):
        face_settings.Settings.of(face_settings.recipe(), continued)


def test_a_training_continues_from_saved_weights(tmp_path):
    sizes = {"stem": (4, 6, 8), "depths": (1, 1, 1), "channels": (8, 12, 16)}
    torch.manual_seed(4)
    first, second = face_net.FaceNet(**sizes).eval(), face_net.FaceNet(**sizes).eval()
    face_weights.save(first.state_dict(), tmp_path / "weights.npz")
    face_weights.load(second, tmp_path / "weights.npz")
    images = torch.rand(1, 3, 48, 64)
    with torch.no_grad():
        assert torch.equal(first(images), second(images))
    with pytest.raises(ModelError, match="weights of another network"):
        face_weights.load(
            face_net.FaceNet(stem=(4, 6, 8), depths=(1, 1, 1), channels=(8, 12, 20)), tmp_path / "weights.npz"
        )


def test_a_detector_that_knows_all_has_full_precision_and_one_that_sees_nothing_has_none(store):
    perfect = face_measure.measure(ideal(store), store, GRID, 320, 240)
    assert perfect["wild"] == perfect["faces"] == perfect["recall"] == perfect["precision"] == 1.0
    blind = face_measure.measure(lambda x: torch.full((len(x), len(GRID.points), 5), -8.0), store, GRID, 320, 240)
    assert blind["wild"] == blind["faces"] == 0.0


JUDGED = [
    ("nothing at all", [], [], [], ([], 0)),
    ("one found", [[0, 0, 20, 20]], [[0, 0, 20, 20]], [0], ([True], 1)),
    ("one missed, one false", [[50, 50, 90, 90]], [[0, 0, 20, 20]], [0], ([False], 1)),
    ("found twice", [[0, 0, 20, 20], [0, 0, 20, 19]], [[0, 0, 20, 20]], [0], ([True, False], 1)),
    ("in what is to be ignored", [[2, 2, 18, 18]], [[0, 0, 60, 60]], [-1], ([], 0)),
    ("too narrow to count", [[0, 0, 10, 12]], [[0, 0, 10, 12]], [0], ([], 0)),
]


@pytest.mark.parametrize(("boxes", "truth", "kinds", "expected"), [j[1:] for j in JUDGED], ids=[j[0] for j in JUDGED])
def test_what_counts_as_right(boxes, truth, kinds, expected):
    found = np.array(boxes, np.float32).reshape(-1, 4)
    scores = np.linspace(0.9, 0.5, len(found))
    _, right, total = face_marks.judge(found, scores, np.array(truth, np.float32).reshape(-1, 4), np.array(kinds))
    assert (right.tolist(), total) == expected


@pytest.mark.parametrize("calm", [False, True])
def test_scenes_keep_their_boxes_on_the_faces(store, calm):
    torch.manual_seed(5)
    planner = face_scenes.Planner(store, 320, 240)
    scenes = planner.plan(48, calm)
    made, _ = face_store.sample(
        store.texels, scenes.into, scenes.offset, scenes.size, scenes.grid, scenes.clamped, scenes.fill, 320, 240
    )
    assert made.shape == (48, 3, 240, 320)
    shown = scenes.boxes[scenes.real]
    assert len(shown)
    assert (shown[:, 2:] <= torch.tensor([320.1, 240.1])).all()
    assert (shown[:, :2] >= -0.1).all()
    # The middle of a face that is wholly in the canvas has the face's colour.
    for number in range(48):
        for left, top, right, bottom in scenes.boxes[number][scenes.real[number]].tolist():
            if left > 1 and top > 1 and right < 319 and bottom < 239 and min(right - left, bottom - top) > 24:
                y, x = round((top + bottom) / 2), round((left + right) / 2)
                assert made[number, 0, y, x] > 0.6


def test_the_loss_falls_as_the_answers_near_the_faces(store):
    boxes = torch.zeros(4, face_scenes.MOST_FACES, 4)
    boxes[:, 0] = store.boxes[:, 0] * 1.6
    real = torch.zeros(4, face_scenes.MOST_FACES, dtype=torch.bool)
    real[:3, 0] = True
    nothing = torch.zeros(4, 1, 4)
    good = ideal(store)(torch.zeros(4, 3, 240, 320))
    start = torch.cat([torch.full_like(good[..., :1], -4.6), torch.ones_like(good[..., 1:])], -1)
    values = [
        float(face_loss.loss(start * (1 - part) + good * part, boxes, real, real, nothing, GRID)[0])
        for part in (0.0, 0.5, 0.9)
    ]
    assert values[0] > values[1] > values[2]


def test_without_a_face_only_scores_are_taught():
    answers = torch.zeros(2, len(GRID.points), 5, requires_grad=True)
    empty = torch.zeros(2, 3, 4)
    none = torch.zeros(2, 3, dtype=torch.bool)
    everywhere = torch.tensor([[[0.0, 0, 320, 260]] * 3, [[0.0] * 4] * 3])
    total, _, box, count = face_loss.loss(answers, empty, none, none, everywhere, GRID)
    total.backward()
    assert float(box.detach()) == float(count) == 0
    assert answers.grad[0].abs().sum() == 0  # ignored from edge to edge
    assert answers.grad[1, :, 0].abs().sum() > 0
    assert answers.grad[..., 1:].abs().sum() == 0


def test_light_and_compression_keep_pictures_pictures():
    torch.manual_seed(1)
    images = torch.rand(6, 3, 48, 64)
    for made in (face_light.light(images), face_light.compress(images)):
        assert made.shape == images.shape
        assert 0 <= made.min() <= made.max() <= 1
    boxes, real = torch.tensor([[[10.0, 10, 40, 40]]] * 6), torch.ones(6, 1, dtype=torch.bool)
    assert torch.equal(face_light.occlude(images, boxes, ~real, 1.0), images)
    assert not torch.equal(face_light.occlude(images, boxes, real, 1.0), images)


def test_torch_and_keras_compute_the_same(tmp_path):
    keras = pytest.importorskip("keras")
    from training.networks import face

    torch.manual_seed(3)
    network = face_net.FaceNet(stem=(4, 6, 8), depths=(1, 1, 1), channels=(8, 12, 16))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
    network.eval()
    face_weights.save(network.state_dict(), tmp_path / "weights.npz")
    model = face.build(64, 48, stem=(4, 6, 8), depths=(1, 1, 1), channels=(8, 12, 16))
    with np.load(tmp_path / "weights.npz") as stored:
        face_weights.to_keras(dict(stored), model)
    images = np.random.default_rng(1).random((2, 48, 64, 3), np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(images)), expected, atol=1e-4)
