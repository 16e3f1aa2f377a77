"""Both emotion models on a machine with a GPU: python -m training.accelerator.emotion --data PACK --out DIR."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

from training.accelerator.emotion_data import Batches, Wardrobe, load

# As in training/recipes/emotion-bare.toml and emotion-masked.toml.
STUDENT: dict[str, Any] = {"stem": 16, "stages": [[32, 1], [72, 2], [160, 2]]}
EXCITED: dict[str, Any] = {"stem": 64, "stages": [[128, 2], [224, 2], [448, 2]]}
PLAIN: dict[str, Any] = {"stages": [[48, 2], [128, 3], [256, 3], [512, 2]]}
TINY: tuple[dict[str, Any], ...] = (
    {"stem": 4, "stages": [[8, 1], [16, 1]]},
    {"stages": [[4, 1], [8, 1], [16, 1]]},
    {"stem": 4, "stages": [[8, 1], [8, 1], [16, 1]]},
)


def main() -> None:
    """Train, for so many minutes."""
    began = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="PACK.npz", help="what emotion_pack wrote")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the weights go")
    parser.add_argument("--minutes", type=float, default=8.5, help="for everything (8.5)")
    parser.add_argument("--batch", type=int, default=640, help="faces a step (640)")
    parser.add_argument("--every", type=float, default=25.0, help="seconds between measurements (25)")
    parser.add_argument("--drawings", type=int, default=8, help="masks drawn on each face (8)")
    parser.add_argument("--processes", type=int, default=max((os.cpu_count() or 4) - 5, 1), help="that draw masks")
    parser.add_argument("--limit", type=int, default=0, help="rows of each set (0: all)")
    parser.add_argument("--tiny", action="store_true", help="small teachers, to try it out")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    sets, chosen = load(arguments.data, arguments.limit)
    wardrobe = Wardrobe(sets, arguments.drawings, arguments.processes)

    import torch

    from training.accelerator import emotion_nets as nets
    from training.accelerator.emotion_train import Plan, Run

    torch.manual_seed(arguments.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    plan = Plan(
        began,
        began + 60 * arguments.minutes - min(12, 6 * arguments.minutes),
        batch=arguments.batch,
        every=arguments.every,
    )
    run = Run(plan, Batches(sets, device), wardrobe, chosen, device, arguments.out)
    shown = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    run.say(f"{shown}: {[len(faces.images) for faces in sets]} rows, prior {run.prior.round(3)}")
    excited, plain, small = TINY if arguments.tiny else (EXCITED, PLAIN, STUDENT)
    teachers: dict[str, tuple[Any, float]] = {
        "excited": (nets.ExcitedNet(**excited), 0.12),
        "plain": (nets.PlainNet(**plain), 0.5),
    }
    student = nets.Student(**small)
    for name, network in ("student", student), *((name, net) for name, (net, _) in teachers.items()):
        size = sum(p.numel() for p in network.parameters())
        run.say(f"{name}: {nets.multiply_adds(network) / 1e6:.1f} M multiply-adds, {size / 1e6:.2f} M parameters")
    ready = {
        name: (net.to(device, memory_format=torch.channels_last), share) for name, (net, share) in teachers.items()
    }
    run.more_masks(wait=30.0)
    run.say(f"{wardrobe.ready} rounds of masks are drawn")
    told = run.teach(ready)
    learners = run.learn(student.to(device, memory_format=torch.channels_last), told)
    wardrobe.close()
    run.finish(learners)
    run.say("done")


if __name__ == "__main__":
    main()
