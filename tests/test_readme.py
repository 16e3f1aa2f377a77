"""The README keeps its promises: it is short, its example runs, its numbers are those that were measured."""

from __future__ import annotations

import json
import re

import cv2
import numpy as np

from tests.pages import blocks, read, shell

LONGEST = 250  # lines


def test_it_is_short_and_begins_with_a_picture():
    lines = read("README.md").splitlines()
    assert len(lines) <= LONGEST
    picture = next(n for n, line in enumerate(lines) if line.startswith("!["))
    assert picture < 5


def test_the_law_stands_beside_the_first_command():
    beginning = read("README.md").partition("make demo")[0]
    assert "At work and in schools" in beginning.partition("## Try it")[2]


def test_every_command_is_in_the_table():
    from edge.__main__ import COMMANDS

    table = re.findall(r"^\| `edge-emotion (\w+)", read("README.md"), re.MULTILINE)
    assert sorted(table) == sorted(COMMANDS)


def test_the_help_of_each_command_has_examples():
    from convert.__main__ import parser_of
    from convert.commands import SUMMARIES
    from edge.__main__ import PROGRAM
    from training.__main__ import PROGRAM as TRAIN

    helps = {f"{one.program} {name}": one.parser([name])[1] for one in (PROGRAM, TRAIN) for name in one.summaries}
    helps |= {f"edge-emotion-convert {name}": parser_of(name) for name in SUMMARIES}
    assert [name for name, parser in helps.items() if "examples:\n" not in parser.format_help()] == []


def test_the_contents_name_every_chapter():
    text = read("README.md")
    contents = text.partition("**Contents:**")[2].partition("\n\n")[0]
    chapters = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert re.findall(r"\[([^\]]+)\]\(#", contents) == chapters


def test_numbers_in_its_sentences_are_those_that_were_measured(root):
    from edge import manifest
    from edge.tasks import DAEMON

    text = read("README.md").partition("## Try it")[0]
    values = json.loads((root / "docs/figures.json").read_text())["evaluate"]["values"]
    alarms, hard = values["false-alarms"], values["face"]
    sentence = (
        f"{alarms['crops_alarms']} of {alarms['crops_total']} close-up crops without a face, "
        f"{hard['no_faces_alarms']} of {hard['no_faces_total']} hard pictures of animals and objects, and "
        f"{alarms['clip_alarms']} of {alarms['clip_total']:,} frames"
    )
    assert sentence in " ".join(text.split())
    models = manifest.load(root / "models")
    size = sum(models.path(task).stat().st_size for task in DAEMON)
    assert f"Four int8 networks, {size / 1e6:.1f} MB in total" in text
    assert len(DAEMON) == 4
    assert "| 200000 |" in read("docs/measurements.md")
    assert "in 18 minutes" in read("docs/measurements.md")


def test_the_python_shown_runs(root, tmp_path, monkeypatch, capsys):
    from edge import manifest

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(manifest, "default_folder", lambda: root / "tests" / "tiny")
    image = np.zeros((120, 160, 3), np.uint8)
    image[32:80, 48:96] = (0, 255, 255)  # a bare and happy face for the tiny models, BGR
    cv2.imwrite("photo.jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 100])
    clip = cv2.VideoWriter("clip.mp4", cv2.VideoWriter_fourcc(*"mp4v"), 10, (160, 120))
    for _ in range(2):
        clip.write(image)
    clip.release()
    (shown,) = blocks("README.md", "python")
    assert len(shown.text.splitlines()) <= 10
    names: dict[str, object] = {}
    exec(compile(shown.text, "README", "exec"), names)
    face, told, first, second = capsys.readouterr().out.splitlines()
    assert f"`{face}`" in read("README.md"), "the line shown below the example is what it prints"
    assert told.startswith("happy False Box(")
    assert first.startswith("0.0 s (Face(track 1, happy")
    assert second.startswith("0.1 s (Face(track 1, happy")
    assert names["picture"].shape == image.shape


def test_what_a_machine_types_from_it_is_there():
    """tests/system/emulated.py types the first two blocks of this chapter into a fresh Raspberry Pi OS."""
    chapter = read("README.md").partition("### As a service\n")[2].partition("\n#")[0]
    install, look = re.findall(r"```sh\n(.*?)```", chapter, re.DOTALL)
    assert install.splitlines()[-1] == "sudo systemd/install.sh"
    assert "ADDRESS-OF-THIS-REPOSITORY" in install
    assert look.splitlines()[0] == "systemctl status edge-emotion"


def test_it_names_no_command_twice():
    lines = shell("README.md")
    assert len(lines) == len(set(lines))
