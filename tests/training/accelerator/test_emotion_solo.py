"""One emotion model on a processor: it begins with what is shipped, and a run that was ended goes on."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.training.accelerator.packs import face_pack
from training.accelerator.emotion_solo import Solo, arguments_of


@pytest.mark.parametrize("model", ["bare", "masked"])
def test_a_run_that_was_ended_goes_on_and_keeps_what_it_learned(model, root, tmp_path, monkeypatch) -> None:
    words = [
        model, "--data", str(face_pack(tmp_path)), "--start", str(root / "models"), "--out", str(tmp_path / "out"),
        "--batch", "8",
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
