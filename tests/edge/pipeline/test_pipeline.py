from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from edge.engines import open_engine
from edge.errors import EngineError, ModelError
from edge.face import Scene
from edge.frame import Frame
from edge.journals.events import events
from edge.labels import EMOTIONS
from edge.pipeline.factory import open_models, open_pipeline
from edge.pipeline.pipeline import EmotionPipeline
from edge.pipeline.schedule import detection_due, refresh_due
from edge.settings import ModelsSettings, Settings, SourceSettings, TrackSettings
from edge.tasks import DAEMON
from edge.testing import FakeEngine
from edge.vision import crop as cropping

BARE, MASKED = (32, 32, False, True), (32, 32, True, True)


@pytest.fixture
def watch(tiny):
    """watch(pictures, fps, min_face_px, confidence, **track): the scenes, and how often each engine was asked."""

    def run(pictures, fps=10.0, min_face_px=24.0, confidence=0.35, **track):
        models = ModelsSettings(dir=str(tiny), min_face_px=min_face_px, confidence=confidence)
        track = TrackSettings(**{"detect_every": 1, "refresh_hz": 0.0, **track})
        pipeline = open_pipeline(Settings(models=models, track=track), live=True)
        counted = {"face": pipeline.detector.detector, "mask": pipeline.mask}
        for part in counted.values():
            part.engine = FakeEngine(part.engine.spec, part.engine.infer)
        scene, scenes = Scene(), []
        for index, picture in enumerate(pictures):
            scene = pipeline(scene, Frame(picture, index / fps, index))
            scenes.append(scene)
        return scenes, {name: part.engine.calls for name, part in counted.items()}

    return run


def test_an_empty_picture_is_an_empty_scene(pipeline, paint):
    scene = pipeline(Scene(), Frame(paint(), 3.0, 7))
    assert (scene.tracks, scene.time, scene.serial, scene.looked) == ((), 3.0, 1, 7)
    assert pipeline.detect(paint()) == ()


@pytest.mark.parametrize(
    ("face", "worn", "emotion"),
    [
        ((32, 32, False, True), False, "happy"),
        ((32, 32, False, False), False, "sad"),
        ((32, 32, True, True), True, "surprise"),
        ((32, 32, True, False), True, "neutral"),
    ],
)
def test_a_face_goes_to_the_model_of_its_route(pipeline, paint, face, worn, emotion):
    (known,) = pipeline.detect(paint(face))
    assert (known.worn, known.label) == (worn, emotion)
    assert known.mask == pytest.approx(float(worn), abs=0.05)
    assert known.emotion.sum() == pytest.approx(1.0, abs=1e-3)
    assert known.face.box.ltrb == pytest.approx((32, 32, 80, 80), abs=0.5)


def test_one_track_is_seen_bare_and_masked_and_keeps_its_id(watch, paint):
    pictures = [paint(BARE)] * 10 + [paint(MASKED)] * 20 + [paint(BARE)] * 20
    scenes, _ = watch(pictures, smooth_s=0.3)
    assert {t.id for s in scenes for t in s.tracks} == {1}
    routes = [s.tracks[0].worn for s in scenes]
    changes = [n for n in range(1, len(routes)) if routes[n] != routes[n - 1]]
    assert len(changes) == 2
    assert 10 < changes[0] < 20
    assert 30 < changes[1] < 40
    assert scenes[9].tracks[0].label == "happy"
    assert scenes[29].tracks[0].label == "surprise"
    assert scenes[49].tracks[0].label == "happy"


def test_a_change_of_route_starts_smoothing_anew(watch, paint):
    scenes, _ = watch([paint(BARE)] * 5 + [paint(MASKED)] * 10, smooth_s=0.3)
    first = next(s.tracks[0] for s in scenes if s.tracks[0].worn)
    assert np.array_equal(first.emotion, first.raw)


@pytest.mark.parametrize("fps", [5, 10, 40])
def test_smoothing_is_the_same_at_every_frame_rate(watch, paint, fps):
    glad, glum = paint((32, 32, False, True)), paint((32, 32, False, False))
    scenes, _ = watch([glad] * 2 + [glum] * fps, fps=fps, smooth_s=0.5)
    happy = [s.tracks[0].emotion[EMOTIONS.index("happy")] for s in scenes]
    assert happy[-1] == pytest.approx(happy[0] * np.exp(-2.0), abs=0.02)


def test_the_same_frames_give_the_same_scenes_and_no_frame_is_changed(watch, paint):
    pictures = [paint(BARE), paint(MASKED), paint(), paint(MASKED, (96, 48, False, False))]
    copies = [picture.copy() for picture in pictures]
    runs = [watch(pictures)[0] for _ in range(2)]
    for one, other in zip(*runs, strict=True):
        assert [t.id for t in one.tracks] == [t.id for t in other.tracks]
        for a, b in zip(one.tracks, other.tracks, strict=True):
            assert np.array_equal(a.emotion, b.emotion)
            assert a.mask == b.mask
    assert all(np.array_equal(*pair) for pair in zip(pictures, copies, strict=True))


def test_a_face_too_small_has_a_mask_but_no_emotion(watch, paint):
    scenes, _ = watch([paint(MASKED)], min_face_px=49)
    (known,) = scenes[-1].tracks
    assert (known.emotion, known.raw, known.reason, known.label, known.intensity) == (
        None,
        None,
        "too-small",
        None,
        None,
    )
    assert known.worn


def test_an_emotion_below_the_confidence_is_unsure_and_still_told(watch, paint):
    scenes, _ = watch([paint(BARE)], confidence=1.0)
    (known,) = scenes[-1].tracks
    assert (known.reason, known.label) == ("unsure", None)
    assert known.emotion is not None


def test_faces_are_looked_for_in_every_third_frame_and_keep_their_place_between(watch, paint):
    scenes, counts = watch([paint(BARE)] * 9, fps=30, detect_every=3)
    assert counts["face"] == 3
    assert [len(s.tracks) for s in scenes] == [1] * 9
    assert [s.looked for s in scenes] == [0, 0, 0, 3, 3, 3, 6, 6, 6]


@pytest.mark.parametrize(
    ("looked", "looked_at", "index", "time", "expected"),
    [
        (None, 0.0, 0, 0.0, True),
        (0, 0.0, 1, 0.03, False),
        (0, 0.0, 3, 0.1, True),
        (0, 0.0, 5, 0.1, True),
        (90, 9.0, 0, 9.1, True),
        (0, 0.0, 1, 0.25, True),
    ],
    ids=["first", "next", "third", "after dropped frames", "reopened", "slow source"],
)
def test_when_faces_are_looked_for(looked, looked_at, index, time, expected):
    frame = Frame(np.zeros((4, 4, 3), np.uint8), time, index)
    assert detection_due(Scene(looked=looked, looked_at=looked_at), frame, 3) is expected


def test_a_face_that_is_gone_keeps_its_last_answer_until_it_expires_and_costs_nothing(watch, paint):
    scenes, counts = watch([paint(BARE)] + [paint()] * 9, fps=10, expire_s=0.5)
    assert [len(s.tracks) for s in scenes] == [1] * 6 + [0] * 4
    assert counts["mask"] == 1


def faces_scene(scene: Scene, count: int) -> Scene:
    from edge.face import Detection
    from edge.frame import Box
    from edge.vision.tracking import update

    faces = [Detection(Box(50 * n, 0, 50 * n + 40, 40), 0.9) for n in range(count)]
    return update(scene, faces, 0.0, 0.3, 1.0)


@pytest.mark.parametrize("count", [1, 3, 12])
@pytest.mark.parametrize("fps", [8.0, 25.0])
@pytest.mark.parametrize("rate", [5.0, 20.0])
def test_a_crowd_shares_the_rate_and_nobody_waits_longer_than_a_round(count, fps, rate):
    scene, looks = faces_scene(Scene(), count), []
    for index in range(int(10 * fps)):
        time = index / fps
        chosen = refresh_due(replace(scene, time=time), list(range(count)), 1 / fps, rate)
        looks += [(n, time) for n in chosen]
        tracks = tuple(replace(t, refreshed=time) if n in chosen else t for n, t in enumerate(scene.tracks))
        scene = replace(scene, tracks=tracks)
    assert len(looks) <= 10 * rate + count + 1
    per_frame = [sum(time == index / fps for _, time in looks) for index in range(int(10 * fps))]
    assert max(per_frame) <= max(1, int(np.ceil(rate / fps)))
    round_s = np.ceil(count / int(rate / fps)) / fps if rate >= fps else count * np.ceil(fps / rate) / fps
    for who in range(count):
        times = [time for n, time in looks if n == who]
        assert max(np.diff(times)) <= round_s + 1e-9
        assert times[0] <= round_s


def test_without_a_rate_everybody_is_looked_at_in_every_frame():
    assert sorted(refresh_due(faces_scene(Scene(), 4), [0, 1, 3], 0.1, 0.0)) == [0, 1, 3]
    assert refresh_due(Scene(), [], 0.1, 10.0) == []


def test_after_a_quiet_time_there_is_no_burst():
    scene = faces_scene(Scene(), 5)
    old = tuple(replace(track, refreshed=0.0) for track in scene.tracks)
    assert len(refresh_due(replace(scene, tracks=old, time=60.0), list(range(5)), 0.1, 20.0)) == 2


def test_a_failing_engine_leaves_the_scene_as_it_was(tiny, paint):
    pipeline = open_models(tiny)
    scene = pipeline(Scene(), Frame(paint(BARE), 0.0, 0))
    pipeline.mask.engine.close()
    with pytest.raises(EngineError):
        pipeline(scene, Frame(paint(BARE), 1.0, 1))
    assert (len(scene.tracks), scene.time) == (1, 0.0)


def test_labels_in_another_order_are_put_in_ours(tiny_manifest, paint):
    engines = [open_engine(tiny_manifest, task) for task in DAEMON]
    expected = EmotionPipeline(*engines).detect(paint(MASKED))[0]
    engines[1].spec = replace(engines[1].spec, labels=("worn", "bare"))
    assert EmotionPipeline(*engines).detect(paint(MASKED))[0].mask == pytest.approx(1 - expected.mask, abs=1e-6)


def test_labels_that_are_not_ours_are_a_model_error(tiny_manifest):
    engines = [open_engine(tiny_manifest, task) for task in DAEMON]
    engines[2].spec = replace(engines[2].spec, labels=tuple("abcdefg"))
    with pytest.raises(ModelError, match=r"model tiny-emotion-bare: expected the labels angry, .*, got a, b"):
        EmotionPipeline(*engines)


@pytest.mark.parametrize(("source", "looks"), [("auto", 5), ("rtsp://door/1", 5), ("demo", 10), ("clip.mp4", 10)])
def test_a_source_that_waits_is_looked_at_whole(tiny, paint, source, looks):
    settings = Settings(
        source=SourceSettings(source=source),
        models=ModelsSettings(dir=str(tiny)),
        track=TrackSettings(detect_every=2, refresh_hz=15.0),
    )
    pipeline, scene, looked, refreshed = open_pipeline(settings), Scene(), set(), set()
    for index in range(10):
        scene = pipeline(scene, Frame(paint(BARE), index / 30, index))
        looked.add(scene.looked)
        refreshed.add(scene.tracks[0].refreshed)
    assert (len(looked), len(refreshed)) == (looks, looks)


def test_no_models_is_one_line_with_the_mend(tmp_path):
    with pytest.raises(ModelError, match=r"manifest\.json: cannot read the manifest"):
        open_models(tmp_path)


def test_a_false_alarm_of_one_frame_is_neither_journaled_nor_drawn_nor_looked_at(watch, paint):
    pictures = [paint()] * 3 + [paint(BARE)] + [paint()] * 10
    scenes, counts = watch(pictures, sure_score=1.0)
    assert [scene.tracks for scene in scenes] == [()] * len(pictures)
    assert [e for a, b in pairwise(scenes) for e in events(a, b, 160, 120, 10.0)] == []
    assert counts["mask"] == 0
    assert scenes[3].tentative
    assert not scenes[-1].tentative


def test_a_face_that_stays_is_told_of_from_the_look_that_makes_it_certain(watch, paint):
    scenes, _ = watch([paint(BARE)] * 6, min_hits=4, sure_score=1.0)
    assert [len(scene.tracks) for scene in scenes] == [0, 0, 0, 1, 1, 1]
    assert [e["event"] for a, b in pairwise(scenes) for e in events(a, b, 160, 120, 10.0)] == ["appeared"]
    (at_once, *_), _ = watch([paint(BARE)], sure_score=0.9)
    assert len(at_once.tracks) == 1


def test_a_cut_ends_every_track_and_nothing_is_kept_of_them(watch, paint):
    other = paint()
    other[:, 96:, 1:] = 255  # another scene, without anything red, which is what the tiny detector looks for
    scenes, _ = watch([paint(BARE), paint(BARE), other], fps=10)
    assert [len(scene.tracks) for scene in scenes] == [1, 1, 0]


def test_after_a_cut_a_face_at_the_same_place_has_a_new_number(watch, paint):
    far = paint(BARE, width=160, height=120)
    far[:, 100:] = np.random.default_rng(1).integers(0, 256, (120, 60, 1))
    far[:, :20] = 255
    scenes, _ = watch([paint(BARE), far], fps=10)
    assert [[track.id for track in scene.tracks] for scene in scenes] == [[1], [2]]


def test_the_models_share_one_crop_of_a_face_and_the_next_frame_has_its_own(pipeline, paint, monkeypatch):
    cut = []
    resize = cropping.resize
    monkeypatch.setattr(cropping, "resize", lambda part, *size: cut.append(part.sum()) or resize(part, *size))
    image = paint(BARE)
    scene = pipeline(Scene(), Frame(image, 0.0, 0))
    assert scene.tracks[0].label == "happy"
    specs = [c.engine.spec for c in (pipeline.mask, pipeline.emotions[False])]
    squares = {(spec.margin, spec.shift, spec.width, spec.height) for spec in specs}
    assert len(cut) == len(squares)
    image[:] = paint(MASKED)  # a camera's driver may use one buffer again and again
    assert pipeline(scene, Frame(image, 0.1, 1)).tracks[0].mask > scene.tracks[0].mask
    assert len(cut) == 2 * len(squares)
    assert cut[0] != cut[-1]
