"""Write fer2013.npz, the small lossless layout that training/data/fer2013.py reads, from the Kaggle csv's rows."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from edge.files import replacing
from edge.setting import shown
from edge.text import printable
from training.data.fer2013 import LEFT_OUT, MOSAIC, USAGES, DataError, Fer2013
from training.data.fer2013_csv import head_of, opened

VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")


def save(data: Fer2013, path: Path) -> None:
    """Write the set as one PNG mosaic and three small arrays; row i stays row i.

    Raises:
        DataError: more rows than the mosaic has tiles.
    """
    down, across = MOSAIC
    if len(data.labels) > down * across:
        raise DataError(f"{path}: expected at most {down * across} rows, got {len(data.labels)}")
    tiles = np.zeros((down * across, 48, 48), np.uint8)
    tiles[: len(data.images)] = data.images
    mosaic = tiles.reshape(down, across, 48, 48).transpose(0, 2, 1, 3).reshape(down * 48, across * 48)
    done, png = cv2.imencode(".png", mosaic)
    if not done:
        raise DataError(f"{path}: OpenCV could not encode the mosaic; reinstall opencv-python-headless")
    with replacing(path) as scratch, open(scratch, "wb") as file:
        np.savez(
            file,
            png=png.reshape(-1),
            labels=data.labels.astype(np.int8),
            usage=data.usage.astype(np.uint8),
            ferplus=data.ferplus.astype(np.uint8),
        )


def _whole(text: str) -> int:
    """A count; a spreadsheet or pandas may have made 4.0 of 4."""
    number, _, rest = text.strip().partition(".")
    if rest.strip("0"):
        raise ValueError(f"expected whole numbers, got {shown(text)}")
    return int(number)


def with_votes(data: Fer2013, table: Path) -> Fer2013:
    """The set with FER+'s votes from its fer2013new.csv (Barsoum et al., 2016), whose rows are FER2013's rows.

    Raises:
        DataError: the table is missing, lacks a column, or has another number of rows.
    """
    try:
        with opened(table) as file:
            separator, head = head_of(next(file, ""), VOTES)
            rows = list(csv.DictReader(file, head, delimiter=separator))
            votes = [[_whole(row[name.lower()]) for name in VOTES] for row in rows]
            usages = [row["usage"].strip() for row in rows] if "usage" in head else []
            counts = np.array(votes, np.uint8)
    except (TypeError, AttributeError):
        raise DataError(f"{table}: a row breaks off; copy or download FER+'s fer2013new.csv again") from None
    except (OSError, ValueError, OverflowError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{table}: cannot read FER+'s votes ({reason}); expected its fer2013new.csv") from None
    if len(votes) != len(data.labels):
        raise DataError(f"{table}: expected {len(data.labels)} rows as FER2013 has, got {len(votes)}")
    for number, (told, usage) in enumerate(zip(usages, data.usage.tolist(), strict=False)):
        if usage != LEFT_OUT and told != USAGES[usage]:
            raise DataError(
                f"{printable(table)}: row {number}: usage: expected {USAGES[usage]} as FER2013 has, got "
                f"{shown(told)}; the rows must stay in FER2013's order"
            )
    return replace(data, ferplus=counts)
