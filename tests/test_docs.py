"""The documentation tells the truth: commands parse, settings load, examples run, links lead somewhere."""

from __future__ import annotations

import ast
import doctest
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from docs.tools import architecture, imports
from tests.pages import HOW_TO, PAGES, ROOT, anchors, blocks, links, read, shell

# Of the system; the rest is ours and is checked.
SYSTEM = (
    "apt", "git", "cd", "cp", "curl", "source", "python3", "pip", "pre-commit", "systemctl", "journalctl",
    "rpicam-hello", "tail", "install", "cat", "podman", "sha256sum", "pipx", "twine", "lintian",
)  # fmt: skip


# --- commands


def check(page: str, line: str) -> list[str]:
    """Parse one line as the programs that it calls would; the names of what it was checked as."""
    return [_check(page, part) for part in line.partition(" > ")[0].split(" | ")]


def _check(page: str, line: str) -> str:
    words = shlex.split(line)
    if words[0] == "sudo":
        words = words[1:]
    name, rest = PurePosixPath(words[0]).name, words[1:]
    if name == "edge-emotion":
        from edge.__main__ import PROGRAM

        PROGRAM.parser(rest)[1].parse_args(rest[1:])
    elif name == "edge-emotion-train":
        from training.__main__ import PROGRAM as TRAIN

        TRAIN.parser(rest)[1].parse_args(rest[1:])
    elif name == "edge-emotion-convert":
        _convert(rest)
    elif name == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in rest if "=" not in word} <= set(targets), line
    elif name == "install.sh":
        text = (ROOT / words[0]).read_text()
        assert all(f"{word})" in text for word in rest if word.startswith("--")), line
    elif name in ("python", "python3") and rest[:1] != ["-m"]:
        ours = {block.title for block in blocks(page, "python")}
        assert rest[0] in ours or (ROOT / rest[0]).is_file(), f"no such program: {line}"
        return "script"
    elif name in ("python", "python3"):
        return _module(rest[1], rest[2:])
    else:
        assert name in SYSTEM, f"unknown program in: {line}"
        return "system"
    return name


def _convert(words: list[str]) -> None:
    from convert.__main__ import command_of, parser_of

    name, rest = command_of(words)
    parser_of(name).parse_args(rest)


def _module(module: str, words: list[str]) -> str:
    if module == "tests.bench.peers":
        from tests.bench.peers.__main__ import parser

        parser().parse_args(words)
    elif module == "tests.bench.detectors":
        from tests.bench.detectors.__main__ import parser as detectors

        detectors().parse_args(words)
    elif module == "pytest":
        files = [word.partition("::")[0] for word in words if word.startswith("tests/")]
        assert files
        assert all((ROOT / file).exists() for file in files), files
    elif module != "venv":
        assert module in ("tests.bench.onednn", "tests.bench.fleet", "docs.tools.architecture")
        assert not words or module == "tests.bench.fleet"
    return module


def test_every_command_is_one_that_its_program_knows():
    checked = {name for page in PAGES for line in shell(page) for name in check(page, line)}
    assert {"edge-emotion", "edge-emotion-train", "edge-emotion-convert", "make", "install.sh", "script"} <= checked
    assert {"tests.bench.peers", "tests.bench.detectors", "docs.tools.architecture", "pytest"} <= checked


@pytest.mark.parametrize(
    "line",
    [
        "make dinner",
        ".venv/bin/python -m pytest tests/edge/test_nothing.py",
        "edge-emotion dance",
        "edge-emotion run --sauce demo",
        "edge-emotion run --journal - | edge-emotion dance",
        "edge-emotion-train train emotion-bare",
        "edge-emotion-convert Emotion_model.h5 --calibrated faces",
        "sudo systemd/install.sh --reinstall",
        "python examples/disco.py",
        "python -m tests.readme_figures",
        "frobnicate",
    ],
)
def test_a_wrong_command_is_noticed(line, capsys):
    with pytest.raises((AssertionError, SystemExit)):
        check("README.md", line)


# --- settings, events, errors


def settings_shown() -> list[tuple[str, str]]:
    from edge.settings import Settings

    sections = {f"[{name}]" for name in Settings.__dataclass_fields__}
    return [
        (page, block.text)
        for page in PAGES
        for block in blocks(page, "toml")
        if block.text.partition("\n")[0] in sections
    ]


@pytest.mark.parametrize(("page", "text"), settings_shown())
def test_settings_shown_are_settings(page, text, tmp_path, caplog):
    from edge import config
    from edge.settings import Settings

    (tmp_path / "my.toml").write_text(text)
    assert config.load(tmp_path / "my.toml") != Settings()
    assert caplog.messages == [], "an old name is shown"


def test_some_settings_are_shown():
    assert {page for page, _ in settings_shown()} >= {"docs/settings.md", "docs/screen.md", "docs/use-with.md"}


def test_a_notice_and_a_script_are_shown_as_they_are_meant(tmp_path):
    from edge import config

    path = tmp_path / "my.toml"
    path.write_text(next(text for page, text in settings_shown() if page == "docs/settings.md"))
    settings = config.load(path)
    assert (settings.source.rotate, settings.screen.kind) == (180, "drm")


def test_the_event_shown_has_the_keys_of_an_event():
    from edge.face import Detection, Track
    from edge.frame import Box
    from edge.records import face_record

    (block,) = blocks("docs/journal.md", "json")
    track = Track(1, Detection(Box(0, 0, 9, 9), 0.5), 0.0, emotion=np.full(7, 1 / 7, np.float32))
    event = json.loads(block.text)
    assert list(event) == ["time", "monotonic", "event", "track", *face_record(track, 10, 10)]
    assert sum(event["probabilities"].values()) == pytest.approx(1.0, abs=1e-3)
    assert event["intensity"] == pytest.approx(1 - event["probabilities"]["neutral"])
    told = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", read("docs/journal.md"), re.MULTILINE)))
    assert set(told) == set(event), "every key is explained"


def test_the_tree_of_errors_is_drawn_as_it_is():
    from edge import errors

    tree = read("docs/reference/errors.md").partition("```\n")[2].partition("```")[0]
    drawn = {}
    path: list[str] = []
    for line in tree.splitlines():
        indent, name, builtin = re.match(r"^([│├└─ ]*)(\w+)(?: \((\w+)\))?", line).groups()  # type: ignore[union-attr]
        path = [*path[: len(indent) // 4], name]
        code = re.search(r"exit code (\d)", line)
        drawn[name] = (path[-2] if len(path) > 1 else None, builtin, int(code[1]) if code else None)
    real = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert set(drawn) == set(real)
    for name, (parent, builtin, code) in drawn.items():
        if parent:
            assert real[name].__bases__[0].__name__ == parent
            bases = [base.__name__ for base in real[name].__bases__[1:]]
            assert bases == ([builtin] if builtin else []), name
            assert code is None or real[name].exit_code == code


# --- links and the site


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for target in links(page):
        path, _, anchor = target.partition("#")
        if path.startswith(("http:", "https:")):
            continue
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), target
        assert ROOT in file.resolve().parents, target
        if anchor:
            assert anchor in anchors(str(file.resolve().relative_to(ROOT))), target


@pytest.mark.parametrize("page", PAGES)
def test_headings_have_one_name_on_github_and_on_the_site(page):
    names = anchors(page)
    assert not [name for name in names if "--" in name or name != name.strip("-")]
    if page != "CHANGELOG.md":  # it has an "Added" for each version
        assert len(names) == len(set(names))


def test_every_page_is_in_the_sites_contents():
    listed = set(re.findall(r": (\S+\.md)$", (ROOT / "docs/tools/mkdocs.yml").read_text(), re.MULTILINE))
    pages = {page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")}
    models = {str(path.relative_to(ROOT)) for path in ROOT.glob("models/*/card.md")}
    assert listed == pages | models | {"index.md", "CONTRIBUTING.md", "CHANGELOG.md"}


def test_the_reference_names_modules_and_members_that_exist():
    import importlib

    named = []
    for page in PAGES:
        for name, options in re.findall(r"^::: (\S+)\n((?:    .*\n?)*)", read(page), re.MULTILINE):
            module, attribute = name, ""
            if name.rpartition(".")[2][:1].isupper():
                module, _, attribute = name.rpartition(".")
            found = importlib.import_module(module)
            members = re.search(r"members: \[(.*)\]", options)
            wanted = [attribute] if attribute else re.split(", ", members[1]) if members else []
            assert all(hasattr(found, one) for one in wanted), name
            named.append(name)
    assert {"edge.recognizer.Recognizer", "edge.ports", "edge.registry", "edge.errors", "edge.testing"} <= set(named)


# --- what is written down twice


def test_a_renamed_key_is_in_the_changelog():
    from edge.config import REMOVED
    from edge.settings import table
    from training.recipe import RENAMED

    text = read("CHANGELOG.md")
    old = {entry.metadata["old"]: key for _, key, entry in table() if entry.metadata["old"]}
    for keys in RENAMED.values():
        old |= keys
    assert old
    for before, after in old.items():
        assert f"`{before}`" in text or f" {before}`" in text, before
        assert f"`{after}`" in text, after
    assert all(f"`[{section}] {key}`" in text for section, key in REMOVED)


def test_pre_commit_runs_what_make_lint_runs():
    recipe = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    linted = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()[1:]]
    hooks = re.findall(r"entry: (.*)$", (ROOT / ".pre-commit-config.yaml").read_text(), re.MULTILINE)
    assert hooks == linted


# --- the architecture


@pytest.fixture(scope="module")
def graph():
    """The rooms of the code, and what each imports."""
    return imports.arrows(ROOT)


def test_the_architecture_is_drawn_as_the_code_is(graph):
    """If this fails, your change moved an import: look at `python -m docs.tools.architecture`, and commit it."""
    assert architecture.draw(graph) == architecture.PICTURE.read_text(encoding="utf-8")


def test_every_room_has_words_and_fits_its_box(graph):
    assert set(graph) == set(architecture.WORDS)
    for name, words in architecture.WORDS.items():
        assert 6.1 * len(words) < architecture.WIDE.get(name, architecture.BOX), words


def test_imports_point_one_way(graph):
    for room, targets in graph.items():
        if room not in architecture.OFF_DEVICE:
            assert not targets & architecture.OFF_DEVICE, room
    assert "convert" not in graph["training"]
    assert imports.reduced(graph)["core"] == set()


def test_rooms_in_a_circle_are_an_error():
    with pytest.raises(ValueError, match="a, b"):
        imports.reduced({"a": {"b"}, "b": {"a"}, "c": {"a"}})


def test_the_tools_examples_are_true():
    failed, tried = doctest.testmod(imports)
    assert (failed, tried > 0) == (0, True)


def test_what_only_type_checkers_see_is_no_arrow(tmp_path):
    (tmp_path / "edge" / "web").mkdir(parents=True)
    (tmp_path / "edge" / "face.py").write_text("")
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from edge.web import app\n"
    (tmp_path / "edge" / "config.py").write_text(source)
    (tmp_path / "edge" / "web" / "app.py").write_text("def late():\n    from edge.face import Track\n")
    assert imports.arrows(tmp_path) == {"core": set(), "web": {"core"}}


# --- how-to pages


def environment(site: Path) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": os.pathsep.join((str(site), str(ROOT))), "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "",
    }  # fmt: skip


def call(words: list[str], folder: Path) -> None:
    done = subprocess.run(
        words, cwd=folder, env=environment(folder / "site"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}{done.stderr}"


def write_files(page: str, folder: Path) -> list[str]:
    """The files that a page shows, in a folder; their names."""
    shown = [block for block in blocks(page) if block.title]
    for block in shown:
        path = folder / block.title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    return [block.title for block in shown]


@pytest.mark.parametrize("page", ["docs/how-to/camera.md", "docs/how-to/screen.md", "docs/how-to/sink.md"])
def test_a_package_built_as_the_page_says_works(page, tmp_path):
    names = write_files(page, tmp_path)
    assert "pyproject.toml" in names
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-build-isolation"]
    call([*pip, "--no-deps", "--no-index", "--target", "site", "."], tmp_path)
    (test,) = [name for name in names if name.startswith("test_")]
    call([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test], tmp_path)
    ours = [shlex.split(line) for line in shell(page) if line.startswith("edge-emotion ")]
    assert ours
    for words in ours:
        call([sys.executable, "-m", "edge", *words[1:]], tmp_path)


def test_a_data_set_written_as_the_page_says_works(tmp_path):
    """The module joins the package training.data for the time of the test."""
    write_files("docs/how-to/data-set.md", tmp_path)
    (tmp_path / "conftest.py").write_text(
        f"import training.data\ntraining.data.__path__.append({str(tmp_path / 'training' / 'data')!r})\n"
    )
    call([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_smiles.py"], tmp_path)


def test_each_how_to_page_is_tested_somewhere():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_docs*.py")]
    assert len(HOW_TO) == 6
    for page in HOW_TO:
        assert any(f'"{page}"' in source for source in sources), page


def test_every_python_block_is_python():
    for page in PAGES:
        for block in blocks(page, "python"):
            if not block.title.startswith("row in "):
                ast.parse(block.text)
