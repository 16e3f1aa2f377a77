"""Fused layers against Keras' own: the same numbers, gradients and statistics. On torch, where they differ in code."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("keras")

PROGRAM = """
import keras, numpy as np, torch
from keras import layers
from training.networks import fused

rng = np.random.default_rng(5)
same = {"kernel_size": 3, "padding": "same"}
cases = [
    (fused.FusedConv2D, layers.Conv2D, dict(filters=6, kernel_size=k, strides=s, padding=p, use_bias=b), c, hw)
    for k, s, p, b in [(3, 1, "same", False), (3, 2, "same", True), (1, 2, "same", False), (5, 2, "valid", False)]
    for c, hw in [(1, (8, 8)), (4, (9, 8)), (4, (15, 20))]
] + [
    (fused.FusedDepthwiseConv2D, layers.DepthwiseConv2D, {**same, "strides": s, "use_bias": b}, 4, n)
    for s, b in [(1, False), (2, False), (2, True)]
    for n in [(8, 8), (9, 8), (15, 20)]
] + [(fused.FusedBatchNormalization, layers.BatchNormalization, {}, 4, (8, 6))]
for own, plain, settings, channels, size in cases:
    x = rng.normal(size=(3, *size, channels)).astype("float32")
    answers = []
    start = None
    for kind in (own, plain):
        layer = kind(**settings)
        layer.build(x.shape)
        start = start or layer.get_weights()
        layer.set_weights(start)
        inputs = torch.tensor(x, requires_grad=True)
        outputs = layer(inputs, training=True) if "Norm" in kind.__name__ else layer(inputs)
        (outputs * torch.cos(outputs)).sum().backward()
        gradients = [v.value.grad for v in layer.trainable_variables]
        answers.append([t.detach().numpy() for t in (outputs, inputs.grad, *gradients)] + layer.get_weights())
    for a, b in zip(*answers, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4, err_msg=f"{own.__name__} {settings} {channels} {size}")
    assert fused.original(own(**settings)) is plain
print("compared", len(cases))
"""


def test_the_same_numbers_as_keras(monkeypatch) -> None:
    pytest.importorskip("torch", reason="torch is not installed: the fused layers are Keras' own then")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["compared", "22"]
