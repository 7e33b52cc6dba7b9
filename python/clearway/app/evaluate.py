"""The command `evaluate`: what was read, found and written."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from clearway.risk.laundering import evaluate_aml
from clearway.risk.offline.evaluate import Days, Saved, evaluate_risk


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
    payments: Path, *, days: Sequence[date] | None, delay_days: int, out: Path | None
) -> tuple[dict[str, Any], str]:
    """Learns from some days of `payments` and scores later ones, into `out` if there is one.
    days: as risk.offline.evaluate.Days. Raises RiskFault; ValueError for days in the wrong
    order."""
    asked = None if days is None else Days(*days)
    if asked and (asked.train_to < asked.train_from or asked.score_to < asked.score_from):
        raise ValueError("a first day lies after its last")
    found = evaluate_risk(payments=payments, days=asked, delay_days=delay_days, out=out)
    asked = found.days
    lines = [
        (
            f"learned from {found.fitted:,} payments of {asked.train_from} to {asked.train_to} "
            f"with a label of {delay_days} days or older, {found.fitted_frauds:,} of them frauds"
        ),
        f"scored {found.scored:,} payments of {asked.score_from} to {asked.score_to}"
        + ("" if out is None else f": {out}"),
    ]
    if found.auc_roc is not None and found.average_precision is not None:
        lines.append(
            f"AUC {found.auc_roc:.3f}, average precision {found.average_precision:.3f} "
            "against the labels of the scored days"
        )
    if found.saved is not None:
        lines.append(_in_money(found.saved))
    told = {**asdict(found), "days": {name: str(day) for name, day in asked._asdict().items()}}
    return {**told, "out": None if out is None else str(out)}, "\n".join(lines)


def _in_money(saved: Saved) -> str:
    return (
        f"by the default costs {saved.frauds_stopped:,} of {saved.frauds:,} frauds would have been "
        f"stopped, {saved.stopped_eur:,.2f} of {saved.fraud_eur:,.2f} euros,\n"
        f"with {saved.reviews / saved.days:,.1f} reviews a day, and {saved.honest_declined:,} of "
        f"{saved.honest:,} honest payments declined"
    )
