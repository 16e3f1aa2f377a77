"""The Edge TPU through its delegate, tried out in a child process before it is let in here.

A libedgetpu that was built for another runtime does not raise, it crashes (google-coral/edgetpu #812), and no `except`
catches that: so one invoke of each model is done by `python -m edge.engines.tpu MODEL...` first.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.engines import FIRST_S
from edge.engines.litert import LiteRtEngine
from edge.engines.model import interpreter_module
from edge.errors import DelegateError, one_line
from edge.manifest import Manifest

LIBRARY = "libedgetpu.so.1"
KILL_S = 0.5  # a child that hangs inside the kernel is not waited for any longer
# Vendor and product of the USB accelerator, before and after its firmware is loaded.
USB_IDS = {"1a6e:089a", "18d1:9302"}

Probe = Callable[[Sequence[Path], float], None]


def devices(root: Path = Path("/")) -> list[str]:
    """The Edge TPUs that the kernel knows: /dev/apex_* (PCIe) and USB devices by their ids. `root` is for tests."""
    found = [f"/dev/{path.name}" for path in sorted((root / "dev").glob("apex_*"))]
    for path in sorted((root / "sys/bus/usb/devices").glob("*")):
        try:
            ids = ":".join((path / name).read_text().strip() for name in ("idVendor", "idProduct"))
        except OSError:
            continue
        if ids in USB_IDS:
            found.append(f"usb {path.name}")
    return found


def load_delegate(module: Any = None) -> Any:
    """The Edge TPU's delegate.

    Raises:
        DelegateError: the library is not installed, or no device answers.
    """
    module = module or interpreter_module()
    try:
        return module.load_delegate(LIBRARY)
    except OSError as error:
        raise DelegateError(
            f"{LIBRARY}: not usable ({one_line(error)}); install libedgetpu1-std from coral.ai"
        ) from None
    except ValueError:
        raise DelegateError(f"{LIBRARY}: no Edge TPU answers; plug one in and check its cable") from None


def probe(paths: Sequence[Path], timeout_s: float = FIRST_S, command: tuple[str, ...] = ()) -> None:
    """Run models once on the Edge TPU in a child process, so that a crash stays there.

    Args:
        paths: the compiled models.
        timeout_s: seconds that the child may take for all of them.
        command: what to run instead, for tests.

    Raises:
        DelegateError: the child crashed, failed or took too long.
    """
    arguments = [*(command or (sys.executable, "-m", "edge.engines.tpu")), *map(str, paths)]
    with tempfile.TemporaryFile("w+") as said:
        try:
            child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=said)
            code = child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            child.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(KILL_S)
            raise DelegateError(f"Edge TPU: no answer within {timeout_s:g} s; unplug it and plug it back in") from None
        except OSError as error:
            raise DelegateError(f"Edge TPU: cannot be tried out ({error.strerror})") from None
        said.seek(0)
        lines = said.read().strip().splitlines() or [f"exit {code}"]
    if code < 0:
        raise DelegateError(f"Edge TPU: {LIBRARY} crashed (signal {-code}); install one built for this LiteRT")
    if code:
        raise DelegateError(f"Edge TPU: {lines[-1]}")


def open_tpu(
    manifest: Manifest, tasks: Sequence[str], threads: int = 1, trial_s: float = FIRST_S, try_out: Probe = probe
) -> dict[str, LiteRtEngine]:
    """Load the compiled models of tasks on the Edge TPU, all of them or none.

    Args:
        manifest: the models.
        tasks: which; without one nothing is tried.
        threads: of each interpreter.
        trial_s: seconds that trying them out may take.
        try_out: raises DelegateError where one of these files does not work here.

    Raises:
        DelegateError: no compiled variant in the manifest, no library, no device, or it does not work here.
        ModelError: a compiled file is missing or not the one of the manifest.
    """
    for task in tasks:
        if not manifest[task].edgetpu:
            raise DelegateError(f"Edge TPU: {manifest.folder / 'manifest.json'} lists no compiled {task} model")
    paths = {task: manifest.path(task, edgetpu=True) for task in tasks}
    if paths:
        try_out(list(paths.values()), trial_s)
    return {task: LiteRtEngine(manifest[task], path, threads, [load_delegate()]) for task, path in paths.items()}


def main(paths: Sequence[str]) -> int:
    """The child's work: one invoke of each on zeros. Prints one line and returns 1 where the delegate fails."""
    module = interpreter_module()
    try:
        for path in paths:
            interpreter = module.Interpreter(model_path=path, experimental_delegates=[load_delegate(module)])
            interpreter.allocate_tensors()
            for detail in interpreter.get_input_details():
                interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
            interpreter.invoke()
    except (DelegateError, ValueError, RuntimeError) as error:
        print(one_line(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
