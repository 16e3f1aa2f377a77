"""edge-emotion-train masks on made pictures: the files, the counts, the frozen tables."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import ModelError
from tests.training import made
from training.commands import masks as command
from training.data import masked_v1
from training.data.face_points import FacePoints
from training.data.fer2013 import TRAINING, DataError
from training.data.masks import HELD_OUT, TRAINING_KINDS

DATA = made.fer()
FACE = made.points((8, 14, 40, 46)).astype(np.float32)
BAD = (4, 60)  # a Training and a PublicTest row


def faces() -> FacePoints:
    plausible = np.ones(len(DATA.images), bool)
    plausible[list(BAD)] = False
    return FacePoints(np.repeat(FACE[None], len(DATA.images), axis=0), plausible)


def test_everything_that_it_promises_is_written(tmp_path: Path) -> None:
    statistics = command.write(DATA, faces(), tmp_path, freeze=True)
    assert json.loads((tmp_path / "statistics.json").read_text(encoding="utf-8")) == statistics
    training = statistics["training"]
    assert (training["rows"], training["skipped"]) == (len(DATA.rows(TRAINING)) - 1, 1)
    assert set(training["kinds"]) <= set(TRAINING_KINDS)
    assert sum(training["kinds"].values()) == sum(training["colours"].values()) == training["rows"]
    assert 0.1 < training["covered"] < 0.6
    assert statistics["masked-v1-public"]["mean_shape"] == 1
    assert statistics["masked-v1"]["mean_shape"] == 0
    assert statistics["masked-v1"]["rows"] == len(DATA.rows(2))
    for name in ("masked-v1", "masked-v1-public", *TRAINING_KINDS):
        assert cv2.imread(str(tmp_path / f"sheet-{name}.png"), cv2.IMREAD_GRAYSCALE).shape[1] == 16 * 48 * 2
    assert not any((tmp_path / f"sheet-{kind}.png").exists() for kind in HELD_OUT)


def test_a_folder_whose_name_is_not_utf_8_holds_its_sheets(tmp_path: Path) -> None:
    folder = tmp_path / "\udce9"
    folder.mkdir()
    command.write(DATA, faces(), folder, freeze=True)
    assert (folder / "sheet-masked-v1.png").stat().st_size > 0


def test_the_set_keeps_its_rows_and_says_what_each_wears(tmp_path: Path) -> None:
    command.write(DATA, faces(), tmp_path, freeze=True)
    with np.load(tmp_path / "masked-fer2013.npz") as stored:
        images, kinds = stored["images"], stored["kinds"]
        assert np.array_equal(stored["labels"], DATA.labels)
        assert np.array_equal(stored["usage"], DATA.usage)
    assert np.flatnonzero(kinds == "").tolist() == [BAD[0]], "a skipped row wears nothing"
    assert not images[BAD[0]].any(), "and has no picture"
    assert (images != DATA.images).any(axis=(1, 2)).all()
    assert not set(kinds[DATA.rows(TRAINING)]) & set(HELD_OUT)
    table = masked_v1.load("masked-v1", tmp_path)
    assert np.array_equal(images[table.rows], masked_v1.drawn(table, DATA))


def test_the_seed_decides_the_training_rows_alone(tmp_path: Path) -> None:
    assert command.mask_training_rows(DATA, faces(), 1) == command.mask_training_rows(DATA, faces(), 1)
    assert command.mask_training_rows(DATA, faces(), 1) != command.mask_training_rows(DATA, faces(), 2)
    assert BAD[0] not in command.mask_training_rows(DATA, faces(), 1)


def test_other_pictures_than_fer2013s_are_refused_without_freeze(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="35,887 rows, got 98"):
        command.write(DATA, faces(), tmp_path)


@pytest.mark.parametrize(
    ("count", "shape"), [(0, (96, 16 * 96)), (1, (96, 16 * 96)), (16, (96, 16 * 96)), (17, (192, 16 * 96))]
)
def test_a_sheet_has_a_tile_a_picture(count: int, shape: tuple[int, int]) -> None:
    drawn = command.sheet(np.zeros((count, 48, 48), np.uint8))
    assert drawn.shape == shape
    assert (drawn == 0).sum() == count * 96 * 96


def test_covered_of_nothing_is_nothing() -> None:
    none = np.zeros((0, 48, 48), np.uint8)
    assert command.covered(none, none) == 0.0
    assert command.covered(np.zeros((1, 4, 4), np.uint8), np.full((1, 4, 4), 99, np.uint8)) == 1.0


def _arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


def test_missing_data_or_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"fer2013\.npz"):
        command.main(_arguments(str(tmp_path), "--out", str(tmp_path / "out")))
    from training.data import fer2013_pack

    fer2013_pack.save(DATA, tmp_path / "fer2013.npz")
    with pytest.raises(ModelError, match=r"manifest\.json"):
        command.main(_arguments(str(tmp_path), "--out", str(tmp_path / "out"), "--models", str(tmp_path)))
