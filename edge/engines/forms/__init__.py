"""Rewritten forms of a network: the same answers, bit for bit, computed in another way.

Which form is the fastest depends on the processor, so an engine (edge.engines.litert) times them when it opens, and
keeps those that are faster. A form is a .tflite, too; its input may have the pixels of the picture in another shape,
though in the same order. Each of `STEPS` rewrites a network in place and returns whether it could; one may follow
another:

- `as_products` (upsampling.py): transposed convolutions without overlap become matrix products;
- `in_rows` (rows.py): a whole row of a small picture becomes one pixel of many channels;
- `in_columns` (columns.py): so do neighbouring columns of a larger picture.
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
        except (*DAMAGED, TypeError, AttributeError):
            network = form = None  # a damaged file, once unpacked, has None or other things where lists are expected
        if form is not None:
            better = is_better(form)
            content, network = (form, network) if better else (content, None)
    return content
