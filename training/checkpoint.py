"""Weights and full states of a run as files that are replaced whole: a run that is killed has those of before."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import keras
import numpy as np

from edge.files import replacing
from training.history import STATE, STATE_BATCHES, STATE_WEIGHTS


class Checkpoint(keras.callbacks.BackupAndRestore):
    """The full state after every epoch, read at the beginning of a run where there is one.

    Args:
        folder: of the run.
        batches: what is trained on; where it has a method `state`, that is a part of the state.
        lead: whether this process writes; the others of a run go through the motions, which JAX wants to be alike.
    """

    def __init__(self, folder: Path, batches: keras.utils.PyDataset, lead: bool = True) -> None:
        super().__init__(str(folder / STATE), delete_checkpoint=False)
        self.folder, self.batches, self.lead = folder / STATE, batches, lead

    def _save_model(self) -> None:
        if self.lead:
            self.folder.mkdir(exist_ok=True)
            self._save_batches()
        save_weights(self.model, self.folder / STATE_WEIGHTS, self.lead)
        if self.lead:
            with replacing(Path(self._training_metadata_path)) as scratch:
                scratch.write_text(json.dumps({"epoch": self._current_epoch, "batch": 0}), encoding="utf-8")

    def _save_batches(self) -> None:
        state = self.batches.state() if hasattr(self.batches, "state") else {}
        if state:
            with replacing(self.folder / STATE_BATCHES) as scratch, open(scratch, "wb") as file:
                np.savez(file, **state)


def restore_batches(folder: Path, batches: keras.utils.PyDataset) -> bool:
    """Give batches what the state of the run in a folder holds of them; whether it holds any.

    Raises:
        InvalidValue: it is of other data.
    """
    path = folder / STATE / STATE_BATCHES
    if not path.exists():
        return False
    with np.load(path) as state:
        batches.restore(dict(state))
    return True


def save_weights(model: keras.Model, path: Path, lead: bool = True) -> None:
    """Write a model's weights, and its optimizer's state if it has one; nothing remains where `lead` is false."""
    with tempfile.TemporaryDirectory(dir=path.parent if lead else None) as scratch:
        written = Path(scratch) / path.name
        model.save_weights(written)
        if lead:
            written.replace(path)
