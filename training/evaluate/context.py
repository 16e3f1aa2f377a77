"""What is measured: a folder of models and the data beside it, and why a figure could not be taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from edge.engines import open_engine
from edge.errors import EdgeError, MissingExtra, PictureError
from edge.manifest import Manifest, ModelSpec
from edge.pipeline.classifier import MaskModel
from edge.pipeline.verifier import VerifiedDetector
from edge.ports import Engine, TransposableEngine
from edge.vision.preprocessing import Preprocessing
from training import weights
from training.data.fer2013 import DataError

Value = TypeVar("Value")


class Unavailable(EdgeError, LookupError):
    """A figure that cannot be taken here; the message says what is missing."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What a classifier said beside the truth: labels (N,), probabilities (N, K), and the names of the K classes."""

    labels: np.ndarray
    probabilities: np.ndarray
    classes: tuple[str, ...]

    @property
    def accuracy(self) -> float:
        """Share of rows whose most probable class is the label."""
        return float((self.probabilities.argmax(axis=1) == self.labels).mean())


@dataclass(frozen=True, eq=False)
class Figure:
    """One block of figures.

    Attributes:
        values: what is printed: numbers, None where one could not be taken, lists, or mappings of them.
        answers: by name, what the report draws confusion and reliability from.
        curves: by name, x to y, what the report draws as lines.
        parts: by name, label to share, what the report draws as bars.
    """

    values: dict[str, Any]
    answers: Mapping[str, Answers] = field(default_factory=dict)
    curves: Mapping[str, Mapping[float, float]] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


class FloatEngine:
    """A task's float network behind the device's Engine port, so that the same code measures both.

    Args:
        spec: of the int8 model.
        call: from float32 (1, H, W, C) to the network's output, or a list of its outputs.
    """

    def __init__(self, spec: ModelSpec, call: Callable[[np.ndarray], Any]) -> None:
        self.spec, self._call = spec, call
        self._preprocessing = Preprocessing.of(spec)

    def infer(self, image: np.ndarray) -> tuple[np.ndarray, ...]:
        """As edge.ports.Engine: uint8 (H, W, C) to float32 outputs without the batch axis."""
        answer = self._call(self._preprocessing.apply(image)[None])
        outputs = answer if isinstance(answer, (list, tuple)) else [answer]
        return tuple(np.asarray(output[0], np.float32) for output in outputs)

    def close(self) -> None:
        """Nothing is held."""


class CountedEngine:
    """An engine that says each time that it ran.

    Args:
        engine: what runs.
        ran: is called after each run.
    """

    def __init__(self, engine: Engine, ran: Callable[[], None]) -> None:
        self.spec, self._engine, self._ran = engine.spec, engine, ran

    def infer(self, image: np.ndarray) -> tuple[np.ndarray, ...]:
        """As edge.ports.Engine."""
        outputs = self._engine.infer(image)
        self._ran()
        return outputs

    def transposed(self) -> Engine | None:
        """As edge.ports.TransposableEngine; None for an engine that cannot be had for upright pictures."""
        turned = self._engine.transposed() if isinstance(self._engine, TransposableEngine) else None
        return None if turned is None else CountedEngine(turned, self._ran)

    def close(self) -> None:
        """Let go of the engine."""
        self._engine.close()


class EvaluationContext:
    """The models and the data. Engines are opened once; what could not be taken is remembered with its reason.

    Args:
        models: a folder's manifest.
        data: the folder with the data sets.
        floats: take the float twin of every figure, not only those that the design asks for.
        limit: rows or pictures of each set; 0 for all. For tests and quick looks.
        given: engines to use in place of the folder's, such as a conversion's that has not landed; they stay open.
        given_floats: the same for their float twins.
        ran: is called each time that one of the folder's networks ran.
    """

    def __init__(
        self,
        models: Manifest,
        data: Path,
        floats: bool = False,
        limit: int = 0,
        given: Sequence[Engine] = (),
        given_floats: Sequence[Engine] = (),
        ran: Callable[[], None] = lambda: None,
    ) -> None:
        self.models, self.data, self.floats, self.limit = models, Path(data), floats, limit
        self.reasons: dict[str, str] = {}
        self._ran = ran
        self._kept: dict[Any, Any] = {}
        self._given = {engine.spec.task: engine for engine in given}
        self._given_floats = {engine.spec.task: engine for engine in given_floats}

    def engine(self, task: str) -> Engine:
        """The task's int8 model as the device opens it, on the CPU.

        Raises:
            Unavailable: the manifest has none.
            ModelError: the file is broken or is not the one of the manifest.
        """
        if task in self._given:
            return self._given[task]
        if task not in self.models.specs:
            raise Unavailable(f"{self.models.folder / 'manifest.json'}: no model for {task!r}")
        return self.once(("engine", task), lambda: CountedEngine(open_engine(self.models, task), self._ran))

    def finder(self, score: float | None = None, mask: Engine | None = None) -> VerifiedDetector:
        """What finds faces as the device does: the detector and, where the folder has one, the second look.

        Args:
            score: from which a face counts; None: the model's own threshold.
            mask: gives the second look in place of the folder's mask model.

        Raises:
            Unavailable: the manifest has no detector.
        """
        if mask is None and ("mask" in self.models.specs or "mask" in self._given):
            mask = self.engine("mask")
        return VerifiedDetector(self.engine("face"), MaskModel(mask) if mask else None, score)

    def float_engine(self, task: str) -> Engine:
        """The task's float network, rebuilt from weights.npz beside the model.

        Raises:
            Unavailable: there are no weights, they are of another network, or Keras is not installed.
            ModelError: the weights are broken.
        """
        if task in self._given_floats:
            return self._given_floats[task]
        spec = self.engine(task).spec
        path = (self.models.folder / spec.file).with_name("weights.npz")
        if not path.is_file():
            raise Unavailable(f"{path}: no float weights; a training writes them")

        def load() -> Engine:
            model = weights.load(path)
            if tuple(model.inputs[0].shape[1:]) != (spec.height, spec.width, spec.channels):
                raise Unavailable(
                    f"{path}: of another network than {spec.file}; put the weights.npz of its training there"
                )
            return CountedEngine(FloatEngine(spec, model.predict_on_batch), self._ran)

        return self.once(("float", task), load)

    def take(self, name: str, function: Callable[[], Value]) -> Value | None:
        """What `function` gives, or None with the reason remembered where something that it needs is not here."""
        try:
            return function()
        except (DataError, PictureError, Unavailable, MissingExtra) as error:
            self.reasons[name] = str(error)
            return None

    def once(self, key: Any, function: Callable[[], Value]) -> Value:
        """What `function` gave the first time it was asked for under this key."""
        if key not in self._kept:
            self._kept[key] = function()
        return self._kept[key]

    def some(self, rows: Any) -> Any:
        """The first `limit` of a sequence or an array; all without a limit."""
        return rows[: self.limit] if self.limit else rows

    def close(self) -> None:
        """Let go of the engines that were opened here."""
        for kind, kept in self._kept.items():
            if kind[0] in ("engine", "float"):
                kept.close()
