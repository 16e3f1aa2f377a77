"""Keep TensorFlow from crashing on AMD processors with AVX512: oneDNN is off there.

What is known (tensorflow-cpu 2.21, AMD EPYC 9004, which is Zen 4 with AVX512, VNNI and BF16):
- Keras' `fit` of a small CNN ends in `Fatal Python error: Aborted` or in `Segmentation fault`, every time.
  Conversion and inference do not crash.
- ONEDNN_MAX_CPU_ISA=AVX2 cures it, and so does TF_ENABLE_ONEDNN_OPTS=0. AVX512_CORE, AVX512_CORE_VNNI and
  AVX512_CORE_BF16 do not. Both variables are read when TensorFlow is imported.
- Limited to AVX2, no two runs of one recipe are alike: after three epochs of six steps, the losses are 2e-4 apart and
  weights up to .08, also with enable_op_determinism. Without oneDNN five runs are the same, bit for bit.
- Intel processors with AVX512 train without trouble, and keep it. TensorFlow turns oneDNN on by itself only where
  there is AVX512 VNNI or better, so older AMD processors never see it. Zen 5 and PyTorch's oneDNN were not tried: Zen 5
  goes without it to be safe, PyTorch does not.
- One call is known to corrupt memory on every processor with AVX512, Intel's too, and reacts to these variables in the
  same way: tf.matmul of shapes (13, 1, 3, 4) and (4, 16), tensorflow issue 117700. None of our networks makes it, so
  it is a relative of the crash in `fit` at most.

What is not known: the smallest call of a training step that crashes. `python -m tests.bench.onednn` runs the operations
one by one, each in a process of its own, and prints which of them die. On an AMD EPYC (Zen 4: family 25, model 17; two
cores of a virtual machine, tensorflow-cpu 2.21) that is the matmul above alone: Keras' `fit` of its small CNN, of a
larger one and six steps of our own recipe passed there with oneDNN on. So something else must be involved as well.
Whoever runs it where training does crash, or on a Zen 5: write the answer here.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
VARIABLE, OFF = "TF_ENABLE_ONEDNN_OPTS", "0"
# Each of these is a decision of the user's. DNNL_MAX_CPU_ISA is the old name, which oneDNN still reads.
SET_BY_USER = (VARIABLE, "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
logger = logging.getLogger(__name__)


def onednn_setting(cpuinfo: str, environment: Mapping[str, str]) -> str | None:
    """The value that TF_ENABLE_ONEDNN_OPTS needs on this processor, or None where nothing has to be set.

    Args:
        cpuinfo: the text of /proc/cpuinfo; "" where there is none.
        environment: the process's environment variables.
    """
    if any(name in environment for name in SET_BY_USER):
        return None
    values: dict[str, str] = {}
    for line in cpuinfo.splitlines():  # the first processor speaks for all
        key, colon, value = line.partition(":")
        if colon:
            values.setdefault(key.strip(), value.strip())
    amd = values.get("vendor_id") == "AuthenticAMD"
    return OFF if amd and "avx512f" in values.get("flags", "").split() else None


def switch_onednn_off() -> None:
    """Set TF_ENABLE_ONEDNN_OPTS where this processor needs it and log a warning; call it before importing TensorFlow.

    A second call, and a child process, find the variable set and say nothing.
    """
    try:
        cpuinfo = CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return
    value = onednn_setting(cpuinfo, os.environ)
    if value is None:
        return
    os.environ[VARIABLE] = value
    if "tensorflow" in sys.modules:
        logger.warning(
            "TensorFlow was imported too early to switch its oneDNN off, and training may crash on this AMD processor; "
            "start again with %s=%s",
            *(VARIABLE, value),
        )
    else:
        logger.warning(
            "TensorFlow's oneDNN is off: with it, training crashes on AMD processors with AVX512 "
            "(set %s yourself to override this)",
            VARIABLE,
        )
