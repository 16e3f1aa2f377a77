"""Other forms of the same network, with the same answers bit for bit; which one is the fastest is up to the processor.

A form is a .tflite whose input has the pixels of the picture in another shape. `STEPS` may be taken one after the
other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge.engines.forms.columns import in_columns
from edge.engines.forms.network import Network
from edge.engines.forms.rows import in_rows
from edge.engines.forms.upsampling import as_products
from edge.engines.graph import DAMAGED

Step = Callable[[Network], bool]
STEPS: tuple[Step, ...] = (as_products, in_rows, in_columns)


def best(content: bytes, is_better: Callable[[bytes], bool], steps: Sequence[Step] = STEPS) -> bytes:
    """The .tflite after those steps that make it better; itself where LiteRT came without its schema.

    Args:
        content: a .tflite whose operations were checked (edge.engines.operators).
        is_better: whether a form is better than the last one that was, or than the content.
        steps: of STEPS.
    """
    network: Network | None = None
    for step in steps:
        try:
            network = network or Network(content)
            form = network.pack() if step(network) else None
        except ImportError:
            return content
        except (*DAMAGED, TypeError, AttributeError, OverflowError):
            network = form = None  # unpacked, a damaged file has None or other things where lists are expected
        if form is not None:
            better = is_better(form)
            content, network = (form, network) if better else (content, None)
    return content
