"""The whole conversion: quantize, check, refuse or pass. It writes nothing; convert.publish does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from convert import check
from convert.accuracy import class_numbers, named
from convert.calibrate import Calibration, draw
from convert.card import ModelCard
from convert.check import LayerCheck
from convert.converted import Converted
from convert.describe import describe
from convert.equalize import equalized
from convert.errors import ConversionError
from convert.float_model import FloatModel
from convert.measure import DataFolder, Evaluation, measure
from convert.preparation import choose_preprocessing, classes_of, one_answer, prepared
from convert.quantize import EQUALIZED_ON, Effort, quantize, to_float
from convert.request import Request, grey_or_colour, spec_of, view_of
from convert.sources import Source
from convert.verdict import Judged, Refused, chance, refuse
from edge.labels import extra_labels
from edge.manifest import ModelSpec
from edge.tasks import TASKS

EQUALIZED = "the channels were balanced before quantizing, since int8 would have lost too much"
DENSE_ROWS = "dense layers have one scale per row, since one for all loses too much: an Edge TPU cannot run them"
EFFORTS = {
    Effort(): (),
    Effort(equalize=True): (EQUALIZED,),
    Effort(dense_rows=True): (DENSE_ROWS,),
    Effort(equalize=True, dense_rows=True): (EQUALIZED, DENSE_ROWS),
}


@dataclass(frozen=True, eq=False)
class Result:
    """A conversion that passed.

    Attributes:
        converted: the int8 model.
        spec: its manifest entry, or None without a task; `file` is a bare name until it is published.
        card: its model card.
        warnings: one line each.
    """

    converted: Converted
    spec: ModelSpec | None
    card: ModelCard
    warnings: tuple[str, ...] = ()


def convert(
    model: FloatModel,
    source: Source,
    request: Request,
    evaluation: Evaluation | None = None,
    begins: Callable[[str], None] = lambda _: None,
) -> Result:
    """Convert and check; writes nothing.

    Args:
        model: float.
        source: real pictures.
        request: what is asked.
        evaluation: labelled pictures, or the folder of data sets, for the figure before and after.
        begins: is told what is done next, in a few words.

    Raises:
        Refused: it loses more than `max_loss`, or an output leaves the tolerance.
        ConversionError: it cannot be converted, or a set cannot be used.
        DataError: the folder of data sets lacks the task's one.
        ModelError: the result is not what the task asks for.
    """
    begins("choosing the calibration pictures")
    model = grey_or_colour(model, request)
    view = view_of(model, request)
    labelled = evaluation if isinstance(evaluation, Source) else source
    classes = classes_of(model, request, labelled, view)
    extra = extra_labels(classes.labels) if classes and TASKS[request.task].extra else ()
    if extra and isinstance(evaluation, DataFolder):
        raise ConversionError(
            f"--evaluate: the figures of {evaluation.path} are of the seven emotions, and the model also tells "
            f"{', '.join(extra)}; give one labelled set, or add --fold {extra[0]}=disgust"
        )
    if classes:
        request = replace(request, fold={**request.fold, **classes.targets})
    labels = classes.labels if classes else request.labels
    if isinstance(evaluation, Source):
        evaluation = named(evaluation, classes.names) if classes else evaluation
        class_numbers(evaluation, labels, request.fold)  # classes that do not fit are told before the work
    preprocessing, told = choose_preprocessing(model, request, classes, labelled, view)
    request = replace(request, preprocessing=preprocessing, decide="")
    calibration = draw(source, view, request.samples, request.seed)
    model = prepared(model, classes, request, calibration)
    floats = model.predict(preprocessing.apply(calibration.check))

    def judged(effort: Effort) -> Judged:
        begins(f"quantizing{' again' if effort != Effort() else ''}")
        converted = quantize(model, calibration.images, preprocessing, request.integer, effort)
        spec = spec_of(model.name, request, view, labels, converted.sha256)
        engine = converted.engine(spec) if spec else None
        outputs = check.compare(floats, converted.predict(calibration.check), classes=request.classes)
        begins("measuring the accuracy" if evaluation is not None else "comparing int8 with float")
        measured = measure(model, converted, engine, evaluation, request) if evaluation is not None else None
        begins("comparing int8 with float, layer by layer")
        return Judged(converted, spec, outputs, measured, _worst_layers(model, converted, calibration, effort))

    passed, how = _accepted(request, judged)
    card = describe(passed, request, view, calibration, how)
    told += (*(classes.warnings if classes else ()), *calibration.warnings, *how)
    told += one_answer(floats[0], labels) if classes else ()
    told += chance(passed.measured, floats[0].shape[-1])
    return Result(passed.converted, passed.spec, card, told)


def _accepted(request: Request, judged: Callable[[Effort], Judged]) -> tuple[Judged, tuple[str, ...]]:
    """The first way to quantize that loses little enough, and the warnings that go with it.

    Raises:
        Refused: none does; of the first.
    """
    first: Refused | None = None
    for effort, told in EFFORTS.items():
        made = judged(effort)
        try:
            refuse(request, made)
        except Refused as refusal:
            first = first or refusal
        else:
            return made, told
    assert first is not None
    raise first


def _worst_layers(
    model: FloatModel, converted: Converted, calibration: Calibration, effort: Effort
) -> tuple[LayerCheck, ...]:
    reference = to_float(model, calibration.check.shape[1:], converted.preprocessing)
    if effort.equalize:
        samples = converted.preprocessing.apply(calibration.images[:EQUALIZED_ON])
        reference = replace(reference, content=equalized(reference.content, samples))
    return check.worst(check.layers(reference, converted, calibration.check))
