"""A stand-in for Google's edgetpu_compiler 16.0: takes its options, writes its files, speaks its output.

The output is copied in form from logs that users published (google-coral/edgetpu issues 358, 427, 458, 572, 631). What
it does is chosen by the environment: STAND_IN is "good", "cpu", "crash", "unreadable", "silent", "two", "streamed" or
"hang".
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

BLOCK = """Input model: {path}
Input size: 1.91MiB
Output model: {out}
Output size: 2.52MiB
On-chip memory used for caching model parameters: {cached}
On-chip memory remaining for caching model parameters: 1.07MiB
Off-chip memory used for streaming uncached model parameters: {streamed}
Number of Edge TPU subgraphs: {subgraphs}
Total number of operations: 57
Operation log: {log}
{cpu}
Operator                       Count      Status

{table}
"""
GOOD = """ADD                            10         Mapped to Edge TPU
CONV_2D                        24         Mapped to Edge TPU
SOFTMAX                        1          Mapped to Edge TPU"""
CPU = """CONV_2D                        1          More than one subgraph is not supported
CONV_2D                        24         Mapped to Edge TPU
HARD_SWISH                     1          Operation is otherwise supported, but not mapped due to some unspecified limitation"""  # noqa: E501
SOME_ON_CPU = """
Model successfully compiled but not all operations are supported by the Edge TPU. A percentage of the model will instead run on the CPU, which is slower. If possible, consider updating your model to use only operations supported by the Edge TPU. For details, visit g.co/coral/model-reqs.
Number of operations that will run on Edge TPU: 24
Number of operations that will run on CPU: 2
"""  # noqa: E501


def main(words: list[str]) -> int:
    behaviour = os.environ.get("STAND_IN", "good")
    if "-v" in words:
        print("Edge TPU Compiler version 16.0.384591198")
        return 0
    show = "-s" in words
    words = [word for word in words if word != "-s"]
    folder = Path(words[words.index("-o") + 1])
    models = [Path(word) for k, word in enumerate(words) if word != "-o" and words[k - 1] != "-o"]
    print("Edge TPU Compiler version 16.0.384591198")
    if behaviour == "hang":
        time.sleep(60)
    if behaviour == "crash":
        print("Internal compiler error. Aborting! ")
        return 1
    if behaviour == "unreadable":
        print(
            "ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'. An older version of this builtin might be "
        )
        print("supported. Are you using an old TFLite binary with a newer model?\n\nERROR: Registration failed.\n")
        print("Invalid model: " + str(models[0]))
        return 1
    print("Started a compilation timeout timer of 180 seconds.\n")
    print(f"Model{'s' if len(models) > 1 else ''} compiled successfully in 524 ms.\n")
    for number, path in enumerate(models):
        last = number == len(models) - 1
        out = folder / f"{path.stem}_edgetpu.tflite"
        if behaviour != "silent":
            out.write_bytes(b"compiled " + path.read_bytes()[:64])
        on_cpu = behaviour == "cpu" and last
        text = BLOCK.format(
            path=path,
            out=out,
            log=out.with_suffix(".log"),
            cached="604.50KiB" if last else "2.27MiB",
            streamed="3.45MiB" if behaviour == "streamed" and last else "0.00B",
            subgraphs=2 if behaviour == "two" else 1,
            cpu=SOME_ON_CPU if on_cpu else "",
            table=CPU if on_cpu else GOOD,
        )
        print(
            text
            if show
            else text.split("\nOperator")[0] + "\nSee the operation log file for individual operation details."
        )
    print("Compilation child process completed within timeout period.\nCompilation succeeded! ")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
