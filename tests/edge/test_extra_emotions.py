"""An emotion beside the seven, of a model of somebody's own: shown under its name wherever emotions are shown."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from edge import manifest
from edge.commands import log_csv
from edge.commands.image_crops import Chart
from edge.commands.image_folder import Taken
from edge.engines import open_engine
from edge.errors import InvalidValue, ModelError
from edge.face import Scene, Track
from edge.frame import Frame
from edge.journals.events import events
from edge.journals.groups import Statistics
from edge.journals.report_charts import shares
from edge.journals.summary import Summary
from edge.journals.timeline import Timeline, binned, edges
from edge.labels import EMOTIONS, extra_labels, is_extra_label
from edge.pipeline.pipeline import EmotionPipeline
from edge.records import face_record
from edge.result import Face, Result
from edge.settings import ModelsSettings, Settings
from edge.sinks.mqtt import emotions_of
from edge.sinks.mqtt_discovery import document
from edge.sinks.mqtt_topics import Topics
from edge.sinks.situation import dominant
from edge.tasks import DAEMON
from edge.testing import FakeEngine
from edge.vision import palette, pictograms
from edge.vision.annotate import annotate
from tests.edge.vision.faces import track

LABELS = (*EMOTIONS, "contempt")
BARE = (32, 32, False, True)


def scornful(share: float = 0.6, **fields) -> Track:
    values = np.full(len(LABELS), (1 - share) / len(EMOTIONS), np.float32)
    values[-1] = share
    return replace(track(**fields), labels=LABELS, emotion=values)


def journal(count: int = 2) -> list[dict]:
    """What is written about a face that comes, shows contempt for five seconds, and goes."""
    known = replace(scornful(), refreshed=0.0, seen=5.0)
    start = {"monotonic": 0.0, "event": "start", "live": True, "source": "v4l2:0"}
    came = events(Scene(), Scene(tracks=(known,)), 640, 480, 10.0)
    went = events(Scene(tracks=(known,)), Scene(time=5.0), 640, 480, 10.0)
    stamps = ("2026-01-31T12:00:00.000Z", "2026-01-31T12:00:00.000Z", "2026-01-31T12:00:05.000Z")
    return [{"time": at, **event} for at, event in zip(stamps, [start, *came, *went], strict=True)]


@pytest.mark.parametrize(
    ("labels", "extra"),
    [((), ()), (EMOTIONS, ()), (LABELS, ("contempt",)), (("calm", "happy", "bored", "calm"), ("calm", "bored"))],
)
def test_what_is_beside_the_seven(labels, extra):
    assert extra_labels(labels) == extra


@pytest.mark.parametrize(
    ("label", "fits"),
    [
        *[("contempt", True), ("a", True), ("very_bored_2", True), ("x" * 20, True)],
        *[("", False), ("x" * 21, False), ("Contempt", False), ("too-small", False), ("häme", False), ("a\n", False)],
        *[("unsure", False), ("none", False), ("happy", False), ("<b>", False), ("1st", False)],
    ],
)
def test_names_that_a_further_emotion_may_have(label, fits):
    assert is_extra_label(label) is fits


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ((*EMOTIONS, "Contempt"), "labels: expected names of at most 20 of a-z, 0-9 and _"),
        ((*EMOTIONS, "unsure"), "labels: expected names"),
        ((*EMOTIONS, *(f"e{n}" for n in range(10))), "labels: expected at most 9 beside the seven emotions"),
    ],
)
def test_a_manifest_with_names_that_cannot_be_shown(tiny_manifest, labels, says):
    with pytest.raises(ModelError, match=says):
        replace(tiny_manifest["emotion-bare"], labels=labels)
    assert replace(tiny_manifest["emotion-bare"], labels=LABELS).labels == LABELS


@pytest.fixture
def engines(tiny_manifest):
    """The tiny models, of which the one for bare faces sees contempt in everything, its first output."""
    made = [open_engine(tiny_manifest, task) for task in DAEMON]
    spec = replace(made[2].spec, labels=("contempt", *EMOTIONS))
    answer = np.array([[0.58, *[0.06] * 7]], np.float32)
    return [*made[:2], FakeEngine(spec, lambda image: (answer,)), made[3]]


def test_the_pipeline_names_it_and_gives_the_other_model_a_zero(engines, paint):
    pipeline = EmotionPipeline(*engines)
    assert pipeline.labels == LABELS
    (bare,) = pipeline.detect(paint(BARE))
    (masked,) = pipeline.detect(paint((32, 32, True, True)))
    assert (bare.label, masked.label) == ("contempt", "surprise")
    assert bare.emotion[-1] == pytest.approx(0.58, abs=1e-6)
    assert masked.emotion[-1] == 0
    for known in (bare, masked):
        assert known.labels == LABELS
        assert known.emotion.sum() == pytest.approx(1, abs=1e-3)


def test_a_model_that_lacks_one_of_the_seven_is_an_error(engines):
    engines[2].spec = replace(engines[2].spec, labels=(*EMOTIONS[1:], "contempt", "calm"))
    with pytest.raises(ModelError, match="expected the labels angry, "):
        EmotionPipeline(*engines)


def test_the_python_api_and_json_have_an_eighth_key(engines, paint):
    frame = Frame(paint(BARE), 0.0, 0)
    (face,) = Result.of(frame, EmotionPipeline(*engines).detect(frame.image))
    assert tuple(face.probabilities) == LABELS
    assert face.emotion == "contempt"
    assert repr(face).startswith("Face(contempt 58 %, no mask")
    assert tuple(face.to_dict()["probabilities"]) == LABELS
    with pytest.raises(InvalidValue, match="expected 7 numbers"):
        Face(face.box, 0.9, 0.1, False, distribution=face.distribution)


def test_the_journal_says_it():
    (appeared,) = [event for event in journal() if event["event"] == "appeared"]
    assert (appeared["emotion"], appeared["probabilities"]["contempt"]) == ("contempt", 0.6)
    assert face_record(scornful(), 640, 480)["emotion"] == "contempt"


def test_the_summary_and_the_report_count_it():
    summary, statistics = Summary(), Statistics()
    for event in journal():
        summary.add(event)
        statistics.add(event)
    assert f"contempt   {'5.0 s 100 %':>20}{'-':>21}" in summary.text()
    assert "most often contempt" in summary.text()
    assert statistics.whole().shares() == {"contempt": 1.0}
    assert "#cabea0" in shares(statistics.whole().shares())


def test_the_plot_has_an_area_for_it(tmp_path):
    pytest.importorskip("matplotlib")
    from edge.commands import log_plot

    made = Timeline.of(journal())
    assert made.labels == (*LABELS, "unsure", "too-small")
    assert binned(made.spans, False, edges(made), made.labels).max(axis=1).tolist() == [*[0] * 7, 1, 0, 0]
    out = tmp_path / "t.svg"
    log_plot.draw(made, "x", out)
    assert "contempt" in out.read_text()
    assert "#cabea0" in out.read_text()


def test_the_table_has_a_column_for_it():
    labels = (*EMOTIONS, *log_csv._others(journal()))
    assert labels == LABELS
    written = io.StringIO()
    log_csv.write(journal(), written, labels)
    rows = list(csv.DictReader(io.StringIO(written.getvalue())))
    assert [row["p_contempt"] for row in rows] == ["", "0.6", "0.6"]
    assert list(rows[0])[-2:] == ["p_contempt", "details"]


@pytest.mark.parametrize("name", ["P(x)", "=cmd", "x" * 30, "unsure"])
def test_no_column_comes_of_a_name_that_no_model_can_have(name):
    assert log_csv._others([{"probabilities": {name: 0.5}}, {"probabilities": None}, {}]) == []


def test_it_has_a_colour_and_a_pictogram_of_its_own():
    assert palette.of("contempt") == palette.OTHER
    assert palette.OTHER not in (*palette.EMOTION.values(), palette.UNKNOWN)
    stamps = [pictograms.face(name, masked, 40).ink.tobytes() for name in LABELS for masked in (False, True)]
    assert len(set(stamps)) == len(stamps)
    assert pictograms.face("bored", False, 40).ink.tobytes() not in stamps


def test_the_overlay_has_a_row_for_it():
    image = np.full((480, 640, 3), 90, np.uint8)
    seven = annotate(image, [track()])
    eight = annotate(image, [scornful()])
    tinted = (eight == np.array(palette.OTHER, np.uint8)).all(axis=2)
    assert tinted.sum() > 200
    assert not (seven == np.array(palette.OTHER, np.uint8)).all(axis=2).any()


def test_the_chart_of_a_folder_has_a_bar_for_it(tmp_path):
    chart = Chart(tmp_path / "c.png", Taken())
    chart.add([scornful(), track()])
    assert (chart.image() == np.array(palette.OTHER, np.uint8)).all(axis=2).any()


def test_mqtt_announces_it_to_home_assistant(tiny, tiny_manifest, tmp_path):
    assert dominant([scornful(0.5), scornful(0.6), track()]) == "contempt"
    assert emotions_of(Settings(models=ModelsSettings(dir=str(tiny)))) == EMOTIONS
    assert emotions_of(Settings(models=ModelsSettings(dir=str(tmp_path)))) == EMOTIONS
    spec = replace(tiny_manifest["emotion-masked"], labels=LABELS)
    manifest.save(tmp_path, {**tiny_manifest.specs, "emotion-masked": spec})
    labels = emotions_of(Settings(models=ModelsSettings(dir=str(tmp_path))))
    options = document(Topics("edge-emotion", "pi"), "1", labels)["components"]["emotion"]["options"]
    assert options == [*LABELS, "unsure", "none"]
