"""edge-emotion-train train mask --dataset: two classes in, a network, a report and a plot out."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import manifest
from edge.errors import ModelError
from tests.training import made
from training.__main__ import main
from training.counted import counted
from training.history import STATE, STATE_METADATA

keras = pytest.importorskip("keras")

from training.networks import mobilenet  # noqa: E402
from training.tasks import mask_folder as task  # noqa: E402


@pytest.fixture
def folder(tmp_path) -> Path:
    """Drawn faces, 20 with and 20 without a mask."""
    rng = np.random.default_rng(1)
    for name, masked in (("mask", True), ("no_mask", False)):
        (tmp_path / "faces" / name).mkdir(parents=True)
        for n in range(20):
            face = cv2.cvtColor(made.face(n % 7, 64, rng, masked), cv2.COLOR_GRAY2BGR)
            face[:, : 2 * n] //= 2  # so that no two are near-duplicates
            cv2.imwrite(str(tmp_path / "faces" / name / f"{n}.png"), np.roll(face, 3 * n, axis=1))
    return tmp_path / "faces"


@pytest.fixture
def words(folder, write_recipe, tmp_path) -> list[str]:
    recipe = write_recipe("mask")
    return ["train", str(recipe), "--dataset", str(folder), "--crops", "--out", str(tmp_path / "run"), "--batch", "8"]


def test_a_run_leaves_a_report_a_plot_and_what_the_conversion_needs(
    words, folder, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (folder / "mask/letter.txt").write_text("dear")
    assert main([*words, "--epochs", "2", "--calibration", "10"]) == 0
    out = capsys.readouterr().out
    run = tmp_path / "run"
    report = (run / "report.md").read_text(encoding="utf-8")
    for text in (report, out):
        assert "| class | precision | recall | F1 | pictures |" in text
        assert "| no_mask |" in text
        assert "95 % interval" in text
        assert "starts from: random weights" in text
        assert "- mask/letter.txt: not a picture" in text.replace("  - ", "- ")
    assert report.startswith("# mask-faces\n\nTrained on the folder faces")
    assert "| epochs | 2 of 2 |" in report
    assert (run / "plot.png").read_bytes().startswith(b"\x89PNG")
    model = keras.models.load_model(run / "model.keras", compile=False)
    assert model.output_shape == (None, 2)
    with np.load(run / "test.npz") as stored:
        assert stored["images"].shape[1:] == (48, 48, 3)
        assert stored["classes"].tolist() == ["bare", "worn"]
        assert set(stored["labels"].tolist()) == {0, 1}
    with np.load(run / "calibration.npz") as stored:
        assert stored["images"].shape == (10, 48, 48, 3)
    assert (run / "skipped.csv").read_text().splitlines()[1] == "mask/letter.txt,not a picture"
    assert "| data | the folder faces |" in report
    assert out.index("starts from: ") < out.index("  epoch 1 ")  # before the minutes that it takes
    copy, command = (shlex.split(line[6:]) for line in out.splitlines() if line.startswith(("next: ", "then: ")))
    assert copy == ["cp", "-r", f"{manifest.default_folder()}/.", "my-models"]
    from convert.__main__ import command_of, parser_of

    name, rest = command_of(command[1:])
    asked = parser_of(name).parse_args(rest)
    assert (asked.task, asked.labels, asked.preprocess) == ("mask", None, None)


def test_an_interrupted_run_is_resumed_where_it_stopped(words, tmp_path, capsys, monkeypatch) -> None:
    measure, calls = task.FolderMask.measure, []

    def broken_off(self, model):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return measure(self, model)

    monkeypatch.setattr(task.FolderMask, "measure", broken_off)
    assert main([*words, "--epochs", "3"]) == 130
    line = capsys.readouterr().out.strip().splitlines()[-1]
    again = shlex.split(line.removeprefix("interrupted; resume with: "))[1:]
    assert sorted(again) == sorted([*words, "--epochs", "3", "--resume"])
    monkeypatch.setattr(task.FolderMask, "measure", measure)
    assert main(again) == 0
    history = [json.loads(one) for one in (tmp_path / "run/history.jsonl").read_text().splitlines()]
    assert [one["epoch"] for one in history] == [1, 2, 3]
    assert {"loss", "val_loss", "accuracy", "val_accuracy", "score"} <= history[-1].keys()


def test_a_run_that_is_resumed_with_more_pictures_tests_on_none_that_it_trained_on(words, folder, tmp_path) -> None:
    assert main([*words, "--epochs", "1"]) == 0
    with open(tmp_path / "run/split.csv", newline="") as file:
        before = {row["picture"]: row["part"] for row in csv.DictReader(file)}
    rng = np.random.default_rng(7)
    for name in ("mask", "no_mask"):
        for n in range(20):
            cv2.imwrite(str(folder / name / f"a{n}.png"), rng.integers(0, 256, (64, 64, 3)).astype(np.uint8))
    assert main([*words, "--epochs", "2", "--resume"]) == 0
    with open(tmp_path / "run/split.csv", newline="") as file:
        after = {row["picture"]: row["part"] for row in csv.DictReader(file)}
    assert len(after) == 80
    assert {name: after[name] for name in before} == before
    assert "40 new pictures: train 40" in (tmp_path / "run/report.md").read_text()


@pytest.mark.parametrize(("before", "said"), [(None, ""), (True, ""), (False, "data.crops was False, now True; ")])
def test_a_run_that_goes_on_says_that_crops_changed_where_it_knows(words, tmp_path, caplog, before, said) -> None:
    assert main([*words, "--epochs", "1"]) == 0
    state = tmp_path / "run" / STATE / STATE_METADATA
    told = json.loads(state.read_text())
    assert told["recipe"].pop("data.crops") is True
    told["recipe"] |= {} if before is None else {"data.crops": before}  # None: begun before it was kept
    state.write_text(json.dumps(told))
    assert main([*words, "--epochs", "2", "--resume"]) == 0
    (line,) = [one.getMessage() for one in caplog.records if one.name == "training.checkpoint"]
    assert f"run: {said}fit.epochs was 1, now 2; what the recipe says now" in line


def test_a_run_is_not_resumed_on_another_folder(words, folder, tmp_path, capsys) -> None:
    assert main([*words, "--epochs", "1"]) == 0
    capsys.readouterr()
    for path in folder.rglob("*.png"):
        cv2.imwrite(str(path), 255 - cv2.imread(str(path)))
    assert main([*words, "--epochs", "2", "--resume"]) == 1
    err = capsys.readouterr().err
    assert "faces: 40 of the 40 pictures of this run are not there" in err
    assert err.strip().count("\n") == 0


def test_a_test_part_of_one_class_is_named(folder, words, capsys) -> None:
    (folder / "test/mask").mkdir(parents=True)
    for n in range(4):
        (folder / f"mask/{n}.png").rename(folder / f"test/mask/{n}.png")
    assert main([*words, "--epochs", "1"]) == 0
    assert "- test: no picture of no_mask, so the figures say nothing about that class" in capsys.readouterr().out


def test_pictures_that_a_folders_own_split_repeats_are_counted(folder, words, tmp_path, capsys) -> None:
    for kind in ("mask", "no_mask"):
        (folder / "test" / kind).mkdir(parents=True)
        for n in range(4):
            copied = (folder / kind / f"{n}.png").read_bytes()
            if n:
                (folder / kind / f"{n}.png").unlink()
            (folder / "test" / kind / f"{n}.png").write_bytes(copied)
    assert main([*words, "--epochs", "1"]) == 0
    report = (tmp_path / "run/report.md").read_text(encoding="utf-8")
    for text in (capsys.readouterr().out, report):
        assert "- test: 2 of them are in train or val too: the figures are too optimistic" in text
        assert "On the 8 test pictures (2 of which this run also trained on or used to choose an epoch), " in text


def _small(input_tensor, include_top, weights, alpha):
    """In the place of MobileNetV2; ImageNet's weights are at the end of a cable that is not plugged in."""
    if weights == "imagenet":
        raise Exception("URL fetch failure on https://storage: None -- Name or service not known")
    if weights and Path(weights).read_bytes() != b"good":
        raise OSError("Unable to open file (file signature not found)")
    x = keras.layers.Conv2D(4, 3, 4)(input_tensor)
    return keras.Model(keras.utils.get_source_inputs(input_tensor), x)  # as MobileNetV2 does


@pytest.mark.parametrize(
    ("weights", "start"),
    [
        (None, "random weights, because ImageNet's weights could not be fetched (URL fetch failure"),
        ("there.h5", "ImageNet's weights, there.h5"),
    ],
)
def test_mobilenet_says_what_it_starts_from(monkeypatch, tmp_path, weights, start) -> None:
    (tmp_path / "there.h5").write_bytes(b"good")
    monkeypatch.setattr(keras.applications, "MobileNetV2", _small)
    model, told = mobilenet.build(96, 2, weights=tmp_path / weights if weights else None)
    assert told.startswith(start)
    assert model.output_shape == (None, 2)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "w.h5: cannot read the weights (No such file or directory)"),
        ("folder", "w.h5: cannot read the weights (Is a directory)"),
        (b"", "w.h5: not the weights of MobileNetV2 without its top (Unable to open file"),
        (b"text", "w.h5: not the weights of MobileNetV2 without its top (Unable to open file"),
    ],
)
def test_a_file_of_weights_that_is_named_must_be_good(words, tmp_path, capsys, monkeypatch, content, expected) -> None:
    """Before any picture is read: the data is not even there."""
    monkeypatch.setattr(keras.applications, "MobileNetV2", _small)
    path = tmp_path / "w.h5"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    words[words.index("--dataset") + 1] = str(tmp_path / "nowhere")
    assert main([*words, "--backbone", "mobilenetv2", "--backbone-weights", str(path)]) == 4
    err = capsys.readouterr().err
    assert err.startswith(f"edge-emotion-train: {tmp_path}/{expected}")
    assert err.count("\n") == 1
    assert "no_top.h5" in err


@pytest.mark.slow
@pytest.mark.filterwarnings("error::UserWarning")
def test_keras_refuses_a_file_of_another_network_in_one_line(tmp_path) -> None:
    other = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2)])
    other.save_weights(tmp_path / "other.weights.h5")
    np.savez(tmp_path / "w.npz", a=np.zeros(3))
    for name in ("other.weights.h5", "w.npz"):
        with pytest.raises(ModelError, match="not the weights of MobileNetV2 without its top"):
            mobilenet.check(tmp_path / name)


def test_mobilenet_is_trained_on_pixels_of_0_to_255(words, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(keras.applications, "MobileNetV2", _small)
    assert main([*words, "--backbone", "mobilenetv2", "--epochs", "1"]) == 0
    assert "starts from: random weights, because ImageNet's weights could not be fetched" in capsys.readouterr().out
    with np.load(tmp_path / "run/test.npz") as stored:
        images, labels = stored["images"], stored["labels"]
    assert images.shape[1:] == (96, 96, 3)
    model = keras.models.load_model(tmp_path / "run/model.keras", compile=False)
    assert any(isinstance(layer, keras.layers.Rescaling) for layer in model.layers)
    answers = np.asarray(model.predict(images.astype(np.float32), verbose=0))
    right = int((answers.argmax(axis=1) == labels).sum())
    assert (
        f"{counted(right, 'answer')} {'is' if right == 1 else 'are'} right" in (tmp_path / "run/report.md").read_text()
    )


def test_our_network_starts_from_the_bundled_one() -> None:
    from training import recipe as recipes
    from training.data.mask_folder import Faces

    nobody = Faces(np.zeros((0, 64, 64, 3), np.uint8), np.zeros(0, bool), np.zeros(0, str), (), ("a", "b"), (), (), "")
    made_of = task.FolderMask(recipes.load(recipes.find("mask")), nobody, "ours")
    first, second = (made_of.build().get_weights() for _ in range(2))
    assert made_of.start == "the bundled mask model's weights but for the last layer"
    assert all(np.array_equal(a, b) for a, b in zip(first[:-2], second[:-2], strict=True))
    assert not np.array_equal(first[-2], second[-2])


@pytest.mark.parametrize(
    ("change", "code", "expected"),
    [
        ({"--dataset": "/nowhere"}, 1, "/nowhere: no such folder"),
        ({"recipe": "emotion-bare"}, 2, "--dataset: expected a recipe of the task mask"),
        ({"--backbone-weights": "w.h5"}, 2, "--backbone-weights: only with --backbone mobilenetv2"),
        ({"--node": "1"}, 1, "--nodes: not with --dataset"),
    ],
)
def test_what_is_wrong_is_one_line(words, capsys, change, code, expected) -> None:
    for key, value in change.items():
        if key not in ("recipe", *words):
            words += [key, ""]
        words[1 if key == "recipe" else words.index(key) + 1] = value
    assert main(words) == code
    err = capsys.readouterr().err.strip()
    assert expected in err
    assert "\n" not in err


@pytest.mark.parametrize("flag", [["--crops"], ["--backbone", "mobilenetv2"], ["--backbone-weights", "w.h5"]])
def test_flags_of_a_dataset_are_refused_without_one(tmp_path, capsys, flag) -> None:
    assert main(["train", "mask", "--data", str(tmp_path), *flag]) == 2
    assert capsys.readouterr().err.startswith(f"edge-emotion-train: {flag[0]}: only with --dataset FOLDER")


def test_a_data_folder_or_a_dataset_but_not_both(words, tmp_path, capsys) -> None:
    for wrong in (words[:2], [*words, "--data", str(tmp_path)]):
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert ended.value.code == 2
        assert "--data" in capsys.readouterr().err
