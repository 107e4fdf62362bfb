"""Many numbers in little room: the fitness of a large population in a record of the log.

As decimals, a run of millions of evaluations would write a hundred megabytes. Packed, every number comes back to the
last bit, so a run is continued as exactly as from decimals.
"""

import base64
import zlib
from typing import Any

import numpy as np

_FROM = 1000  # numbers: fewer stay readable


def packed(values: np.ndarray) -> np.ndarray | str:
    """`values` (n,) float64, or where they are many a text that stands for them."""
    if len(values) < _FROM:
        return values
    return base64.b64encode(zlib.compress(np.ascontiguousarray(values, "<f8").tobytes())).decode()


def unpacked(kept: Any) -> Any:
    """The numbers that were `packed`, as an array, or the list that a log makes of few."""
    if not isinstance(kept, str):
        return kept
    return np.frombuffer(zlib.decompress(base64.b64decode(kept)), "<f8").astype(np.float64)
