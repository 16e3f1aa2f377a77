"""Google's edgetpu_compiler: run on all models at once, its log read, anything left on the CPU refused.

Compiled together, models share the parameter memory; compiled apart, each evicts the others at every switch (coral.ai,
"Edge TPU Compiler", co-compilation). The compiler is closed and runs on Debian x86-64 only.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from convert.errors import CompilerError
from edge.errors import one_line

NAME = "edgetpu_compiler"
MAPPED = "Mapped to Edge TPU"
TIMEOUT_S = 600.0
ABSENT = (
    f"{NAME} not found; it runs on 64-bit Debian or Ubuntu on x86-64 only: install the package edgetpu-compiler there "
    "(coral.ai/docs/edgetpu/compiler), run this command on that machine, and copy the models folder back"
)
_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


@dataclass(frozen=True)
class Compiled:
    """What the compiler said of one model.

    Attributes:
        name: of the input file, without its suffix.
        cached: bytes of parameters that lie in the Edge TPU's memory.
        remaining: bytes of that memory left.
        streamed: bytes that do not fit and are sent again for every run.
        subgraphs: number of Edge TPU subgraphs.
        operations: status -> (kind, count) of every line of the operation log.
    """

    name: str
    cached: int
    remaining: int
    streamed: int
    subgraphs: int
    operations: Mapping[str, tuple[tuple[str, int], ...]]

    @property
    def on_cpu(self) -> tuple[str, ...]:
        """The operations that are not mapped, one line each."""
        lines = [(kind, count, status) for status, ops in self.operations.items() for kind, count in ops]
        return tuple(f"{count} {kind}: {status}" for kind, count, status in lines if status != MAPPED)


def find(command: str | None = None) -> str:
    """The compiler's path.

    Raises:
        CompilerError: it is not installed.
    """
    found = shutil.which(command or NAME)
    if found is None:
        raise CompilerError(f"{command}: no such command; fix --compiler" if command else ABSENT)
    return found


def compile_together(
    models: Mapping[str, Path], command: str, timeout_s: float = TIMEOUT_S
) -> tuple[Mapping[str, bytes], tuple[Compiled, ...]]:
    """Compile models for one Edge TPU.

    Args:
        models: name -> int8 .tflite; the first one has the first right to the parameter memory.
        command: the compiler.
        timeout_s: seconds it may take.

    Returns:
        name -> the compiled file, and what the compiler said of each.

    Raises:
        CompilerError: it failed, took too long, or left an operation on the CPU.
    """
    with tempfile.TemporaryDirectory(prefix="edge-emotion-tpu-") as folder:
        inputs = {name: Path(folder) / f"{name}.tflite" for name in models}
        for name, path in models.items():
            shutil.copyfile(path, inputs[name])
        out = Path(folder) / "out"
        out.mkdir()
        log = _run([command, "-s", "-o", str(out), *(str(path) for path in inputs.values())], timeout_s)
        compiled = parse(log)
        said = {c.name: c for c in compiled}
        if missing := [name for name in models if name not in said]:
            raise CompilerError(f"{NAME}: its log does not speak of {missing[0]}: {_reason(log)}")
        for name in models:
            _all_mapped(said[name])
        return {name: _output(out, name) for name in models}, tuple(said[name] for name in models)


def parse(log: str) -> tuple[Compiled, ...]:
    """The compiler's output with --show_operations, one or more models.

    Raises:
        CompilerError: a block without its figures.
    """
    blocks = re.split(r"(?m)^Input model: ", log)[1:]
    return tuple(_block(block) for block in blocks)


def _run(command: Sequence[str], timeout_s: float) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        raise CompilerError(f"{NAME}: no answer within {timeout_s:g} s; compile fewer models at once") from None
    except OSError as error:
        raise CompilerError(f"{command[0]}: cannot be run ({error.strerror}); fix --compiler") from None
    log = done.stdout + "\n" + done.stderr
    if done.returncode:
        raise CompilerError(f"{NAME}: failed with exit code {done.returncode}: {_reason(log)}")
    return log


def _reason(log: str) -> str:
    """The line that says what went wrong, or the last one."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"error|failed|abort|invalid", line, re.IGNORECASE)]
    return one_line((telling or lines or ["it said nothing"])[0], 160)


def _block(text: str) -> Compiled:
    name = Path(text.splitlines()[0].strip()).stem
    cached = _bytes(name, text, "On-chip memory used for caching model parameters")
    remaining = _bytes(name, text, "On-chip memory remaining for caching model parameters")
    streamed = _bytes(name, text, "Off-chip memory used for streaming uncached model parameters")
    found = re.search(r"Number of Edge TPU subgraphs: (\d+)", text)
    return Compiled(name, cached, remaining, streamed, int(found[1]) if found else 0, _operations(name, text))


def _bytes(name: str, text: str, what: str) -> int:
    found = re.search(re.escape(what) + r":\s*([\d.]+)\s*(B|KiB|MiB|GiB)", text)
    if not found:
        raise CompilerError(f"{NAME}: its log has no line '{what}' for {name}; is this compiler 16.0?")
    return round(float(found[1]) * _UNITS[found[2]])


def _operations(name: str, text: str) -> dict[str, tuple[tuple[str, int], ...]]:
    table = re.split(r"(?m)^Operator\s+Count\s+Status\s*$", text)
    if len(table) < 2:
        raise CompilerError(f"{NAME}: its log has no table of operations for {name}; is this compiler 16.0?")
    answer: dict[str, tuple[tuple[str, int], ...]] = {}
    for kind, count, status in re.findall(r"(?m)^(\S+)[ \t]+(\d+)[ \t]+(\S.*?)[ \t]*$", table[1]):
        answer[status] = (*answer.get(status, ()), (kind, int(count)))
    return answer


def _all_mapped(compiled: Compiled) -> None:
    if compiled.on_cpu:
        raise CompilerError(
            f"{compiled.name}: {'; '.join(compiled.on_cpu)}; see edge-emotion-convert tpu-report, and replace them"
        )
    if not compiled.operations or compiled.subgraphs != 1:
        raise CompilerError(f"{compiled.name}: expected one Edge TPU subgraph, got {compiled.subgraphs}")


def _output(folder: Path, name: str) -> bytes:
    path = folder / f"{name}_edgetpu.tflite"
    try:
        return path.read_bytes()
    except OSError:
        raise CompilerError(f"{NAME}: it reported success and wrote no {path.name}; run it again") from None
