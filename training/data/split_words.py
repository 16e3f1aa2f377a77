"""The names that people give to the parts of a data set: what is learned from, what is chosen by, what is tested on."""

from __future__ import annotations

TRAIN, VAL, TEST = PARTS = ("train", "val", "test")
_WORDS = {
    word: part
    for part, words in {
        TRAIN: "train training",
        VAL: "val valid validation dev eval evaluation publictest",
        TEST: "test testing privatetest",
    }.items()
    for word in words.split()
}


def part_of(name: str) -> str | None:
    """The part, one of PARTS, that a folder or a column means; None for another name.

    >>> part_of("Training"), part_of("test_set"), part_of("happy")
    ('train', 'test', None)
    """
    letters = "".join(letter for letter in name.lower() if letter.isalnum())
    return _WORDS.get(letters.removesuffix("set").removesuffix("data"))
