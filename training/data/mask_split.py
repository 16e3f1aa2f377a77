"""Which pictures of a folder are for training, validation and test: drawn once, kept with the run, never leaking."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.text import printable
from training import csv_table
from training.counted import counted
from training.data.fer2013 import DataError
from training.data.split_words import PARTS

SEEN_LAST = ("test", "val", "train")  # the part of a picture that is near to several
SHARE = 0.15  # of the pictures, for validation and test each, where the folder does not say
NEAR = 5  # bits of 64 by which the hashes of nearly equal pictures differ at most
FILE, HEAD = "split.csv", ("picture", "part", "content")


@dataclass(frozen=True)
class Kept:
    """The split of a run, as its folder keeps it.

    Attributes:
        parts: of each picture, by name.
        contents: a hash of each picture's file, by name.
        path: the file that says so.
    """

    parts: Mapping[str, str]
    contents: Mapping[str, str]
    path: Path

    @classmethod
    def load(cls, path: Path) -> Kept:
        """Read it.

        Raises:
            DataError: it is missing or broken.
        """
        try:
            with open(path, newline="", encoding="utf-8") as file:
                rows = [(row["picture"], row["part"], row["content"]) for row in csv.DictReader(file)]
            if not rows or any(part not in PARTS for _, part, _ in rows):
                raise ValueError("no row, or an unknown part")
        except (OSError, ValueError, KeyError, csv.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(
                f"{printable(path)}: cannot tell which pictures this run has trained on ({reason}); "
                "train anew, without --resume"
            ) from None
        return cls({name: part for name, part, _ in rows}, {name: content for name, _, content in rows}, path)

    @classmethod
    def save(cls, path: Path, names: Sequence[str], parts: Sequence[str], contents: Sequence[str]) -> None:
        """Write it."""
        csv_table.write(path, HEAD, zip(names, parts, contents, strict=True))

    def check(self, folder: Path, contents: Sequence[str]) -> None:
        """Make sure that every picture of the run is still there, under whatever name.

        Raises:
            DataError: some are not: it is another folder, or it has changed too much to go on.
        """
        present = set(contents)
        if lost := [name for name, content in self.contents.items() if content not in present]:
            raise DataError(
                f"{printable(folder)}: {len(lost)} of the {counted(len(self.contents), 'picture')} of this run are not "
                f"there or have changed, such as {printable(lost[0])}; resume with the folder as it was, "
                "or train anew, without --resume"
            )

    def extend(
        self, names: Sequence[str], contents: Sequence[str], given: Sequence[str], images: np.ndarray
    ) -> tuple[np.ndarray, str]:
        """Each picture's part, and how it came about: known pictures keep theirs.

        New pictures go where the folder says; else to the part of known pictures that they nearly equal, to test before
        validation before training, so that what is tested stays unseen; all others go into training.

        Args:
            names, contents, given: of each picture; given is "" where the folder does not say.
            images: uint8 (N, S, S, 3).
        """
        by_content = {content: self.parts[name] for name, content in self.contents.items()}
        parts = np.array(
            [
                self.parts[name] if self.contents.get(name) == content else by_content.get(content, "")
                for name, content in zip(names, contents, strict=True)
            ],
            dtype="<U5",
        )
        new = np.flatnonzero(parts == "").tolist()
        groups = near_groups(images) if len(new) else np.zeros(0, int)
        known = parts.copy()
        for row in new:
            near = set(known[groups == groups[row]].tolist())
            parts[row] = given[row] or next((part for part in SEEN_LAST if part in near), "train")
        words = "as in the run that is resumed"
        if len(new):
            counts = Counter(parts[new].tolist())
            told = ", ".join(f"{part} {counts[part]}" for part in PARTS if counts[part])
            words += f"; {counted(len(new), 'new picture')}: {told}"
        return parts, words


def check(
    parts: np.ndarray,
    given: Sequence[str],
    worn: np.ndarray,
    images: np.ndarray,
    classes: tuple[str, str],
    folder: Path,
) -> None:
    """Make sure that a network can be trained on the split.

    Args:
        parts, given: of each picture; given is "" where the folder does not say.
        worn: bool (N,).
        images: uint8 (N, S, S, 3).
        classes: how the folder calls the two classes, bare first.
        folder: for the message.

    Raises:
        DataError: the training part lacks a class, or another part is empty.
    """
    held = ", ".join(
        f"{part} has {int((~worn[parts == part]).sum())} {classes[0]} and {int(worn[parts == part].sum())} {classes[1]}"
        for part in PARTS
    )
    for kind, name in enumerate(classes):
        own = np.flatnonzero(worn == bool(kind)).tolist()
        if "train" not in parts[own]:
            alike = len(own) > 1 and not any(given[row] for row in own) and not near_groups(images[own]).any()
            why = ", as all are near-duplicates of one another" if alike else ""
            raise DataError(f"{printable(folder)}: no picture of {name} is left to train on{why}: {held}; add pictures")
    if empty := [part for part in PARTS[1:] if not (parts == part).any()]:
        raise DataError(f"{printable(folder)}: no picture is left for {empty[0]}: {held}; add pictures")


def split(given: Sequence[str], worn: np.ndarray, images: np.ndarray, seed: int) -> tuple[np.ndarray, str]:
    """Each picture's part, and how it came about.

    Parts that the folder names stay. What is missing of validation and test is taken from the training part, groups of
    nearly equal pictures as a whole: a random split would show a network in training what it is tested on.

    Args:
        given: of each picture, "" where the folder does not say.
        worn: bool (N,).
        images: uint8 (N, S, S, 3).
        seed: of the draw.
    """
    parts = np.array([part or "train" for part in given], dtype="<U5")
    missing = [part for part in ("val", "test") if part not in set(given)]
    if not missing:
        return parts, "as the folder says"
    rows = np.flatnonzero(parts == "train")
    groups = near_groups(images[rows])
    rng = np.random.default_rng(seed)
    wanted = max(1, round(SHARE * len(rows)))
    order = rng.permutation(np.unique(groups)).tolist()
    for part in missing:
        taken = np.zeros(len(rows), bool)
        for group in order.copy():
            own = groups == group
            lacking = {False, True} - set(worn[rows[taken]].tolist())
            # With enough pictures, only groups of a class that is not there yet: small folders keep some to train on.
            if taken.sum() < wanted or lacking & set(worn[rows[own]].tolist()):
                taken |= own
                order.remove(group)
            elif not lacking:
                break
        parts[rows[taken]] = part
    drawn = f"{100 * SHARE:.0f} % each of {len(rows)} pictures, {len(np.unique(groups))} groups of near-duplicates"
    words = f"{' and '.join(missing)}: {drawn}"
    return parts, words if len(missing) == 2 and not any(given) else f"the rest as the folder says; {words}"


def near_groups(images: np.ndarray) -> np.ndarray:
    """The group of each picture uint8 (N, S, S, 3), int64 (N,); nearly equal pictures share one, mirrored ones too.

    Nearly equal: the difference hashes of two pictures (9x8 grey pixels, each against its right neighbour) differ in
    at most NEAR of 64 bits.
    """
    straight = np.array([_hash(image) for image in images]).reshape(-1, 64)
    mirrored = np.array([_hash(image[:, ::-1]) for image in images]).reshape(-1, 64)
    group = np.arange(len(images))
    for n in range(len(images)):
        near = np.minimum((straight[:n] != straight[n]).sum(axis=1), (straight[:n] != mirrored[n]).sum(axis=1)) <= NEAR
        if near.any():
            joined = {*group[:n][near].tolist(), int(group[n])}
            group[np.isin(group, list(joined))] = min(joined)
    return group


def _hash(image: np.ndarray) -> np.ndarray:
    grey = cv2.resize(
        cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY), (9, 8), interpolation=cv2.INTER_AREA
    )
    bits: np.ndarray = (grey[:, 1:] > grey[:, :-1]).reshape(-1)
    return bits
