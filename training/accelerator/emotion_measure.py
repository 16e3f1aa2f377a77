"""What the emotion trainings are chosen by: validation of both sets, bare and masked, and real masks without labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from training.prior import bias as adjustment
from training.temperature import probabilities

HAPPY, NEUTRAL = 3, 6
# What is aimed at, on the test splits; here the measure of what a point is worth on validation.
AIMS = {
    "bare": {"fer": 0.733, "fer_macro": 0.71, "wild": 0.88, "wild_neutral": 0.85, "wild_happy": 0.96},
    "masked": {"fer": 0.62, "fer_macro": 0.58, "wild": 0.72, "wild_neutral": 0.75, "wild_happy": 0.75},
}


def answers(network: Any, images: np.ndarray, device: Any, size: int = 1024) -> np.ndarray:
    """Logits float32 (n, 7) of pictures uint8 (n, 48, 48), in full precision."""
    import torch

    was = network.training
    network.eval()
    size = max(1, min(size, len(images)))
    parts = []
    with torch.no_grad():
        for start in range(0, len(images), size):
            part = images[start : start + size]
            # Filled up to one size: convolutions are tuned anew for each shape that they meet.
            full = np.concatenate([part, np.zeros((size - len(part), *part.shape[1:]), np.uint8)])
            shown = torch.from_numpy(full).to(device)[:, None].float() / 255
            parts.append(network(shown).float().cpu().numpy()[: len(part)])
    network.train(was)
    return np.concatenate(parts)


def logits(network: Any, chosen: dict[str, np.ndarray], kind: str, device: Any) -> dict[str, np.ndarray]:
    """Answers to FER2013's and emotion_wild's validation rows (kind bare or masked), and to real masks."""
    more = "_masked" if kind == "masked" else ""
    found = {name: answers(network, chosen[name + more], device) for name in ("fer", "wild")}
    return found | ({"real": answers(network, chosen["real"], device)} if kind == "masked" else {})


def figures(
    found: dict[str, np.ndarray], chosen: dict[str, np.ndarray], bias: np.ndarray | float = 0.0
) -> dict[str, float]:
    """Accuracy and mean recall on FER2013; accuracy and recall of neutral and happy on emotion_wild; of real masks
    the shares of happy, of neutral, and of happy that is sure (at least .5)."""
    values: dict[str, float] = {}
    for name in ("fer", "wild"):
        given, labels = (found[name] + bias).argmax(axis=1), chosen[f"{name}_labels"]
        recall = [float((given[labels == k] == k).mean()) for k in range(7) if (labels == k).any()]
        values[name] = float((given == labels).mean())
        if name == "fer":
            values["fer_macro"] = float(np.mean(recall))
        else:
            values["wild_neutral"] = float((given[labels == NEUTRAL] == NEUTRAL).mean())
            values["wild_happy"] = float((given[labels == HAPPY] == HAPPY).mean())
            values["wild_macro"] = float(np.mean([recall_of(given, labels, k) for k in (0, 3, 4, 5, 6)]))
    if "real" in found:
        p = probabilities(found["real"] + bias)
        values["real_happy"] = float((p.argmax(axis=1) == HAPPY).mean())
        values["real_happy_sure"] = float((p[:, HAPPY] >= 0.5).mean())
        values["real_neutral"] = float((p.argmax(axis=1) == NEUTRAL).mean())
    return values


def snapshots(names: Iterable[str]) -> list[str]:
    """The snapshots among the entries of a file: `best` of `best/answers/fer`."""
    return list(dict.fromkeys(name.partition("/")[0] for name in names if "/answers/" in name))


def recall_of(given: np.ndarray, labels: np.ndarray, kind: int) -> float:
    """Recall of one emotion; 0 where the set has none."""
    rows = labels == kind
    return float((given[rows] == kind).mean()) if rows.any() else 0.0


def score(values: dict[str, float], kind: str) -> float:
    """One number to choose by: the mean of each figure over its aim, what is above an aim at a fifth."""
    ratios = [values[name] / aim for name, aim in AIMS[kind].items()]
    return float(np.mean([min(ratio, 1 + (ratio - 1) / 5) for ratio in ratios]))


def line(values: dict[str, float]) -> str:
    """Figures in one line."""
    return "  ".join(f"{name} {value:.3f}" for name, value in values.items())


def choose(
    found: dict[str, np.ndarray], chosen: dict[str, np.ndarray], prior: np.ndarray, kind: str
) -> tuple[np.ndarray, list[str]]:
    """The bias to add to the logits, float64 (7,), and the table that it was chosen from.

    Logit adjustment (Menon et al., 2021): minus `tau` times the logarithm of how often each emotion was taught; and a
    constant for neutral, which FER2013 and emotion_wild have unlike shares of.
    """
    best, bias, table = -1.0, np.zeros(7), []
    for tau in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        for calm in (-0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8):
            moved = adjustment(prior, tau, calm)
            values = figures(found, chosen, moved)
            worth = score(values, kind)
            table.append(f"  tau {tau:.1f} neutral {calm:+.1f}: score {worth:.4f}  {line(values)}")
            if worth > best:
                best, bias = worth, moved
    return bias, table
