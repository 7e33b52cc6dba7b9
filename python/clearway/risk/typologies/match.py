"""Which typologies a payment fits: all conditions of all typologies in one compiled pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numba import types
from numpy.typing import NDArray

from clearway.risk.compiled import compiled
from clearway.risk.features import FEATURES, Features
from clearway.risk.typologies.rule import Typology


@dataclass(frozen=True, slots=True)
class Matcher:
    """Conditions of r typologies, one after another. starts: int32[r + 1], where those of each
    begin. columns, lows, highs: of each condition. bits: uint64[r]."""

    starts: NDArray[np.int32]
    columns: NDArray[np.int32]
    lows: NDArray[np.float32]
    highs: NDArray[np.float32]
    bits: NDArray[np.uint64]

    @classmethod
    def of(cls, typologies: Sequence[Typology]) -> Self:
        conditions = [one for typology in typologies for one in typology.conditions]
        counts = [len(typology.conditions) for typology in typologies]
        return cls(
            starts=np.cumsum([0, *counts], dtype=np.int32),
            columns=np.array([FEATURES.index(one.feature) for one in conditions], dtype=np.int32),
            lows=np.array([one.low for one in conditions], dtype=np.float32),
            highs=np.array([one.high for one in conditions], dtype=np.float32),
            bits=np.array([1 << typology.bit for typology in typologies], dtype=np.uint64),
        )

    def match(self, features: Features) -> NDArray[np.uint64]:
        """Bit masks uint64[n] of features float32[n, k]. A NaN fits nothing."""
        found = np.zeros(len(features), dtype=np.uint64)
        rows = np.ascontiguousarray(features, dtype=np.float32)
        _match(rows, self.starts, self.columns, self.lows, self.highs, self.bits, found)
        return found


@compiled(
    types.void(
        types.float32[:, ::1], types.int32[::1], types.int32[::1], types.float32[::1],
        types.float32[::1], types.uint64[::1], types.uint64[::1],
    )
)  # fmt: skip
def _match(
    features: Any, starts: Any, columns: Any, lows: Any, highs: Any, bits: Any, found: Any
) -> None:
    for i in range(features.shape[0]):
        mask = np.uint64(0)
        for r in range(bits.shape[0]):
            holds = True
            for c in range(starts[r], starts[r + 1]):
                value = features[i, columns[c]]
                if not (value >= lows[c] and value <= highs[c]):
                    holds = False
                    break
            if holds:
                mask |= bits[r]
        found[i] = mask
