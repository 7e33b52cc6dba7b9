"""The command `evaluate`: what was read, found and written."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from clearway.risk.laundering import evaluate_aml
from clearway.risk.offline.evaluate import evaluate_risk


def evaluate_laundering(
    payments: Path, *, labels: Path | None, out: Path
) -> tuple[dict[str, Any], str]:
    """Scores the accounts of `payments` into `out`. Raises RiskFault."""
    found = evaluate_aml(payments=payments, labels=labels, out=out)
    words = (
        f"{found.payments} payments, {found.accounts} accounts, {found.named} with a typology: "
        f"{out}"
    )
    if found.average_precision is None:
        words += "\nthe score orders accounts by evidence; it is no probability"
    else:
        words += (
            f"\naverage precision {found.average_precision:.3f}, calibration error "
            f"{found.calibration_error:.4f} over {found.labelled} labelled accounts "
            f"({found.suspicious} suspicious), cross-fitted; the score is a probability"
        )
    return {**asdict(found), "out": str(out)}, words


def evaluate_fraud(
    payments: Path,
    *,
    train: tuple[date, date],
    delay_days: int,
    score: tuple[date, date],
    out: Path,
) -> tuple[dict[str, Any], str]:
    """Learns from the days `train` of `payments`, scores the days `score` into `out`; both
    inclusive, UTC. Raises RiskFault; ValueError for days in the wrong order."""
    if train[1] < train[0] or score[1] < score[0]:
        raise ValueError("a first day lies after its last")
    found = evaluate_risk(
        payments=payments, train_from=train[0], train_to=train[1], delay_days=delay_days,
        score_from=score[0], score_to=score[1], out=out,
    )  # fmt: skip
    words = (
        f"learned from {found.fitted:,} payments, {found.fitted_frauds:,} of them frauds; "
        f"{found.scored:,} scored: {out}"
    )
    if found.auc_roc is not None and found.average_precision is not None:
        words += (
            f"\nAUC {found.auc_roc:.3f}, average precision {found.average_precision:.3f} "
            "against the labels of the scored days"
        )
    return {**asdict(found), "out": str(out)}, words
