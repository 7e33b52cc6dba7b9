"""`clearway evaluate risk`: what the risk room learns from somebody's own history, without leaks.

A payment's features come from payments before it, and from labels that are at least `delay_days`
older than it; the model is fitted on labels that were known when the scoring period began.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from clearway.payment.records import ACCEPT, DECLINE, REVIEW
from clearway.ports.model import SCORE_BPS_MAX
from clearway.risk.errors import RiskFault
from clearway.risk.features import FEATURES, Features
from clearway.risk.features.declared import LEARNED
from clearway.risk.memory.history import (
    DAY_NS,
    Labels,
    compute_features,
    find_clearances,
    find_reports,
)
from clearway.risk.models.boosting import boost, chances
from clearway.risk.models.metrics import auc_roc, average_precision
from clearway.risk.models.train import FRAUDS_MIN
from clearway.risk.offline.files import load_payments
from clearway.risk.policy import CostPolicy

_EPOCH: Final = date(1970, 1, 1)
# A week of labels is little: small trees, much shrinkage, and the mean over a few forests.
_PARAMETERS: Final = {
    "learning_rate": 0.03, "min_data_in_leaf": 40, "lambda_l2": 5.0, "feature_fraction": 0.5,
}  # fmt: skip
_HONEST_MAX: Final = 75_000  # for a forest; each stands for as many as were left out
# Frauds change. Two forests each, of small trees and of smaller ones, learn from the last days, the
# last weeks and all there is: for the first two, what is a week old counts half as much.
_HALF_LIVES_DAYS: Final = (7.0, 40.0, 280.0)
_LEAVES_AND_TREES: Final = ((8, 250), (4, 400))
# They tell when a payment was made rather than what it is: outside of the days learned from they
# have values that were never seen.
_NOT_ASKED: Final = frozenset(
    {"memory_age", "payer_age", "payee_age", "payer_sent_n", "payee_sent_n", "pair_n", "weekday"}
)
_ASKED: Final = np.array([k for k, name in enumerate(FEATURES[:LEARNED]) if name not in _NOT_ASKED])


@dataclass(frozen=True, slots=True)
class History:
    """n payments of a file in the order of time, and what was known when each was made.

    payment_id: as in the file. time_ns: int64[n]. amount_eur: float64[n]. labels: int8[n], 1
    fraud, 0 honest, -1 unknown. features: float32[n, LEARNED], from payments before it, and labels
    older than delay_ns.
    """

    source: Path
    payment_id: pa.Array
    time_ns: NDArray[np.int64]
    amount_eur: NDArray[np.float64]
    labels: Labels
    features: Features
    delay_ns: int


@dataclass(frozen=True, slots=True)
class Scored:
    """rows: int64[n_scored], which payments of the history. scores: float64[n_scored],
    probabilities. fitted, fitted_frauds: payments that were learned from."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]
    fitted: int
    fitted_frauds: int


class Days(NamedTuple):
    """First and last days to learn from and to score, inclusive, UTC."""

    train_from: date
    train_to: date
    score_from: date
    score_to: date


@dataclass(frozen=True, slots=True)
class Saved:
    """What the scores would have done, of the scored payments whose label is known: sums in euros,
    outcomes by the default costs. days: that were scored."""

    days: int
    frauds: int
    frauds_stopped: int
    fraud_eur: float
    stopped_eur: float
    honest: int
    honest_declined: int
    reviews: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was fitted on and scored, on which days; auc_roc, average_precision and saved where the
    scored rows have labels of both kinds, else None."""

    days: Days
    fitted: int
    fitted_frauds: int
    scored: int
    auc_roc: float | None
    average_precision: float | None
    saved: Saved | None


def evaluate_risk(
    *,
    payments: Path,
    days: Days | None,
    delay_days: int,
    out: Path | None,
) -> Evaluation:
    """Learns from some days of a file and scores later ones; without `days` the last quarter of
    them is scored, and all before it is learned from.

    Reads `payment_id, time, payer, payee, amount, is_fraud`; writes `payment_id, score` (a
    probability) to `out`, .csv or .parquet, in the order of time. Raises risk.file_columns, and
    risk.file_labels when fewer than FRAUDS_MIN frauds were known.
    """
    history = load_history(payments, delay_days=delay_days)
    days = days or _last_quarter(history)
    scored = score_days(history, **days._asdict())
    if out is not None:
        _write(out, history.payment_id.take(pa.array(scored.rows)), scored.scores)
    judged = history.labels[scored.rows] >= 0
    rows, scores = scored.rows[judged], scored.scores[judged]
    truth = history.labels[rows] == 1
    both = bool(truth.any() and not truth.all())
    return Evaluation(
        days=days,
        fitted=scored.fitted,
        fitted_frauds=scored.fitted_frauds,
        scored=len(scored.rows),
        auc_roc=auc_roc(scores, truth) if both else None,
        average_precision=average_precision(scores, truth) if both else None,
        saved=_saved(history, rows, scores) if both else None,
    )


def _last_quarter(history: History) -> Days:
    """Raises risk.file_labels for a file of one day: nothing lies before what is scored."""
    first, last = (_day(history.time_ns[k]) for k in (0, -1)) if len(history.time_ns) else (0, 0)
    if first == last:
        raise RiskFault("risk.file_labels", path=history.source, what="all of it is of one day")
    score_from = last + 1 - max(1, (last + 1 - first) // 4)
    return Days(
        *(_EPOCH + timedelta(days=day) for day in (first, score_from - 1, score_from, last))
    )


def _day(time_ns: np.int64) -> int:
    return int(time_ns // DAY_NS)


def _saved(history: History, rows: NDArray[np.int64], scores: NDArray[np.float64]) -> Saved:
    """Of an analyst it is taken here that every fraud that is looked at is stopped."""
    amount_eur, is_fraud = history.amount_eur[rows], history.labels[rows] == 1
    outcome = CostPolicy().decide(np.rint(scores * SCORE_BPS_MAX).astype(np.uint16), amount_eur)
    stopped = is_fraud & (outcome != ACCEPT)
    return Saved(
        days=len(np.unique(history.time_ns[rows] // DAY_NS)),
        frauds=int(is_fraud.sum()),
        frauds_stopped=int(stopped.sum()),
        fraud_eur=round(float(amount_eur[is_fraud].sum()), 2),
        stopped_eur=round(float(amount_eur[stopped].sum()), 2),
        honest=int((~is_fraud).sum()),
        honest_declined=int((~is_fraud & (outcome == DECLINE)).sum()),
        reviews=int((outcome == REVIEW).sum()),
    )


def load_history(payments: Path, *, delay_days: int) -> History:
    """The file with its features; a label counts once it is delay_days old. Raises
    risk.file_columns."""
    file = load_payments(payments)
    delay_ns = delay_days * DAY_NS
    news = [find(file.facts, file.labels, delay_ns=delay_ns)
            for find in (find_reports, find_clearances)]  # fmt: skip
    features = compute_features(file.facts, np.concatenate(news))[:, :LEARNED]
    return History(
        payments, file.payment_id, file.facts["time_ns"], file.facts["amount_eur"], file.labels,
        features, delay_ns,
    )  # fmt: skip


def score_days(
    history: History, *, train_from: date, train_to: date, score_from: date, score_to: date
) -> Scored:
    """As evaluate_risk: fits on the labels of train_from to train_to that were known when
    score_from began. Raises risk.file_labels."""
    time_ns, labels = history.time_ns, history.labels
    known_by_then = time_ns + history.delay_ns <= _midnight_ns(score_from)
    in_window = (time_ns >= _midnight_ns(train_from)) & (time_ns < _midnight_ns(train_to) + DAY_NS)
    fit = np.flatnonzero(in_window & known_by_then & (labels >= 0))
    score = np.flatnonzero(
        (time_ns >= _midnight_ns(score_from)) & (time_ns < _midnight_ns(score_to) + DAY_NS)
    )
    is_fraud = labels[fit] == 1
    n_frauds = int(is_fraud.sum())
    if n_frauds < FRAUDS_MIN:
        what = f"{n_frauds} frauds were known, needed {FRAUDS_MIN}"
        raise RiskFault("risk.file_labels", path=history.source, what=what)
    scores = _fit_and_score(history, fit, is_fraud, score)
    return Scored(score, scores, fitted=len(fit), fitted_frauds=n_frauds)


def _midnight_ns(day: date) -> int:
    return (day - _EPOCH).days * DAY_NS


def _fit_and_score(
    history: History, fit: NDArray[np.int64], is_fraud: NDArray[np.bool_], score: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Probabilities float64[n_score]: the mean of the forests' log odds, each on its own sample.

    fit, score: rows of the history, in the order of time. is_fraud: bool[n_fit].
    """
    age_days = (history.time_ns[fit[-1]] - history.time_ns[fit]) / DAY_NS
    past = history.features[np.ix_(fit, _ASKED)]
    asked = history.features[np.ix_(score, _ASKED)]
    log_odds = np.zeros(len(score))
    chance = chances(past, is_fraud, honest_max=_HONEST_MAX, seed=0)
    forests = list(product(_LEAVES_AND_TREES, _HALF_LIVES_DAYS))
    for seed, ((leaves, trees), half_life_days) in enumerate(forests, start=1):
        booster = boost(
            past, is_fraud, chance, weight=0.5 ** (age_days / half_life_days),
            parameters={**_PARAMETERS, "num_leaves": leaves}, trees=trees, seed=seed,
        )  # fmt: skip
        if len(score):
            log_odds += np.asarray(booster.predict(asked, raw_score=True, num_threads=1))
    return np.exp(-np.logaddexp(0.0, -log_odds / len(forests)))


def _write(out: Path, payment_id: Any, scores: NDArray[np.float64]) -> None:
    table = pa.table({"payment_id": payment_id, "score": scores})
    if out.suffix.lower() == ".csv":
        pa.csv.write_csv(table, out)
    else:
        pa.parquet.write_table(table, out)
