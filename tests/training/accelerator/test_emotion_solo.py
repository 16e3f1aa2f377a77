"""One emotion model on a processor: it begins with what is shipped, and a run that was ended goes on."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from training.accelerator.emotion_pack import mosaic
from training.accelerator.emotion_solo import Solo, arguments_of
from training.data.masks import NEEDED

COUNT = 24


@pytest.fixture
def pack(tmp_path):
    """Noise as emotion_pack writes faces."""
    rng = np.random.default_rng(3)
    labels = np.arange(COUNT) % 7
    arrays = {"val_real": mosaic(rng.integers(0, 256, (130, 48, 48), np.uint8), 80), "val_real_count": np.array(130)}
    for name, side in (("fer", 48), ("wild", 72)):
        faces = rng.integers(0, 256, (COUNT, side, side), np.uint8)
        arrays |= {
            name: mosaic(faces, 80),
            f"{name}_labels": labels,
            f"{name}_targets": np.eye(7, dtype=np.float16)[labels],
            f"{name}_weights": np.ones(COUNT, np.float32),
            f"{name}_points": np.full((COUNT, len(NEEDED), 2), 24, np.int8),
            f"{name}_good": np.zeros(COUNT, bool),
            f"val_{name}": mosaic(faces[:, :48, :48], 80),
            f"val_{name}_labels": labels,
            f"val_{name}_masked": mosaic(faces[:, :48, :48], 80),
        }
    arrays["wild_boxes"] = np.tile(np.array([12, 12, 48, 48], np.float32), (COUNT, 1))
    np.savez(tmp_path / "pack.npz", **arrays)
    return tmp_path / "pack.npz"


@pytest.mark.parametrize("model", ["bare", "masked"])
def test_a_run_that_was_ended_goes_on_and_keeps_what_it_learned(model, pack, root, tmp_path, monkeypatch) -> None:
    words = [
        model, "--data", str(pack), "--start", str(root / "models"), "--out", str(tmp_path / "out"), "--batch", "8",
        "--teacher", str(root / "models" / "emotion-bare" / "weights.npz"), "--settle", "1", "--drawings", "1",
        "--every", "0", "--resume", "--shares", "0.5",
    ]  # fmt: skip
    for total in (2, 5):
        monkeypatch.setattr(Solo, "part", lambda solo, total=total: solo.steps / total)
        training = Solo(arguments_of(words))
        training.run()
        assert training.steps == total == training.learner.mean.steps
    assert "goes on after 2 steps" in (tmp_path / "out" / "emotion.log").read_text()
    with np.load(tmp_path / "out" / f"emotion-{model}.npz") as kept:
        assert {"last", "best", "blend-0.5"} <= {name.partition("/")[0] for name in kept.files}
        assert all(np.isfinite(kept[name]).all() for name in kept.files if "/weights/" in name)
