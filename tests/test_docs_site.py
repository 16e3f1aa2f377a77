"""The site builds without a warning, and its pages are those of the repository."""

from __future__ import annotations

import doctest
import importlib.util
import re
import subprocess
import sys

import pytest

from tests.pages import ROOT

pytest.importorskip("mkdocs", reason="needs the extra docs")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site."""
    out = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--config-file"]
    words += [str(ROOT / "docs/tools/mkdocs.yml"), "--site-dir", str(out)]
    done = subprocess.run(words, cwd=out, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_the_start_page_is_the_readme(site):
    page = (site / "index.html").read_text()
    assert "A Raspberry Pi watches a camera" in page
    figures = page.partition("<summary>Accuracy</summary>")[2].partition("</details>")[0]
    assert "<table>" in figures, "Markdown inside the folded sections is rendered"
    assert (site / "pictures/demo.webp").is_file()


def test_the_reference_has_signatures_and_examples(site):
    page = (site / "reference/api.html").read_text()
    assert 'id="edge.recognizer.Recognizer.track"' in page
    assert "max_megapixels" in page
    assert '<span class="gp">&gt;&gt;&gt; </span>' in page, "examples are code, not quotations"


def test_the_page_of_settings_lists_them_all(site):
    page = re.sub(r"<[^>]+>", "", (site / "settings.html").read_text())
    assert "on_event_timeout_s" in page
    assert "fsync_s" in page


def test_model_cards_are_in_the_site(site):
    assert "models/face/card.html" in (site / "index.html").read_text()
    assert (site / "models/face/card.html").is_file()


def test_nothing_is_fetched_by_readers(site):
    for path in site.rglob("*.html"):
        outside = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)"', path.read_text())
        assert outside == [], path.name


def test_tools_are_not_in_the_site(site):
    assert not (site / "tools").exists()
    assert not (site / "figures.json").exists()


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/tools/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_hooks_examples_are_true():
    failed, tried = doctest.testmod(tool("hooks"))
    assert (failed, tried > 0) == (0, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("Adds.", "Adds."),
        (">>> 1 + 1\n2", "```pycon\n>>> 1 + 1\n2\n```"),
        ("Adds.\n\n>>> 1\n1\n>>> 2\n2\n\nMore.", "Adds.\n\n```pycon\n>>> 1\n1\n>>> 2\n2\n```\n\nMore."),
    ],
)
def test_doctests_are_fenced(text, expected):
    assert tool("doctests").fenced(text) == expected
