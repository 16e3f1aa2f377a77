"""Which operation of a training step crashes TensorFlow on this processor: python -m tests.bench.onednn

It takes a few minutes. For AMD processors with AVX512, where training crashes and the smallest call that does is not
known yet (see training/onednn.py). Each operation runs several times in a process of its own with oneDNN's own choice
of instructions; what dies is run again without oneDNN. The line to look for is the first operation that dies with it
and not without; write it down in training/onednn.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from training.onednn import CPUINFO, OFF, SET_BY_USER, VARIABLE

LIMIT_S = 120
ROUNDS = 5
START = f"""
import keras, numpy as np, tensorflow as tf
tf.random.set_seed(1)
def gradients(call, *values):
    values = [tf.Variable(value) for value in values]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(call(*values))
    return tape.gradient(loss, values)
x, dense = tf.random.normal((8, 24, 24, 16)), tf.random.normal((32, 96))
kernel, depth = tf.random.normal((3, 3, 16, 24)), tf.random.normal((3, 3, 16, 1))
back = tf.random.normal((8, 24, 24, 24))
ones, zeros = tf.ones(16), tf.zeros(16)
def net():
    layers = keras.layers
    model = keras.Sequential([layers.Input((24, 24, 1)), layers.Conv2D(8, 3, 2, padding="same", use_bias=False),
        layers.BatchNormalization(), layers.ReLU(), layers.Conv2D(8, 3, 2, padding="same", activation="relu"),
        layers.Flatten(), layers.Dense(4, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model
pictures, labels = np.random.default_rng(1).random((64, 24, 24, 1), np.float32), np.arange(64) % 4
for _ in range({ROUNDS}):
    """
# From the smallest call to the one that is known to crash.
OPERATIONS = {
    "import alone": "pass",
    "matmul": "tf.matmul(dense, dense, transpose_b=True)",
    # Known to corrupt memory in 2.21, on Intel processors with AVX512 too; no network here does it.
    # github.com/tensorflow/tensorflow/issues/117700
    "matmul, rank 4 by rank 2": "tf.matmul(tf.random.normal((13, 1, 3, 4)), tf.random.normal((4, 16)))",
    "matmul, gradients": "gradients(tf.matmul, dense, tf.transpose(dense))",
    "conv, forward": "tf.nn.conv2d(x, kernel, 1, 'SAME')",
    "conv, forward, stride 2": "tf.nn.conv2d(x, kernel, 2, 'SAME')",
    "conv 1x1, forward": "tf.nn.conv2d(x, kernel[:1, :1], 1, 'SAME')",
    "conv, backward data": "tf.raw_ops.Conv2DBackpropInput(input_sizes=x.shape, filter=kernel, out_backprop=back, "
    "strides=[1, 1, 1, 1], padding='SAME')",
    "conv, backward weights": "tf.raw_ops.Conv2DBackpropFilter(input=x, filter_sizes=kernel.shape, out_backprop=back, "
    "strides=[1, 1, 1, 1], padding='SAME')",
    "conv, backward weights, stride 2": "tf.raw_ops.Conv2DBackpropFilter(input=x, filter_sizes=kernel.shape, "
    "out_backprop=back[:, :12, :12], strides=[1, 2, 2, 1], padding='SAME')",
    "conv, backward weights, one channel": "tf.raw_ops.Conv2DBackpropFilter(input=x[..., :1], "
    "filter_sizes=(3, 3, 1, 24), out_backprop=back, strides=[1, 1, 1, 1], padding='SAME')",
    "depthwise conv, gradients": "gradients(lambda a, b: tf.nn.depthwise_conv2d(a, b, [1, 1, 1, 1], 'SAME'), x, depth)",
    "batch norm, forward": "tf.compat.v1.nn.fused_batch_norm(x, ones, zeros, is_training=True)",
    "batch norm, gradients": "gradients(lambda a: tf.compat.v1.nn.fused_batch_norm(a, ones, zeros)[0] ** 2, x)",
    "max pool, gradients": "gradients(lambda a: tf.nn.max_pool2d(a, 2, 2, 'SAME'), x)",
    "average pool, gradients": "gradients(lambda a: tf.nn.avg_pool2d(a, 2, 2, 'SAME'), x)",
    "relu and softmax, gradients": "gradients(lambda a: tf.nn.softmax(tf.nn.relu(a)) ** 2, dense)",
    "conv, bias and relu as one graph": "tf.function(lambda a: tf.nn.relu(tf.nn.bias_add("
    "tf.nn.conv2d(a, kernel, 1, 'SAME'), tf.zeros(24))))(x)",
    "Keras, predict": "net().predict(pictures, verbose=0)",
    "Keras, train_on_batch, eagerly": "model = net(); model.run_eagerly = True; "
    "model.train_on_batch(pictures[:8], labels[:8])",
    "Keras, train_on_batch": "net().train_on_batch(pictures[:32], labels[:32])",
    "Keras, fit": "net().fit(pictures, labels, epochs=2, verbose=0)",
}


def outcome(statement: str, settings: dict[str, str]) -> str:
    """How a child that runs the statement ended: "ok", the name of the signal that killed it, or its last line."""
    environment = {name: value for name, value in os.environ.items() if name not in SET_BY_USER}
    environment |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", **settings}
    try:
        child = subprocess.run(
            [sys.executable, "-c", START + statement],
            env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"not done after {LIMIT_S} s"
    if child.returncode < 0:
        return signal.Signals(-child.returncode).name
    return "ok" if child.returncode == 0 else child.stderr.strip().splitlines()[-1][:80]


def main() -> int:
    """Print one line an operation; 1 where switching oneDNN off does not save one of them."""
    model = [line for line in Path(CPUINFO).read_text().splitlines() if line.startswith("model name")]
    print(model[0].partition(":")[2].strip() if model else "unknown processor")
    print(f"{'operation':40} {'with oneDNN':20} {VARIABLE}={OFF}")
    bad = 0
    for name, statement in OPERATIONS.items():
        free = outcome(statement, {})
        limited = "" if free == "ok" else outcome(statement, {VARIABLE: OFF})
        bad += limited not in ("", "ok")
        print(f"{name:40} {free:20} {limited}".rstrip(), flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
