"""The command `evaluate`: what was read, found and written."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from clearway.risk.laundering import evaluate_aml


def evaluate_laundering(
    payments: Path, *, labels: Path | None, out: Path
) -> tuple[dict[str, Any], str]:
    """Scores the accounts of `payments` into `out`. Raises RiskFault."""
    found = evaluate_aml(payments=payments, labels=labels, out=out)
    words = (
        f"{found.payments} payments, {found.accounts} accounts, {found.named} with a typology: "
        f"{out}"
    )
    if found.average_precision is not None:
        words += (
            f"\naverage precision {found.average_precision:.3f} over {found.labelled} labelled "
            f"accounts ({found.suspicious} suspicious), cross-fitted"
        )
    return {**asdict(found), "out": str(out)}, words
