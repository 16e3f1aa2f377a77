"""The Edge TPU through its delegate, tried out in a child process before it is let in here.

A libedgetpu that was built for another runtime does not raise, it crashes (google-coral/edgetpu #812), and no `except`
catches that: so one invoke is done by `python -m edge.engines.tpu MODEL` first.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edge.engines.litert import LiteRtEngine, interpreter_module
from edge.errors import DelegateError
from edge.manifest import Manifest

LIBRARY = "libedgetpu.so.1"
PROBE_S = 20.0
# Vendor and product of the USB accelerator, before and after its firmware is loaded.
USB_IDS = {"1a6e:089a", "18d1:9302"}

Probe = Callable[[Path], None]


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
        reason = " ".join(str(error).split())
        raise DelegateError(f"{LIBRARY}: not usable ({reason}); install libedgetpu1-std from coral.ai") from None
    except ValueError:
        raise DelegateError(f"{LIBRARY}: no Edge TPU answers; plug one in and check its cable") from None


def probe(path: Path, timeout_s: float = PROBE_S, command: tuple[str, ...] = ()) -> None:
    """Run the model once on the Edge TPU in a child process, so that a crash stays there.

    Args:
        path: the compiled model.
        timeout_s: seconds that the child may take.
        command: what to run instead, for tests.

    Raises:
        DelegateError: the child crashed, failed or took too long.
    """
    arguments = [*(command or (sys.executable, "-m", "edge.engines.tpu")), str(path)]
    try:
        child = subprocess.run(arguments, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        raise DelegateError(f"Edge TPU: no answer within {timeout_s:g} s; plug it out and in again") from None
    except OSError as error:
        raise DelegateError(f"Edge TPU: cannot be tried out ({error.strerror})") from None
    if child.returncode < 0:
        raise DelegateError(
            f"Edge TPU: {LIBRARY} crashed (signal {-child.returncode}); install one built for this LiteRT"
        )
    if child.returncode:
        lines = child.stderr.strip().splitlines() or [f"exit {child.returncode}"]
        raise DelegateError(f"Edge TPU: {lines[-1]}")


def open_tpu(manifest: Manifest, task: str, threads: int = 1, try_out: Probe = probe) -> LiteRtEngine:
    """Load a task's compiled model on the Edge TPU.

    Raises:
        DelegateError: no compiled variant in the manifest, no library, no device, or it does not work here.
        ModelError: the compiled file is missing or not the one of the manifest.
    """
    spec = manifest[task]
    if not spec.edgetpu:
        raise DelegateError(f"Edge TPU: {manifest.folder / 'manifest.json'} lists no compiled {task} model")
    path = manifest.path(task, edgetpu=True)
    try_out(path)
    return LiteRtEngine(spec, path, threads, [load_delegate()])


def main(path: str) -> int:
    """The child's work: one invoke on zeros. Prints one line and returns 1 where the delegate is not to be had."""
    module = interpreter_module()
    try:
        delegate = load_delegate(module)
        interpreter = module.Interpreter(model_path=path, experimental_delegates=[delegate])
        interpreter.allocate_tensors()
        for detail in interpreter.get_input_details():
            interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
        interpreter.invoke()
    except (DelegateError, ValueError, RuntimeError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
