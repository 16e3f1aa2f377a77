"""edge-emotion-convert as a user types it: exit codes, one line a failure, nothing written over."""

from __future__ import annotations

import json

import numpy as np
import pytest

from convert import commands
from convert.__main__ import PROGRAM, completion, main, meant
from convert.commands import tpu_report
from edge import manifest
from tests.shell import completer


@pytest.fixture(scope="module")
def place(kit, learned, tmp_path_factory):
    """A folder with a model and a labelled set."""
    folder = tmp_path_factory.mktemp("user")
    learned.save(folder / "mine.keras")
    images, labels = kit.blobs(200, seed=2)
    np.savez(folder / "set.npz", images=images, labels=labels, classes=kit.CLASSES)
    return folder


def said(capsys):
    out, err = capsys.readouterr()
    return out, err


@pytest.mark.parametrize("words", [["--help"], [], ["--debug"], ["convert"], ["convert", "--help"]])
def test_help_is_in_groups_and_names_the_other_commands(words, capsys):
    try:
        code = main(words)
    except SystemExit as caught:
        code = caught.code
    assert code == 0
    out, _ = said(capsys)
    for title in ("input:", "check:", "output:", "detector:", "card:", "examples:", "other commands:"):
        assert f"\n{title}" in out
    assert "--calibrate" in out
    assert "tpu-report" in out


@pytest.mark.parametrize("name", [name for name in commands.SUMMARIES if name != "convert"])
def test_every_other_command_has_its_own_help(name, capsys):
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    out, _ = said(capsys)
    assert out.startswith(f"usage: edge-emotion-convert {name}")
    assert "--calibrate" not in out


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert said(capsys)[0].startswith("edge-emotion-convert ")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["tpu"], ["tpu-report", "tpu-compile"]),
        (["f"], ["figures", "faces.keras"]),  # a model may stand where a command stands
        (["faces.keras", "--ta"], ["--task"]),
        (["faces.keras", "--preprocess", "t"], ["tf", "torch"]),
        (["faces.keras", ""], []),  # the shell completes file names
        (["convert", "--max"], ["--max-loss"]),
        (["tpu-report", "--js"], ["--json"]),
    ],
)
def test_commands_flags_and_models_are_completed(tmp_path, words, offered):
    (tmp_path / "faces.keras").touch()
    home = tmp_path / "home"
    home.mkdir()
    assert completer(home, PROGRAM, completion())(*words, cwd=tmp_path) == offered


@pytest.mark.parametrize(
    ("word", "hint"), [("tpu-repot", "tpu-report"), ("golde", "golden"), ("cards", "card"), ("converrt", "convert")]
)
def test_a_misspelt_command_is_not_taken_for_a_model(tmp_path, monkeypatch, capsys, word, hint):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        main([word, "x"])
    assert caught.value.code == 2
    assert said(capsys)[1].endswith(f"edge-emotion-convert: no such command: {word}; did you mean '{hint}'?\n")


@pytest.mark.parametrize("word", ["card.keras", "./cards", "cards", "weights"])
def test_a_model_that_is_called_like_a_command_is_a_model(tmp_path, monkeypatch, word):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cards").mkdir()
    assert meant([word, "--calibrate", "x"]) == ""


def test_completion_is_printed(capsys):
    assert main(["--completion"]) == 0
    assert said(capsys)[0] == completion()


def test_an_unexpected_error_is_one_line(monkeypatch, capsys):
    def broken(_arguments):
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(tpu_report, "main", broken)
    assert main(["tpu-report", "m.tflite"]) == 1
    assert said(capsys)[1] == (
        "edge-emotion-convert: unexpected RuntimeError: two lines; run it again with --debug for the traceback\n"
    )


@pytest.mark.parametrize("words", [["--low"], ["m.keras"], ["m.keras", "--calibrate", "x", "--task", "dog"]])
def test_usage_is_exit_2(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert said(capsys)[1].startswith("usage: edge-emotion-convert")


def test_a_conversion_says_what_it_made(place, kit, tmp_path, capsys):
    words = [str(place / "mine.keras"), "--calibrate", str(place / "set.npz"), "--evaluate", str(place / "set.npz")]
    code = main([*words, "--out", str(tmp_path / "m.tflite"), "--labels", ",".join(kit.CLASSES), "--samples", "150"])
    out, err = said(capsys)
    assert (code, err) == (0, "")
    assert "multiply-adds" in out
    assert "accuracy on set.npz: float" in out
    assert f"wrote {tmp_path / 'm.tflite'}" in out
    assert {path.name for path in tmp_path.iterdir()} == {"m.tflite", "m.md", "m.json"}


def test_a_small_set_is_warned_of(place, tmp_path, capsys):
    words = [str(place / "mine.keras"), "--calibrate", str(place / "set.npz"), "--samples", "20"]
    assert main([*words, "--out", str(tmp_path / "m.tflite"), "--tolerance", "inf"]) == 0
    out, err = said(capsys)
    assert err == "warning: set.npz: only 20 calibration pictures; give 100 or more for ranges that hold\n"
    assert "accuracy: not measured" in out


@pytest.mark.parametrize("text", ["nan", "-inf", "-1", "any"])
def test_a_tolerance_is_a_number_or_inf(text, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["m.keras", "--tolerance", text])
    assert ended.value.code == 2
    assert "--tolerance: expected " in said(capsys)[1]


def test_a_broken_manifest_is_said_before_anything_is_read(tmp_path, capsys):
    (tmp_path / "manifest.json").write_text("{")
    words = ["gone.keras", "--calibrate", "gone", "--task", "mask", "--manifest", str(tmp_path)]
    assert main(words) == 4
    assert "manifest.json: not valid JSON" in said(capsys)[1]


def test_names_that_are_not_utf8_are_taken(place, kit, tmp_path, capsys):
    model, pictures = tmp_path / "caf\udce9.keras", tmp_path / "set\udce9.npz"
    model.write_bytes((place / "mine.keras").read_bytes())
    pictures.write_bytes((place / "set.npz").read_bytes())
    out = tmp_path / "out"
    assert main([str(model), "--calibrate", str(pictures), "--out", str(out / "m.tflite"), "--samples", "150"]) == 0
    assert said(capsys)[0].startswith(r"caf\xe9.keras: ")
    card = (out / "m.md").read_text(encoding="utf-8")
    assert r"caf\xe9.keras" in card
    assert r"set\xe9.npz" in card


@pytest.mark.parametrize("step", ["convert.keras_files.limits.check_h5", "convert.quantize.rewrite"])
def test_a_full_disk_for_scratch_files_is_said(place, tmp_path, monkeypatch, capsys, step):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(step, full)
    words = [str(place / "mine.keras"), "--calibrate", str(place / "set.npz"), "--out", str(tmp_path / "m.tflite")]
    assert main(words) == 1
    assert "no space left for scratch files; free some, or set TMPDIR" in said(capsys)[1]
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_is_read_is_written_over(place, tmp_path, capsys):
    notes = tmp_path / "notes.md"
    notes.write_text("where the data is from")
    words = [str(place / "mine.keras"), "--calibrate", str(place / "set.npz"), "--about", str(notes)]
    assert main([*words, "--out", str(tmp_path / "m.tflite"), "--card", str(notes)]) == 1
    assert "notes.md: is one of the files that are read; choose another --card" in said(capsys)[1]
    assert [path.read_text() for path in tmp_path.iterdir()] == ["where the data is from"]


def test_a_refusal_writes_nothing_over(place, tmp_path, capsys):
    for name in ("m.tflite", "m.md", "m.json"):
        (tmp_path / name).write_text("old")
    words = [str(place / "mine.keras"), "--calibrate", str(place / "set.npz"), "--tolerance", "1e-9"]
    assert main([*words, "--out", str(tmp_path / "m.tflite")]) == 1
    _, err = said(capsys)
    lines = err.splitlines()
    assert lines[0].startswith("layers that lose most")
    assert lines[-1].startswith("edge-emotion-convert: mine.keras: refused, output_0 is")
    assert {path.read_text() for path in tmp_path.iterdir()} == {"old"}
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["gone.keras", "--calibrate", "{place}/set.npz", "--out", "m.tflite"], 4, "gone.keras: no such file"),
        (["{place}/mine.keras", "--calibrate", "gone", "--out", "m.tflite"], 1, "gone: no such file or folder"),
        (["{place}/mine.keras", "--calibrate", "{place}/set.npz"], 1, "--out: expected a place"),
        (["{place}/mine.keras", "--calibrate", "{place}/set.npz", "--out", "m", "--strides", "a"], 1, "--strides"),
        (["{place}/mine.keras", "--calibrate", "{place}/set.npz", "--recipe", "dog"], 2, "dog: no such recipe"),
        (["{place}/mine.keras", "--calibrate", "{place}/set.npz", "--high", "-3", "--out", "m"], 1, "--high"),
        (
            ["{place}/mine.keras", "--calibrate", "{place}/set.npz", "--task", "face", "--out", "m"],
            1,
            "--strides 8,16,",
        ),
        (["tpu-report", "gone.tflite"], 4, "gone.tflite: cannot read the model"),
        (["tpu-compile", "{place}"], 4, "cannot read the manifest"),
        (["card", "{place}"], 1, "card.json: cannot read the card"),
        (["golden", "--models", "{place}", "--out", "g"], 4, "cannot read the manifest"),
    ],
)
def test_failures_are_one_line_with_their_exit_code(place, tmp_path, monkeypatch, capsys, words, code, says):
    monkeypatch.chdir(tmp_path)
    assert main([word.format(place=place) for word in words]) == code
    out, err = said(capsys)
    assert out == ""
    assert err.startswith("edge-emotion-convert: ")
    assert says in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_where(caplog):
    assert main(["tpu-report", "gone.tflite", "--debug"]) == 4
    assert "Traceback" in caplog.text


def test_a_recipe_gives_name_task_and_texts(place, kit, keras_, tmp_path, capsys):
    kit.taught(kit.network(classes=7), range(4)).save(tmp_path / "e.keras")
    np.savez(tmp_path / "calibration.npz", images=kit.blobs(150, seed=1)[0])
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        'name = "mine"\ntask = "emotion-masked"\nseed = 1\nabout = "blobs, CC0"\n'
        '[model]\nmargin = 1.25\nfailures = "fog"\n'
    )
    words = [str(tmp_path / "e.keras"), "--calibrate", str(tmp_path / "calibration.npz"), "--recipe", str(recipe)]
    assert main([*words, "--manifest", str(tmp_path / "models"), "--name", "other"]) == 0
    said(capsys)
    spec = manifest.load(tmp_path / "models")["emotion-masked"]
    assert (spec.name, spec.margin, spec.file) == ("other", 1.25, "emotion-masked/model.tflite")
    text = (tmp_path / "models" / "emotion-masked" / "card.md").read_text()
    assert "blobs, CC0" in text
    assert "fog" in text

    figures = tmp_path / "figures.json"
    figures.write_text(json.dumps({"emotion-masked": {"int8": 0.5125}, "mask": {"pairs": 1.0}}))
    (tmp_path / "about.txt").write_text("two sets\n")
    place_ = tmp_path / "models" / "emotion-masked"
    assert main(["card", str(place_), "--figures", str(figures), "--about", str(tmp_path / "about.txt")]) == 0
    text = (place_ / "card.md").read_text()
    assert "| accuracy, int8 | 0.5125 |" in text
    assert "two sets" in text
    assert "fog" in text
    manifest.load(tmp_path / "models").path("emotion-masked")


@pytest.mark.parametrize("content", ["", "[1]"])
def test_figures_must_be_one_object(place, passed_card, content, capsys):
    (passed_card / "f.json").write_text(content)
    assert main(["card", str(passed_card), "--figures", str(passed_card / "f.json")]) == 1
    assert "f.json" in said(capsys)[1]


@pytest.fixture
def passed_card(place, tmp_path, capsys):
    words = [str(place / "mine.keras"), "--calibrate", str(place / "set.npz"), "--samples", "100"]
    assert main([*words, "--out", str(tmp_path / "m.tflite"), "--card", str(tmp_path / "card.md")]) == 0
    said(capsys)
    return tmp_path
