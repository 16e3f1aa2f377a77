"""The model card of a conversion that passed, from what was measured on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from convert import flops
from convert.calibrate import Calibration
from convert.card import ModelCard
from convert.converted import Converted
from convert.request import Request, colour_of
from convert.sources import View
from convert.verdict import Judged
from edge.machine import machine
from training.evaluate.float_vs_int8 import Comparison


def describe(
    judged: Judged, request: Request, view: View, calibration: Calibration, warnings: Sequence[str] = ()
) -> ModelCard:
    """The card of a converted model.

    Args:
        judged: the int8 model and what was measured of it.
        request: what was asked.
        view: how the model sees pictures.
        calibration: what the quantization saw.
        warnings: of the quantization, beside those of the calibration pictures.
    """
    converted, spec, graph = judged.converted, judged.spec, judged.converted.graph
    return ModelCard(
        name=request.name or converted.name,
        task=request.task,
        sha256=converted.sha256,
        size=len(converted.content),
        input=_input(converted, request, view),
        outputs=converted.outputs(),
        labels=spec.labels if spec else request.labels,
        parameters=graph.parameters,
        multiply_adds=flops.multiply_adds(graph),
        operations=graph.kinds,
        calibration={
            "source": calibration.source,
            "samples": len(calibration.images),
            "seed": calibration.seed,
            "checked": len(calibration.check),
            "fresh": calibration.fresh,
            "warnings": (*calibration.warnings, *warnings),
        },
        checks=[asdict(output) for output in judged.outputs],
        accuracy=_accuracy(judged.measured),
        layers=[asdict(layer) for layer in judged.layers],
        latency={"milliseconds": round(converted.milliseconds(), 4), "threads": 1, "machine": machine()},
        about=request.about,
        failures=request.failures,
    )


def _input(converted: Converted, request: Request, view: View) -> dict[str, Any]:
    first, preprocessing = converted.graph.inputs[0], request.preprocessing
    facts: dict[str, Any] = {
        "width": view.width,
        "height": view.height,
        "colour": colour_of(view),
        "low": preprocessing.low,
        "high": preprocessing.high,
        "dtype": request.integer,
        "scale": first.scales[0],
        "zero_point": first.zero_points[0],
    }
    if preprocessing.reverse:
        facts["order"] = preprocessing.order
    return facts | {key: value for key in ("mean", "std") if (value := getattr(preprocessing, key))}


def _accuracy(measured: Comparison | None) -> dict[str, Any]:
    if measured is None:
        return {}
    return {
        "figure": measured.figure,
        "source": measured.source,
        "pictures": measured.pictures,
        "float": measured.float_,
        "int8": measured.int8,
    }
