"""What other levels would have found, counted beside what was known of the payments."""

from __future__ import annotations

import numpy as np

from clearway.risk.typologies.effect import ANY, Fits, compare_fits
from clearway.risk.typologies.registry import TYPOLOGIES

FIRST, SECOND = TYPOLOGIES[0], TYPOLOGIES[1]
AMOUNT = np.array([100.0, 200.0, 400.0, 800.0])
FRAUD = np.array([True, True, False, False])
PAYER = np.array([1, 2, 3, 3], np.uint32)


def bits(*masks: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(masks, np.uint64)


def test_payments_frauds_and_sums_are_counted_before_and_after() -> None:
    effects = compare_fits(
        actual=bits(1, 0, 1, 0), other=bits(1, 3, 2, 0), amount_eur=AMOUNT, is_fraud=FRAUD,
        payer=PAYER, seed=1,
    )  # fmt: skip
    assert [one.code for one in effects] == [ANY, FIRST.code, SECOND.code]
    total, first, second = effects
    assert all(one.is_changed for one in effects)
    assert (total.actual, total.other) == (Fits(2, 1, 100.0, 0.5), Fits(3, 2, 300.0, 0.6667))
    assert (first.actual, first.other) == (Fits(2, 1, 100.0, 0.5), Fits(2, 2, 300.0, 1.0))
    assert (second.actual, second.other) == (Fits(0, 0, 0.0, None), Fits(2, 1, 200.0, 0.5))


def test_the_interval_of_a_change_holds_it_and_without_a_change_is_nothing() -> None:
    n = 400
    is_fraud = np.arange(n) % 4 == 0
    effects = compare_fits(
        actual=np.zeros(n, np.uint64), other=np.ones(n, np.uint64), amount_eur=np.ones(n),
        is_fraud=is_fraud, payer=np.arange(n, dtype=np.uint32), seed=1,
    )  # fmt: skip
    low, high = effects[1].payments_change
    assert low < n < high
    assert high - low < n / 3
    low, high = effects[1].frauds_change
    assert low < n / 4 < high
    same = compare_fits(
        actual=bits(1, 1, 1, 1), other=bits(1, 1, 1, 1), amount_eur=AMOUNT, is_fraud=FRAUD,
        payer=PAYER, seed=1,
    )  # fmt: skip
    assert not same[1].is_changed
    assert same[1].payments_change == same[1].frauds_change == (0.0, 0.0)


def test_what_nothing_fits_is_not_told_but_the_whole_always_is() -> None:
    effects = compare_fits(
        actual=bits(0, 0, 0, 0), other=bits(0, 0, 0, 0), amount_eur=AMOUNT, is_fraud=FRAUD,
        payer=PAYER, seed=1,
    )  # fmt: skip
    assert [one.code for one in effects] == [ANY]
