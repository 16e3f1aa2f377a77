"""The bench of a network's forms names each that can be had."""

from __future__ import annotations

import pytest

from tests.bench import forms


def test_each_form_of_each_model_is_timed(capsys):
    assert forms.main(["--rounds", "1", "--threads", "1"]) == 0
    lines = dict(line.split(", 1 thread: ") for line in capsys.readouterr().out.splitlines())
    assert set(lines) >= {"face", "mask", "emotion-bare", "emotion-masked"}
    assert [part.rsplit(" ", 1)[0] for part in lines["face"].removesuffix(" us").split(", ")] == [
        "plain", "+ as_products", "+ in_columns",
    ]  # fmt: skip
    assert "+ in_rows" in lines["emotion-bare"]


def test_a_folder_without_models_is_one_line(tmp_path, capsys):
    assert forms.main(["--models", str(tmp_path / "none")]) == 4
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("rounds", [1, 5])
def test_a_time_is_the_least_of_all_rounds(rounds, monkeypatch):
    from edge import manifest
    from edge.engines.model import LiteRtModel

    given = iter(range(100, 0, -1))
    monkeypatch.setattr(LiteRtModel, "seconds", lambda model, picture: float(next(given)))
    (_, first), (_, second) = forms.times(manifest.load(None), "mask", 1, rounds)
    assert (first, second) == (100 - 2 * (rounds - 1), 99 - 2 * (rounds - 1))
