"""The tree of errors."""

from __future__ import annotations

import pickle

import pytest

from edge import errors
from edge.errors import EdgeError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EdgeError)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_is_one_line_of_what_can_be_printed(kind):
    error = kind("caf\udce9\n\x1b[31m\0.jpg: the file is empty; 57 % é")
    assert str(error) == r"caf\xe9\n\x1b[31m\x00.jpg: the file is empty; 57 % é"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (kind, str(error))
    assert str(kind(str(error))) == str(error), "what is quoted again is not escaped again"
    assert isinstance(error, EdgeError)
