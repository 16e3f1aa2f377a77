"""Compile the daemon's models together for one Edge TPU, so that they share its memory, and update the manifest."""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path

from convert import compiler, publish, tflite, tpu
from convert.commands.tpu_report import memory_line, named
from convert.errors import CompilerError, ConversionError
from edge import manifest
from edge.files import alone_in
from edge.tasks import DAEMON
from edge.values import number

EXAMPLES = ("edge-emotion-convert tpu-compile models",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The models folder, and the compiler."""
    parser.add_argument("models", type=Path, metavar="DIR", help="a models folder with a manifest.json")
    parser.add_argument("--compiler", metavar="COMMAND", help="the compiler, if it is not on the PATH")
    parser.add_argument(
        "--timeout", type=number(above=0), default=compiler.TIMEOUT_S, metavar="S", help="time limit in seconds"
    )


def main(arguments: argparse.Namespace) -> int:
    """Compile, check, write model_edgetpu.tflite beside each model, and enter them in the manifest.

    Raises:
        CompilerError: the compiler is absent or failed, or an operation would stay on the CPU.
        ConversionError: the files cannot be written, or a model was replaced meanwhile; none is written then.
        ModelError: the folder or one of its models is not sound.
    """
    folder: Path = arguments.models
    listed = manifest.load(folder)
    found = named([folder])
    models = {task: found[task] for task in DAEMON if task in found}
    reports = [tpu.report(name, tflite.read(path)) for name, path in models.items()]
    print(memory_line(reports))
    command = compiler.find(arguments.compiler)
    for report in reports:
        if cause := report.cause:
            raise CompilerError(
                f"{report.name}: {cause.operation.kind} ({cause.operation.name}) would stay on the CPU: "
                f"{cause.reason}; see edge-emotion-convert tpu-report"
            )
    contents, said = compiler.compile_together(models, command, arguments.timeout)
    places = {task: models[task].with_name(f"{models[task].stem}_edgetpu.tflite") for task in contents}
    files = {places[task]: content for task, content in contents.items()}
    # Not during the compilation, which takes minutes: a conversion may enter its model meanwhile, and is not undone.
    with alone_in(folder):
        specs = dict(manifest.load(folder).specs)
        for task, content in contents.items():
            if task not in specs or specs[task].sha256 != listed[task].sha256:
                raise ConversionError(f"{models[task]}: was replaced while it was compiled; run this command again")
            name = places[task].relative_to(folder).as_posix()
            specs[task] = replace(specs[task], edgetpu=name, edgetpu_sha256=hashlib.sha256(content).hexdigest())
        publish.write_all({**files, folder / "manifest.json": manifest.text_of(specs).encode()})
    for one in said:
        streamed = f", {one.streamed / 1024:.0f} KiB sent anew for every run" if one.streamed else ""
        print(f"{one.name}: all operations mapped, {one.cached / 1024:.0f} KiB in the Edge TPU's memory{streamed}")
    for path in files:
        print(f"wrote {path}")
    return 0
