"""Where calibration pictures come from, and what is said of a wrong set."""

from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest

from convert import calibrate
from convert.errors import CalibrationError
from convert.sources import View, from_arrays, open_source
from edge.errors import PictureError
from edge.vision.letterbox import letterbox, resize, to_grey

GREY = View(24, 24, 1)


def textured(count: int, height: int = 24, width: int = 24, channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, channels), np.uint8)


def write(path, image: np.ndarray):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image[..., ::-1])
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: p / "nothing", "no such file or folder"),
        (lambda p: p, "no picture in this folder"),
        (lambda p: _text(p / "notes.npz", "hello"), "not a readable .npz"),
        (lambda p: _npz(p / "set.npz", pixels=textured(3)), "expected an array 'images', got pixels"),
        (lambda p: _npz(p / "set.npz", images=textured(3) / 255.0), "expected uint8 pixels 0-255, got float64"),
        (lambda p: _npz(p / "set.npz", images=textured(3).reshape(3, -1)), r"expected \(N, H, W\)"),
        (lambda p: _npz(p / "set.npz", images=textured(3, channels=2)), r"expected \(N, H, W\)"),
        (lambda p: _npz(p / "set.npz", images=textured(0)), "no images"),
        (lambda p: _npz(p / "set.npz", images=textured(3), labels=np.arange(2)), "a label an image, got 2 for 3"),
        (lambda p: _npz(p / "set.npz", images=textured(3), labels=np.eye(3)), r"save labels\.argmax\(axis=1\)"),
        (lambda p: _npz(p / "set.npz", images=textured(3), labels=["sad"] * 3), "labels: expected whole numbers, got"),
        (lambda p: _npz(p / "set.npz", images=textured(3), labels=[0, 1, np.nan]), "labels: expected whole numbers"),
        (lambda p: _npz(p / "set.npz", images=textured(3), labels=[0, 1, -1]), r"less one, got -1 to 1"),
        (lambda p: _npz(p / "set.npz", images=textured(3), labels=[0, 1, 2], classes=["sad", "happy"]), "0 to 1, one"),
        (lambda p: _text(p / "fer2013.csv", "emotion,pixels,Usage\n"), "no images"),
        (lambda p: _text(p / "fer2013.csv", "a,b\n1,2\n"), "cannot read FER2013"),
        (lambda p: _text(p / "manifest.csv", "name\na.png\n").parent, "column 'image'"),
        (lambda p: _text(p / "manifest.csv", "image,split\na.png,test\n").parent, "no row of split 'train'"),
        (lambda p: _text(p / "annotations.csv", "image,split\na.png,train\n").parent, "cannot read the boxes"),
        (
            lambda p: _text(p / "fer2013.npz", "").parent,
            r"a folder of data sets; name one of them, such as .*fer2013\.npz$",
        ),
    ],
)
def test_a_wrong_set_is_one_clear_line(tmp_path, make, says):
    path = make(tmp_path)
    with pytest.raises(CalibrationError, match=says) as caught:
        open_source(path)
    assert "\n" not in str(caught.value)


def _text(path, text):
    path.write_text(text)
    return path


def _npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_a_broken_picture_is_named_when_it_is_read(tmp_path):
    write(tmp_path / "a.png", textured(1, channels=3)[0])
    (tmp_path / "b.jpg").write_bytes(b"")
    source = open_source(tmp_path)
    assert source.size == 2
    assert source.pictures([0], GREY).shape == (1, 24, 24, 1)
    with pytest.raises(PictureError, match=r"b\.jpg: the file is empty"):
        source.pictures([1], GREY)


def test_a_folder_of_pictures_is_read_in_order_and_resized_by_the_devices_code(tmp_path):
    images = textured(3, 40, 30, 3)
    for name, image in zip("cab", images, strict=True):
        write(tmp_path / f"{name}.png", image)
    source = open_source(tmp_path)
    assert source.labels is None
    got = source.pictures(range(3), GREY)
    expected = [to_grey(resize(images[k], 24, 24)) for k in (1, 2, 0)]
    assert np.array_equal(got, np.stack(expected))


def test_class_folders_are_labels(tmp_path):
    for name, count in (("sad", 2), ("Happy", 1)):
        for k in range(count):
            write(tmp_path / name / f"{k}.png", textured(1, channels=3)[0])
    (tmp_path / "empty").mkdir()
    source = open_source(tmp_path)
    assert source.classes == ("happy", "sad")
    assert source.labels.tolist() == [0, 1, 1]


def test_parts_of_a_set_are_no_classes(tmp_path):
    for name in ("train/happy/1.png", "train/sad/1.png", "Validation/sad/1.png"):
        write(tmp_path / name, textured(1, channels=3)[0])
    assert open_source(tmp_path).labels is None
    with pytest.raises(CalibrationError, match=r"parts of a set; give one of them, such as .*/Validation$"):
        open_source(tmp_path, held_out=True)


def test_what_macos_and_jupyter_leave_beside_pictures_is_not_read(tmp_path):
    for name in ("happy/1.png", "sad/1.png", "sad/.ipynb_checkpoints/1.png", ".ipynb_checkpoints/1.png"):
        write(tmp_path / name, textured(1, channels=3)[0])
    for name in ("._happy.png", "happy/._1.png", "__MACOSX/happy/._1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"\0\5\x16\7")
    source = open_source(tmp_path)
    assert (source.classes, source.labels.tolist()) == (("happy", "sad"), [0, 1])


def test_linked_class_folders_are_read(tmp_path):
    for name in ("happy", "sad"):
        write(tmp_path / "all" / name / "1.png", textured(1, channels=3)[0])
        (tmp_path / "set" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "set" / name).symlink_to(tmp_path / "all" / name)
    assert open_source(tmp_path / "set").classes == ("happy", "sad")


def test_an_npz_may_name_its_classes(tmp_path):
    path = _npz(tmp_path / "s.npz", images=textured(2)[..., 0], labels=[1, 0], classes=["sad", "happy"])
    source = open_source(path)
    assert source.pictures([0, 1], GREY).shape == (2, 24, 24, 1)
    assert (source.classes, source.labels.tolist(), source.name) == (("sad", "happy"), [1, 0], "s.npz")


def test_a_listed_set_keeps_its_splits_apart(tmp_path):
    for name in ("with/a.png", "with/b.png", "without/c.png"):
        write(tmp_path / name, textured(1, channels=3)[0])
    for mark in "", "\ufeff":  # spreadsheets put one in front
        rows = "image,split\nwith/a.png,train\nwith/b.png,test\nwithout/c.png,train\n"
        _text(tmp_path / "manifest.csv", mark + rows)
        train, test = open_source(tmp_path), open_source(tmp_path, held_out=True)
        assert (train.size, train.classes, train.labels.tolist()) == (2, ("with", "without"), [0, 1])
        assert test.size == 1


def annotated(folder):
    image = textured(1, 60, 80, 3)[0]
    write(folder / "images" / "a.png", image)
    with open(folder / "annotations.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "split", "x", "y", "w", "h", "label"])
        rows.writerow(["a.png", "train", 10, 5, 20, 30, "with_mask"])
        rows.writerow(["a.png", "train", 40, 5, 30, 30, "without_mask"])
    return image


def test_annotated_photos_give_the_squares_that_the_device_would_cut(tmp_path):
    image = annotated(tmp_path)
    source = open_source(tmp_path)
    assert (source.size, source.classes) == (2, ("with_mask", "without_mask"))
    from edge.frame import Box
    from edge.vision.crop import crop

    view = View(24, 24, 3, margin=1.2, shift=0.1)
    expected = crop(image, Box(10, 5, 30, 35).square(1.2, 0.1), 24, 24, 3)
    assert np.array_equal(source.pictures([0], view)[0], expected)


def test_for_a_detector_they_give_whole_letterboxed_pictures(tmp_path):
    image = annotated(tmp_path)
    source = open_source(tmp_path, faces=False)
    assert source.size == 1
    got = source.pictures([0], View(40, 40, 3, whole=True))[0]
    assert np.array_equal(got, letterbox(image, 40, 40)[0])


def source_of(images, name="set"):
    return from_arrays(name, images)


def test_a_sound_set_has_no_warnings_and_is_drawn_once():
    images = textured(400)
    drawn = calibrate.draw(source_of(images), GREY, samples=150, seed=3)
    assert drawn.warnings == ()
    assert drawn.fresh
    assert (len(drawn.images), len(drawn.check)) == (150, 200)
    seen = {image.tobytes() for image in drawn.images}
    assert len(seen) == 150
    assert seen.isdisjoint(image.tobytes() for image in drawn.check)


def test_the_draw_is_the_seeds():
    images = textured(300)
    draws = [calibrate.draw(source_of(images), GREY, samples=100, seed=seed).images for seed in (1, 1, 2)]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


@pytest.mark.parametrize(
    ("size", "samples", "calibrate_", "check", "fresh"),
    [
        (2, 500, 2, 2, False),
        (99, 500, 99, 99, False),
        (100, 500, 80, 20, True),
        (400, 400, 320, 80, True),
        (400, 390, 320, 80, True),
        (400, 380, 380, 20, True),
        (2000, 5000, 1800, 200, True),
        (2000, 500, 500, 200, True),
    ],
)
def test_a_part_is_kept_for_the_check_where_there_are_enough(size, samples, calibrate_, check, fresh):
    drawn = calibrate.draw(source_of(textured(size, 4, 4)), View(4, 4, 1), samples=samples, seed=1)
    assert (len(drawn.images), len(drawn.check), drawn.fresh) == (calibrate_, check, fresh)
    if not fresh:
        assert np.array_equal(drawn.check, drawn.images)


def partly_flat() -> np.ndarray:
    images = textured(150)
    images[:40] = 77
    return images


@pytest.mark.parametrize(
    ("images", "view", "says"),
    [
        (textured(12), GREY, "only 12 calibration pictures"),
        (partly_flat(), GREY, "32 of 120 pictures are flat"),  # the other 30 are kept for the check
        ((textured(150) // 8 + 60).astype(np.uint8), GREY, "pixels span 60-91 only"),
        (np.repeat(textured(3), 50, axis=0), GREY, "half of the pictures or more are the same"),
        (textured(150, 24, 60), GREY, "another shape than 24x24 are stretched"),
        (textured(150, 5, 5), GREY, "far smaller than 24x24"),
        (textured(150), View(24, 24, 3), "grey pictures for a colour model"),
    ],
)  # fmt: skip
def test_an_unsound_set_gets_a_warning_that_says_so(images, view, says):
    drawn = calibrate.draw(source_of(images), view, samples=150, seed=1)
    assert any(says in warning for warning in drawn.warnings), drawn.warnings
    assert all("set" in warning and "\n" not in warning for warning in drawn.warnings)


def test_nothing_but_flat_pictures_is_refused():
    with pytest.raises(CalibrationError, match="every picture is flat"):
        calibrate.draw(source_of(np.full((150, 24, 24, 1), 90, np.uint8)), GREY, samples=100, seed=1)


@pytest.mark.parametrize("copies", [1, 30])
def test_one_picture_over_and_over_is_refused(copies):
    with pytest.raises(CalibrationError, match="only one picture"):
        calibrate.draw(source_of(np.repeat(textured(1), copies, axis=0)), GREY, samples=100, seed=1)


@pytest.mark.parametrize("samples", [0, -3])
def test_no_samples_are_refused(samples):
    with pytest.raises(CalibrationError, match="--samples"):
        calibrate.draw(source_of(textured(3)), GREY, samples=samples, seed=1)
