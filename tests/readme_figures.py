"""Put the figures into the README, generated, never typed; docs/figures.json keeps what they are made of.

`make figures` takes them and calls this with what the commands printed (docs/figures.md). What is not given is kept.
Each part remembers the models that it was taken from.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from convert import card as cards
from convert import tflite
from convert.flops import multiply_adds
from edge import manifest

ROOT = Path(__file__).resolve().parent.parent
STORE, README = ROOT / "docs" / "figures.json", ROOT / "README.md"
BEGIN, END = "<!-- figures: written by python -m tests.readme_figures -->", "<!-- end of figures -->"
PARTS = ("evaluate", "peers", "detectors")
NEEDED = ("face", "mask", "emotion-bare", "emotion-masked")

# int8 operations a second of XNNPACK with four threads, 10^9; one multiply-add is two operations.
BOARDS = {
    "Zero 2 W": (13, "a Pi 4 by ncnn's MobileNet int8: 91 ms beside 34"),
    "3 B+": (20, "XNNPACK's MobileNetV2 int8: 30 ms"),
    "4 B": (35, "XNNPACK's MobileNetV2 int8: 17 ms"),
    "5": (100, "assumed: a third more clock and int8 dot products"),
}
# Scaling, crops, boxes and Python, milliseconds on a Pi 4; assumed to grow as the models' time does.
AROUND_MS = 4.0
CAMERA_FPS = 30.0

Row = tuple[str, str, str]


def costs(listed: manifest.Manifest) -> dict[str, dict[str, Any]]:
    """Hash, multiply-adds, bytes and parameters of each model, and what its card says of its data."""
    answer = {}
    for task, spec in listed.specs.items():
        path = listed.path(task)
        graph = tflite.read(path)
        answer[task] = {
            "sha256": spec.sha256,
            "multiply_adds": multiply_adds(graph),
            "bytes": graph.size,
            "parameters": graph.parameters,
            "about": cards.load(path.with_name("card.json")).about,
        }
    return answer


def render(store: Mapping[str, Any]) -> str:
    """The block between the marks, in markdown."""
    sections = [accuracy(store.get("evaluate")), sizes(store["models"])]
    if all(task in store["models"] for task in NEEDED):
        sections.append(boards(store["models"]))
    sections += [peers(store.get("peers")), detectors(store.get("detectors"))]
    return "\n\n".join(section for section in sections if section)


def accuracy(part: Mapping[str, Any] | None) -> str:
    """What the models get right."""
    if not part:
        return "Accuracy: not measured yet."
    values = part["values"]
    rows: list[Row] = [
        ("Emotion, bare face", *_emotion(values, "emotion-bare", "FER2013 PrivateTest, 7 classes")),
        ("Emotion, masked face", *_emotion(values, "emotion-masked", "the same with masks drawn on")),
        ("Emotion, whole decision", percent(_at(values, "two-stage", "accuracy")), "both, routed by the mask model"),
        ("Mask worn or not", percent(_at(values, "mask", "pairs")), _interval(_at(values, "mask", "pairs_interval"))),
        ("Mask, real photographs", percent(_at(values, "mask", "real")), "boxes of 20 px and more, balanced accuracy"),
        (
            "Face found, AP@0.5",
            number(_at(values, "face", "ap50")),
            "`faces` test split, boxes of 12 px and more; the detector alone",
        ),
        (
            "Masked face found, AP@0.5",
            number(_at(values, "face", "ap50_masked")),
            "tight boxes of `masked_faces` test; the detector alone",
        ),
        ("Close face found", percent(_at(values, "close-faces", "bare")), "20 to 90 % of the frame's height"),
        ("Close masked face found", percent(_at(values, "close-faces", "masked")), "the same with masks drawn on"),
        ("False alarms", percent(_at(values, "false-alarms", "crops")), "of pictures without a face"),
        ("Landmarks, mean error", percent(_at(values, "landmarks", "nme")), "of the distance of the outer eye corners"),
    ]
    return _table(("what", "int8 model", "how it is taken"), rows)


def _at(values: Mapping[str, Any], block: str, key: str) -> Any:
    return (values.get(block) or {}).get(key)


def _emotion(values: Mapping[str, Any], block: str, taken: str) -> tuple[str, str]:
    """A model's accuracy, and beside it the three figures that say how much to believe it."""
    twin, fresh, error = (_at(values, block, key) for key in ("float", "dedup", "ece"))
    more = f"float {percent(twin)}, without rows of Training {percent(fresh)}, calibration error {number(error)}"
    return percent(_at(values, block, "int8")), f"{taken}; {more}"


def _interval(interval: Sequence[float] | None) -> str:
    more = f"; 95 % interval {percent(interval[0])} to {percent(interval[1])}" if interval else ""
    return f"`mask_pairs` test clusters{more}"


def sizes(models: Mapping[str, Mapping[str, Any]]) -> str:
    """What the models cost, what they learned from, and where more is said of them."""
    rows = []
    for task, cost in models.items():
        millions = (f"{cost[key] / 1e6:.{digits}f} M" for key, digits in (("parameters", 2), ("multiply_adds", 1)))
        rows.append((f"[{task}](models/{task}/card.md)", *millions, f"{cost['bytes'] / 1e6:.2f} MB", cost["about"]))
    told = "Each card has its model's figures by class, confusion matrix and known failures."
    return f"{_table(('model', 'parameters', 'multiply-adds', 'file', 'data and its terms'), rows)}\n\n{told}"


def boards(models: Mapping[str, Mapping[str, Any]]) -> str:
    """What to expect on a Raspberry Pi, with one face in the picture and every stage on every frame."""
    run = sum(models[task]["multiply_adds"] for task in ("face", "mask"))
    run += max(models[task]["multiply_adds"] for task in ("emotion-bare", "emotion-masked"))
    rows = []
    for name, (speed, source) in BOARDS.items():
        network = 2 * run / (speed * 1e9) * 1000
        around = AROUND_MS * BOARDS["4 B"][0] / speed
        rate = min(CAMERA_FPS, 1000 / (network + around))
        rows.append((f"Raspberry Pi {name}", f"{network:.0f} + {around:.0f} ms", f"{rate:.0f} a second", source))
    return _table(("estimated, not measured", "models + the rest", "frames", "int8 speed taken from"), rows)


def peers(part: Mapping[str, Any] | None) -> str:
    """Our loop beside others, as the bench measured it."""
    if not part:
        return "Speed beside others: not measured yet."
    values = part["values"]
    rows = []
    for row in values["rows"]:
        name = row["name"] + ("" if row["compared"] else " (not compared)")
        cells = (number(row["median_ms"], 2), number(row["ratio"], 2), _mega(row["multiply_adds"]))
        rows.append((name, *cells, f"{row['rss_mb']:.0f} MB" if row["rss_mb"] else "-"))
    head = f"One face in the picture, 640x480, {values['threads']} threads, {values['machine']}:"
    return f"{head}\n\n{_table(('pipeline', 'ms a frame', 'times ours', 'multiply-adds', 'memory'), rows)}"


def detectors(part: Mapping[str, Any] | None) -> str:
    """Face detectors by one measure."""
    if not part:
        return ""
    rows = [(row["name"], number(row["faces"]), number(row["masked_tight"])) for row in part["values"]]
    return _table(("face detector, AP@0.5", "`faces` test", "tight `masked_faces` test"), rows)


def percent(value: float | None) -> str:
    """0.6665 as 66.7 %; a dash for what was not taken."""
    return "-" if value is None else f"{100 * value:.1f} %"


def number(value: float | None, digits: int = 3) -> str:
    """A figure, or a dash."""
    return "-" if value is None else f"{value:.{digits}f}"


def _mega(value: int | None) -> str:
    return "-" if value is None else f"{value / 1e6:.0f} M"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def insert(text: str, block: str) -> str:
    """The README's text with the block between its marks.

    Raises:
        ValueError: the marks are not there.
    """
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"README.md: the marks {BEGIN!r} and {END!r} are missing")
    return f"{before}{BEGIN}\n\n{block}\n\n{END}{after}"


def stale(store: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The parts that were taken from other models than these, and "models" where their costs are not these."""
    now = {task: cost["sha256"] for task, cost in models.items()}
    old = [name for name in PARTS if store.get(name) and store[name]["of"] != now]
    return (["models"] if store.get("models") != models else []) + old


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    answer = argparse.ArgumentParser(
        prog="python -m tests.readme_figures", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for part in PARTS:
        answer.add_argument(f"--{part}", type=Path, metavar="FILE.json", help="what that command printed with --json")
    return answer


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    options = parser().parse_args(arguments)
    models = costs(manifest.load(ROOT / "models"))
    store = json.loads(STORE.read_text()) if STORE.exists() else {}
    store["models"] = models
    for part in PARTS:
        if path := getattr(options, part):
            hashes = {task: cost["sha256"] for task, cost in models.items()}
            store[part] = {"of": hashes, "values": json.loads(path.read_text())}
    STORE.write_text(json.dumps(store, indent=1) + "\n")
    README.write_text(insert(README.read_text(), render(store)))
    for part in stale(store, models):
        print(f"{part}: taken from other models; take it again", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
