"""List the operations of .tflite files that an Edge TPU would run, those it would not and why, and their memory."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from convert import tflite, tpu
from convert.errors import ConversionError
from convert.tpu import Report
from edge import manifest
from edge.tasks import DAEMON

KIB = 1024

EXAMPLES = ("edge-emotion-convert tpu-report models",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The models, and how much to say."""
    parser.add_argument("models", nargs="+", type=Path, metavar="FILE|DIR", help=".tflite files, or a models folder")
    parser.add_argument("--operations", action="store_true", help="list every operation with its tensors")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def main(arguments: argparse.Namespace) -> int:
    """Print the report; 0 where everything would run on the Edge TPU, else 1.

    Raises:
        ModelError: a file cannot be read.
        ConversionError: no model is given.
    """
    reports = [tpu.report(name, tflite.read(path)) for name, path in named(arguments.models).items()]
    if arguments.json:
        print(json.dumps(as_json(reports), indent=2))
    else:
        for report in reports:
            print("\n".join(lines(report, arguments.operations)))
        print(memory_line(reports))
    return 0 if all(report.complete for report in reports) else 1


def named(places: list[Path]) -> dict[str, Path]:
    """Name -> .tflite: files by their stem, models folders by the tasks that the daemon loads.

    Raises:
        ModelError: a folder's manifest cannot be read.
        ConversionError: two models of one name.
    """
    found: list[tuple[str, Path]] = []
    for place in places:
        if place.is_dir():
            listed = manifest.load(place)
            found += [(task, listed.path(task)) for task in listed.specs if task in DAEMON]
        else:
            found.append((place.stem, place))
    if twice := [name for name, count in Counter(name for name, _ in found).items() if count > 1]:
        raise ConversionError(f"{twice[0]}: two models of this name; give a models folder, or rename one")
    return dict(found)


def lines(report: Report, operations: bool) -> list[str]:
    """One model's report."""
    total, left = len(report.verdicts), report.on_cpu
    if report.compiled:
        head = "compiled for the Edge TPU already" + (f", {len(left)} operations on the CPU" if left else "")
    elif report.complete:
        head = f"all {total} operations would run on the Edge TPU"
    else:
        head = f"{len(left)} of {total} operations would stay on the CPU"
    answer = [f"{report.name}: {head}; parameters {report.parameters / KIB:.0f} KiB"]
    status: Counter[tuple[str, int, str]] = Counter()
    for verdict in report.verdicts:
        op = verdict.operation
        status[op.kind, op.version, verdict.reason or "would run on the Edge TPU"] += 1
    answer += [f"  {count:3} {kind} v{version}: {text}" for (kind, version, text), count in status.items()]
    cautions = {(v.operation.kind, v.caution) for v in report.verdicts if v.mapped and v.caution}
    answer += [f"  note, {kind}: {text}" for kind, text in sorted(cautions)]
    if operations:
        for verdict in report.verdicts:
            op = verdict.operation
            inputs = ", ".join(tpu.described(t) for t in op.inputs)
            outputs = ", ".join(tpu.described(t) for t in op.outputs)
            mark = "tpu" if verdict.mapped else "cpu"
            answer.append(f"  [{mark}] {op.name}: {op.kind} v{op.version} {inputs} -> {outputs}")
    return answer


def memory_line(reports: list[Report]) -> str:
    """The parameter memory of all models together, against the Edge TPU's."""
    together = tpu.memory(reports)["all"]
    verdict = "they fit" if tpu.fits(reports) else "they do not fit, the rest is sent again for every run"
    return (
        f"together: {together / KIB:.0f} KiB of parameters, compiled into one cache of {tpu.MEMORY / KIB:.0f} KiB: "
        f"{verdict} (the compiler adds padding and its program, often a fifth)"
    )


def as_json(reports: list[Report]) -> dict[str, object]:
    """The reports as plain values."""
    return {
        "models": [
            {
                "name": report.name,
                "complete": report.complete,
                "parameters": report.parameters,
                "operations": [
                    {
                        "name": v.operation.name,
                        "kind": v.operation.kind,
                        "version": v.operation.version,
                        "mapped": v.mapped,
                        "reason": v.reason,
                        "inputs": [tpu.described(t) for t in v.operation.inputs],
                        "outputs": [tpu.described(t) for t in v.operation.outputs],
                    }
                    for v in report.verdicts
                ],
            }
            for report in reports
        ],
        "parameters": tpu.memory(reports)["all"],
        "memory": tpu.MEMORY,
        "fits": tpu.fits(reports),
    }
