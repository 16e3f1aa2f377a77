"""How sure a network is of its answers: one number that its logits are divided by.

It changes no answer, only probabilities ("On calibration of modern neural networks", Guo et al., 2017), and it goes
into the last layer's weights, so that nothing is added on the device.
"""

from __future__ import annotations

import numpy as np

SOFTEST, SHARPEST = 0.2, 5.0  # what logits are multiplied by, at least and at most
STEPS = 60  # each leaves two thirds of the range


def fitted(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with the least cross-entropy, 0.2 to 5; below 1 the network was not sure enough.

    Args:
        logits: float (N, K).
        labels: int (N,), on rows that the network has not learned.

    Example:
        >>> import numpy as np
        >>> from training.temperature import fitted
        >>> logits = np.log([[0.8, 0.2]] * 10)  # right nine times of ten
        >>> round(fitted(logits, np.array([0] * 9 + [1])), 2)
        0.63
    """
    if not len(labels):
        return 1.0
    # In what the logits are multiplied by, the cross-entropy is convex: of two places, the worse one is an end.
    low, high = SOFTEST, SHARPEST
    for _ in range(STEPS):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if cross_entropy(logits * left, labels) <= cross_entropy(logits * right, labels):
            high = right
        else:
            low = left
    return 2 / (low + high)


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The mean over rows, in nats."""
    moved = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(moved).sum(axis=1)) - moved[np.arange(len(labels)), labels]).mean())


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax of each row, (N, K)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares
