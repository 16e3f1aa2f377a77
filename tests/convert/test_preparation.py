"""Before quantization: classes, scores and pixels that would give silent wrong answers are found."""

from __future__ import annotations

import numpy as np
import pytest

from convert import pipeline
from convert.adapt import scores_kind
from convert.errors import ConversionError
from convert.load import from_keras
from convert.measure import DataFolder
from convert.preprocess import PRESETS
from convert.request import Request
from convert.sources import from_arrays
from edge.labels import EMOTIONS, MASKS
from edge.vision.preprocessing import Preprocessing

QUARTERS = ("happy", "sad", "surprise", "neutral")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([[0.5, 0.5], [0.0, 1.0]], "probabilities"),
        ([[0.7]], "probabilities"),
        ([[0.5, 0.9]], "sigmoids"),
        ([[0.5, -0.1]], "logits"),
        ([[3.0, 0.5]], "logits"),
    ],
)
def test_kinds_of_scores(values, kind):
    assert scores_kind(np.array(values)) == kind


def ending(keras_, model, classes: int, activation: str, weight: float = 1.0, single: bool = False):
    """The taught model with another last layer on its logits; with `single` on the difference of two halves."""
    from keras import layers

    body = keras_.Model(model.inputs, model.layers[-2].output)
    kernel, bias = model.layers[-1].get_weights()
    if single:
        kernel, bias = kernel[:, 1:] - kernel[:, :1], bias[1:] - bias[:1]
    last = layers.Dense(classes, activation=activation)
    ended = keras_.Sequential([*body.layers, last])
    ended(np.zeros((1, *model.input_shape[1:]), np.float32))
    last.set_weights([kernel * weight, bias * weight])
    return from_keras(ended, "m")


@pytest.fixture(scope="module")
def emotions(kit, keras_):
    """Seven classes; the four quarters are happy, sad, surprise and neutral."""
    return kit.taught(kit.network(classes=7), [EMOTIONS.index(name) for name in QUARTERS])


@pytest.fixture(scope="module")
def masks(kit, keras_):
    """The upper half is bare, the lower one masked."""
    return kit.taught(kit.network(classes=2), (0, 0, 1, 1))


def quarters(kit, count=120, channels=1, seed=2):
    return from_arrays("quarters", *kit.blobs(count, seed, channels), QUARTERS)


def halves(kit, count=120, names=MASKS):
    images, labels = kit.blobs(count, seed=2)
    return from_arrays("halves", images, labels // 2, names)


def answers(result, kit):
    images, labels = kit.blobs(40, seed=9)
    return result.converted.predict(images)[0], labels


def test_a_missing_softmax_is_named_then_added(kit, keras_, emotions):
    logits = ending(keras_, emotions, 7, "linear")
    source = quarters(kit)
    with pytest.raises(ConversionError, match=r"m: the outputs are not probabilities but go from .*add --softmax"):
        pipeline.convert(logits, source, Request(task="emotion-bare"), source)
    made = pipeline.convert(logits, source, Request(task="emotion-bare", softmax=True), source)
    assert made.converted.graph.operations[-1].kind == "SOFTMAX"
    assert made.card.accuracy["int8"] > 0.95


def test_a_softmax_twice_is_refused(kit, emotions):
    with pytest.raises(ConversionError, match="answers with probabilities already; leave it out"):
        pipeline.convert(from_keras(emotions, "m"), quarters(kit), Request(task="emotion-bare", softmax=True))


def test_one_sigmoid_per_class_is_named_then_taken(kit, keras_, emotions):
    sigmoids = ending(keras_, emotions, 7, "sigmoid", 0.2)
    source = quarters(kit)
    with pytest.raises(ConversionError, match=r"they sum to \d\.\d\d to \d\.\d\d: .* add --normalize"):
        pipeline.convert(sigmoids, source, Request(task="emotion-bare"), source)
    made = pipeline.convert(sigmoids, source, Request(task="emotion-bare", normalize=True), source)
    assert made.card.accuracy["int8"] > 0.95


@pytest.mark.parametrize("softmax", [False, True])
def test_one_sigmoid_becomes_two_classes(kit, keras_, masks, softmax):
    """The tutorials' binary mask model: with_mask is 0, without_mask is 1, by the alphabet of the folders."""
    model = ending(keras_, masks, 1, "linear" if softmax else "sigmoid", single=True)
    source = halves(kit, names=("with_mask", "without_mask"))
    request = Request(task="mask", labels=("with_mask", "without_mask"), softmax=softmax)
    made = pipeline.convert(model, source, request, source)
    assert made.spec.labels == MASKS
    assert made.card.accuracy["int8"] > 0.95
    (values, labels) = answers(made, kit)
    assert np.allclose(values.sum(axis=1), 1, atol=0.02)
    # The lower half is "without_mask" here.
    assert ((values[:, MASKS.index("bare")] > 0.5) == (labels >= 2)).mean() > 0.95


def test_five_classes_in_other_words_and_a_surplus_one(kit, keras_):
    """contempt counts as disgust, fear and angry are always zero."""
    model = from_keras(kit.taught(kit.network(classes=5), (0, 1, 2, 3)), "m")
    names = ("Happiness", "Sadness", "Surprised", "Neutral", "Contempt")
    source = quarters(kit)
    request = Request(task="emotion-bare", labels=names, fold={"contempt": "disgust"})
    made = pipeline.convert(model, source, request, source)
    assert made.spec.labels == EMOTIONS
    assert made.card.accuracy["int8"] > 0.95
    assert "the model has no output for angry, fear: always 0" in made.warnings
    values, _ = answers(made, kit)
    assert not values[:, [EMOTIONS.index("angry"), EMOTIONS.index("fear")]].any()


def test_a_surplus_emotion_reaches_the_manifest_and_the_card(kit, keras_, tmp_path):
    model = from_keras(kit.taught(kit.network(classes=5), (0, 1, 2, 4)), "m")
    names = ("Happiness", "Sadness", "Surprised", "Neutral", "Contempt")
    images, labels = kit.blobs(120, seed=2)
    source = from_arrays("quarters", images, labels, ("happy", "sad", "surprise", "contempt"))
    request = Request(task="emotion-bare", labels=names)
    with pytest.raises(
        ConversionError, match=r"are of the seven emotions, and the model also tells contempt; give one"
    ):
        pipeline.convert(model, source, request, DataFolder(tmp_path))
    made = pipeline.convert(model, source, request, source)
    assert made.spec.labels == made.card.labels == (*EMOTIONS, "contempt")
    assert made.card.accuracy["int8"] > 0.95
    assert made.converted.engine(made.spec).infer(images[0])[0].shape == (8,)


def test_classes_are_looked_at_before_anything_else(kit, keras_):
    """The set would be refused too, but later."""
    model = from_keras(kit.network(classes=8), "m")
    nothing = from_arrays("flat", np.zeros((30, 24, 24, 1), np.uint8))
    with pytest.raises(ConversionError, match=r"m: 8 outputs, where emotion-bare has 7"):
        pipeline.convert(model, nothing, Request(task="emotion-bare"))


def test_two_outputs_are_no_classifier(kit, keras_, emotions):
    model = from_keras(keras_.Model(emotions.inputs, [emotions.layers[-1].output, emotions.layers[-2].output]), "m")
    with pytest.raises(ConversionError, match=r"emotion-bare needs one output with one score per class, got 2: \(7,\)"):
        pipeline.convert(model, quarters(kit), Request(task="emotion-bare"))


def test_what_to_convert_of_other_outputs_is_told(kit, keras_, emotions):
    scores = emotions.outputs[0]
    arousal = keras_.layers.Dense(2)(scores)
    for outputs, says in (
        ([arousal, scores], r"model\.outputs\[1\]\)$"),
        ([scores, arousal], r"model\.outputs\[0\]\)$"),
        (keras_.layers.Reshape((1, 1, 7))(scores), r"Flatten\(\)\(model\.outputs\[0\]\)\)$"),
        (keras_.ops.argmax(scores, axis=-1), "without its last step, the argmax$"),
    ):
        model = from_keras(keras_.Model(emotions.inputs, outputs), "m")
        with pytest.raises(ConversionError, match=says):
            pipeline.convert(model, quarters(kit), Request(task="emotion-bare"))


# --- pixels


def behind(keras_, model, *layers):
    """The model behind layers of its own that change the pixels."""
    picture = keras_.Input(model.input_shape[1:])
    x = picture
    for layer in layers:
        x = layer(x)
    return from_keras(keras_.Model(picture, model(x)), "m")


def test_a_scaling_inside_the_model_is_heeded(kit, keras_, emotions):
    model = behind(keras_, emotions, keras_.layers.Rescaling(1 / 255))
    source = quarters(kit)
    made = pipeline.convert(model, source, Request(task="emotion-bare", decide="model"), source)
    assert (made.spec.low, made.spec.high) == (0.0, 255.0)
    assert made.warnings[0] == (
        "m scales its input itself (0-255 becomes 0 to 1): pixels go in as 0-255, --preprocess none"
    )
    assert made.card.accuracy["int8"] > 0.95


def test_a_second_scaling_is_refused_where_labelled_pictures_show_it(kit, keras_, emotions):
    model = behind(keras_, emotions, keras_.layers.Rescaling(1 / 255))
    source = quarters(kit)
    with pytest.raises(ConversionError, match=r"of 120 labelled pictures .* with --preprocess none; add these flags"):
        pipeline.convert(model, source, Request(task="emotion-bare"), source)


def test_a_second_scaling_is_warned_of_where_there_are_none(kit, keras_, emotions):
    model = behind(keras_, emotions, keras_.layers.Rescaling(1 / 255))
    source = from_arrays("plain", kit.blobs(120, 2)[0])
    made = pipeline.convert(model, source, Request(task="emotion-bare", tolerance=9))
    assert "is --preprocess none meant?" in made.warnings[0]


def test_auto_takes_what_labelled_pictures_say(kit, keras_, emotions):
    model = behind(keras_, emotions, keras_.layers.Rescaling(0.5, 0.5))  # was trained on -1 to 1
    source = quarters(kit)
    made = pipeline.convert(model, source, Request(task="emotion-bare", decide="pictures"), source)
    assert Preprocessing.of(made.spec) == PRESETS["tf"]
    assert "quarters: 100 % right with --preprocess tf: taken" in made.warnings


def test_auto_needs_labelled_pictures(kit, emotions):
    source = from_arrays("plain", kit.blobs(120, 2)[0])
    with pytest.raises(ConversionError, match="--preprocess auto: expected labelled pictures"):
        pipeline.convert(from_keras(emotions), source, Request(task="emotion-bare", decide="pictures"))


def tinted(kit, count=120, seed=2):
    """Colour pictures whose blob is in the blue channel alone; red and green hold blobs of other quarters."""
    images, labels = kit.blobs(count, seed, 3)
    for channel in (0, 1):
        images[..., channel] = kit.blobs(count, seed + 1 + channel, 1)[0][..., 0]
    return images, labels


def test_bgr_with_means_is_what_the_device_does_too(kit, keras_):
    """A model that looks at its first channel, the blue one of a BGR picture less a mean."""
    from keras import layers

    body = kit.taught(kit.network(classes=7), [EMOTIONS.index(name) for name in QUARTERS])
    picture = keras_.Input((24, 24, 3))
    first = layers.Conv2D(1, 1, use_bias=True)
    x = body(first(picture))
    first.set_weights([np.array([1.0, 0.0, 0.0]).reshape(1, 1, 3, 1) / 255, np.array([103.939 / 255])])
    model = from_keras(keras_.Model(picture, x), "m")
    images, labels = tinted(kit)
    source = from_arrays("tinted", images, labels, QUARTERS)
    with pytest.raises(ConversionError, match="with --preprocess caffe"):
        pipeline.convert(model, source, Request(task="emotion-bare"), source)
    request = Request(task="emotion-bare", preprocessing=PRESETS["caffe"])
    made = pipeline.convert(model, source, request, source)
    assert made.card.accuracy["int8"] > 0.95
    engine = made.converted.engine(made.spec)
    device = np.stack([engine.infer(image)[0] for image in images])
    assert (device.argmax(axis=1) == np.array([EMOTIONS.index(QUARTERS[k]) for k in labels])).mean() > 0.95
    card = made.card.input
    assert (card["order"], card["mean"]) == ("bgr", (103.939, 116.779, 123.68))


def test_a_colour_model_may_have_been_trained_on_grey(kit, keras_, emotions):
    from keras import layers

    picture = keras_.Input((24, 24, 3))
    mean = layers.Conv2D(1, 1, use_bias=False)
    x = emotions(mean(picture))
    mean.set_weights([np.full((1, 1, 3, 1), 1 / 3)])
    model = from_keras(keras_.Model(picture, x), "m")
    source = quarters(kit)
    made = pipeline.convert(model, source, Request(task="emotion-bare", colour="grey"), source)
    assert made.spec.colour == "grey"
    assert made.card.accuracy["int8"] > 0.95
    request = Request(task="emotion-bare", colour="grey", preprocessing=PRESETS["torch"])
    with pytest.raises(ConversionError, match="--colour grey: one mean"):
        pipeline.convert(model, source, request)


def test_the_same_answer_for_everything_is_warned_of(kit, emotions):
    images, labels = kit.blobs(1400, 2)
    source = from_arrays("plain", images[labels == 1])
    made = pipeline.convert(from_keras(emotions, "m"), source, Request(task="emotion-bare", tolerance=9))
    assert "the float model says sad for 100 % of the pictures; is --preprocess right?" in made.warnings


def test_answers_that_never_change_are_refused(kit, emotions):
    """Fed with negative values its ReLUs pass nothing on."""
    request = Request(task="emotion-bare", preprocessing=Preprocessing(-2.0, -1.0))
    source = from_arrays("plain", kit.blobs(120, 2)[0])
    with pytest.raises(ConversionError, match="m: the same answer for every calibration picture; check --preprocess"):
        pipeline.convert(from_keras(emotions, "m"), source, request)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_a_broken_training_is_not_taken_for_wrong_flags(kit, keras_, labelled, named):
    """A weight that is not a number makes every answer one: no order of the classes is better than another."""
    broken = kit.taught(kit.network(classes=7), [EMOTIONS.index(name) for name in QUARTERS])
    kernel, *others = broken.get_weights()
    kernel[0, 0, 0, 0] = np.nan
    broken.set_weights([kernel, *others])
    images, truth = kit.blobs(120, seed=5)
    source = from_arrays("set", images, truth if labelled else None, QUARTERS if labelled else ())
    request = Request(task="emotion-bare", labels=EMOTIONS if named else ())
    with pytest.raises(ConversionError, match="not numbers; train it again"):
        pipeline.convert(from_keras(broken), source, request)
