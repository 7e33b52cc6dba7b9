"""What other levels of typologies would have found, against what was found: payments that fit, how
many of them are known frauds, and of what sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.typologies.registry import TYPOLOGIES
from clearway.risk.what_if import interval

ANY: Final = "any"  # of them: a payment that fits several is one


@dataclass(frozen=True, slots=True)
class Fits:
    """payments that fit; frauds among them, of which feedback said so, and their sum."""

    payments: int
    frauds: int
    frauds_eur: float
    precision: float | None  # share of frauds; None where nothing fits


@dataclass(frozen=True, slots=True)
class Effect:
    """code: of a typology, or ANY. actual, other: as it was and as it would be. is_changed: other
    payments fit. payments_change, frauds_change: intervals (low, high) of other less actual, over
    resampled payers."""

    code: str
    actual: Fits
    other: Fits
    is_changed: bool
    payments_change: tuple[float, float]
    frauds_change: tuple[float, float]


def compare_fits(
    *,
    actual: NDArray[np.uint64],
    other: NDArray[np.uint64],
    amount_eur: NDArray[np.float64],
    is_fraud: NDArray[np.bool_],
    payer: NDArray[np.uint32],
    seed: int,
) -> list[Effect]:
    """actual, other: bit masks of n payments. ANY first, then what anything fits or fitted."""

    def effect(code: str, was: NDArray[np.bool_], would_be: NDArray[np.bool_]) -> Effect:
        change = would_be.astype(np.float64) - was
        low, high = interval(
            np.stack([change, change * is_fraud]), payer, np.random.default_rng(seed)
        )
        return Effect(
            code,
            _fits(was, is_fraud, amount_eur),
            _fits(would_be, is_fraud, amount_eur),
            bool((was != would_be).any()),
            (float(low[0]), float(high[0])),
            (float(low[1]), float(high[1])),
        )

    columns = ((code, *_column(mask, actual, other)) for code, mask in _masks())
    return [
        effect(code, was, would_be)
        for code, was, would_be in columns
        if code == ANY or was.any() or would_be.any()
    ]


def _masks() -> Iterator[tuple[str, np.uint64]]:
    yield ANY, np.uint64(2**64 - 1)
    for one in TYPOLOGIES:
        yield one.code, np.uint64(1 << one.bit)


def _column(
    mask: np.uint64, actual: NDArray[np.uint64], other: NDArray[np.uint64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return actual & mask != 0, other & mask != 0


def _fits(
    fits: NDArray[np.bool_], is_fraud: NDArray[np.bool_], amount_eur: NDArray[np.float64]
) -> Fits:
    frauds = fits & is_fraud
    n = int(fits.sum())
    return Fits(
        payments=n,
        frauds=int(frauds.sum()),
        frauds_eur=round(float(amount_eur[frauds].sum()), 2),
        precision=round(int(frauds.sum()) / n, 4) if n else None,
    )
