"""Small payments for the risk tests: only what a test is about has to be said."""

import numpy as np
from numpy.typing import ArrayLike

from clearway.risk.facts import FACTS, Facts
from clearway.risk.features import FEATURES, Features

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
NOON_NS = 1_750_075_200_000_000_000  # Monday 2025-06-16, 12:00 UTC


def payments(
    *,
    payer: ArrayLike = 1,
    payee: ArrayLike = 2,
    eur: ArrayLike = 25.0,
    time_ns: ArrayLike = NOON_NS,
    purpose: ArrayLike = 0,
) -> Facts:
    """FACTS[n] in euros; columns of one element stand for all rows."""
    columns = np.broadcast_arrays(
        *(np.atleast_1d(column) for column in (payer, payee, eur, time_ns, purpose))
    )
    rows = np.zeros(len(columns[0]), dtype=FACTS)
    rows["payer"], rows["payee"], rows["amount_eur"], rows["time_ns"] = columns[:4]
    rows["amount_major"], rows["asset"], rows["purpose"] = rows["amount_eur"], 1, columns[4]
    return rows


def feature(features: Features, name: str) -> list[float]:
    """One column by its name."""
    column: list[float] = features[:, FEATURES.index(name)].tolist()
    return column


def random_history(seed: int, n: int, accounts: int = 60, days: int = 40) -> Facts:
    """n payments without any meaning, in the order of time, with all kinds of repetition."""
    rng = np.random.default_rng(seed)
    payer = rng.integers(0, accounts, n)
    return payments(
        payer=payer,
        payee=(payer + 1 + rng.integers(0, accounts - 1, n)) % accounts,
        eur=np.round(np.exp(rng.normal(3.5, 2.0, n)), 2),
        time_ns=NOON_NS + np.sort(rng.integers(0, days * DAY_NS, n)),
        purpose=rng.integers(0, 9, n),
    )
