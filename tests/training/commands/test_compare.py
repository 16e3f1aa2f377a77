"""edge-emotion-train compare: trained, resumed, measured, one table."""

from __future__ import annotations

import json

import pytest

from training.__main__ import main

keras = pytest.importorskip("keras")

TINY = '[fit]\nepochs = 1\nbatch = 8\noptimizer = "adam"\nema = 0.0\n[network]\n'
NETWORKS = {
    "small": 'kind = "mlp"\nhidden = [4]\n',
    "four": 'kind = "cnn4"\nconvolutions = [[4, 3], [4, 5], [4, 3], [4, 3]]\nhidden = [4, 4]\n',
}


@pytest.fixture
def words(tmp_path, made_data):
    for name, network in NETWORKS.items():
        head = f'name = "{name}"\ntask = "emotion-bare"\nseed = 1\nabout = "generated"\nreference = "24 %"\n'
        (tmp_path / f"{name}.toml").write_text(head + TINY + network)
    recipes = [str(tmp_path / f"{name}.toml") for name in NETWORKS]
    return ["compare", *recipes, "--data", str(made_data), "--out", str(tmp_path / "out")]


def test_recipes_and_the_shipped_model_stand_in_one_table_and_finished_runs_are_kept(
    words, tmp_path, capsys, caplog
) -> None:
    assert main(words) == 0
    printed = capsys.readouterr().out
    rows = json.loads((tmp_path / "out/compare.json").read_text())
    assert [row["name"] for row in rows] == ["small", "four", "shipped"]
    assert [row["epochs"] for row in rows] == [1, 1, 0]
    assert rows[0]["parameters"] == 48 * 48 * 4 + 4 + 4 * 7 + 7
    assert rows[0]["multiply_adds"] == 48 * 48 * 4 + 4 * 7
    assert all(0 <= row[key] <= 1 for row in rows for key in ("public", "private"))
    report = (tmp_path / "out/report.md").read_text()
    assert "| small | 9,255 |" in report
    assert "| small | 9,255 |" in printed
    for name in ("curves-loss", "curves-score", "four/confusion-PublicTest", "shipped/confusion-PrivateTest"):
        assert (tmp_path / f"out/{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"({name}.png)" in report
    kept = (tmp_path / "out/small/model.keras").stat().st_mtime_ns
    assert main([*words, "--resume"]) == 0
    assert (tmp_path / "out/small/model.keras").stat().st_mtime_ns == kept
    assert "finished before" not in caplog.text
    (tmp_path / "small.toml").write_text((tmp_path / "small.toml").read_text().replace("seed = 1", "seed = 2"))
    assert main([*words, "--resume"]) == 0
    line = (
        f"{tmp_path / 'out/small'}: finished before, and kept: seed was 1, now 2; delete that folder to train it anew"
    )
    assert line in caplog.text


def test_ctrl_c_ends_with_the_line_that_goes_on(words, capsys, monkeypatch) -> None:
    from training.commands import train

    def interrupted(*_args, **_more) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "work", interrupted)
    assert main([*words, "--epochs", "2"]) == 130
    line = capsys.readouterr().out.strip().splitlines()[-1]
    assert line.startswith("interrupted; resume with: edge-emotion-train compare ")
    assert line.endswith(" --epochs 2 --resume")


@pytest.mark.parametrize(
    ("change", "code", "expected"),
    [
        (lambda words: [words[0], "mask", *words[3:]], 1, "recipe mask: expected the task emotion-bare, got mask"),
        (lambda words: [words[0], words[1], *words[1:]], 1, "recipe small: given twice"),
        (lambda words: [words[0], "nobody", *words[3:]], 2, "nobody: no such recipe"),
        (lambda words: [*words[:2], "distances", *words[3:]], 1, "recipe distances: has a table of its own"),
        (lambda words: [*words[:2], "emotion-bare", *words[3:4], "DATA", *words[5:]], 1, "emotion_wild"),
        (lambda words: [*words[:2], "four.toml", *words[3:]], 2, "recipe four: network.kind: expected one of"),
    ],
)
def test_what_is_wrong_is_one_line_before_the_first_epoch(
    words, capsys, monkeypatch, tmp_path, made_data, change, code, expected
) -> None:
    from training.commands import train

    def work(*_args) -> None:
        raise AssertionError("the first recipe is trained")

    monkeypatch.setattr(train, "work", work)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "DATA").mkdir()
    (tmp_path / "DATA/fer2013.npz").symlink_to(made_data / "fer2013.npz")
    (tmp_path / "four.toml").write_text((tmp_path / "four.toml").read_text().replace("cnn4", "cnn5"))
    assert main(change(words)) == code
    err = capsys.readouterr().err
    assert expected in err
    assert err.count("\n") == 1
