"""Which snapshot of a run to land, with which prior: python -m training.accelerator.emotion_choose TRAINED.npz."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from training import prior
from training.accelerator import emotion_measure as measure

# What must hold on validation. The test splits are easier by one to three points, as the first shipped models showed.
FLOORS = {
    "bare": {"fer": 0.69, "fer_macro": 0.662, "wild": 0.81, "wild_neutral": 0.74, "wild_happy": 0.93},
    "masked": {"fer": 0.585, "wild": 0.63, "wild_neutral": 0.58},
}
TAUS = tuple(n / 10 for n in range(0, 11))
NEUTRALS = tuple(n / 10 for n in range(-4, 11))


def short_of(values: dict[str, float], floors: dict[str, float]) -> float:
    """By how much figures are below their floors, added up."""
    return sum(max(0.0, least - values[name]) for name, least in floors.items())


def ranked(path: Path, kind: str) -> list[tuple[float, float, str, float, float, dict[str, float]]]:
    """All choices, the best one first: short of the floors, score, snapshot, tau, neutral, figures."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files if "/weights/" not in name}
    chosen = {f"{of}_labels": arrays[f"labels/{of}"] for of in ("fer", "wild")}
    rows = []
    for which in measure.snapshots(arrays):
        prefix = f"{which}/answers/"
        found = {n[len(prefix) :]: v.astype(np.float32) for n, v in arrays.items() if n.startswith(prefix)}
        for tau in TAUS:
            for neutral in NEUTRALS:
                values = measure.figures(found, chosen, prior.bias(arrays["prior"], tau, neutral))
                rows.append((short_of(values, FLOORS[kind]), measure.score(values, kind), which, tau, neutral, values))
    return sorted(rows, key=lambda row: (round(row[0], 4), -row[1]))


def main() -> None:
    """Print the best choices of each snapshot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path, metavar="TRAINED.npz", help="emotion-bare.npz or emotion-masked.npz")
    parser.add_argument("--rows", type=int, default=5, help="shown of each snapshot (5)")
    arguments = parser.parse_args()
    shown: dict[str, int] = {}
    for short, score, which, tau, neutral, values in ranked(arguments.trained, arguments.trained.stem.split("-")[-1]):
        shown[which] = shown.get(which, 0) + 1
        if shown[which] <= arguments.rows:
            print(
                f"{which:5} --tau {tau:.1f} --neutral {neutral:+.1f}  short {short:.3f} score {score:.4f}  "
                f"{measure.line(values)}"
            )


if __name__ == "__main__":
    main()
