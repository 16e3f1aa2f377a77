"""Weights and full states of a run as files that are replaced whole: a run that is killed has those of before."""

from __future__ import annotations

import errno
import json
import logging
import math
import os
import shutil
import tempfile
import warnings
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import keras
import numpy as np

from edge.errors import InvalidValue, one_line
from edge.files import flush, replacing
from training import resumed
from training.history import STATE, STATE_BATCHES, STATE_WEIGHTS, WITHOUT_EPOCH, saved_epochs, saved_file, state_file

_log = logging.getLogger(__name__)

VALUE, OVERHEAD = 4, 4096  # bytes of a weight, and of what HDF5 adds to an array, at most
SCRATCH = "saving-"  # what a killed process may leave begins with this


class Checkpoint(keras.callbacks.BackupAndRestore):
    """The full state after every epoch, read at the beginning of a run that goes on.

    It is several files, of which one, the metadata, says of which epoch the others are: it is replaced last, so a run
    that is killed in between has the whole state of the epoch before.

    Args:
        folder: of the run.
        batches: what is trained on; where it has a method `state`, that is a part of the state.
        done: epochs whose state is read; 0: none.
        lead: whether this process writes; the others of a run go through the motions, which JAX wants to be alike.
        recipe: of the run, as training.resumed has it: saved with the state, and compared with what is there.
    """

    def __init__(
        self,
        folder: Path,
        batches: keras.utils.PyDataset,
        done: int = 0,
        lead: bool = True,
        recipe: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(str(folder / STATE), delete_checkpoint=False)
        self.folder, self.batches, self.done, self.lead = folder, batches, done, lead
        self.recipe = dict(recipe or {})

    def _load_model(self) -> None:
        if not self.done:
            return
        path = saved_file(self.folder, self.done, STATE_WEIGHTS)
        if not path.exists():  # Keras would begin with random weights
            raise InvalidValue(f"{path}: not there; copy the run's folder whole, or train without --resume")
        before = resumed.read(Path(self._training_metadata_path))
        resumed.expect_state(self.folder, before, self.recipe)
        self._weights_path = str(path)
        with readable(path):
            super()._load_model()
        # The learning rate goes by steps, of which an epoch has others now where the batch is another, or the data.
        steps = self.done * len(self.batches)
        if int(self.model.optimizer.iterations) != steps:
            self.model.optimizer.iterations.assign(steps)
        if self.lead and (told := resumed.differences(before, self.recipe)):
            _log.warning("%s: %s; what the recipe says now holds from epoch %d on", self.folder, told, self.done + 1)

    def _save_model(self) -> None:
        weights, batches = (
            state_file(self.folder, self._current_epoch, part) for part in (STATE_WEIGHTS, STATE_BATCHES)
        )
        if self.lead:
            weights.parent.mkdir(exist_ok=True)
            self._save_batches(batches)
        save_weights(self.model, weights, self.lead)
        if self.lead:
            # Both reach the disk before the files of the epoch before are deleted.
            for path in filter(Path.exists, (weights, batches, weights.parent)):
                flush(path)
            state = {"epoch": self._current_epoch, "batch": 0, "recipe": self.recipe}
            with replacing(Path(self._training_metadata_path)) as scratch:
                scratch.write_text(json.dumps(state), encoding="utf-8")
                flush(scratch)
            self._clean(weights, batches)

    def _save_batches(self, path: Path) -> None:
        state = self.batches.state() if hasattr(self.batches, "state") else {}
        if state:
            with replacing(path) as scratch, open(scratch, "wb") as file:
                np.savez(file, **state)

    def _clean(self, *kept: Path) -> None:
        """Delete the files of other epochs, and those of older versions, which have names of their own."""
        folder = self.folder / STATE
        for path in (*folder.glob("epoch-*"), *(folder / name for name in WITHOUT_EPOCH.values())):
            if path not in kept:
                path.unlink(missing_ok=True)


def restore_batches(folder: Path, batches: keras.utils.PyDataset) -> bool:
    """Give batches what the state of the run in a folder holds of them; whether it holds any.

    Raises:
        InvalidValue: it is of other data, or damaged.
    """
    path = saved_file(folder, saved_epochs(folder), STATE_BATCHES)
    if not path.exists():
        return False
    with readable(path), np.load(path) as state:
        arrays = dict(state)
    batches.restore(arrays)
    return True


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Inside, a file of the run is read; what Keras, HDF5 or numpy say about it is one line.

    Raises:
        InvalidValue: it is damaged, or of another network. Keras skips some of what does not fit, and warns.
    """
    try:
        with warnings.catch_warnings(action="error", category=UserWarning):
            yield
    except (OSError, BadZipFile, EOFError, zlib.error) as error:
        raise InvalidValue(
            f"{path}: damaged ({one_line(error, 100)}); copy the run's folder again, or train without --resume"
        ) from None
    except (ValueError, KeyError, UserWarning):
        raise InvalidValue(
            f"{path}: of another network; resume with the recipe and the flags of that run, choose another --out, or "
            "train without --resume"
        ) from None


def _expect_room(model: keras.Model, path: Path) -> None:
    """HDF5 crashes the process at its end where the disk becomes full in the middle of a file.

    Raises:
        OSError: there is no room for the weights, and for the optimizer's state.
    """
    optimizer = getattr(model, "optimizer", None)
    arrays = [*model.variables, *(optimizer.variables if optimizer else ())]
    needed = sum(math.prod(array.shape) * VALUE + OVERHEAD for array in arrays)
    room = shutil.disk_usage(path.parent)
    if room.total and room.free < needed:  # some network file systems know of no sizes, and say 0
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def save_weights(model: keras.Model, path: Path, lead: bool = True) -> None:
    """Write a model's weights, and its optimizer's state if it has one; nothing remains where `lead` is false."""
    if lead:
        for left in path.parent.glob(f"{SCRATCH}*"):
            shutil.rmtree(left, ignore_errors=True)
        _expect_room(model, path)
    with tempfile.TemporaryDirectory(dir=path.parent if lead else None, prefix=SCRATCH) as scratch:
        written = Path(scratch) / path.name
        model.save_weights(written)
        if lead:
            written.replace(path)
