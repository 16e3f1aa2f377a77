"""Both emotion models on a GPU: python -m training.accelerator.emotion --data PACK --start DIR --out DIR."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

from training.accelerator import emotion_start
from training.accelerator.emotion_data import Batches, Wardrobe, load

TEACHER: dict[str, Any] = {"stages": [[32, 2], [96, 3], [224, 3], [448, 2]]}
TINY: dict[str, Any] = {"stages": [[4, 1], [8, 1], [16, 1]]}
RESERVE = 25.0  # seconds, at the end, to settle, blend and choose


def arguments_of(words: list[str] | None = None) -> argparse.Namespace:
    """The command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="PACK.npz", help="what emotion_pack wrote")
    parser.add_argument("--start", type=Path, required=True, metavar="DIR", help="the folder with the shipped models")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the weights go")
    parser.add_argument("--minutes", type=float, default=9.0, help="for everything (9)")
    parser.add_argument("--batch", type=int, default=640, help="faces a step (640)")
    parser.add_argument("--every", type=float, default=25.0, help="seconds between measurements (25)")
    parser.add_argument("--drawings", type=int, default=12, help="masks drawn on each face (12)")
    parser.add_argument("--processes", type=int, default=max((os.cpu_count() or 4) - 5, 1), help="that draw masks")
    parser.add_argument("--limit", type=int, default=0, help="rows of each set (0: all)")
    parser.add_argument("--tiny", action="store_true", help="a small teacher, to try it out")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(words)


def main() -> None:
    """Train, for so many minutes."""
    began = time.monotonic()
    arguments = arguments_of()
    arguments.out.mkdir(parents=True, exist_ok=True)
    sets, chosen, real = load(arguments.data, arguments.limit)
    first = {
        name: emotion_start.read(arguments.start / f"emotion-{name}" / "weights.npz") for name in ("bare", "masked")
    }
    wardrobe = Wardrobe(sets, arguments.drawings, arguments.processes)

    import torch

    from training.accelerator import emotion_nets as nets
    from training.accelerator.emotion_store import Store
    from training.accelerator.emotion_train import Plan, Run

    torch.manual_seed(arguments.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    length = 60 * arguments.minutes
    plan = Plan(began, began + length - min(RESERVE, length / 8), batch=arguments.batch, every=arguments.every)
    batches = Batches(sets, device, real)
    store = Store(arguments.out, chosen, batches.prior(), device, began)
    shown = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    store.say(f"{shown}: {[len(faces.images) for faces in sets]} rows, {len(real)} real, prior {store.prior.round(3)}")

    def ready(network: torch.nn.Module) -> torch.nn.Module:
        return network.to(device, memory_format=torch.channels_last)

    shipped = {}
    for name, weights in first.items():
        shipped[name] = ready(nets.student_of(weights))
        store.measured(name, shipped[name], 0.0)
    teacher = ready(nets.PlainNet(**(TINY if arguments.tiny else TEACHER)))
    for name, network in ("student", shipped["bare"]), ("teacher", teacher):
        store.say(f"{name}: {nets.multiply_adds(network) / 1e6:.1f} M multiply-adds")
    Run(plan, batches, wardrobe, store, shipped).run(teacher)
    wardrobe.close()
    store.say("done")


if __name__ == "__main__":
    main()
