"""From scores to outcomes: by cost and amount, on young ledgers, and without a model."""

import threading

import numpy as np
import pytest

from clearway.payment.records import Outcome
from clearway.risk import NO_MODEL_ID, CostPolicy, FeatureState, RiskModel, Scorer, reasons_of
from clearway.risk.worlds.world import World
from tests.risk.rows import DAY_NS, HOUR_NS, NOON_NS, payments, random_history

ACCEPT, REVIEW, DECLINE = Outcome.ACCEPT, Outcome.REVIEW, Outcome.DECLINE


@pytest.mark.parametrize(
    ("score_bps", "eur", "outcome"),
    [
        (0, 1e9, ACCEPT),
        (50, 20.0, ACCEPT),
        (699, 1e9, ACCEPT),  # below what is known that well
        (800, 20.0, ACCEPT),  # looking at it costs more than it could lose
        (800, 5_000.0, REVIEW),
        (3_000, 300.0, REVIEW),
        (4_999, 1.0, REVIEW),  # more likely honest than not: never refused by itself
        (9_000, 20.0, DECLINE),
        (9_900, 50_000.0, DECLINE),
        (9_000, float("nan"), DECLINE),
    ],
)
def test_the_cheapest_outcome_is_taken(score_bps: int, eur: float, outcome: Outcome) -> None:
    scores, amounts = np.array([score_bps], dtype=np.uint16), np.array([eur])
    assert CostPolicy().decide(scores, amounts).tolist() == [outcome]


def test_a_higher_score_never_gets_a_milder_outcome() -> None:
    scores = np.arange(10_001, dtype=np.uint16)
    for eur in (0.0, 1.0, 30.0, 900.0, 1e6):
        outcome = CostPolicy().decide(scores, np.full(len(scores), eur)).astype(int)
        assert (np.diff(outcome) >= 0).all(), eur


def test_without_a_model_a_limit_holds_and_every_row_says_so() -> None:
    scorer = Scorer(FeatureState(), model=None)
    scores = scorer.score(payments(eur=[10.0, 10_000.0, 10_001.0, float("nan")]))
    assert scorer.model_id == scores.model_id == NO_MODEL_ID
    assert scores.outcome.tolist() == [ACCEPT, ACCEPT, REVIEW, REVIEW]
    assert [r.code for r in reasons_of(int(scores.reasons[0]))] == ["risk.model_missing"]
    assert [r.code for r in reasons_of(int(scores.reasons[2]))] == [
        "risk.model_missing", "risk.amount_limit",
    ]  # fmt: skip


def test_without_a_model_and_without_people_what_is_above_the_limit_is_declined() -> None:
    scorer = Scorer(FeatureState(), None, CostPolicy(reviews_per_day=1))
    scores = scorer.score(payments(eur=[10.0, 20_000.0, 30_000.0]))
    assert scores.outcome.tolist() == [ACCEPT, REVIEW, DECLINE]
    codes = [reason.code for reason in reasons_of(int(scores.reasons[2]))]
    assert codes == ["risk.model_missing", "risk.amount_limit", "risk.reviews_scarce"]
    assert scorer.counts(NOON_NS).unreviewed == {"accept": 0, "decline": 1}


def test_without_a_model_rules_hold_as_well() -> None:
    """Nine payments just below the reporting limit, within one day."""
    scorer = Scorer(FeatureState(), model=None)
    scorer.advance(payments(payer=7, payee=8, time_ns=NOON_NS - DAY_NS), height=1, index=0)
    rows = payments(payer=1, payee=2, eur=9_500.0, time_ns=NOON_NS + np.arange(9) * HOUR_NS)
    scores = scorer.score(rows)
    assert scores.outcome.tolist() == [ACCEPT] * 2 + [REVIEW] * 7
    codes = {reason.code for reason in reasons_of(int(scores.reasons[-1]))}
    assert codes == {"risk.model_missing", "risk.structuring"}
    assert not scores.score_bps.any()


@pytest.mark.parametrize("accounts", [2, 10, 1_000, 10_000])
def test_on_a_young_ledger_nobody_is_stopped_for_being_new(accounts: int) -> None:
    scorer = Scorer.load_shipped()
    rows = random_history(seed=4, n=8_000, accounts=accounts)
    rows["time_ns"] = NOON_NS + np.arange(len(rows)) * 1_000_000
    for start in range(0, len(rows), 1_000):
        scores = scorer.score(rows[start : start + 1_000])
        scorer.commit(height=1, index=start)
        assert (scores.outcome == ACCEPT).all()
        named = [{r.code for r in reasons_of(int(bits))} for bits in scores.reasons if bits]
        assert all("risk.warming_up" in codes for codes in named)


@pytest.mark.parametrize("eur", [0.01, 12.34, 100.0, 2_500.0, 10_000.0, 1e6])
def test_an_ordinary_first_payment_between_strangers_is_accepted(eur: float) -> None:
    scorer = Scorer.load_shipped()
    scorer.state.advance(payments(payer=7, payee=8, time_ns=NOON_NS - DAY_NS), height=1, index=0)
    assert scorer.score(payments(eur=eur)).outcome.tolist() == [ACCEPT]


def test_a_mule_that_empties_itself_at_night_is_stopped() -> None:
    """Six strangers pay one account 900 each within the hour; it sends on 5,000 at once."""
    scorer = Scorer.load_shipped()
    past = random_history(seed=5, n=4_000, accounts=300, days=30)
    scorer.state.advance(past, height=1, index=0)
    night_ns = NOON_NS + 31 * DAY_NS + 14 * HOUR_NS
    into = payments(
        payer=np.arange(20, 26),
        payee=900,
        eur=900.0,
        time_ns=night_ns + np.arange(6) * HOUR_NS // 9,
    )
    onward = payments(payer=900, payee=901, eur=5_000.0, time_ns=night_ns + HOUR_NS)
    scores = scorer.score(np.concatenate([into, onward]))
    assert scores.outcome[-1] != ACCEPT
    codes = {reason.code for reason in reasons_of(int(scores.reasons[-1]))}
    assert "risk.pass_through" in codes


def test_scoring_is_a_function_of_the_past_alone() -> None:
    rows = World(seed=5, customers=300, merchants=60, days=6).facts()
    one, two = Scorer.load_shipped(), Scorer.load_shipped()
    whole = one.score(rows)
    parts = []
    for start in range(0, len(rows), 97):
        two.score(rows[:50])
        two.discard()
        parts.append(two.score(rows[start : start + 97]))
        two.commit(height=1, index=start)
    assert np.concatenate([part.score_bps for part in parts]).tolist() == whole.score_bps.tolist()
    assert np.concatenate([part.outcome for part in parts]).tolist() == whole.outcome.tolist()
    assert np.concatenate([part.reasons for part in parts]).tolist() == whole.reasons.tolist()


def test_accepted_payments_have_no_reasons_and_stopped_ones_have_some() -> None:
    scorer = Scorer(FeatureState(), RiskModel.load_shipped())
    rows = World(seed=6, customers=800, merchants=80, days=15).facts()
    late = rows["time_ns"] >= rows["time_ns"][0] + DAY_NS
    scores = scorer.score(rows)
    stopped = scores.outcome[late] != ACCEPT
    assert stopped.any()
    assert ((scores.reasons[late] != 0) == stopped).all()


# --- what is staged and never commits -------------------------------------------------------------


def same_memory(one: Scorer, two: Scorer) -> bool:
    facts = random_history(9, 20)
    both = [each.state.stage(facts).tobytes() for each in (one, two)]
    for each in (one, two):
        each.state.discard()
    return both[0] == both[1] and one.as_of == two.as_of


def test_a_failure_while_scoring_leaves_nothing_staged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug of our own; a model's is no failure, see test_guard.py."""

    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    scorer, other = Scorer(FeatureState(), None), Scorer(FeatureState(), None)
    waiting = [each.score(random_history(1, 30)) for each in (scorer, other)]
    monkeypatch.setattr(scorer, "_do_without", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        scorer.score(random_history(2, 30))
    for each, scores in zip((scorer, other), waiting, strict=True):
        each.commit(scores, height=1, index=30)
    assert same_memory(scorer, other)


def test_scores_that_do_not_wait_are_left_alone_when_discarded() -> None:
    scorer, other = Scorer(FeatureState(), None), Scorer(FeatureState(), None)
    first = scorer.score(random_history(1, 30))
    scorer.commit(first, height=1, index=30)
    second = scorer.score(random_history(2, 30))
    scorer.discard(first)
    scorer.discard(second)
    scorer.discard(second)
    scorer.discard()
    other.advance(random_history(1, 30), height=1, index=30)
    assert same_memory(scorer, other)


def test_one_batch_commits_while_the_next_is_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line's threads do both at once: each must hit its own."""
    scorer, other = Scorer(FeatureState(), None), Scorer(FeatureState(), None)
    first, second = (scorer.score(random_history(seed, 30)) for seed in (1, 2))
    commit = scorer.state.commit
    threads: list[threading.Thread] = []

    def slow_commit(*, height: int, index: int) -> None:
        threads.append(threading.Thread(target=scorer.discard, args=(second,)))
        threads[0].start()
        threads[0].join(0.2)
        commit(height=height, index=index)

    monkeypatch.setattr(scorer.state, "commit", slow_commit)
    scorer.commit(first, height=1, index=30)
    threads[0].join()
    monkeypatch.undo()
    other.advance(random_history(1, 30), height=1, index=30)
    assert same_memory(scorer, other)
