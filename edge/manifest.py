"""models/manifest.json: each model's contract, and the hash that its file must have before it is loaded."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

from edge.errors import InvalidValue, ModelError
from edge.files import replacing
from edge.labels import EXTRA_LABELS, extra_labels, is_extra_label
from edge.sha256 import is_sha256, sha256_of
from edge.tasks import HEADS, TASKS
from edge.text import decoded, printable

COLOURS = {"rgb": 3, "grey": 1}
ORDERS = ("rgb", "bgr")
_OPTIONAL = ("order", "mean", "std")  # left out of the file where they are the defaults, as older versions expect
VERSION = 1
MAX_SIDE = 4096  # pixels of an input


@dataclass(frozen=True)
class ModelSpec:
    """A model's contract. Scale and zero point are not here: they come from the .tflite itself.

    Attributes:
        name: what the model is called in messages and cards.
        task: one of edge.tasks.TASKS.
        file: path of the .tflite, relative to the manifest.
        sha256: 64 hex digits of that file.
        width, height: input size in pixels.
        colour: "rgb" or "grey".
        head: one of edge.tasks.HEADS.
        labels: the classes in the order of the outputs; empty for other heads.
        threshold: the score from which an answer counts; of a mask model with the label "background", the threshold of
            detector and verification together (edge/pipeline/verifier.py).
        low, high: the real values that pixel 0 and pixel 255 stand for at the input.
        margin, shift: how the square around a face is cut for this model (Box.square).
        strides, units: of the anchor levels: pixels between points, and pixels per unit of distance.
        edgetpu, edgetpu_sha256: the compiled variant, or empty.
        order: "rgb", or "bgr" for a model whose first channel is blue.
        mean, std: what is subtracted from the real values and what they are divided by, one value per channel of the
            model (edge.vision.preprocessing); empty for 0 and 1.

    Raises:
        ModelError: a field breaks the contract.
    """

    name: str
    task: str
    file: str
    sha256: str
    width: int
    height: int
    colour: str
    head: str
    labels: tuple[str, ...] = ()
    threshold: float = 0.5
    low: float = 0.0
    high: float = 1.0
    margin: float = 1.0
    shift: float = 0.0
    strides: tuple[int, ...] = ()
    units: tuple[float, ...] = ()
    edgetpu: str = ""
    edgetpu_sha256: str = ""
    order: str = "rgb"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        def expect(ok: bool, key: str, what: str) -> None:
            if not ok:
                got = repr(getattr(self, key))
                got = got if len(got) <= 60 else got[:57] + "..."
                raise ModelError(f"model {printable(self.name)[:60]}: {key}: expected {what}, got {got}")

        for key in ("name", "task", "file", "sha256", "colour", "head", "edgetpu", "edgetpu_sha256", "order"):
            expect(isinstance(getattr(self, key), str), key, "a text")
        for key in ("labels", "strides", "units", "mean", "std"):
            expect(isinstance(getattr(self, key), tuple), key, "a list")
        expect(self.task in TASKS, "task", f"one of {', '.join(TASKS)}")
        expect(self.head in HEADS, "head", f"one of {', '.join(HEADS)}")
        expect(self.colour in COLOURS, "colour", "rgb or grey")
        for key in ("width", "height"):
            expect(_is_number(getattr(self, key), 1, MAX_SIDE, whole=True), key, f"pixels, 1-{MAX_SIDE}")
        for key in ("low", "high"):
            expect(_is_number(getattr(self, key), -1e6, 1e6), key, "a number")
        expect(self.high > self.low, "high", "more than low")
        expect(_is_number(self.threshold, 0.0, 1.0), "threshold", "0-1")
        expect(_is_number(self.margin, 0.01, 100.0), "margin", "a factor, 0.01-100")
        expect(_is_number(self.shift, -100.0, 100.0), "shift", "a part of the box's height, -100 to 100")
        expect(all(isinstance(label, str) for label in self.labels), "labels", "a list of texts")
        expect(len(set(self.labels)) == len(self.labels), "labels", "every label once")
        if TASKS[self.task].extra:
            extra = extra_labels(self.labels)
            expect(len(extra) <= EXTRA_LABELS, "labels", f"at most {EXTRA_LABELS} beside the seven emotions")
            expect(all(map(is_extra_label, extra)), "labels", "names of at most 20 of a-z, 0-9 and _")
        expect(self.head != "probabilities" or len(self.labels) > 1, "labels", "at least two for head probabilities")
        expect(all(_is_number(s, 1, MAX_SIDE, whole=True) for s in self.strides), "strides", "a list of pixels")
        expect(all(_is_number(unit, 1e-6, 1e6) for unit in self.units), "units", "a list of positive numbers")
        levels = len(self.strides)
        expect(self.head != "anchors" or (levels > 0 and levels == len(self.units)), "strides", "one unit a stride")
        expect(_is_inside(self.file), "file", "a path inside the models folder")
        expect(not self.edgetpu or _is_inside(self.edgetpu), "edgetpu", "a path inside the models folder")
        expect(is_sha256(self.sha256), "sha256", "64 hex digits")
        expect(not self.edgetpu or is_sha256(self.edgetpu_sha256), "edgetpu_sha256", "64 hex digits")
        expect(self.order in ORDERS, "order", "rgb or bgr")
        for key in ("mean", "std"):
            values = getattr(self, key)
            expect(len(values) in (0, self.channels), key, f"{self.channels} values, one per channel, or none")
            expect(all(_is_number(value, -1e6, 1e6) for value in values), key, "a list of numbers")
        expect(all(value > 0 for value in self.std), "std", "a list of positive numbers")

    @property
    def channels(self) -> int:
        """3 for rgb, 1 for grey."""
        return COLOURS[self.colour]


def _is_number(value: object, low: float, high: float, whole: bool = False) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        return False
    return low <= value <= high


def _is_inside(file: str) -> bool:
    """Whether it is a relative path that does not climb out of its folder, in letters that can be shown."""
    path = PurePosixPath(file)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and file.isprintable()


@dataclass(frozen=True)
class Manifest:
    """The specs of a models folder by task, and the folder they lie in."""

    folder: Path
    specs: Mapping[str, ModelSpec]

    def __getitem__(self, task: str) -> ModelSpec:
        try:
            return self.specs[task]
        except KeyError:
            raise ModelError(
                f"{self.folder / 'manifest.json'}: no model for {task!r}; reinstall edge-emotion or add it "
                f"with edge-emotion-convert"
            ) from None

    def path(self, task: str, *, edgetpu: bool = False) -> Path:
        """The verified path of a task's model.

        Raises:
            ModelError: the file is missing, or is not the one that the manifest was written for.
        """
        spec = self[task]
        name, expected = (spec.edgetpu, spec.edgetpu_sha256) if edgetpu else (spec.file, spec.sha256)
        path = self.folder / name
        try:
            if path.exists() and not path.is_file():
                raise OSError(errno.EINVAL, "not a regular file")
            got = sha256_of(path)
        except OSError as error:
            raise ModelError(
                f"{path}: cannot read the {task} model ({error.strerror or error}); reinstall edge-emotion "
                f"or correct [models] dir"
            ) from None
        if got != expected:
            raise ModelError(
                f"{path}: sha256 {got[:12]}... does not match the manifest's {expected[:12]}...; "
                f"reinstall edge-emotion or convert the model again"
            )
        return path


def default_folder() -> Path:
    """Where the shipped models lie: `edge/models` in an installation, `models/` in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "models"
    return installed if (installed / "manifest.json").exists() else here.parent / "models"


def load(folder: Path | None = None) -> Manifest:
    """Read `manifest.json` of a models folder (default: the shipped one).

    Raises:
        ModelError: no manifest, not JSON, an unknown field, or an entry that breaks its contract.
    """
    folder = Path(folder) if folder else default_folder()
    path = folder / "manifest.json"
    try:
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "not a regular file")
        document = json.loads(decoded(path.read_bytes()))
    except OSError as error:
        raise ModelError(
            f"{path}: cannot read the manifest ({error.strerror or error}); point [models] dir at a folder with one"
        ) from None
    except InvalidValue as error:
        raise ModelError(f"{path}: {error}") from None
    except (ValueError, RecursionError) as error:  # the latter: nested thousands of times
        raise ModelError(f"{path}: not valid JSON ({error}); convert the models again") from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise ModelError(f"{path}: expected manifest version {VERSION}; convert the models again")
    models = document.get("models")
    if not isinstance(models, dict):
        raise ModelError(f"{path}: expected an object 'models'; convert the models again")
    return Manifest(folder, {task: _spec(path, task, entry) for task, entry in models.items()})


def _spec(path: Path, task: str, entry: Any) -> ModelSpec:
    known = {field.name for field in fields(ModelSpec)}
    if not isinstance(entry, dict):
        raise ModelError(f"{path}: {task}: expected an object, got {type(entry).__name__}")
    if unknown := sorted(set(entry) - known):
        raise ModelError(f"{path}: {task}: unknown field {unknown[0][:60]!r}; convert the model again")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    try:
        spec = ModelSpec(**values)
    except TypeError as error:
        raise ModelError(f"{path}: {task}: {error}".replace("ModelSpec.__init__()", "entry")) from None
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    if spec.task != task:
        raise ModelError(f"{path}: {task}: the entry says task {spec.task!r}")
    return spec


def save(folder: Path, specs: Mapping[str, ModelSpec]) -> Path:
    """Write `manifest.json` whole or not at all (a rename), tasks in the order of TASKS; returns its path."""
    path = folder / "manifest.json"
    with replacing(path) as scratch:
        scratch.write_text(text_of(specs), encoding="utf-8")
    return path


def text_of(specs: Mapping[str, ModelSpec]) -> str:
    """What `save` writes: the specs by task as JSON."""
    ordered = {task: _entry(specs[task]) for task in TASKS if task in specs}
    return json.dumps({"version": VERSION, "models": ordered}, indent=2) + "\n"


def _entry(spec: ModelSpec) -> dict[str, Any]:
    defaults = {field.name: field.default for field in fields(ModelSpec)}
    return {key: value for key, value in asdict(spec).items() if key not in _OPTIONAL or value != defaults[key]}
