"""Model: rows of features go in, a probability of fraud comes out, with what speaks for it.

A gradient-boosted forest is one form; an anomaly score, an online learner and rules are others.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

SCORE_BPS_MAX: Final = 10_000
ROUNDING: Final = 1e-9  # of thousands of float64 additions; what "exactly" means below


class Model(Protocol):
    """Called by several threads at once; it never changes.

    Features are float32[n, k], k as many as it was made for. None of them is ever refused: a NaN
    or an infinity gives some score, the same each time.
    """

    @property
    def model_id(self) -> bytes:
        """SHA-256 of the file that it was read from, 32 bytes; it stands in every decision."""

    @property
    def is_bounded(self) -> bool:
        """Whether it takes a fixed number of steps a row, in code that waits for nothing. Others
        are asked on a thread of their own, and left behind when they are late."""

    @property
    def base(self) -> float:
        """The raw score of a row that nothing is known of."""

    def raw_scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Finite numbers float64[n] in the order of the probability, on a scale of its own."""

    def calibrate(self, raw: NDArray[np.float64]) -> NDArray[np.uint16]:
        """Probabilities of fraud uint16[n], 0 to SCORE_BPS_MAX; they rise with the raw score."""

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """float64[n, k]: the part of each feature; with `base` a row's sum is its raw score, within
        ROUNDING of the largest of them."""
