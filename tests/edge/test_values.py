"""Values that people write are taken, or the message says what was expected."""

from __future__ import annotations

import argparse

import pytest

from edge.values import number, whole_number


@pytest.mark.parametrize(
    ("kind", "text", "answer"),
    [
        (whole_number(), "", "expected a whole number, got "),
        (whole_number(), "80x", "expected a whole number, got 80x"),
        (whole_number(), "1.5", "expected a whole number, got 1.5"),
        (whole_number(), "9" * 5000, f"expected a whole number, got {'9' * 80}..."),
        (whole_number(), "\x1b[31m", r"expected a whole number, got \x1b[31m"),
        (whole_number(1), "0", "expected at least 1, got 0"),
        (whole_number(0, 65535), "99999", "expected at least 0, at most 65535, got 99999"),
        (number(), "", "expected a number, got "),
        (number(), "inf", "expected a number, got inf"),
        (number(), "-0,5", "expected a number, got -0,5; did you mean -0.5?"),
        (number(), "0,5,1", "expected a number, got 0,5,1"),
        (number(0, 0.5), "0.6", "expected at least 0, at most 0.5, got 0.6"),
        (number(above=0), "0", "expected more than 0, got 0"),
        (whole_number(), "-3", -3),
        (whole_number(1, 2), "2", 2),
        (number(0, 0.5), "5e-1", 0.5),
    ],
)
def test_a_number_is_taken_or_the_message_says_what_was_expected(kind, text, answer):
    if isinstance(answer, str):
        with pytest.raises(argparse.ArgumentTypeError) as caught:
            kind(text)
        assert str(caught.value) == answer
    else:
        assert kind(text) == answer
