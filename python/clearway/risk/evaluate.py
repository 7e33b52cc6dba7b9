"""`clearway evaluate risk`: what the risk room learns from somebody's own history, without leaks.

A payment's features come from payments before it, and from labels that are at least `delay_days`
older than it; the model is fitted on labels that were known when the scoring period began.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from clearway.risk.errors import RiskFault
from clearway.risk.files import load_payments
from clearway.risk.history import DAY_NS, compute_features, find_reports
from clearway.risk.metrics import auc_roc, average_precision
from clearway.risk.train import FRAUDS_MIN

# A week of labels is little: small trees, much shrinkage, and the mean over a few seeds.
_LIGHTGBM: Final = {
    "objective": "binary", "num_leaves": 8, "learning_rate": 0.03, "min_data_in_leaf": 30,
    "lambda_l2": 5.0, "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1,
    "boost_from_average": False, "verbose": -1, "num_threads": 1, "deterministic": True,
    "force_row_wise": True,
}  # fmt: skip
_TREES: Final = 250
_SEEDS: Final = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was fitted on and scored; auc_roc and average_precision where the scored rows have
    labels of both kinds, else None."""

    fitted: int
    fitted_frauds: int
    scored: int
    auc_roc: float | None
    average_precision: float | None


def evaluate_risk(
    *,
    payments: Path,
    train_from: date,
    train_to: date,
    delay_days: int,
    score_from: date,
    score_to: date,
    out: Path,
) -> Evaluation:
    """Learns from the days train_from to train_to, scores score_from to score_to (inclusive, UTC).

    Reads `payment_id, time, payer, payee, amount, is_fraud`; writes `payment_id, score` (a
    probability) to `out`, .csv or .parquet, in the order of time. Raises risk.file_columns, and
    risk.file_labels when fewer than FRAUDS_MIN frauds were known.
    """
    file = load_payments(payments)
    time_ns = file.facts["time_ns"]
    delay_ns = delay_days * DAY_NS
    known_by_then = time_ns + delay_ns <= _midnight_ns(score_from)
    in_window = (time_ns >= _midnight_ns(train_from)) & (time_ns < _midnight_ns(train_to) + DAY_NS)
    fit = in_window & known_by_then & (file.labels >= 0)
    score = (time_ns >= _midnight_ns(score_from)) & (time_ns < _midnight_ns(score_to) + DAY_NS)
    is_fraud = file.labels == 1
    if is_fraud[fit].sum() < FRAUDS_MIN:
        what = f"{int(is_fraud[fit].sum())} frauds were known, needed {FRAUDS_MIN}"
        raise RiskFault("risk.file_labels", path=payments, what=what)
    features = compute_features(
        file.facts, find_reports(file.facts, file.labels, delay_ns=delay_ns)
    )
    scores = _fit_and_score(features[fit], is_fraud[fit], features[score])
    _write(out, file.payment_id.filter(pa.array(score)), scores)
    judged = file.labels[score] >= 0
    truth = is_fraud[score][judged]
    both = bool(truth.any() and not truth.all())
    return Evaluation(
        fitted=int(fit.sum()),
        fitted_frauds=int(is_fraud[fit].sum()),
        scored=int(score.sum()),
        auc_roc=auc_roc(scores[judged], truth) if both else None,
        average_precision=average_precision(scores[judged], truth) if both else None,
    )


def _midnight_ns(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_NS


def _fit_and_score(
    fit: NDArray[np.float32], is_fraud: NDArray[np.bool_], score: NDArray[np.float32]
) -> NDArray[np.float64]:
    import lightgbm  # only learning needs it: a node starts without

    total = np.zeros(len(score))
    for seed in _SEEDS:
        data = lightgbm.Dataset(fit, is_fraud)
        booster = lightgbm.train({**_LIGHTGBM, "seed": seed}, data, num_boost_round=_TREES)
        if len(score):
            total += booster.predict(score, num_threads=1)
    return total / len(_SEEDS)


def _write(out: Path, payment_id: Any, scores: NDArray[np.float64]) -> None:
    table = pa.table({"payment_id": payment_id, "score": scores})
    if out.suffix.lower() == ".csv":
        pa.csv.write_csv(table, out)
    else:
        pa.parquet.write_table(table, out)
