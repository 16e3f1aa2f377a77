"""edge-emotion-train's command line."""

from __future__ import annotations

import importlib

import pytest

from training import __main__ as program


@pytest.mark.parametrize("words", [["--help"], []])
def test_help_names_every_command(words, capsys) -> None:
    try:
        code = program.main(words)
    except SystemExit as ended:
        code = ended.code
    assert code == 0
    out = capsys.readouterr().out
    assert all(name in out for name in program.COMMANDS)


def test_an_unexpected_error_is_one_line(monkeypatch, capsys, tmp_path) -> None:
    from training.commands import prepare

    def broken(_arguments) -> int:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(prepare, "main", broken)
    assert program.main(["prepare", "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "edge-emotion-train: unexpected RuntimeError: two lines; run it again with --debug for the traceback\n"
    )


def test_version(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("edge-emotion-train ")


@pytest.mark.parametrize("name", list(program.COMMANDS))
def test_every_command_has_its_own_help(name, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main([name, "--help"])
    assert ended.value.code == 0
    assert f"edge-emotion-train {name}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--data"], ["cook"], ["evaluate"]])
def test_wrong_usage_is_two(words, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_package_that_is_missing_is_one_line_with_the_fix(monkeypatch, capsys) -> None:
    def absent(name: str):
        raise ModuleNotFoundError("No module named 'tqdm'", name="tqdm")

    monkeypatch.setattr(importlib, "import_module", absent)
    assert program.main(["masks", "x", "--out", "y"]) == 1
    assert capsys.readouterr().err == (
        "edge-emotion-train: masks needs the package tqdm; install it: pip install 'edge-emotion[train]'\n"
    )


def test_a_full_disk_is_one_line(monkeypatch, capsys, tmp_path) -> None:
    from training.commands import prepare

    def full(_arguments) -> int:
        raise OSError(28, "No space left on device", str(tmp_path / "out.npz"))

    monkeypatch.setattr(prepare, "main", full)
    assert program.main(["prepare", "--data", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert "out.npz: No space left on device" in err
    assert err.count("\n") == 1


def test_debug_shows_where(tmp_path, caplog) -> None:
    assert program.main(["--debug", "prepare", "--data", str(tmp_path / "nowhere")]) == 1
    assert "no such folder" in caplog.text
    assert "Traceback" in caplog.text
