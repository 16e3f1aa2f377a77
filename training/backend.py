"""Keras, loaded late and once: its backend is chosen by KERAS_BACKEND, TensorFlow by default."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from edge.errors import MissingExtra
from training.onednn import switch_onednn_off
from training.quiet import quiet

FIX = "install it: pip install 'edge-emotion[train]'"


def load_keras() -> Any:
    """The keras module.

    Raises:
        MissingExtra: Keras, or the backend that KERAS_BACKEND names, is not installed.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if os.environ["KERAS_BACKEND"] == "tensorflow":
        switch_onednn_off()
    try:
        with quiet():
            import keras
    except ImportError as error:
        raise MissingExtra(f"Keras cannot be loaded ({error.name or error}); {FIX}") from None
    return keras


def use_threads(count: int) -> None:
    """Let the backend compute on `count` threads; before its first computation.

    Raises:
        MissingExtra: Keras is not installed.
    """
    backend = load_keras().backend.backend()
    if backend == "torch":
        import torch

        torch.set_num_threads(count)
    elif backend == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(1)


@contextmanager
def precision(bf16: bool) -> Iterator[None]:
    """Inside, layers are made for mixed bfloat16 where asked for; afterwards as before."""
    keras = load_keras()
    before = keras.config.dtype_policy()
    if bf16:
        keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
