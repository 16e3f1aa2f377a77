"""The feature table."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge import manifest
from edge.errors import ModelError
from edge.labels import EMOTIONS
from tests.training import made
from tests.training.evaluate.conftest import TINY, painted
from training import feature_faces, features, weights
from training.__main__ import main
from training.data.fer2013 import DataError

keras = pytest.importorskip("keras")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The tiny models, with float weights of another small network beside the bare one."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(TINY, folder, dirs_exist_ok=True)
    keras.utils.set_random_seed(2)
    inputs = keras.Input((16, 16, 1))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(5, 3)(inputs))
    model = keras.Model(inputs, keras.layers.Softmax()(keras.layers.Dense(7)(keras.layers.Dropout(0.3)(x))))
    weights.save(model, folder / "emotion-bare/weights.npz")
    return folder


def test_the_faces_are_not_replaced_by_their_table(models, made_data, tmp_path, capsys) -> None:
    faces = tmp_path / "fer2013.npz"
    shutil.copy(made_data / "fer2013.npz", faces)
    assert main(["features", str(faces), "--models", str(models), "--out", str(faces)]) == 1
    assert "fer2013.npz: is one of the files that are read; choose another --out" in capsys.readouterr().err
    assert faces.read_bytes() == (made_data / "fer2013.npz").read_bytes()


def test_rows_of_fer2013_with_embedding_and_probabilities(models, made_data, tmp_path, capsys) -> None:
    words = ["features", str(made_data / "fer2013.npz"), "--models", str(models), "--usage", "PublicTest"]
    assert main([*words, "--out", str(tmp_path / "f.npz"), "--plot", str(tmp_path / "f.png")]) == 0
    with np.load(tmp_path / "f.npz") as stored:
        assert stored["embeddings"].shape == (21, 5)
        assert stored["probabilities"].sum(axis=1) == pytest.approx(np.ones(21), abs=1e-5)
        assert stored["names"].tolist() == [str(row) for row in range(56, 77)]
        assert stored["labels"].tolist() == [EMOTIONS[row % 7] for row in range(56, 77)]
        assert "points" not in stored.files
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    assert "no landmark model" in capsys.readouterr().err


def test_a_csv_has_one_column_a_number(models, made_data, tmp_path) -> None:
    words = ["features", str(made_data / "fer2013.npz"), "--models", str(models), "--limit", "3"]
    assert main([*words, "--out", str(tmp_path / "f.csv")]) == 0
    with open(tmp_path / "f.csv", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["name", "label", *(f"p_{name}" for name in EMOTIONS), *(f"e{n}" for n in range(5))]
    assert len(rows) == 3
    assert sum(float(value) for value in rows[0][2:9]) == pytest.approx(1, abs=1e-4)


def test_the_embedding_is_what_the_classifier_sees(models) -> None:
    spec = manifest.load(models)["emotion-bare"]
    model = weights.load(models / "emotion-bare/weights.npz")
    faces = feature_faces.Faces(
        np.random.default_rng(0).integers(0, 256, (4, 16, 16, 1)).astype(np.uint8), ("",) * 4, ("",) * 4
    )
    table = features.take(model, faces, spec)
    kernel, bias = model.layers[-2].get_weights()
    logits = table.embeddings @ kernel + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.abs(table.probabilities - expected).max() < 1e-5


def test_a_folder_of_faces_takes_labels_from_its_folders(models, tmp_path) -> None:
    spec = manifest.load(models)["emotion-bare"]
    for place in ("happy/a.png", "holiday/b.png", "c.png"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / place), made.face(1, 60, np.random.default_rng(0)))
    faces = feature_faces.from_folder(tmp_path, spec)
    assert dict(zip(faces.names, faces.labels, strict=True)) == {
        "c.png": "",
        "happy/a.png": "happy",
        "holiday/b.png": "",
    }
    assert faces.images.shape == (3, 16, 16, 1)


def test_faces_are_found_where_pictures_are_whole(models, tmp_path) -> None:
    cv2.imwrite(str(tmp_path / "two.png"), painted((16, 16, False))[:, :, ::-1])
    cv2.imwrite(str(tmp_path / "none.png"), painted())
    words = ["features", str(tmp_path), "--models", str(models), "--find", "--out", str(tmp_path / "f.npz")]
    assert main(words) == 0
    with np.load(tmp_path / "f.npz") as stored:
        assert stored["names"].tolist() == ["two.png"]


@pytest.mark.parametrize(
    ("folder", "label"), [("Happiness", "happy"), ("SADNESS", "sad"), ("anger", "angry"), ("contempt", ""), ("x", "")]
)
def test_labels_are_the_words_of_many_data_sets(models, tmp_path, folder, label) -> None:
    (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / folder / "a.png"), made.face(1, 60, np.random.default_rng(0)))
    assert feature_faces.from_folder(tmp_path, manifest.load(models)["emotion-bare"]).labels == (label,)


def test_what_is_skipped_or_has_no_label_is_counted_and_named(models, tmp_path, capsys) -> None:
    photos = tmp_path / "photos"
    for place in ("happy/a.PNG", "contempt/b.png", "contempt/c.png", "d.png"):
        (photos / place).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(photos / place), made.face(1, 60, np.random.default_rng(0)))
    (photos / "happy/a1.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    (photos / "happy/letter.txt").write_text("dear")
    (photos / "up").symlink_to(photos)
    words = ["features", str(photos), "--models", str(models), "--out", str(tmp_path / "f.csv")]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "f.csv: 4 faces, 5 numbers each" in out
    assert "skipped: 3, named in " in out
    assert "not named as an emotion: 3 faces: contempt (2), no folder (1)" in out
    with open(tmp_path / "f.csv.skipped.csv", newline="") as file:
        assert {row[0] for row in list(csv.reader(file))[1:]} == {"happy/a1.jpg", "happy/letter.txt", "up/"}
    for name in ("happy/a1.jpg", "happy/letter.txt", "up"):
        (photos / name).unlink()
    assert main([*words, "--limit", "1"]) == 0
    assert "skipped: " not in capsys.readouterr().out
    assert not (tmp_path / "f.csv.skipped.csv").exists()


@pytest.mark.parametrize("text", ["", "my notes\n", "name,reason,count\na,b,1\n"])
def test_a_file_that_is_no_list_of_what_was_skipped_stays(models, tmp_path, text) -> None:
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos/a.png"), made.face(1, 60, np.random.default_rng(0)))
    (tmp_path / "f.csv.skipped.csv").write_text(text)
    words = ["features", str(tmp_path / "photos"), "--models", str(models), "--out", str(tmp_path / "f.csv")]
    assert main(words) == 0
    assert (tmp_path / "f.csv.skipped.csv").read_text() == text


def test_the_list_of_what_was_skipped_does_not_replace_what_is_read(tmp_path, capsys) -> None:
    table = tmp_path / "f.npz.skipped.csv"
    table.write_text("emotion,pixels,Usage\n")
    assert main(["features", str(table), "--out", str(tmp_path / "f.npz")]) == 1
    assert "f.npz.skipped.csv: is one of the files that are read; choose another --out" in capsys.readouterr().err
    assert table.read_text() == "emotion,pixels,Usage\n"


@pytest.mark.parametrize("table", ["f.csv", "f.npz"])
def test_a_name_that_is_not_utf_8_ends_nothing(models, tmp_path, table) -> None:
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos/a.png"), made.face(1, 60, np.random.default_rng(0)))
    (tmp_path / "photos/a.png").rename(tmp_path / "photos/caf\udce9.png")
    (tmp_path / "photos/b\udce9.png").write_bytes(b"torn")
    words = ["features", str(tmp_path / "photos"), "--models", str(models), "--out", str(tmp_path / table)]
    assert main(words) == 0
    assert b"b\\udce9.png" in (tmp_path / f"{table}.skipped.csv").read_bytes()


def test_a_limit_counts_faces(models, tmp_path, capsys) -> None:
    spec = manifest.load(models)["emotion-bare"]
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(b"torn")
    with pytest.raises(DataError, match=r"no face in 4 pictures; the first: 0\.png: "):
        feature_faces.from_folder(tmp_path, spec, limit=2)
    for number in range(5, 9):
        cv2.imwrite(str(tmp_path / f"{number}.png"), made.face(1, 60, np.random.default_rng(number)))
    assert feature_faces.from_folder(tmp_path, spec, limit=2).names == ("5.png", "6.png")


def test_what_cannot_be_used_is_named(models, made_data, tmp_path, capsys) -> None:
    spec = manifest.load(models)["emotion-bare"]
    with pytest.raises(DataError, match="no picture below it"):
        feature_faces.from_folder(tmp_path, spec)
    with pytest.raises(DataError, match="no usage 'Sunday'"):
        feature_faces.from_fer2013(made_data / "fer2013.npz", spec, "Sunday")
    inputs = keras.Input((4, 4, 1))
    flat = keras.Model(inputs, keras.layers.Flatten()(inputs))
    with pytest.raises(ModelError, match="no dense layer"):
        features.split(flat)
    (tmp_path / "x.keras").write_text("nothing")
    words = ["features", str(made_data / "fer2013.npz"), "--models", str(models), "--out", str(tmp_path / "f.npz")]
    assert main([*words, "--weights", str(tmp_path / "x.keras")]) == 4
    assert "x.keras: not a Keras model that loads" in capsys.readouterr().err


def network(outputs: int, answer: str, side: int = 16):
    layers = keras.layers
    flat = layers.GlobalAveragePooling2D()(layers.Conv2D(5, 3)(inputs := keras.Input((side, side, 1))))
    return keras.Model(inputs, layers.Dense(outputs, activation=answer)(flat))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ((8, "softmax"), r"from \(16, 16, 1\) to \(8,\), expected \(16, 16, 1\) to \(7,\) as the model tiny"),
        ((7, "softmax", 24), r"from \(24, 24, 1\) to \(7,\), expected \(16, 16, 1\)"),
        ((7, None), "its answers are no probabilities"),
    ],
)
def test_a_network_that_is_not_that_of_the_model_is_refused(models, made_data, made, expected) -> None:
    spec = manifest.load(models)["emotion-bare"]
    faces = feature_faces.from_fer2013(made_data / "fer2013.npz", spec, "", 3)
    with pytest.raises(ModelError, match=expected):
        features.take(network(*made), faces, spec)


def test_pictures_are_fed_as_the_model_says(models, made_data) -> None:
    """Also with a mean and a deviation, as torch's models want them."""
    spec = replace(manifest.load(models)["emotion-bare"], mean=(0.5,), std=(0.25,))
    faces, model = feature_faces.from_fer2013(made_data / "fer2013.npz", spec, "", 3), network(7, "softmax")
    expected = np.asarray(model.predict_on_batch(faces.images / np.float32(255) * 4 - 2))
    told = features.take(model, faces, spec).probabilities
    assert told == pytest.approx(expected[:, [spec.labels.index(name) for name in EMOTIONS]], abs=1e-4)


@pytest.mark.parametrize(
    ("out", "expected"),
    [("f.txt", "f.txt: expected a file that ends in .npz or .csv"), ("full.npz", "there is a folder of this name")],
)
def test_an_output_that_cannot_be_written_is_said_before_the_work(models, tmp_path, out, expected, capsys) -> None:
    (tmp_path / "full.npz").mkdir()
    assert main(["features", "nothing", "--models", str(models), "--out", str(tmp_path / out)]) == 1
    assert expected in capsys.readouterr().err


def test_without_float_weights_others_are_asked_for(tmp_path, capsys) -> None:
    assert main(["features", "nothing", "--models", str(TINY), "--out", str(tmp_path / "f.csv")]) == 4
    assert "weights.npz: no float weights; a training writes them, or give --weights" in capsys.readouterr().err
