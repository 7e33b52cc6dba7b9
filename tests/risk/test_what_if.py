"""What other decisions would have cost: by hand, and how sure one can be of it."""

import numpy as np
import pytest

from clearway.payment.records import ACCEPT, DECLINE, REVIEW
from clearway.risk.policy import CostPolicy
from clearway.risk.what_if import MEASURES, Comparison, compare

POLICY = CostPolicy(
    fraud_case_eur=40, refused_eur=15, refused_share=0.02, review_eur=6, review_miss_share=0.25
)


def compared(
    actual: list[int], other: list[int], eur: list[float], fraud: list[int], payer: list[int]
) -> Comparison:
    return compare(
        actual=np.array(actual, np.uint8), other=np.array(other, np.uint8),
        amount_eur=np.array(eur, np.float64), is_fraud=np.array(fraud, np.bool_),
        payer=np.array(payer, np.uint32), policy=POLICY, seed=3,
    )  # fmt: skip


def test_each_measure_is_what_it_says() -> None:
    found = compared(
        actual=[ACCEPT, ACCEPT, REVIEW, DECLINE],
        other=[DECLINE, REVIEW, ACCEPT, DECLINE],
        eur=[100.0, 400.0, 50.0, 1_000.0],
        fraud=[1, 1, 0, 0],
        payer=[1, 2, 3, 4],
    )
    said = {name: (one.actual, one.other, one.change) for name, one in found.measures.items()}
    assert said == {
        "lost_eur": (500.0, 100.0, -400.0),
        "saved_eur": (0.0, 400.0, 400.0),
        "false_positives": (2.0, 1.0, -1.0),
        "false_positive_eur": (1_050.0, 1_000.0, -50.0),
        "reviews": (1.0, 1.0, 0.0),
        # 500 lost, two cases, a review, a refusal of 1,000; then 100 lost, a quarter of a case ...
        "cost_eur": (500 + 80 + 6 + 35, 100 + 10 + 6 + 35, -470.0),
    }
    assert (found.payments, found.frauds, found.differently) == (4, 2, 3)


def test_the_same_decisions_change_nothing_and_that_is_sure() -> None:
    found = compared([ACCEPT] * 9, [ACCEPT] * 9, [10.0] * 9, [1] * 9, list(range(9)))
    for one in found.measures.values():
        assert (one.change, one.low, one.high) == (0.0, 0.0, 0.0)


def test_frauds_on_one_account_are_no_independent_evidence() -> None:
    n = 200
    many = compared([ACCEPT] * n, [DECLINE] * n, [10.0] * n, [1] * n, list(range(n)))
    one = compared([ACCEPT] * n, [DECLINE] * n, [10.0] * n, [1] * n, [7] * n)
    sure, unsure = many.measures["saved_eur"], one.measures["saved_eur"]
    assert sure.change == unsure.change == 2_000.0
    # Of 200 payers a total varies by about 1.64 times the root of 200, which is 23; of one, by all.
    assert 2_000 - 350 < sure.low < 1_850 < 2_150 < sure.high < 2_000 + 350
    assert unsure.low == 0.0


def test_the_same_seed_gives_the_same_interval() -> None:
    def once() -> Comparison:
        return compared([ACCEPT] * 30, [REVIEW] * 30, [10.0] * 30, [1] * 30, list(range(30)))

    assert once() == once()


@pytest.mark.parametrize("name", MEASURES)
def test_a_change_lies_within_its_interval(name: str) -> None:
    rng = np.random.default_rng(5)
    n = 500
    outcomes = rng.integers(1, 4, (2, n))
    found = compared(
        outcomes[0].tolist(), outcomes[1].tolist(), rng.uniform(1, 500, n).tolist(),
        (rng.random(n) < 0.1).tolist(), rng.integers(0, 80, n).tolist(),
    )  # fmt: skip
    one = found.measures[name]
    assert one.low <= one.change <= one.high
