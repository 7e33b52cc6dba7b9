"""Scoring a file of payments offline, as if each had just been asked for."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import Outcome
from clearway.risk.decide import Scorer
from clearway.risk.models.metrics import auc_roc, average_precision
from clearway.risk.offline.files import load_payments

_BATCH: Final = 4_096


@dataclass(frozen=True, slots=True)
class Labelled:
    """Against the labels of a file, unknown ones left out; amounts in euros."""

    frauds: int
    frauds_stopped: int
    fraud_eur: float
    fraud_stopped_eur: float
    honest_stopped: int
    auc_roc: float
    average_precision: float


@dataclass(frozen=True, slots=True)
class Replay:
    """n payments in the order of time, their scores and outcomes, and what they amount to.

    rate_per_s: payments scored per second, features included, reading the file not.
    """

    payment_id: Any
    score_bps: NDArray[np.uint16]
    outcome: NDArray[np.uint8]
    reasons: NDArray[np.uint64]
    by_outcome: dict[str, int]
    rate_per_s: float
    labelled: Labelled | None


def replay_file(path: Path, scorer: Scorer) -> Replay:
    """Plays `path` (columns: files.load_payments) through `scorer`, and leaves its memory moved on.

    Raises risk.file_columns.
    """
    file = load_payments(path)
    n = len(file.facts)
    score_bps, outcome = np.zeros(n, dtype=np.uint16), np.zeros(n, dtype=np.uint8)
    reasons = np.zeros(n, dtype=np.uint64)
    height = scorer.state.as_of.height + 1  # the file is one block to the memory
    start_s = time.perf_counter()
    for start in range(0, n, _BATCH):
        part = slice(start, start + _BATCH)
        scores = scorer.score(file.facts[part])
        scorer.commit(height=height, index=min(start + _BATCH, n) - 1)
        score_bps[part], outcome[part] = scores.score_bps, scores.outcome
        reasons[part] = scores.reasons
    took_s = time.perf_counter() - start_s
    names = {kind.name.lower(): kind for kind in (Outcome.ACCEPT, Outcome.REVIEW, Outcome.DECLINE)}
    known = file.labels >= 0
    return Replay(
        payment_id=file.payment_id,
        score_bps=score_bps,
        outcome=outcome,
        reasons=reasons,
        by_outcome={name: int((outcome == kind).sum()) for name, kind in names.items()},
        rate_per_s=n / took_s if n else 0.0,
        labelled=_compare(
            score_bps[known], outcome[known] != Outcome.ACCEPT, file.labels[known] == 1,
            file.facts["amount_eur"][known],
        ),
    )  # fmt: skip


def _compare(
    score_bps: NDArray[np.uint16],
    stopped: NDArray[np.bool_],
    fraud: NDArray[np.bool_],
    eur: NDArray[np.float64],
) -> Labelled | None:
    """None when the labels are all of one kind: then there is nothing to compare with."""
    if not fraud.any() or fraud.all():
        return None
    return Labelled(
        frauds=int(fraud.sum()),
        frauds_stopped=int((fraud & stopped).sum()),
        fraud_eur=float(eur[fraud].sum()),
        fraud_stopped_eur=float(eur[fraud & stopped].sum()),
        honest_stopped=int((~fraud & stopped).sum()),
        auc_roc=auc_roc(score_bps, fraud),
        average_precision=average_precision(score_bps, fraud),
    )
