"""What the past says about a payment: declared one by one, compiled to one pass.

Read first: declared.py (the list), then past.py (what can be asked), then generated.py (what runs).
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.features import generated
from clearway.risk.features.generated import FEATURES, IDENTITY, MEANINGS, advance_rows

__all__ = [
    "FEATURES", "IDENTITY", "MEANINGS", "TABLES", "Features", "advance_rows", "columns_of",
    "is_early", "meanings_of",
]  # fmt: skip

Features = NDArray[np.float32]
WARM_UP_S: Final = 3_600  # of ledger time since the first payment of all
_MEMORY_AGE: Final = FEATURES.index("memory_age")
TABLES: Final[dict[str, np.dtype[Any]]] = {
    "accounts": generated.ACCOUNTS,
    "devices": generated.DEVICES,
    "addresses": generated.ADDRESSES,
    "corridors": generated.CORRIDORS,
}
"""Row of each table of the memory, in the order in which the pass takes them."""


def is_early(features: Features) -> NDArray[np.bool_]:
    """bool[n] of features float32[n, k]: whether each is of the ledger's first WARM_UP_S, in which
    all is new, which says nothing."""
    early: NDArray[np.bool_] = features[:, _MEMORY_AGE] < np.log2(1.0 + WARM_UP_S)
    return early


def meanings_of(columns: NDArray[np.intp]) -> dict[str, str]:
    """What a model's file says of the features that it asks for: each by name, with its meaning."""
    return {FEATURES[k]: MEANINGS[k] for k in columns.tolist()}


def columns_of(meanings: Mapping[str, str]) -> NDArray[np.intp]:
    """Where these features stand. A model may be older than some of them; those that it asks for
    have to mean what they meant. ValueError for others."""
    if not isinstance(meanings, dict):
        raise ValueError("a model names its features and their meanings")
    ours = dict(zip(FEATURES, MEANINGS, strict=True))
    others = [name for name, meaning in meanings.items() if ours.get(name) != meaning]
    if others:
        raise ValueError(f"made for other features: {', '.join(others)}")
    return np.array([FEATURES.index(name) for name in meanings], dtype=np.intp)
