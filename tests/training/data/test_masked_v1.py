"""The frozen table on made pictures: what is drawn, kept, counted and refused. The real one: tests/data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training import made
from training.data import masked_v1, masks
from training.data.face_points import FacePoints
from training.data.fer2013 import PRIVATE, PUBLIC, DataError
from training.data.masks import COLOURS, HELD_OUT, KINDS, NEEDED

DATA = made.fer()
FACE = made.points((8, 14, 40, 46)).astype(np.float32)


def face_points(bad: tuple[int, ...] = ()) -> FacePoints:
    """The same face in all rows, a pixel further right in every second one; nonsense in the bad ones."""
    points = np.repeat(FACE[None], len(DATA.images), axis=0)
    points[::2, :, 0] += 1
    plausible = np.ones(len(points), bool)
    for row in bad:
        points[row], plausible[row] = -900, False
    return FacePoints(points, plausible)


@pytest.fixture
def frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Both tables of the made set, in place of the shipped ones."""
    for name, usage in masked_v1.USAGES.items():
        masked_v1.save(masked_v1.freeze(face_points(), DATA.rows(usage)), tmp_path / f"{name}.npz")
    monkeypatch.setattr(masked_v1.load, "__defaults__", ("masked-v1", tmp_path))
    return tmp_path


def test_a_table_of_no_rows() -> None:
    table = masked_v1.freeze(face_points(), np.zeros(0, np.int64))
    assert len(table) == 0
    assert masked_v1.drawn(table, DATA).shape == (0, 48, 48)


def test_freezing_draws_uniformly_and_the_same_again() -> None:
    rows = np.arange(len(DATA.images)).repeat(40)
    table = masked_v1.freeze(face_points(), rows)
    for values, count in ((table.kinds, len(KINDS)), (table.colours, len(COLOURS))):
        shares = np.bincount(values, minlength=count) / len(rows)
        assert len(shares) == count
        assert np.abs(shares - 1 / count).max() < 0.03
    again = masked_v1.freeze(face_points(), rows)
    assert np.array_equal(table.kinds, again.kinds)
    assert np.array_equal(table.colours, again.colours)
    held_out = np.isin(np.array(KINDS)[table.kinds], HELD_OUT)
    assert np.array_equal(table.held_out(), held_out)
    assert held_out.any()


def test_nothing_is_skipped_a_mean_shape_stands_in() -> None:
    rows = DATA.rows(PRIVATE)
    bad = (int(rows[0]), int(rows[4]))
    table = masked_v1.freeze(face_points(bad), rows)
    assert table.rows.tolist() == rows.tolist()
    assert np.flatnonzero(table.mean).tolist() == [0, 4]
    assert np.abs(table.points[0] - FACE[list(NEEDED)]).max() < 2


def test_a_table_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    faces = face_points()
    faces.points[3, 5] = (-500, 500)  # taken to the ends of int8
    table = masked_v1.freeze(faces, np.arange(10))
    masked_v1.save(table, tmp_path / "masked-v1.npz")
    again = masked_v1.load("masked-v1", tmp_path)
    for field in ("rows", "kinds", "colours", "points", "mean"):
        assert np.array_equal(getattr(table, field), getattr(again, field)), field
        assert getattr(table, field).dtype == getattr(again, field).dtype, field
    assert again.points[3, 5].tolist() == [-128, 127]


def test_drawn_is_draw_with_the_row_as_seed() -> None:
    table = masked_v1.freeze(face_points(), DATA.rows(PUBLIC))
    pictures = masked_v1.drawn(table, DATA)
    names = tuple(COLOURS)
    for index in (0, 7):
        row = int(table.rows[index])
        expected = masks.draw(
            DATA.images[row], face_points().points[row], KINDS[table.kinds[index]], names[table.colours[index]], row
        )
        assert np.array_equal(pictures[index], expected)


def test_render_keeps_the_order_that_was_asked_for(frozen: Path) -> None:
    public, private = DATA.rows(PUBLIC), DATA.rows(PRIVATE)
    rows = np.array([private[3], public[2], private[0]])
    pictures = masked_v1.render(DATA, rows)
    whole = masked_v1.drawn(masked_v1.load("masked-v1"), DATA)
    assert np.array_equal(pictures[0], whole[3])
    assert np.array_equal(pictures[2], whole[0])
    assert np.array_equal(pictures[1], masked_v1.render(DATA, public)[2])
    assert masked_v1.render(DATA, np.zeros(0, np.int64)).shape == (0, 48, 48)
    with pytest.raises(DataError, match="row 0 is neither PublicTest nor PrivateTest"):
        masked_v1.render(DATA, np.array([0]))


def test_frozen_refuses_other_pixels(frozen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = masked_v1.drawn(masked_v1.load("masked-v1"), DATA)
    monkeypatch.setitem(masked_v1.SHA256, "masked-v1", masked_v1.digest(expected))
    table, pictures = masked_v1.frozen(DATA)
    assert np.array_equal(pictures, expected)
    assert table.rows.tolist() == DATA.rows(PRIVATE).tolist()
    monkeypatch.setitem(masked_v1.SHA256, "masked-v1", "0" * 64)
    with pytest.raises(DataError, match=r"masked-v1: sha256 of the drawn pixels is .*expected 000000000000"):
        masked_v1.frozen(DATA)


@pytest.mark.parametrize("harm", ["missing", "torn", "other kinds"])
def test_a_bad_table_is_named(frozen: Path, harm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = frozen / "masked-v1.npz"
    if harm == "missing":
        path.unlink()
    elif harm == "torn":
        path.write_bytes(path.read_bytes()[:200])
    else:
        monkeypatch.setattr(masked_v1, "KINDS", KINDS[::-1])
    with pytest.raises(DataError, match=r"masked-v1\.npz: cannot read the table of masks"):
        masked_v1.load("masked-v1", frozen)
