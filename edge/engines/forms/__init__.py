"""Other forms of the same network, with the same answers bit for bit; which one is the fastest is up to the processor.

A form is a .tflite whose input has the pixels of the picture in another shape. `STEPS` may be taken one after the
other.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.engines.forms.columns import in_columns
from edge.engines.forms.network import Network
from edge.engines.forms.rows import in_rows
from edge.engines.forms.upsampling import as_products
from edge.engines.graph import DAMAGED

Step = Callable[[Network], bool]
STEPS: tuple[Step, ...] = (as_products, in_rows, in_columns)


def rewritten(content: bytes, step: Step) -> bytes | None:
    """The .tflite after a step; None where there is nothing to change, or where LiteRT came without its schema.

    Args:
        content: a .tflite whose operations were checked (edge.engines.operators).
        step: one of STEPS.
    """
    try:
        network = Network(content)
        return network.pack() if step(network) else None
    except (*DAMAGED, TypeError, AttributeError, OverflowError, ImportError):
        return None  # unpacked, a damaged file has None or other things where lists are expected
