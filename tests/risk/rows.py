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
    device: ArrayLike = 0,
    address: ArrayLike = 0,
    corridor: ArrayLike = 0,
    report: ArrayLike = 0,
) -> Facts:
    """FACTS[n] in euros; columns of one element stand for all rows."""
    named = {
        "payer": payer, "payee": payee, "amount_eur": eur, "amount_major": eur,
        "time_ns": time_ns, "purpose": purpose, "device": device, "address": address,
        "corridor": corridor, "report": report, "asset": 1,
    }  # fmt: skip
    columns = np.broadcast_arrays(*(np.atleast_1d(column) for column in named.values()))
    rows = np.zeros(len(columns[0]), dtype=FACTS)
    for name, column in zip(named, columns, strict=True):
        rows[name] = column
    return rows


def feature(features: Features, name: str) -> list[float]:
    """One column by its name."""
    column: list[float] = features[:, FEATURES.index(name)].tolist()
    return column


def random_history(seed: int, n: int, accounts: int = 60, days: int = 40) -> Facts:
    """n events without any meaning, in the order of time, with all kinds of repetition: two in a
    hundred are reports, four are clearances, and every other payment says what it was paid with."""
    rng = np.random.default_rng(seed)
    payer = rng.integers(0, accounts, n)
    said = rng.integers(0, 2, n).astype(np.uint64)
    rows = payments(
        payer=payer,
        payee=(payer + 1 + rng.integers(0, accounts - 1, n)) % accounts,
        eur=np.round(np.exp(rng.normal(3.5, 2.0, n)), 2),
        time_ns=NOON_NS + np.sort(rng.integers(0, days * DAY_NS, n)),
        purpose=rng.integers(0, 9, n),
        device=said * rng.integers(1, accounts, n).astype(np.uint64),
        address=said * rng.integers(1, 2 + accounts // 4, n).astype(np.uint64),
        corridor=rng.integers(0, 9, n),
        report=rng.choice([0, 1, 2], n, p=[0.94, 0.02, 0.04]),
    )
    rows["amount_eur"][3::11] = rows["amount_major"][3::11] = 200.0
    return rows
