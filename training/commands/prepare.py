"""edge-emotion-train prepare: check a data folder, or convert a data set into the layout that trainings read.

With --data: what is there, its splits, and what each trap drops. With --csv: the Kaggle csv of FER2013 as fer2013.npz.
With --ckplus: a CK+ folder as an .npz, split by subject (research only: no shipped model is trained on it). Its own
commands fer2013, ckplus and combined write folders of PNG files: see prepare_folders.py.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from edge.cli.terminal import Progress
from edge.errors import InvalidValue
from edge.files import expect_apart, expect_folder, expect_suffix, replacing
from edge.values import number, whole_number
from training import inventory
from training.commands import prepare_folders
from training.counted import counted
from training.data import ckplus, combined, fer2013, fer2013_pack
from training.data.fer2013_csv import BadRow

# Facts whose names in the JSON object are too terse for people.
WORDS = {
    "absent": "pictures that are missing",
    "boxes_under_12_px": "boxes less than 12 px wide",
    "worn": "with a mask",
    "pixels_sha256": "SHA-256 of the pixels",
    "training_rows_dropped_as_in_a_test": "training rows left out, also in a test set",
    "training_rows_dropped_as_flat": "training rows left out, a single grey",
    "flat_pictures": "pictures of a single grey",
    "public_test_rows_left_out_of_selection": "public test rows left out when a network is chosen",
    "pictures_voted_no_face": "pictures with many votes for no face",
    "row_whose_votes_are_ignored": "number of the row whose votes are ignored",
}
NAMED = 20  # bad rows
NUMBERS = ("row_whose_votes_are_ignored",)  # they count nothing

EXAMPLES = (
    "edge-emotion-train prepare --data DATA",
    "edge-emotion-train prepare --csv fer2013.csv --out DATA/fer2013.npz",
    "edge-emotion-train prepare fer2013 fer2013.csv pictures/fer2013",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    prepare_folders.add_arguments(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--data", type=Path, metavar="DIR", help="check this folder of data sets")
    what.add_argument("--csv", type=Path, metavar="FILE", help="convert FER2013's csv (emotion,pixels,Usage)")
    what.add_argument("--ckplus", type=Path, metavar="DIR", help="convert a CK+ folder, full or 48x48 excerpts")
    parser.add_argument("--out", type=Path, metavar="FILE.npz", help="the converted data set")
    parser.add_argument("--json", action="store_true", help="with --data: print one JSON object")
    parser.add_argument("--ferplus", type=Path, metavar="FILE", help="with --csv: FER+'s fer2013new.csv, for its votes")
    parser.add_argument(
        "--drop",
        type=number(),
        default=ckplus.DROP,
        metavar="PART",
        help="with --ckplus: part of each full sequence to drop from its start (default: 0.4)",
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0),
        default=1,
        metavar="N",
        help="with --ckplus: seed of the split by subject (default: 1)",
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        help="with --ckplus: find faces with this folder's detector where there are no landmarks",
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if arguments.set:
        return prepare_folders.main(arguments)
    if arguments.data:
        return check(arguments)
    if not (arguments.csv or arguments.ckplus):
        sets = ", ".join(prepare_folders.SETS)
        raise InvalidValue(f"prepare: expected one of {sets}, or --data DIR, --csv FILE or --ckplus DIR")
    if not arguments.out:
        raise InvalidValue("--out: expected the .npz to write; add --out FILE.npz")
    expect_apart({"--out": arguments.out}, (arguments.csv, arguments.ckplus, arguments.ferplus))
    expect_suffix(arguments.out, (".npz",))
    expect_folder(arguments.out)
    if arguments.csv:
        data, bad = fer2013.read(arguments.csv)
        if not len(data.labels):
            raise fer2013.DataError(f"{arguments.csv}: no rows below the header; copy or download it again")
        if arguments.ferplus:
            data = fer2013_pack.with_votes(data, arguments.ferplus)
        fer2013_pack.save(data, arguments.out)
        print("\n".join([*_lines(inventory.fer2013_facts(data)), *bad_lines(bad)]))
    else:
        convert_ckplus(arguments)
    print(f"wrote {arguments.out}")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Print what the folder holds; 1 if a set is broken (a missing one may simply not be wanted)."""
    progress = Progress(sys.stderr, "data sets", len(inventory.LOOKS))
    entries = []
    for entry in inventory.survey(arguments.data):
        entries.append(entry)
        progress.update(len(entries))
    progress.clear()
    if arguments.json:
        print(json.dumps({entry.name: asdict(entry) for entry in entries}))
    else:
        for entry in entries:
            print(f"{entry.name}: {entry.state}")
            print("\n".join(_lines(entry.facts, "  ")) + "\n" * bool(entry.facts), end="")
    return int(any(entry.state == inventory.BROKEN for entry in entries))


def bad_lines(bad: Sequence[BadRow]) -> list[str]:
    """The rows that are left out: their count, and the first of them with the reason."""
    if not bad:
        return []
    lines = [f"left out: {counted(len(bad), 'bad row')}; the others keep their numbers"]
    lines += [f"- row {row.number}: {row.reason}" for row in bad[:NAMED]]
    return [*lines, *([f"- and {len(bad) - NAMED:,} more"] if len(bad) > NAMED else [])]


def convert_ckplus(arguments: argparse.Namespace) -> None:
    """Write images, labels, usage (by subject), subjects and sequences; say what was dropped."""
    find = prepare_folders.finder(arguments.models) if arguments.models else None
    found = ckplus.load(arguments.ckplus, arguments.drop, combined.in_grey(find) if find else None)
    usage = ckplus.split(found.subjects, arguments.seed)
    with replacing(arguments.out) as scratch, open(scratch, "wb") as file:
        np.savez_compressed(
            file,
            images=found.images,
            labels=found.labels,
            usage=usage,
            subjects=np.array(found.subjects),
            sequences=np.array(found.sequences),
        )
    sides = {name: int((usage == number).sum()) for number, name in enumerate(fer2013.USAGES)}
    subjects = len(set(found.subjects))
    print("\n".join(_lines({"pictures": sides, "subjects": subjects, "dropped": dict(found.dropped)})))
    print("CK+ is for research only: do not ship what is trained on it")


def _lines(facts: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    for key, value in facts.items():
        if isinstance(value, Mapping):
            yield f"{indent}{_words(key)}:"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{_words(key)}: {_shown(key, value)}"


def _words(key: str) -> str:
    return key if "." in key else WORDS.get(key, key.replace("_", " "))  # a file keeps its name


def _shown(key: str, value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) and key not in NUMBERS else str(value)
