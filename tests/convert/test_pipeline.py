"""The whole conversion: what passes is published, what does not leaves everything as it was."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convert import card as cards
from convert import pipeline, publish
from convert.errors import CalibrationError, ConversionError
from convert.load import from_keras
from convert.request import Request
from convert.sources import from_arrays
from convert.verdict import Refused
from edge import manifest
from edge.engines.litert import LiteRtEngine
from edge.errors import ModelError, OutputError
from edge.labels import EMOTIONS, MASKS

DEADLINE_S = 60.0  # for what must happen


def source(kit, count=150, seed=2):
    return from_arrays("blobs", *kit.blobs(count, seed), kit.CLASSES)


@pytest.fixture(scope="module")
def masks(kit, keras_):
    """A model of two classes, upper and lower half: as good as a mask classifier for the machinery."""
    return kit.taught(kit.network(classes=2), (0, 0, 1, 1))


@pytest.fixture(scope="module")
def steps():
    """What `passed` was told while it was converted."""
    return []


@pytest.fixture(scope="module")
def passed(kit, masks, steps):
    images, labels = kit.blobs(150, seed=2)
    half = from_arrays("halves", images, labels // 2, MASKS)
    request = Request(name="mine", task="mask", samples=120, about="blobs, CC0", failures="grey days", margin=1.3)
    return pipeline.convert(from_keras(masks), half, request, half, steps.append)


def test_each_step_is_told_in_its_turn(passed, steps):
    assert steps == [
        "choosing the calibration pictures",
        "quantizing",
        "measuring the accuracy",
        "comparing int8 with float, layer by layer",
    ]


def test_what_passes_has_everything(passed):
    spec, card = passed.spec, passed.card
    assert (spec.name, spec.task, spec.head, spec.labels) == ("mine", "mask", "probabilities", MASKS)
    assert (spec.width, spec.height, spec.colour, spec.low, spec.high, spec.margin) == (24, 24, "grey", 0.0, 1.0, 1.3)
    assert spec.sha256 == card.sha256 == hashlib.sha256(passed.converted.content).hexdigest()
    assert card.size == len(passed.converted.content)
    assert card.input["dtype"] == "int8"
    assert (card.calibration["samples"], card.calibration["seed"]) == (120, 1)
    assert (card.calibration["checked"], card.calibration["fresh"]) == (30, True)
    assert card.accuracy["float"] > 0.98
    assert card.accuracy["pictures"] == 150
    assert (card.about, card.failures) == ("blobs, CC0", "grey days")
    assert card.latency["milliseconds"] > 0
    assert "cores" in card.latency["machine"]
    assert passed.warnings == ()


def test_the_device_loads_what_was_published(kit, passed, tmp_path):
    folder = tmp_path / "models"
    written = publish.publish(passed, folder / "mask" / "model.tflite", folder)
    names = sorted(path.relative_to(folder).as_posix() for path in written)
    assert names == ["manifest.json", "mask/card.json", "mask/card.md", "mask/model.tflite"]
    listed = manifest.load(folder)
    engine = LiteRtEngine(listed["mask"], listed.path("mask"))
    images, labels = kit.blobs(60, seed=8)
    answers = np.stack([engine.infer(image)[0] for image in images])
    assert (answers.argmax(axis=1) == labels // 2).mean() > 0.95


def test_publishing_again_replaces_one_entry_and_forgets_its_compiled_variant(passed, tmp_path):
    out = tmp_path / "mask" / "model.tflite"
    publish.publish(passed, out, tmp_path)
    old = manifest.load(tmp_path)["mask"]
    other = replace(old, task="emotion-bare", labels=EMOTIONS, file="e.tflite")
    compiled = replace(old, edgetpu="mask/model_edgetpu.tflite", edgetpu_sha256="0" * 64)
    manifest.save(tmp_path, {"mask": compiled, "emotion-bare": other})
    publish.publish(passed, out, tmp_path)
    listed = manifest.load(tmp_path)
    assert listed["mask"] == old
    assert listed["emotion-bare"] == other


def test_without_a_manifest_the_card_stands_beside(passed, tmp_path):
    written = publish.publish(passed, tmp_path / "deep" / "m.tflite")
    assert sorted(path.name for path in written) == ["m.json", "m.md", "m.tflite"]
    assert (tmp_path / "deep" / "m.md").read_text().startswith("# mine\n")


def test_a_place_outside_of_the_manifests_folder(passed, tmp_path):
    with pytest.raises(ConversionError, match=r"expected a place in .*models"):
        publish.publish(passed, tmp_path / "m.tflite", tmp_path / "models")
    assert list(tmp_path.iterdir()) == []


def test_an_entry_needs_a_task(passed, tmp_path):
    with pytest.raises(ConversionError, match="add --task"):
        publish.publish(replace(passed, spec=None), tmp_path / "m.tflite", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_manifest_is_said_before_anything_is_written(passed, tmp_path):
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ModelError, match="not valid JSON"):
        publish.publish(passed, tmp_path / "m.tflite", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize(
    ("out", "card", "says"),
    [
        ("m.md", None, "m.md: choose two files for --out and the card"),
        ("m.json", None, "choose two files for --out and the card's .json"),
        ("m.tflite", "c.json", "choose two files for the card and the card's .json"),
        ("file/m.tflite", None, r"file/m\.tflite: cannot be written \(.*/file is a file, not a folder\)"),
        ("folder", None, "there is a folder of this name"),
        ("m.tflite", "file/c.md", r"file/c\.md: cannot be written"),
        ("dead/m.tflite", None, "is a dead link, not a folder"),
    ],
)
def test_places_that_cannot_be_written_are_told_before_the_work(tmp_path, out, card, says):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "dead").symlink_to("nowhere")
    with pytest.raises(OutputError, match=says):
        publish.check_places(tmp_path / out, "mask", None, card and tmp_path / card)
    publish.check_places(tmp_path / "new" / "er" / "m.tflite", "mask")
    assert not (tmp_path / "new").exists(), "a check makes nothing"


def test_a_model_is_not_written_over_that_of_another_task(passed, tmp_path):
    publish.publish(passed, tmp_path / "mask" / "model.tflite", tmp_path)
    for task, out in (("mask", "mask/model.tflite"), ("emotion-bare", "emotion-bare/model.tflite")):
        publish.check_places(tmp_path / out, task, tmp_path)
    with pytest.raises(ConversionError, match=r"mask/model\.tflite: belongs to the model of mask .* another --out"):
        publish.check_places(tmp_path / "mask" / "model.tflite", "emotion-bare", tmp_path)
    with pytest.raises(ConversionError, match=r"mask/card\.md: belongs to the model of mask .* another --card"):
        publish.check_places(tmp_path / "mask" / "mine.tflite", "emotion-bare", tmp_path)
    (tmp_path / "mask" / "weights.npz").touch()
    with pytest.raises(ConversionError, match=r"mine\.tflite: .*weights\.npz belongs to the model of mask; choose"):
        publish.check_places(tmp_path / "mask" / "mine.tflite", "emotion-bare", tmp_path, tmp_path / "x.md")
    with pytest.raises(OutputError, match="choose two files for --out and the manifest"):
        publish.check_places(tmp_path / "manifest.json", "mask", tmp_path)


def test_two_conversions_at_once_both_enter_their_models(passed, tmp_path, monkeypatch):
    """The second begins while the first has read the manifest and not written it yet."""
    other = replace(passed, spec=replace(passed.spec, task="emotion-bare", labels=EMOTIONS))
    whole, alone, seconds, arrived = publish.known, publish.alone_in, [], threading.Event()

    def alone_in(folder):
        if threading.current_thread() in seconds:
            arrived.set()
        return alone(folder)

    def known(folder):
        specs = whole(folder)
        if not seconds:
            place = folder / "emotion-bare" / "model.tflite"
            seconds.append(threading.Thread(target=publish.publish, args=(other, place, folder)))
            seconds[0].start()
            assert arrived.wait(DEADLINE_S)
            seconds[0].join(0.2)
            assert seconds[0].is_alive(), "it waits"
        return specs

    monkeypatch.setattr(publish, "alone_in", alone_in)
    monkeypatch.setattr(publish, "known", known)
    publish.publish(passed, tmp_path / "mask" / "model.tflite", tmp_path)
    seconds[0].join(DEADLINE_S)
    assert not seconds[0].is_alive()
    assert set(manifest.load(tmp_path).specs) == {"mask", "emotion-bare"}


def fill_disk(monkeypatch, name):
    """Let no byte be written to files of this name."""
    real = Path.write_bytes

    def full(path, content):
        if path.name == name:
            raise OSError(28, "No space left on device", str(path))
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)


def test_where_the_manifest_cannot_be_written_the_models_folder_stays_as_it_was(passed, tmp_path, monkeypatch):
    """A new model beside the old one's entry would not be opened by the device."""
    out = tmp_path / "mask" / "model.tflite"
    publish.publish(passed, out, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    fill_disk(monkeypatch, "manifest.json.new")
    changed = replace(passed, converted=replace(passed.converted, content=b"another"))
    with pytest.raises(ConversionError, match=r"manifest\.json\.new: cannot be written \(No space left on device\)"):
        publish.publish(changed, out, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_float_weights_of_the_model_before_are_set_aside(tmp_path):
    """The docs copy the bundled models: `evaluate` would take our float network for that of the new model."""
    out, run = tmp_path / "models/mask/model.tflite", tmp_path / "run"
    out.parent.mkdir(parents=True)
    run.mkdir()
    assert publish.set_aside_weights(out, run / "model.keras") is None
    ours = out.with_name("weights.npz")
    for name in ("model.keras", "weights.npz"):
        (run / name).write_text(name)
    ours.write_text("weights.npz")
    assert publish.set_aside_weights(out, run / "model.keras") is None, "they are of the same run"
    assert publish.set_aside_weights(out, ours) is None, "it was converted from them"
    assert ours.exists()
    ours.write_text("of another model")
    assert publish.set_aside_weights(out, run) == ours.with_name("weights.npz.before"), "a SavedModel folder"
    assert (ours.exists(), ours.with_name("weights.npz.before").read_text()) == (False, "of another model")


def test_writing_nothing_is_fine():
    publish.write_all({})


@pytest.mark.parametrize("place", ["b", "a/x"])
def test_a_failed_write_leaves_the_old_files_whole(tmp_path, place):
    """`b` is a folder, `a` a file: neither can take what is to be written there."""
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "b").mkdir()
    with pytest.raises(ConversionError, match="cannot be written"):
        publish.write_all({tmp_path / "a": b"new", tmp_path / place: b"new"})
    assert (tmp_path / "a").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_full_disk_leaves_the_old_files_whole(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")
    fill_disk(monkeypatch, "b.new")
    with pytest.raises(ConversionError, match="No space left on device"):
        publish.write_all({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def clipped(kit, masks, keras_):
    """The same network, with a constant channel that takes the int8 range from all others, and from the weights."""
    copy = keras_.models.clone_model(masks)
    copy.set_weights(masks.get_weights())
    kernel, bias = copy.layers[3].get_weights()
    kernel[..., 0], bias[0] = 0.0, 3000.0
    copy.layers[3].set_weights([kernel, bias])
    dense, bias = copy.layers[5].get_weights()
    dense[0::8] = 1.0  # what the dense layer sees in that channel, it takes off again
    copy.layers[5].set_weights([dense, bias - 3000.0 * len(dense[0::8])])
    return copy


def test_a_model_that_loses_too_much_is_refused_with_its_layers(kit, masks, keras_):
    images, labels = kit.blobs(150, seed=2)
    half = from_arrays("halves", images, labels // 2, MASKS)
    request = Request(name="mine", task="mask")
    with pytest.raises(
        Refused, match=r"int8 loses \d+\.\d\d points on 150 pictures of halves .*--max-loss is 0\.5"
    ) as caught:
        pipeline.convert(from_keras(clipped(kit, masks, keras_), "m"), half, request, half)
    assert "\n" not in str(caught.value)
    assert caught.value.layers[0].name.startswith("conv2d")
    assert caught.value.layers[0].name in str(caught.value)


def test_without_labels_the_answers_themselves_must_hold(kit, masks, keras_):
    model = from_keras(clipped(kit, masks, keras_), "m")
    with pytest.raises(Refused, match=r"output_0 is 0\.\d+ off in int8, --tolerance is 0\.15"):
        pipeline.convert(model, source(kit), Request(task="mask"))
    lenient = pipeline.convert(model, source(kit), Request(task="mask", tolerance=2.0))
    assert lenient.card.accuracy == {}


def test_labels_in_the_wrong_order_are_refused_with_the_right_one(kit, masks):
    images, labels = kit.blobs(150, seed=2)
    wrong = from_arrays("halves", images, 1 - labels // 2, MASKS)
    with pytest.raises(ConversionError, match="0 % are right as given, 100 % with --labels worn,bare; add these flags"):
        pipeline.convert(from_keras(masks), wrong, Request(task="mask"), wrong)


def test_who_insists_is_warned(kit, masks):
    images, labels = kit.blobs(150, seed=2)
    wrong = from_arrays("halves", images, 1 - labels // 2, MASKS)
    made = pipeline.convert(from_keras(masks), wrong, Request(task="mask", as_given=True), wrong)
    assert any("hardly more than chance; check --preprocess" in warning for warning in made.warnings)


def test_an_open_size_is_fixed_by_the_flags(kit, keras_):
    layers = keras_.layers
    keras_.utils.set_random_seed(2)
    model = keras_.Sequential([layers.Input((None, None, 1)), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()])
    request = Request(width=20, height=16, tolerance=1.0)
    made = pipeline.convert(from_keras(model), source(kit), request)
    assert made.converted.graph.inputs[0].shape == (1, 16, 20, 1)
    with pytest.raises(ConversionError, match=r"dynamic input shape \(\?, \?, \?, 1\); fix it with --height"):
        pipeline.convert(from_keras(model), source(kit), Request())


def test_a_model_without_a_task_converts_without_an_entry(kit, learned):
    made = pipeline.convert(from_keras(learned, "quarters"), source(kit), Request(labels=kit.CLASSES), source(kit))
    assert made.spec is None
    assert (made.card.task, made.card.name, tuple(made.card.labels)) == ("", "quarters", kit.CLASSES)
    assert made.card.accuracy["int8"] > 0.98


@pytest.mark.parametrize(
    ("request_", "error", "says"),
    [
        (Request(task="emotion-bare"), ConversionError, "2 outputs, where emotion-bare has 7 .*--labels A,B"),
        (Request(task="mask", labels=("on", "off")), ConversionError, "'on' is not a class of mask .*--fold on="),
        (Request(task="mask", labels=("bare",)), ConversionError, "expected one name per output of m, 2, got 1"),
        (Request(task="face", strides=(8,), units=(8.0,)), ConversionError, "expected 2 outputs, got 1"),
        (Request(task="face"), ModelError, "strides"),
        (Request(width=48), ConversionError, "--width asks for 48, the model has 24; leave --width out"),
        (
            Request(width=48, height=32),
            ConversionError,
            "--height and --width ask for 32 and 48, the model has 24 and 24; leave --height and --width out",
        ),
        (Request(colour="rgb"), ConversionError, "--colour asks for 3, the model has 1"),
    ],
)
def test_what_does_not_fit_the_task_is_one_line(kit, masks, request_, error, says):
    with pytest.raises(error, match=says) as caught:
        pipeline.convert(from_keras(masks, "m"), source(kit, 30), request_)
    assert "\n" not in str(caught.value)


def test_classes_of_the_evaluation_must_be_the_models(kit, masks):
    with pytest.raises(CalibrationError, match="class 'happy' is none of the model's"):
        pipeline.convert(from_keras(masks), source(kit, 30), Request(task="mask"), source(kit, 30))


def test_numbers_without_names_are_the_models_own_outputs(kit, learned):
    """The device's order of the emotions is not the model's: the accuracy on the card is that of what was meant."""
    images, labels = kit.blobs(150, seed=2)
    request = Request(name="mine", task="emotion-bare", labels=("sad", "neutral", "angry", "happy"))
    given = from_arrays("numbers", images, labels)
    assert pipeline.convert(from_keras(learned), source(kit), request, given).card.accuracy["float"] > 0.98


@pytest.mark.parametrize(
    ("fields", "says"),
    [({"integer": "int4"}, "--input-type")],
)
def test_a_request_that_makes_no_sense(fields, says):
    with pytest.raises(ConversionError, match=says):
        Request(**fields)


def test_labels_may_come_in_another_order(kit, masks):
    made = pipeline.convert(from_keras(masks), source(kit, 120), Request(task="mask", labels=("worn", "bare")))
    assert made.spec.labels == ("worn", "bare")


def test_a_card_survives_json_and_says_what_it_knows(passed, tmp_path):
    path = tmp_path / "card.json"
    path.write_text(cards.to_json(passed.card))
    loaded = cards.load(path)
    text = cards.render(loaded)
    assert text == cards.render(passed.card)
    for fact in (passed.card.sha256, "24x24 grey", "bare, worn", "120 pictures of halves, seed 1", "blobs, CC0"):
        assert fact in text
    assert f"{passed.card.multiply_adds:,}" in text
    assert "CONV_2D" in text
    assert "Not measured yet" in text


def test_figures_measured_later_are_put_in(passed):
    figures = {"mask": {"pairs": {"accuracy": 0.98765, "n": 318}}, "face": {"ap50": 0.8}}
    text = cards.render(passed.card.with_figures(figures))
    assert "| pairs.accuracy | 0.9877 |" in text
    assert "| pairs.n | 318 |" in text
    assert "ap50" not in text
    assert "Not measured yet" not in text
    assert "| x | 1.0000 |" in cards.render(passed.card.with_figures({"x": 1.0}))


def test_a_card_without_accuracy_says_so(passed):
    text = cards.render(replace(passed.card, accuracy={}, about="", failures="", labels=()))
    assert "not measured; no labelled set was given" in text
    assert text.count("Not stated.") == 2


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": "x"}'])
def test_a_broken_card_is_one_line(tmp_path, content):
    (tmp_path / "card.json").write_text(content)
    with pytest.raises(ConversionError, match="not a model's card"):
        cards.load(tmp_path / "card.json")


def test_a_cell_cannot_break_the_table(passed):
    text = cards.render(passed.card.with_figures({"a|b": "c|d"}))
    assert r"| a\|b | c\|d |" in text


def test_json_of_a_card_is_plain(passed):
    document = json.loads(cards.to_json(passed.card))
    assert document["calibration"]["source"] == "halves"
    assert document["checks"][0]["name"] == "output_0"


def test_dense_layers_get_a_scale_per_row_before_a_model_is_refused(kit, keras_, monkeypatch):
    """Seven units average a quarter each; the eighth looks at one pixel alone, with a weight 300 times as large."""
    from keras import layers

    body = [*kit.network().layers[:-1], layers.Dense(8, activation="relu"), layers.Dense(2, activation="softmax")]
    model = kit.taught(keras_.Sequential([layers.Input((24, 24, 1)), *body]), (0, 0, 1, 1))
    *_, hidden, last = model.layers
    kernel, bias = hidden.get_weights()
    kernel[:, 7] = 0.0
    kernel[0, 7] = 4.0
    hidden.set_weights([kernel, bias])
    weights, bias = last.get_weights()
    weights[7], weights[3] = 0.0, 2 * weights[3]  # the third unit of that quarter stands in for it
    last.set_weights([weights, bias])
    images, labels = kit.blobs(150, seed=2)
    half = from_arrays("halves", images, labels // 2, MASKS)
    made = pipeline.convert(from_keras(model, "m"), half, Request(task="mask"), half)
    assert made.warnings == (pipeline.EQUALIZED,)  # which an Edge TPU runs, too: it is tried first
    assert made.card.accuracy["int8"] >= made.card.accuracy["float"] - 0.005

    monkeypatch.setattr(pipeline, "EFFORTS", {e: t for e, t in pipeline.EFFORTS.items() if not e.equalize})
    made = pipeline.convert(from_keras(model, "m"), half, Request(task="mask"), half)
    assert made.warnings == (pipeline.DENSE_ROWS,)
    assert pipeline.DENSE_ROWS in made.card.calibration["warnings"]
    assert made.card.accuracy["int8"] >= made.card.accuracy["float"] - 0.005
    rows = {len(op.inputs[1].scales) for op in made.converted.graph.operations if op.kind == "FULLY_CONNECTED"}
    assert rows == {8, 2}
