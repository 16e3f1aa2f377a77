from __future__ import annotations

import copy
import io
import os
import pickle
import signal
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import edge
from edge import picture, records, testing
from edge.demo import portrait
from edge.errors import EngineError, InvalidValue, ModelError, PictureError, SettingsError, SourceError
from edge.frame import Frame
from edge.pipeline.factory import open_models
from edge.pipeline.pipeline import EmotionPipeline


class Tensor:
    """As those of PyTorch: no array, but it can give one."""

    def __array__(self, dtype=None, copy=None):
        return np.zeros((4, 5, 3), np.uint8)


@pytest.fixture
def recognizer(tiny):
    with edge.Recognizer(tiny) as opened:
        yield opened


@pytest.fixture
def photo(tmp_path, paint):
    path = tmp_path / "photo.png"
    picture.write(path, paint((0, 32, True, True), (96, 48, False, False)))
    return path


def test_a_path_an_array_and_a_bgr_array_give_the_same_faces(recognizer, photo):
    rgb = picture.read(photo)
    by_path = recognizer.detect(photo).faces
    assert [face.emotion for face in by_path] == ["surprise", "sad"]
    assert [face.track for face in by_path] == [None, None]
    assert recognizer.detect(str(photo)).faces == by_path
    assert recognizer.detect(rgb).faces == by_path
    assert recognizer.detect(cv2.imread(str(photo)), bgr=True).faces == by_path
    assert recognizer.detect(photo, bgr=True).faces == by_path, "files need no hint"


def test_a_face_is_the_object_that_image_json_prints(recognizer, photo, tiny):
    expected = records.picture_record("p", picture.read(photo), open_models(tiny).detect(picture.read(photo)))
    assert [face.to_dict() for face in recognizer.detect(photo)] == expected["faces"]


def test_the_array_given_is_not_changed_and_may_be_read_only(recognizer, photo):
    image = picture.read(photo)
    before = image.copy()
    image.flags.writeable = False
    recognizer.detect(image)
    recognizer.detect(image[:, ::-1], bgr=True)
    assert np.array_equal(image, before)


@pytest.mark.parametrize("bgr", [False, True])
def test_a_result_keeps_its_picture_while_the_caller_writes_on(recognizer, photo, bgr):
    buffer = picture.read(photo)
    views = buffer[:], buffer[:]
    views[1].flags.writeable = False  # its owner can still write
    results = [recognizer.detect(view, bgr=bgr) for view in (*views, np.asfortranarray(buffer))]
    expected, drawn = buffer[:, :, ::-1].copy() if bgr else buffer.copy(), results[0].annotate()
    buffer[:] = 255
    for result in results:
        assert np.array_equal(result.frame, expected)
        assert np.array_equal(result.annotate(), drawn)
        with pytest.raises(ValueError, match="read-only"):
            result.frame[:] = 0


def test_following_takes_the_frames_of_a_camera_as_they_are(recognizer, monkeypatch, paint):
    frame = Frame(paint((48, 32, False, True)), 0.0, 0)
    monkeypatch.setattr("edge.recognizer.open_camera", lambda settings: testing.FakeCamera([frame]))
    (result,) = recognizer.track("demo")
    assert np.shares_memory(result.frame, frame.image)


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (np.zeros((4, 5), np.uint8), "got uint8 (4, 5); repeat the grey values: np.stack([picture] * 3, axis=2)"),
        (np.zeros((4, 5, 1), np.uint8), "got uint8 (4, 5, 1); repeat the grey values: np.repeat(picture, 3, axis=2)"),
        (np.zeros((4, 5, 4), np.uint8), "got uint8 (4, 5, 4); drop the alpha channel: picture[:, :, :3]"),
        (np.zeros((3, 4, 5), np.uint8), "got uint8 (3, 4, 5); move the channels to the end"),
        (np.zeros((1, 4, 5, 3), np.uint8), "got uint8 (1, 4, 5, 3); pass one picture at a time"),
        (np.zeros((4, 5, 3)), "got float64 (4, 5, 3); convert it: (picture * 255).astype(np.uint8)"),
        (np.full((4, 5, 3), 200.0, np.float32), "got float32 (4, 5, 3); convert it: picture.astype(np.uint8)"),
        (np.full((4, 5, 3), 255), "got int64 (4, 5, 3); convert it: picture.astype(np.uint8)"),
        (np.full((4, 5, 3), 256, np.uint16), "got uint16 (4, 5, 3); scale it to 0 to 255, then convert it: "),
        (np.full((4, 5, 3), -1), "got int64 (4, 5, 3); scale it to 0 to 255, then convert it: "),
        (np.full((4, 5, 3), -0.5), "got float64 (4, 5, 3); scale it to 0 to 255, then convert it: "),
        (np.full((4, 5, 3), 65535.0), "got float64 (4, 5, 3); scale it to 0 to 255, then convert it: "),
        (np.ones((4, 5, 3), bool), "got bool (4, 5, 3); convert it to 8 bits"),
        (np.zeros((0, 5, 3), np.uint8), "got uint8 (0, 5, 3); it has no pixels"),
        (np.full((4, 5, 3), np.nan), "got float64 (4, 5, 3); it holds NaN or infinity; replace them: np.nan_to_num("),
        (np.full((4, 5, 3), np.inf, np.float32), "got float32 (4, 5, 3); it holds NaN or infinity"),
        (np.array(5, np.uint8), "got uint8 ()"),
        (np.uint8(5), "got numpy.uint8"),
        (None, "got NoneType; OpenCV's imread gives None"),
        (["a.jpg", "b.jpg"], "got list; pass one picture at a time"),
        (io.BytesIO(b"x"), "got _io.BytesIO; pass the path of its file"),
        (Tensor(), "Tensor; convert it: np.asarray(picture)"),
        (b"bytes", "got bytes; decode it, with bgr=True: cv2.imdecode(np.frombuffer(picture, np.uint8), "),
        (Image.new("I;16", (4, 5)), "got PIL.Image.Image; it has more than 8 bits: pass the path of its file"),
        (Image.new("RGB", (4, 5)), "got PIL.Image.Image; convert it: np.asarray(image.convert('RGB'))"),
    ],
)
def test_what_is_no_picture_is_one_line_with_the_way_out(recognizer, thing, message):
    with pytest.raises(InvalidValue) as caught:
        recognizer.detect(thing)
    assert str(caught.value).startswith("picture: expected ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert ("convert('RGB')" in str(caught.value)) == (getattr(thing, "mode", "") == "RGB")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "picture: the path is empty; expected the path of a picture file"),
        ("http://u:secret@127.0.0.1/x.jpg", "picture: http://127.0.0.1 is an address, expected the path of a file"),
        (Path("http://127.0.0.1/x.jpg"), "picture: http://127.0.0.1 is an address, expected the path of a file"),
    ],
)
def test_what_cannot_be_the_path_of_a_picture_is_said(recognizer, path, message):
    with pytest.raises(InvalidValue) as caught:
        recognizer.detect(path)
    assert str(caught.value).startswith(message)
    assert "secret" not in str(caught.value)


def test_a_file_that_holds_more_than_is_read_says_so(recognizer, tmp_path, caplog):
    path = tmp_path / "pages.tif"
    page = Image.new("RGB", (40, 30))
    page.save(path)
    recognizer.detect(path)
    assert caplog.messages == []
    page.save(path, save_all=True, append_images=[page])
    recognizer.detect(path)
    assert caplog.messages == [f"{path}: several pages or pictures; only the first is read"]


def test_a_missing_file_is_named(recognizer, tmp_path):
    with pytest.raises(PictureError, match=r"nowhere\.jpg: cannot read the picture \(No such file or directory\)"):
        recognizer.detect(tmp_path / "nowhere.jpg")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threads": 0}, "threads: expected at least 1, at most 64, got 0"),
        ({"threads": "2"}, "threads: expected a whole number, got '2'"),
        ({"threads": True}, "threads: expected a whole number, got True"),
        ({"accelerator": "gpu"}, "accelerator: expected one of auto, cpu, edgetpu, got gpu"),
        ({"confidence": 50}, "confidence: expected at least 0, at most 1, got 50"),
        ({"confidence": np.float32(50)}, "confidence: expected at least 0, at most 1, got 50"),
        ({"confidence": np.bool_(True)}, "confidence: expected a number, got "),
        ({"confidence": None}, "confidence: expected a number, got None"),
        ({"max_megapixels": 10**400}, "max_megapixels: expected at least 0.01, at most 10000, got "),
        ({"threads": np.float32(2)}, "threads: expected a whole number, got "),
        ({"detail": np.zeros(3)}, "detail: expected one of auto, fast, full, got array("),
        ({"models": None}, "models: expected the path of a folder, got NoneType"),
        ({"models": 5}, "models: expected the path of a folder, got int"),
        ({"models": b"models"}, "models: expected the path of a folder, got bytes"),
        ({"models": "a\0b"}, r"models: expected a path without NUL characters, got a\x00b"),
    ],
)
def test_a_wrong_argument_is_named_as_it_is_spelt(tiny, arguments, message):
    with pytest.raises(SettingsError) as caught:
        edge.Recognizer(**{"models": tiny, **arguments})
    assert str(caught.value).startswith(message)


def test_numpy_numbers_are_numbers(tiny):
    with edge.Recognizer(tiny, threads=np.int64(1), confidence=np.float32(0.5), max_megapixels=np.int32(20)) as opened:
        assert len(opened.detect(np.zeros((8, 8, 3), np.uint8))) == 0


def test_confidence_decides_what_is_unsure(recognizer, tiny, paint):
    happy = paint((48, 32, False, True))
    (face,) = recognizer.detect(happy)
    assert face.emotion == "happy"
    with edge.Recognizer(tiny, confidence=1.0) as strict:
        (face,) = strict.detect(happy)
    assert (face.emotion, face.reason) == (None, "unsure")
    assert face.probabilities["happy"] > 0.9


def test_a_folder_without_models_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match=r"manifest\.json"):
        edge.Recognizer(tmp_path)


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_recognizer_that_is_sent_to_another_process_says_what_to_do(recognizer, how):
    with pytest.raises(TypeError, match="neither copied nor pickled; make one in each process"):
        how(recognizer)


def test_a_closed_recognizer_says_so(tiny, photo):
    recognizer = edge.Recognizer(tiny)
    results = recognizer.track(photo)
    recognizer.close()
    recognizer.close()
    assert "closed" in repr(recognizer)
    for use in (lambda: recognizer.detect(photo), lambda: next(results)):
        with pytest.raises(EngineError, match="the recognizer is closed"):
            use()


def in_a_child(check) -> int:
    """What a forked child process that runs `check` ends with: 0 where it is true; killed if that takes a minute."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        right = False
        try:
            right = check()
        finally:
            os._exit(0 if right else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_child_forked_during_a_call_has_its_own_models(tiny, photo, monkeypatch):
    begun, go = threading.Event(), threading.Event()
    plain = EmotionPipeline.detect

    def slowly(self, *arguments):
        if threading.current_thread().name == "worker":
            begun.set()
            assert go.wait(60)
        return plain(self, *arguments)

    monkeypatch.setattr(EmotionPipeline, "detect", slowly)
    with edge.Recognizer(tiny) as recognizer:
        expected, before = recognizer.detect(photo).faces, recognizer._pipeline
        assert in_a_child(lambda: recognizer.detect(photo).faces == expected and recognizer._pipeline is before) == 0
        worker = threading.Thread(target=recognizer.detect, args=(photo,), name="worker")
        worker.start()
        try:
            assert begun.wait(60)
            assert in_a_child(lambda: recognizer.detect(photo).faces == expected) == 0
        finally:
            go.set()
            worker.join()
        assert recognizer.detect(photo).faces == expected
    assert in_a_child(lambda: "closed" in repr(recognizer)) == 0


# --- following


def clip(path: Path, *pictures: np.ndarray) -> Path:
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (width, height))
    for image in pictures:
        writer.write(np.ascontiguousarray(image[:, :, ::-1]))
    writer.release()
    return path


def test_a_face_keeps_its_number_through_a_clip(recognizer, tmp_path, paint):
    nobody, one = paint(), paint((48, 32, False, True))
    two = paint((48, 32, False, True), (112, 32, True, False))
    results = list(recognizer.track(clip(tmp_path / "clip.mp4", nobody, one, two)))
    assert [[(face.track, face.emotion) for face in result] for result in results] == [
        [], [(1, "happy")], [(1, "happy"), (2, "neutral")],
    ]  # fmt: skip
    assert [(result.index, round(result.time, 6)) for result in results] == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert results[2].annotate().shape == results[2].frame.shape


def test_each_call_starts_anew(recognizer, photo):
    for _ in range(2):
        (result,) = recognizer.track(str(photo))
        assert [face.track for face in result] == [1, 2]


def test_leaving_the_loop_closes_the_source(recognizer, monkeypatch, paint):
    image = paint((48, 32, False, True))
    camera = testing.FakeCamera([Frame(image, n / 10, n) for n in range(3)])
    monkeypatch.setattr("edge.recognizer.open_camera", lambda settings: camera)
    results = recognizer.track("demo")
    assert len(next(results)) == 1
    assert not camera.closed
    results.close()
    assert camera.closed


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0, "v4l2:0"),
        (2, "v4l2:2"),
        (np.int64(0), "v4l2:0"),
        (np.uint8(2), "v4l2:2"),
        ("picamera", "picamera"),
        ("rtsp://camera/1", "rtsp://camera/1"),
        ("demo", "demo"),
        (Path("clip.mp4"), "clip.mp4"),
        (Path("demo"), "./demo"),
        (Path("auto"), "./auto"),
    ],
)
def test_a_source_is_a_number_a_name_an_address_or_a_path(recognizer, monkeypatch, given, expected):
    asked = []

    def open_camera(settings):
        asked.append(settings.source)
        return testing.FakeCamera([])

    monkeypatch.setattr("edge.recognizer.open_camera", open_camera)
    assert list(recognizer.track(given)) == []
    assert asked == [expected]


@pytest.mark.parametrize(
    "wrong", [None, True, np.bool_(True), -1, np.int8(-1), 1.5, b"clip.mp4", np.zeros((4, 5, 3), np.uint8)]
)
def test_what_is_no_source_is_refused_at_once(recognizer, wrong):
    with pytest.raises(InvalidValue, match="source: expected"):
        recognizer.track(wrong)


def test_a_source_that_is_not_there_is_named(recognizer, tmp_path):
    with pytest.raises(SourceError, match=r"nowhere\.mp4: no such file"):
        next(recognizer.track(tmp_path / "nowhere.mp4"))


def test_a_live_camera_keeps_the_schedule_of_the_service(recognizer, monkeypatch, paint):
    """Its pauses give no result, and faces are looked for in every second frame: between, one keeps its place.

    Once it is not found, it is no longer in the result, and no box marks the place where it was.
    """
    one, nobody = paint((48, 32, False, True)), paint()
    script = [Frame(one, 0.0, 0), None, Frame(nobody, 0.1, 1), Frame(nobody, 0.2, 2), Frame(nobody, 1.5, 15)]
    monkeypatch.setattr("edge.recognizer.open_camera", lambda settings: testing.FakeCamera(script, live=True))
    assert [(result.index, len(result)) for result in recognizer.track("picamera")] == [
        (0, 1), (1, 1), (2, 0), (15, 0),
    ]  # fmt: skip


def test_the_demo_has_no_camera(recognizer):
    results = recognizer.track("demo")
    first = next(results)
    assert first.frame.shape == (portrait.HEIGHT, portrait.WIDTH, 3)
    results.close()


@pytest.mark.parametrize(("options", "faces"), [({}, 1), ({"detail": "fast"}, 0), ({"detail": "full"}, 1)])
def test_a_large_picture_is_searched_as_closely_as_detail_says(tiny, options, faces):
    pixels = np.zeros((240, 320, 3), np.uint8)
    pixels[:54, :54] = (255, 255, 0)  # a tile of it is about as large as the canvas
    with edge.Recognizer(tiny, **options) as opened:
        assert len(opened.detect(pixels)) == faces


def test_an_unknown_detail_is_named_before_a_model_is_loaded(tmp_path):
    with pytest.raises(SettingsError, match="detail: expected one of auto, fast, full, got 'best'"):
        edge.Recognizer(tmp_path, detail="best")


def test_a_source_that_changes_its_size_starts_new_tracks(recognizer, paint, monkeypatch):
    face = (32, 16, False, True)
    images = [paint(face), paint(face), paint(face, width=160, height=112)]
    script = [Frame(image, n / 10, n) for n, image in enumerate(images)]
    monkeypatch.setattr("edge.recognizer.open_camera", lambda settings: testing.FakeCamera(script))
    found = [[face.track for face in result] for result in recognizer.track("demo")]
    assert found == [[1], [1], [2]]
