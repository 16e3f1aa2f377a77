"""What `edge-emotion bench` measured, as text for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXPLAINED = {
    "face": "letterbox and face model, per frame",
    "decode": "boxes and suppression (NMS), per frame",
    "mask": "crop and mask model, per face",
    "emotion": "crop and emotion model, per face",
    "whole": "every stage on every frame",
    "shipped": "as the settings schedule it for a live camera",
}
CAMERA_FPS = 30
BUSY = 3.0  # the 95th percentile over the median: other programs take the processor


def table(result: Mapping[str, Any]) -> str:
    """The JSON object as text for a person."""
    size, count = f"{result['width']}x{result['height']}", result["frames"]
    lines = [
        f"{result['machine']}, {result['threads']} threads, accelerator {result['accelerator']}",
        f"{count} frame{'s' * (count != 1)} of {size} from {result['source']}, "
        f"faces per frame: {result['faces_per_frame']:g}",
        "",
        f"{'stage':<8} {'median ms':>10} {'p95 ms':>9} {'runs':>6}",
    ]
    for stage, row in result["stages"].items():
        median, p95 = (f"{v:.3f}" if v is not None else "-" for v in (row["median_ms"], row["p95_ms"]))
        lines.append(f"{stage:<8} {median:>10} {p95:>9} {row['runs']:>6}  {EXPLAINED[stage]}")
    models = ", ".join(f"{task} {count / 1000:.0f} kB" for task, count in result["model_bytes"].items())
    times = [f"{name} {row['median_ms']:.1f} ms" for name, row in result["detectors"].items() if row and row["runs"]]
    lines += ["", f"face detectors, a frame each: {', '.join(times)}; used above: {result['detector']}"]
    lines += [f"models: {models}"]
    lines += [f"first result {result['startup_s']:.2f} s after start; memory then {result['rss_mb']:.0f} MB"]
    return "\n".join([*lines, *verdict(result["stages"])])


def verdict(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What the stages mean for a camera, and whether to believe them: a line each."""
    median = {stage: row["median_ms"] for stage, row in rows.items()}
    lines = []
    if all(median[stage] for stage in ("face", "mask", "emotion", "whole")):
        left = 1000 / CAMERA_FPS - median["face"] - median["decode"]
        faces = max(0, int(left / (median["mask"] + median["emotion"])))
        lines.append(
            f"every stage on every frame: {1000 / median['whole']:.0f} frames per second; "
            f"at {CAMERA_FPS} frames per second, {faces} face{'s' * (faces != 1)}"
        )
    if rows["whole"]["runs"] and rows["whole"]["p95_ms"] > BUSY * median["whole"]:
        times = rows["whole"]["p95_ms"] / median["whole"]
        lines.append(
            f"this machine is busy: one frame in 20 took {times:.0f} times the median; "
            "close other programs for steady figures"
        )
    return lines
