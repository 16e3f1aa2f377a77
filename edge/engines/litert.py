"""The engine of the CPU: LiteRT (TensorFlow Lite) with XNNPACK inside, held to its model's manifest entry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge import heap
from edge.engines import forms, operators
from edge.engines.model import LiteRtModel
from edge.engines.transposed import transposed
from edge.errors import EdgeError, ModelError
from edge.manifest import ModelSpec
from edge.tasks import HEADS
from edge.vision.detection import anchor_points
from edge.vision.preprocessing import Preprocessing

# Other forms have only been found to help large processors: where a detector, or a model that looks at one face, takes
# longer, they are not even tried.
SLOW_S, SLOW_CROP_S = 0.005, 0.001
TRIES, GAIN = 5, 0.97
CHECKS = 3  # pictures for which another form has to give the same bits
CACHE = 2 << 20  # bytes, about what a core keeps to itself
MAX_SCALE = 1e30  # of a quantized output: 255 times as much is still a number in float32


class LiteRtEngine(LiteRtModel):
    """A model that keeps the contract of its manifest entry.

    Args:
        spec: the contract.
        source: the .tflite, its hash already verified, or its content.
        threads: threads of the interpreter, at least 1.
        delegates: loaded delegates, such as the Edge TPU's.

    Raises:
        ModelError: the file is broken, uses an operation that is refused, or its inputs or outputs are not what the
            spec says.
    """

    def __init__(self, spec: ModelSpec, source: Path | bytes, threads: int = 1, delegates: Sequence[Any] = ()) -> None:
        self.spec = spec
        name = spec.name if isinstance(source, bytes) else str(source)
        content = source if isinstance(source, bytes) else _content(source)
        operators.check(Path(name), content)
        self._content = content if spec.head == "anchors" and not delegates else None  # for an upright twin
        self._threads = threads
        self._transposed: LiteRtEngine | None = None
        super().__init__(source, Preprocessing.of(spec), name=name, threads=threads, delegates=delegates)
        self._check_input()
        self._check_outputs()
        self.name = spec.name
        if not delegates:
            self._become_quickest(content)

    def _become_quickest(self, content: bytes) -> None:
        """Take each other form of the network (edge.engines.forms) with which this processor is faster."""
        slow = SLOW_S if self.spec.head == "anchors" else SLOW_CROP_S
        try:
            pictures = np.random.default_rng(0).integers(0, 256, (CHECKS, *self.input_shape[1:]), dtype=np.uint8)
            if all(self.seconds(picture) > slow for picture in pictures):  # once can be chance
                return
            content = forms.best(content, lambda form: self._become_if(form, self._threads, pictures))
            if self._threads > 1:
                self._become_if(content, 1, pictures)  # to wake the others may cost more than they save
        except (EdgeError, MemoryError):
            pass  # the form before works, or says itself what is wrong with it
        heap.trim()  # trials leave several MB behind

    def _become_if(self, content: bytes, threads: int, pictures: np.ndarray) -> bool:
        """Switch to another form if it is faster and gives the same bits for the pictures."""
        wanted, shape = Preprocessing.of(self.spec), self.input_shape[1:]
        form = LiteRtModel(content, wanted, name=self.name, threads=threads, shape=shape)
        other = np.zeros(CACHE, np.uint8)
        times = [tuple(_seconds(model, pictures[0], other) for model in (self, form)) for _ in range(TRIES)]
        before, after = (min(each) for each in zip(*times, strict=True))
        if taken := after < GAIN * before and self._answers_like(form, pictures):
            self.become(form)
        return taken

    def _answers_like(self, form: LiteRtModel, pictures: np.ndarray) -> bool:
        """Whether another form gives the same bits for each picture."""
        if (form.input_shape, form.outputs) != (self.input_shape, self.outputs):
            return False
        return all(all(map(np.array_equal, self.raw(picture), form.raw(picture))) for picture in pictures)

    def transposed(self) -> LiteRtEngine | None:
        """The same detector for pictures whose rows and columns are swapped (edge.engines.transposed); made once.

        None where it cannot be made, as of a model that is compiled for an Edge TPU.
        """
        if self._content is not None:
            content, self._content = transposed(self._content), None
            if content is not None:
                self._transposed = LiteRtEngine(self.spec, content, self._threads)
        return self._transposed

    def close(self) -> None:
        """Let go of the interpreter; the model cannot be used after that."""
        super().close()
        if self._transposed is not None:
            self._transposed.close()

    def _check_input(self) -> None:
        expected = (1, self.spec.height, self.spec.width, self.spec.channels)
        if self.input_shape != expected:
            raise ModelError(
                f"{self.name}: input: expected {expected} as the manifest says, got {self.input_shape}; "
                "convert it again"
            )

    def _check_outputs(self) -> None:
        spec, outputs = self.spec, self.outputs
        if len(outputs) != HEADS[spec.head]:
            raise ModelError(
                f"{self.name}: head {spec.head}: expected {HEADS[spec.head]} outputs, got {len(outputs)}; "
                "convert it again"
            )
        shapes = [output.shape for output in outputs]
        if shapes != (expected := _output_shapes(spec)):
            raise ModelError(
                f"{self.name}: head {spec.head}: expected outputs {expected}, got {shapes}; convert it again"
            )
        for output in outputs:
            if output.dtype not in ("int8", "uint8", "float32"):
                raise ModelError(
                    f"{self.name}: output: expected int8, uint8 or float32, got {output.dtype}; convert it again"
                )
            if output.dtype != "float32" and not 0 < output.scale < MAX_SCALE:
                raise ModelError(
                    f"{self.name}: output: expected one scale for the tensor, got {output.scale or 'none'}; "
                    "convert it again"
                )


def _seconds(model: LiteRtModel, picture: np.ndarray, other: np.ndarray) -> float:
    """How long a model takes for a picture where other things were in the caches before, as between two frames."""
    other += 1
    return model.seconds(picture)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot read the model ({error.strerror or error}); reinstall edge-emotion") from None


def _output_shapes(spec: ModelSpec) -> list[tuple[int, ...]]:
    if spec.head == "anchors":
        count = len(anchor_points(spec.width, spec.height, spec.strides))
        return [(1, count, 1), (1, count, 4)]
    return [(1, len(spec.labels))] if spec.head == "probabilities" else [(1, 136)]
