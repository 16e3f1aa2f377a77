"""FER2013's loader and its traps, on generated rows."""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace

import numpy as np
import pytest

from edge.labels import Emotion
from tests.training import made
from training.data import fer2013, fer2013_pack
from training.data.fer2013 import BLANK_ROW, PRIVATE, PUBLIC, TRAINING, DataError, Fer2013, soft_labels


@pytest.fixture(scope="module")
def rows() -> Fer2013:
    return made.fer()


def write_csv(path, data: Fer2013) -> None:
    with open(path, "w", newline="", encoding="ascii") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        for image, label, usage in zip(data.images, data.labels, data.usage, strict=True):
            writer.writerow([label, " ".join(map(str, image.reshape(-1))), fer2013.USAGES[usage]])


def test_rows_that_stand_in_a_test_and_flat_ones_are_not_learned(rows) -> None:
    kept = rows.training_rows()
    assert set(rows.rows(TRAINING)) - set(kept) == {1, 2, 3}  # see made.fer


def test_nothing_is_dropped_from_the_tests(rows) -> None:
    assert len(rows.rows(PUBLIC)) == made.ROWS[PUBLIC]
    assert rows.in_training(PUBLIC).sum() == 1
    assert rows.in_training(PRIVATE)[0]
    assert rows.in_training(PRIVATE).sum() == 1


def test_selection_leaves_out_what_also_stands_in_the_last_test(rows) -> None:
    images = rows.images.copy()
    public, private = rows.rows(PUBLIC), rows.rows(PRIVATE)
    images[public[5]] = images[private[7]]
    assert set(public) - set(replace(rows, images=images).selection_rows()) == {public[5]}


def test_npz_and_csv_give_the_same_rows(rows, tmp_path) -> None:
    fer2013_pack.save(rows, tmp_path / "fer2013.npz")
    write_csv(tmp_path / "fer2013.csv", rows)
    packed, plain = fer2013.load(tmp_path / "fer2013.npz"), fer2013.load(tmp_path / "fer2013.csv")
    for read in (packed, plain):
        assert np.array_equal(read.images, rows.images)
        assert np.array_equal(read.labels, rows.labels)
        assert np.array_equal(read.usage, rows.usage)
    assert np.array_equal(packed.ferplus, rows.ferplus)
    assert not plain.ferplus.any()


def test_votes_come_from_the_published_table(rows, tmp_path) -> None:
    table = tmp_path / "fer2013new.csv"
    with open(table, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Usage", "Image name", *fer2013_pack.VOTES])
        for number, votes in enumerate(rows.ferplus.tolist()):
            writer.writerow([fer2013.USAGES[rows.usage[number]], f"fer{number}.png", *votes])
    bare = replace(rows, ferplus=np.zeros_like(rows.ferplus))
    assert np.array_equal(fer2013_pack.with_votes(bare, table).ferplus, rows.ferplus)
    lines = table.read_text().splitlines()
    saved_again = [lines[0].upper(), *(f"{line}.0" for line in lines[1:])]
    table.write_text("".join(line.replace(",", ";") + "\r\n" for line in saved_again), encoding="utf-8-sig", newline="")
    assert np.array_equal(fer2013_pack.with_votes(bare, table).ferplus, rows.ferplus)
    table.write_text("\n".join([lines[0], lines[-1], *lines[2:-1], lines[1]]))
    with pytest.raises(DataError, match=r"row 0: usage: expected Training as FER2013 has, got .*; the rows must stay"):
        fer2013_pack.with_votes(bare, table)
    table.write_text("\n".join(lines[:-1]))
    with pytest.raises(DataError, match="expected 98 rows as FER2013 has, got 97"):
        fer2013_pack.with_votes(bare, table)
    table.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert np.array_equal(fer2013_pack.with_votes(bare, table).ferplus, rows.ferplus)
    table.write_text("\n".join(lines), encoding="utf-16")
    with pytest.raises(DataError, match=r"cannot read FER\+'s votes \(text in UTF-16; save it as UTF-8\)"):
        fer2013_pack.with_votes(bare, table)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "expected the columns neutral, .* and NF; there is no 'neutral': the first line is 'a,b'"),
        (f"{','.join(fer2013_pack.VOTES)}\n1,2\n", "a row breaks off; copy or download"),
        (f"{','.join(fer2013_pack.VOTES)},Usage\n{','.join('1' * 10)}\n", "a row breaks off; copy or download"),
        (f"{','.join(fer2013_pack.VOTES)}\n{','.join(['300'] * 10)}\n", "cannot read FER\\+'s votes"),
    ],
)
def test_a_table_of_votes_that_is_not_whole_is_named(rows, tmp_path, text, says) -> None:
    (tmp_path / "votes.csv").write_text(text)
    with pytest.raises(DataError, match=says):
        fer2013_pack.with_votes(rows, tmp_path / "votes.csv")


@pytest.mark.parametrize("name", ["absent.npz", "text.npz", "text.csv", "short.csv"])
def test_what_cannot_be_read_is_named(name, tmp_path) -> None:
    path = tmp_path / name
    if name.startswith("text"):
        path.write_text("this is no data set\n1\n")
    if name.startswith("short"):
        path.write_text("emotion,pixels,Usage\n0,1 2 3,Training\n")
    with pytest.raises(DataError, match=name):
        fer2013.load(path)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_copy_that_broke_off_is_named(rows, tmp_path, kept) -> None:
    path = tmp_path / "torn.npz"
    fer2013_pack.save(rows, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(DataError, match=r"torn\.npz: cannot read FER2013"):
        fer2013.load(path)


@pytest.mark.parametrize("at", [0.2, 0.5, 0.8])
def test_a_copy_with_damage_inside_is_named(rows, tmp_path, at) -> None:
    path = tmp_path / "damaged.npz"
    fer2013_pack.save(rows, path)
    whole = bytearray(path.read_bytes())
    place = int(at * len(whole))
    whole[place : place + 40] = bytes(255 - value for value in whole[place : place + 40])
    path.write_bytes(whole)
    with pytest.raises(DataError, match=r"damaged\.npz: cannot read FER2013"):
        fer2013.load(path)


@pytest.mark.parametrize(
    ("votes", "smoothing", "expected"),
    [
        (0.0, 0.0, {Emotion.ANGRY: 1.0}),
        (0.5, 0.0, {Emotion.ANGRY: 0.5, Emotion.HAPPY: 0.3, Emotion.NEUTRAL: 0.2}),
        (0.0, 0.7, {Emotion.ANGRY: 0.4}),
    ],
)
def test_soft_labels_by_hand(rows, votes, smoothing, expected) -> None:
    (target,) = soft_labels(rows, np.array([0]), votes, smoothing)  # label angry; 6 votes happy, 4 neutral
    for emotion, value in expected.items():
        assert target[emotion] == pytest.approx(value)
    assert target.sum() == pytest.approx(1)


def test_soft_labels_sum_to_one_for_every_row(rows) -> None:
    targets = soft_labels(rows, np.arange(len(rows.labels)), 0.3, 0.1)
    assert targets.sum(axis=1) == pytest.approx(np.ones(len(targets)))
    assert (targets >= 0).all()


def test_votes_for_no_class_of_ours_and_of_the_blank_row_do_not_count() -> None:
    count = BLANK_ROW + 1
    votes = np.zeros((count, 10), np.uint8)
    votes[0, 9] = 10  # no face
    votes[BLANK_ROW, 1] = 10  # a blank picture that ten people called happy
    data = Fer2013(np.zeros((count, 48, 48), np.uint8), np.zeros(count, np.int8), np.zeros(count, np.uint8), votes)
    targets = soft_labels(data, np.array([0, BLANK_ROW]), 0.5, 0.0)
    assert targets[:, Emotion.ANGRY].tolist() == [1, 1]


def test_too_many_rows_for_the_mosaic(rows, tmp_path) -> None:
    many = Fer2013(
        rows.images[:1], np.zeros(36001, np.int8), np.zeros(36001, np.uint8), np.zeros((36001, 10), np.uint8)
    )
    with pytest.raises(DataError, match="at most 36000 rows, got 36001"):
        fer2013_pack.save(many, tmp_path / "out.npz")
