"""How well frauds on cards are found: the Fraud Detection Handbook's four folds. Prints JSON.

    python -m benchmarks.card_fraud SHARED_FOLDER

Train 7 days (or all there are), wait 7 for their labels, test 7. Cards that were known to be
compromised are not judged. TX_FRAUD_SCENARIO, which is part of the label, is not read.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from clearway.risk.models.metrics import auc_roc, average_precision, calibration_error
from clearway.risk.offline.evaluate import History, load_history, score_days

FIRST_DAY: Final = date(2018, 4, 1)
FOLDS: Final = (date(2018, 7, 25), date(2018, 8, 1), date(2018, 8, 8), date(2018, 8, 15))
DELAY_DAYS: Final = 7
CARDS: Final = 100  # that a team can look at in a day
METRICS: Final = ("auc_roc", "average_precision", "card_precision_100", "calibration_error")
_DAY: Final = timedelta(days=1)
_WEEK: Final = 7 * _DAY


@dataclass(frozen=True, slots=True)
class Cards:
    """The history with what its protocol asks for: card int64[n] and day int64[n] since 1970."""

    history: History
    card: NDArray[np.int64]
    day: NDArray[np.int64]

    @property
    def is_fraud(self) -> NDArray[np.bool_]:
        fraud: NDArray[np.bool_] = self.history.labels == 1
        return fraud


def measure(shared: Path, folds: tuple[date, ...] = FOLDS) -> dict[str, Any]:
    """Means over the folds and each of them, with a week to learn from and with all before."""
    cards = load_cards(shared)
    return {
        "7_days": _mean([_fold(cards, start, train_from=start) for start in folds]),
        "all_history": _mean([_fold(cards, start, train_from=FIRST_DAY) for start in folds]),
    }


def load_cards(shared: Path) -> Cards:
    with tempfile.TemporaryDirectory() as folder:
        path = write_payments(shared, Path(folder))
        history = load_history(path, delay_days=DELAY_DAYS)
    raw = pq.read_table(_file(shared), columns=["TX_DATETIME", "CUSTOMER_ID"])
    place = history.payment_id.to_numpy()
    days = raw["TX_DATETIME"].to_numpy().astype("datetime64[D]").astype(np.int64)
    return Cards(history, raw["CUSTOMER_ID"].to_numpy().astype(np.int64)[place], days[place])


def write_payments(shared: Path, folder: Path) -> Path:
    """The handbook's payments as a file that `clearway train` reads; payment_id is the place."""
    raw = pq.read_table(
        _file(shared),
        columns=["TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD"],
    )
    table = pa.table(
        {
            "payment_id": np.arange(len(raw)),
            "time": raw["TX_DATETIME"],
            "payer": raw["CUSTOMER_ID"],
            "payee": pc.add(raw["TERMINAL_ID"], 1_000_000),  # not to be taken for a customer
            "amount": raw["TX_AMOUNT"],
            "is_fraud": raw["TX_FRAUD"],
        }
    )
    path = folder / "payments.parquet"
    pq.write_table(table, path)
    return path


def _file(shared: Path) -> Path:
    return shared / "data/card_fraud/transactions.parquet"


def _mean(folds: list[dict[str, float]]) -> dict[str, Any]:
    return {
        **{name: round(float(np.mean([fold[name] for fold in folds])), 4) for name in METRICS},
        "folds": [[round(fold[name], 4) for name in METRICS] for fold in folds],
    }


def _fold(cards: Cards, start: date, *, train_from: date) -> dict[str, float]:
    rows, scores = score_fold(cards, start, train_from=train_from)
    truth = cards.is_fraud[rows]
    return {
        "auc_roc": auc_roc(scores, truth),
        "average_precision": average_precision(scores, truth),
        "card_precision_100": card_precision(scores, truth, cards.day[rows], cards.card[rows]),
        "calibration_error": calibration_error(scores, truth),
    }


def score_fold(
    cards: Cards, start: date, *, train_from: date
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Which payments are judged, and their scores. `start` begins the week of training; cards
    compromised before it are judged again."""
    first = start + 2 * _WEEK
    scored = score_days(
        cards.history,
        train_from=train_from,
        train_to=start + 6 * _DAY,
        score_from=first,
        score_to=first + 6 * _DAY,
    )
    judged = not_yet_known(cards, start)[scored.rows]
    return scored.rows[judged], scored.scores[judged]


def not_yet_known(cards: Cards, start: date) -> NDArray[np.bool_]:
    """Test payments of cards without a known fraud: none in the training week, and for test day d
    none in the delay week up to d - 8."""
    begin = (start - date(1970, 1, 1)).days
    day, fraud = cards.day, cards.is_fraud
    judged = np.zeros(len(day), dtype=np.bool_)
    for test_day in range(begin + 14, begin + 21):
        known = fraud & (day >= begin) & (day <= max(begin + 6, test_day - 8))
        judged |= (day == test_day) & ~np.isin(cards.card, np.unique(cards.card[known]))
    return judged


def card_precision(
    scores: NDArray[np.float64],
    is_fraud: NDArray[np.bool_],
    day: NDArray[np.int64],
    card: NDArray[np.int64],
    per_day: int = CARDS,
) -> float:
    """Each day the cards of the highest score are looked at: which share had a fraud that day? The
    mean over the days. A card that was found is looked at no more."""
    found: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    shares = []
    for today in np.unique(day):
        rows = (day == today) & ~np.isin(card, found)
        cards, number = np.unique(card[rows], return_inverse=True)
        highest = np.full(len(cards), -np.inf)
        np.maximum.at(highest, number, scores[rows])
        had_fraud = np.zeros(len(cards), dtype=np.bool_)
        np.logical_or.at(had_fraud, number, is_fraud[rows])
        top = np.argsort(-highest, kind="stable")[:per_day]
        shares.append(float(had_fraud[top].sum()) / per_day)
        found = np.append(found, cards[top][had_fraud[top]])
    return float(np.mean(shares))


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1])), indent=1))
