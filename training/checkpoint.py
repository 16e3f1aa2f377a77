"""Weights and full states of a run as files that are replaced whole: a run that is killed has those of before."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import keras
import numpy as np

from edge.files import replacing
from training.history import STATE, STATE_BATCHES, STATE_WEIGHTS, saved_epochs, state_file


class Checkpoint(keras.callbacks.BackupAndRestore):
    """The full state after every epoch, read at the beginning of a run where there is one.

    It is several files, of which one, the metadata, says of which epoch the others are: it is replaced last, so a run
    that is killed in between has the whole state of the epoch before.

    Args:
        folder: of the run.
        batches: what is trained on; where it has a method `state`, that is a part of the state.
        lead: whether this process writes; the others of a run go through the motions, which JAX wants to be alike.
    """

    def __init__(self, folder: Path, batches: keras.utils.PyDataset, lead: bool = True) -> None:
        super().__init__(str(folder / STATE), delete_checkpoint=False)
        self.folder, self.batches, self.lead = folder, batches, lead

    def _load_model(self) -> None:
        self._weights_path = str(state_file(self.folder, saved_epochs(self.folder), STATE_WEIGHTS))
        super()._load_model()

    def _save_model(self) -> None:
        weights, batches = (
            self.folder / STATE / f"epoch-{self._current_epoch}.{part}" for part in (STATE_WEIGHTS, STATE_BATCHES)
        )
        if self.lead:
            weights.parent.mkdir(exist_ok=True)
            self._save_batches(batches)
        save_weights(self.model, weights, self.lead)
        if self.lead:
            metadata = Path(self._training_metadata_path)
            with replacing(metadata) as scratch:
                scratch.write_text(json.dumps({"epoch": self._current_epoch, "batch": 0}), encoding="utf-8")
            for path in weights.parent.iterdir():
                if path not in (metadata, weights, batches) and path.is_file():
                    path.unlink(missing_ok=True)

    def _save_batches(self, path: Path) -> None:
        state = self.batches.state() if hasattr(self.batches, "state") else {}
        if state:
            with replacing(path) as scratch, open(scratch, "wb") as file:
                np.savez(file, **state)


def restore_batches(folder: Path, batches: keras.utils.PyDataset) -> bool:
    """Give batches what the state of the run in a folder holds of them; whether it holds any.

    Raises:
        InvalidValue: it is of other data.
    """
    path = state_file(folder, saved_epochs(folder), STATE_BATCHES)
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
