"""mkdocs hooks: pages from outside docs/ join the site; links to what is not in it become plain text."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
CARDS = sorted(ROOT.glob("models/*/card.md"))
# Address in the site: file of the repository.
OUTSIDE = {
    "index.md": "README.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    **{f"models/{path.parent.name}/card.md": f"models/{path.parent.name}/card.md" for path in CARDS},
}
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages from outside."""
    for address, name in OUTSIDE.items():
        files.append(File.generated(config, address, abs_src_path=str(ROOT / name)))
        for picture in (ROOT / name).parent.glob("*.png") if name.startswith("models/") else ():
            files.append(File.generated(config, str(picture.relative_to(ROOT)), abs_src_path=str(picture)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Turn links as GitHub follows them into links of the site, outside of code blocks."""
    address = page.file.src_uri
    if address == "settings.md":
        listed = (ROOT / "systemd" / "config.toml").read_text(encoding="utf-8")
        markdown = markdown.replace("<!-- all settings -->", f"```toml\n{listed}```")
    home = posixpath.dirname(OUTSIDE.get(address, f"docs/{address}"))

    def changed(match: re.Match[str]) -> str:
        target = moved(match[3], home, posixpath.dirname(address), {file.src_uri for file in files})
        return match[2] if target is None else f"{match[1]}[{match[2]}]({target})"

    parts = FENCE.split(markdown)
    return "".join(part if n % 2 else LINK.sub(changed, part) for n, part in enumerate(parts))


def moved(target: str, home: str, here: str, known: set[str]) -> str | None:
    """A link as the site needs it; None: what it leads to is not in the site.

    Args:
        target: as it stands in the page.
        home: the page's folder in the repository.
        here: the page's folder in the site.
        known: the addresses of the site.

    >>> moved("docs/law.md#privacy", "", "", {"law.md"})
    'law.md#privacy'
    >>> moved("../README.md", "docs", "", {"index.md"})
    'index.md'
    >>> moved("../edge/ports.py", "docs", "", set()) is None
    True
    """
    if re.match(r"[a-z]+:|#", target):
        return target
    path, _, anchor = target.partition("#")
    file = posixpath.normpath(posixpath.join(home, path))
    address = next((site for site, name in OUTSIDE.items() if name == file), file.removeprefix("docs/"))
    if address not in known:
        return None
    return posixpath.relpath(address, here or ".") + (f"#{anchor}" if anchor else "")
