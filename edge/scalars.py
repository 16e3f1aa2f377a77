"""Numbers of Python's own types, whoever made them: NumPy's scalars count as numbers, True and False do not."""

from __future__ import annotations

from numbers import Integral, Real


def whole(value: object) -> int | None:
    """A whole number as an int; None for anything else.

    >>> import numpy as np
    >>> whole(np.int64(3)), whole(3.0), whole(True)
    (3, None, None)
    """
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None


def real(value: object) -> float | None:
    """A number as a float; None for anything else, and for what no float can hold.

    >>> import numpy as np
    >>> real(np.float32(0.5)), real(3), real("0.5"), real(10**400)
    (0.5, 3.0, None, None)
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return None
