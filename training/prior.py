"""A balanced prior: what to add to an emotion network's logits, chosen on validation rows of two sets.

Training sets have many happy and few disgusted faces, and the two sets unlike shares of neutral ones; a network learns
these shares. Two ways give a part of them back, both in the last layer's bias, so that nothing is added on the device:
logit adjustment (Menon et al., 2021), and weights for the errors, the best where accuracy and mean recall count
together (Elkan, "The foundations of cost-sensitive learning", 2001). The second moves rare emotions most. The first can
be kept to the rarest: disgust has 1.5 % of FER2013's rows, and a network that was taught so few of them hardly
ever says it of pictures from elsewhere, while the others were taught often enough to be left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from edge.errors import InvalidValue
from edge.labels import Emotion

PLAIN = "plain.keras"  # in a run's folder: the network as it was trained, before a prior was put into it
# What is aimed at on the test splits; here the measure of what a point is worth on validation.
AIMS: dict[str, dict[str, float]] = {
    "emotion-bare": {"fer": 0.733, "fer_macro": 0.71, "wild": 0.88, "wild_neutral": 0.85, "wild_happy": 0.96},
    "emotion-masked": {"fer": 0.62, "fer_macro": 0.58, "wild": 0.72, "wild_neutral": 0.75, "wild_happy": 0.75},
}
TAUS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
OFFSETS = (-0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6)  # of neutral
RARES = (0.0, 0.25, 0.5, 0.75, 1.0)
RARE = 0.5  # of an even share: what is taught less often is rare
RECALLS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
FEW = 15  # an emotion with fewer rows of a set is not in its mean recall


@dataclass(frozen=True)
class Choice:
    """One way to move the logits, and what comes of it.

    Attributes:
        tau: part of the logarithm of how often each emotion was taught that is taken off.
        neutral: what is added to neutral's logit beside it.
        rare: part of the logarithm of how much less often than an even share a rare emotion was taught that it gets.
        recall: what the mean recall on FER2013 counts beside its accuracy.
        score: the mean of each figure over its aim, what is above an aim at a fifth.
        figures: accuracy and recalls by set.
    """

    tau: float
    neutral: float
    rare: float
    recall: float
    score: float
    figures: Mapping[str, float]

    def line(self) -> str:
        """One line of the table."""
        shown = "  ".join(f"{name} {value:.3f}" for name, value in self.figures.items())
        return f"{self.moves()}  score {self.score:.4f}  {shown}"

    def moves(self) -> str:
        """What is chosen, in words."""
        return f"tau {self.tau:.1f}  neutral {self.neutral:+.1f}  rare {self.rare:.2f}  recall {self.recall:.2f}"


def bias(prior: np.ndarray, tau: float, neutral: float, rare: float = 0.0) -> np.ndarray:
    """What is added to the logits, float64 (7,).

    Args:
        prior: how often each emotion was taught, (7,), above 0; sums to 1.
        tau, neutral, rare: see Choice.

    Example:
        >>> import numpy as np
        >>> from training.prior import bias
        >>> bias(np.array([0.14, 0.02, 0.14, 0.28, 0.14, 0.14, 0.14]), 0.0, 0.0, rare=0.5).round(2).tolist()
        [0.0, 0.98, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    moved = -tau * np.log(prior)
    moved -= moved.mean()
    even = 1 / len(prior)
    moved += np.where(prior < RARE * even, rare * np.log(even / prior), 0.0)
    moved[Emotion.NEUTRAL] += neutral
    return np.asarray(moved, np.float64)


def weighted(labels: np.ndarray, recall: float) -> np.ndarray:
    """What is added to the logits, float64 (7,), so that accuracy + recall * mean recall is highest on such faces.

    Highest, that is, if the network's probabilities are right. A right answer adds 1/N to the accuracy and
    1/(K * its emotion's rows) to the mean recall of K emotions; the sum weighs its probability. An emotion with few
    rows is not in the mean recall, so it gets no weight.

    Args:
        labels: int (N,), as frequent as they will be.
        recall: see Choice; 0 adds nothing.

    Raises:
        InvalidValue: `recall` is below 0.

    Example:
        >>> import numpy as np
        >>> from training.prior import weighted
        >>> weighted(np.repeat(np.arange(7), [20, 20, 20, 200, 20, 20, 20]), 0.5).round(2).tolist()
        [0.09, 0.09, 0.09, -0.56, 0.09, 0.09, 0.09]
    """
    if not recall >= 0:
        raise InvalidValue(f"recall: expected a weight of at least 0, got {recall}")
    rows = np.bincount(labels, minlength=7).astype(np.float64)
    counted = rows >= FEW
    moved = np.zeros(7)
    if counted.any():
        moved[counted] = np.log1p(recall * len(labels) / (counted.sum() * rows[counted]))
    return moved - moved.mean()


def figures(logits: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray], moved: np.ndarray) -> dict[str, float]:
    """Accuracy and mean recall on each set ("fer", "wild"), and on "wild" the recalls of neutral and happy.

    Args:
        logits: float (N, 7) by set.
        labels: int (N,) by set.
        moved: what is added to the logits, (7,).
    """
    values: dict[str, float] = {}
    for name, given in logits.items():
        right = (given + moved).argmax(axis=1) == labels[name]
        rows = [labels[name] == emotion for emotion in range(given.shape[1])]
        values[name] = float(right.mean())
        recalls = [float(right[one].mean()) for one in rows if one.sum() >= FEW]
        values[f"{name}_macro"] = float(np.mean(recalls)) if recalls else 0.0
        if name == "wild":
            for emotion in (Emotion.NEUTRAL, Emotion.HAPPY):
                own = right[rows[emotion]]
                values[f"wild_{emotion.label}"] = float(own.mean()) if len(own) else 0.0
    return values


def score(values: Mapping[str, float], aims: Mapping[str, float]) -> float:
    """One number to choose by; see Choice."""
    ratios = [values[name] / aim for name, aim in aims.items() if name in values]
    return float(np.mean([min(ratio, 1 + (ratio - 1) / 5) for ratio in ratios]))


def table(
    logits: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray], prior: np.ndarray, aims: Mapping[str, float]
) -> list[Choice]:
    """All choices, the best one first."""
    rows = []
    for tau, neutral, rare, recall in product(TAUS, OFFSETS, RARES, RECALLS):
        values = figures(logits, labels, bias(prior, tau, neutral, rare) + weighted(labels["fer"], recall))
        rows.append(Choice(tau, neutral, rare, recall, score(values, aims), values))
    return sorted(rows, key=lambda row: -row.score)
