"""The figures in the README, generated, never typed; docs/figures.json keeps what they are made of.

`make figures` takes them and passes on what the commands printed (docs/figures.md). Each part of the store remembers
the models that it was taken from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convert import card as cards
from convert import tflite
from convert.flops import multiply_adds
from edge import manifest
from training import markdown

BEGIN = "<!-- figures: written by edge-emotion-convert figures; do not edit -->"
END = "<!-- end of figures -->"
PARTS = ("evaluate", "peers", "detectors")
NEEDED = ("face", "mask", "emotion-bare", "emotion-masked")

# int8 operations a second of XNNPACK with four threads, 10^9; one multiply-add is two operations.
BOARDS = {
    "Zero 2 W": (13, "a Pi 4, scaled by ncnn's MobileNet int8: 91 ms against 34"),
    "3 B+": (20, "XNNPACK's MobileNetV2 int8: 30 ms"),
    "4 B": (35, "XNNPACK's MobileNetV2 int8: 17 ms"),
    "5": (100, "assumed: a third more clock speed and int8 dot products"),
}
# Scaling, crops, boxes and Python, milliseconds on a Pi 4; assumed to grow as the models' time does.
AROUND_MS = 4.0
CAMERA_FPS = 30.0

Row = tuple[str, str, str]


def costs(listed: manifest.Manifest) -> dict[str, dict[str, Any]]:
    """Hash, multiply-adds, bytes and parameters of each model, and what its card says about its data."""
    answer = {}
    for task, spec in listed.specs.items():
        path = listed.path(task)
        graph = tflite.read(path)
        answer[task] = {
            "sha256": spec.sha256,
            "multiply_adds": multiply_adds(graph),
            "bytes": graph.size,
            "parameters": graph.parameters,
            "about": " ".join(cards.load(path.with_name("card.json")).about.split()),
        }
    return answer


def render(store: Mapping[str, Any]) -> str:
    """The block between the marks: Markdown in sections that GitHub folds."""
    sections = [("Accuracy", accuracy(store.get("evaluate"))), ("Models, sizes and data", sizes(store["models"]))]
    if all(task in store["models"] for task in NEEDED):
        sections.append(("Expected speed on a Raspberry Pi", boards(store["models"])))
    sections.append(("Speed beside other pipelines", peers(store.get("peers"))))
    if part := store.get("detectors"):
        sections.append(("Face detectors compared", detectors(part)))
    return "\n\n".join(_folded(*section) for section in sections)


def _folded(title: str, text: str) -> str:
    return f'<details markdown="1"><summary>{title}</summary>\n\n{text}\n\n</details>'


def accuracy(part: Mapping[str, Any] | None) -> str:
    """What the models get right."""
    if not part:
        return "Not measured yet."
    values = part["values"]
    rows: list[Row] = [
        ("Emotion, bare face", *_emotion(values, "emotion-bare", "FER2013 PrivateTest, 7 classes")),
        ("Emotion, masked face", *_emotion(values, "emotion-masked", "the same pictures with masks drawn on")),
        ("Emotion, whole pipeline", percent(_at(values, "two-stage", "accuracy")), "both, routed by the mask model"),
        ("Mask or no mask", percent(_at(values, "mask", "pairs")), _interval(_at(values, "mask", "pairs_interval"))),
        (
            "Mask, real photographs",
            percent(_at(values, "mask", "real")),
            "faces at least 20 px wide, balanced accuracy",
        ),
        (
            "Face detection, AP@0.5",
            number(_at(values, "face", "ap50")),
            "`faces` test split, boxes at least 12 px wide; detector alone",
        ),
        (
            "Masked face detection, AP@0.5",
            number(_at(values, "face", "ap50_masked")),
            "tight boxes of the `masked_faces` test split; detector alone",
        ),
        ("Close faces found", percent(_at(values, "close-faces", "bare")), "20 to 90 % of the frame's height"),
        ("Close masked faces found", percent(_at(values, "close-faces", "masked")), "the same with masks drawn on"),
        ("False detections", *_alarms(values)),
        ("Landmarks, mean error", percent(_at(values, "landmarks", "nme")), "of the distance of the outer eye corners"),
    ]
    return markdown.text(("what", "int8 model", "how it is measured"), rows)


def _at(values: Mapping[str, Any], block: str, key: str) -> Any:
    return (values.get(block) or {}).get(key)


def _emotion(values: Mapping[str, Any], block: str, taken: str) -> tuple[str, str]:
    """A model's accuracy, and beside it the three figures that say how much to believe it."""
    twin, fresh, error = (_at(values, block, key) for key in ("float", "dedup", "ece"))
    more = f"float {percent(twin)}, without duplicates of Training {percent(fresh)}, calibration error {number(error)}"
    return percent(_at(values, block, "int8")), f"{taken}; {more}"


def _alarms(values: Mapping[str, Any]) -> tuple[str, str]:
    """How many pictures without a face got a box, and of how many: a share would hide how few there were."""
    told = []
    for name, unit in (("crops", "crops without a face"), ("clip", "frames of a clip without a face")):
        wrong, total = (_at(values, "false-alarms", f"{name}_{key}") for key in ("alarms", "total"))
        if total:
            told.append((f"{wrong} of {total:,}", unit))
    if not told:
        return "-", "pictures without a face"
    return told[0][0], "; ".join([told[0][1], *(f"{count} {unit}" for count, unit in told[1:])])


def _interval(interval: Sequence[float] | None) -> str:
    more = f"; 95 % interval {percent(interval[0])} to {percent(interval[1])}" if interval else ""
    return f"`mask_pairs` test clusters{more}"


def sizes(models: Mapping[str, Mapping[str, Any]]) -> str:
    """What the models cost, what they were trained on, and where their cards are."""
    rows = []
    for task, cost in models.items():
        millions = (f"{cost[key] / 1e6:.{digits}f} M" for key, digits in (("parameters", 2), ("multiply_adds", 1)))
        rows.append((f"[{task}](models/{task}/card.md)", *millions, f"{cost['bytes'] / 1e6:.2f} MB", cost["about"]))
    told = "Each card has its model's figures by class, its confusion matrix and its known failures."
    head = ("model", "parameters", "multiply-adds", "file", "training data and its terms")
    return f"{markdown.text(head, rows)}\n\n{told}"


def boards(models: Mapping[str, Mapping[str, Any]]) -> str:
    """What to expect on a Raspberry Pi, with one face in the picture and every stage on every frame."""
    run = sum(models[task]["multiply_adds"] for task in ("face", "mask"))
    run += max(models[task]["multiply_adds"] for task in ("emotion-bare", "emotion-masked"))
    rows = []
    for name, (speed, source) in BOARDS.items():
        network = 2 * run / (speed * 1e9) * 1000
        around = AROUND_MS * BOARDS["4 B"][0] / speed
        rate = min(CAMERA_FPS, 1000 / (network + around))
        rows.append((f"Raspberry Pi {name}", f"{network:.0f} + {around:.0f} ms", f"{rate:.0f} per second", source))
    told = (
        "These are estimates; nobody has run this on the boards yet. Multiply-adds are divided by published int8 "
        f"speeds, and {AROUND_MS:.0f} ms on a Pi 4 are added for scaling, crops and Python. Run `edge-emotion bench` "
        "to measure your board."
    )
    return f"{markdown.text(('estimated', 'models + the rest', 'frames', 'int8 speed taken from'), rows)}\n\n{told}"


def peers(part: Mapping[str, Any] | None) -> str:
    """Our loop beside others, as the benchmark measured it."""
    if not part:
        return "Not measured yet."
    values = part["values"]
    rows = []
    for row in values["rows"]:
        name = row["name"] + ("" if row["compared"] else " (not compared)")
        cells = (number(row["median_ms"], 2), number(row["ratio"], 2), _mega(row["multiply_adds"]))
        rows.append((name, *cells, f"{row['rss_mb']:.0f} MB" if row["rss_mb"] else "-"))
    head = (
        f"One face in the picture, 640x480, {values['threads']} threads, {values['machine']}, undisturbed by other "
        "programs; [other runs and processors](docs/measurements.md) have other ratios:"
    )
    return f"{head}\n\n{markdown.text(('pipeline', 'ms per frame', 'relative', 'multiply-adds', 'memory'), rows)}"


def detectors(part: Mapping[str, Any]) -> str:
    """Face detectors, all measured alike."""
    rows = [(row["name"], number(row["faces"]), number(row["masked_tight"])) for row in part["values"]]
    return markdown.text(("face detector, AP@0.5", "`faces` test", "tight `masked_faces` test"), rows)


def percent(value: float | None) -> str:
    """0.6665 as 66.7 %; a dash for what was not measured."""
    return "-" if value is None else f"{100 * value:.1f} %"


def number(value: float | None, digits: int = 3) -> str:
    """A figure, or a dash."""
    return "-" if value is None else f"{value:.{digits}f}"


def _mega(value: int | None) -> str:
    return "-" if value is None else f"{value / 1e6:.0f} M"


def insert(text: str, block: str) -> str:
    """The README's text with the block between its marks.

    Raises:
        ValueError: the marks are not there.
    """
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"expected the marks {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n\n{block}\n\n{END}{after}"


def stale(store: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The parts that were taken from other models than these, and "models" where their costs are not these."""
    now = {task: cost["sha256"] for task, cost in models.items()}
    old = [name for name in PARTS if store.get(name) and store[name]["of"] != now]
    return (["models"] if store.get("models") != models else []) + old
