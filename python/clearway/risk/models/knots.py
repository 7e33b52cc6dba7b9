"""A calibration as a line through knots: pairs of raw score and basis points, both rising.

Exact arithmetic between two knots, so that the same raw score gives the same basis points on every
machine; outside of them the first and the last hold.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clearway.ports.model import SCORE_BPS_MAX

Knots = NDArray[np.float64]
"""float64[k, 2]"""


def read_knots(knots: Knots, raw: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Basis points uint16[n] of raw scores float64[n]."""
    return np.rint(np.interp(raw, knots[:, 0], knots[:, 1])).astype(np.uint16)


def parse_knots(pairs: Any) -> Knots:
    """ValueError, TypeError for what is no calibration."""
    knots = np.array(pairs, dtype=np.float64)
    if knots.ndim != 2 or knots.shape[1] != 2 or len(knots) < 2 or not np.isfinite(knots).all():
        raise ValueError("a calibration is at least two pairs of numbers")
    if not (np.diff(knots[:, 0]) > 0).all() or not (np.diff(knots[:, 1]) >= 0).all():
        raise ValueError("a calibration rises")
    if knots[0, 1] < 0 or knots[-1, 1] > SCORE_BPS_MAX:
        raise ValueError("a calibration gives 0 to 10,000 basis points")
    return knots
