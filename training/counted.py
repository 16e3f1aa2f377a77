"""Counts in the words of a report."""

from __future__ import annotations


def counted(count: int, what: str) -> str:
    """A count and its noun, whose plural ends in s.

    >>> counted(1, "picture"), counted(1200, "mask"), counted(0, "face")
    ('1 picture', '1,200 masks', '0 faces')
    """
    return f"{count:,} {what}{'s' * (count != 1)}"
