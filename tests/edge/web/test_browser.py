"""The tests' own browser: one that cannot start ends its test, and does not keep it waiting."""

from __future__ import annotations

import shutil

import pytest

from tests.edge.web.browser import Browser


def test_a_browser_that_ends_is_reported(tmp_path):
    with pytest.raises(AssertionError, match=r"the browser ended \(exit code 1\)"):
        Browser(shutil.which("false") or "false", str(tmp_path))
