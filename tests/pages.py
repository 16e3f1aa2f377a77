"""The pages of the documentation, and what is in them: code blocks, links and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = tuple(
    str(path.relative_to(ROOT))
    for path in (
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
    )
)
HOW_TO = tuple(page for page in PAGES if page.startswith("docs/how-to/"))

FENCE = re.compile(r'^```(\w*)(?: title="([^"]*)")?\n(.*?)^```', re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the title that names a file, and its text."""

    language: str
    title: str
    text: str


def read(page: str) -> str:
    """The Markdown of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str = "") -> list[Block]:
    """The fenced blocks of a page, of one language or of all."""
    found = [Block(*match) for match in FENCE.findall(read(page))]
    return [block for block in found if language in ("", block.language)]


def shell(page: str) -> list[str]:
    """The command lines of a page."""
    return [line for block in blocks(page, "sh") for line in block.text.splitlines() if line]


def links(page: str) -> Iterator[str]:
    """The targets of a page's links and pictures, outside of code."""
    yield from LINK.findall(_prose(page))


def anchors(page: str) -> list[str]:
    """The names under which a page's headings can be linked to, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", _prose(page), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]


def _prose(page: str) -> str:
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", read(page)))
