"""`clearway evaluate aml`: scores the accounts of a file of payments."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clearway.risk.errors import RiskFault
from clearway.risk.laundering.aggregates import find_aggregates
from clearway.risk.laundering.files import load_suspicions, load_transfers, write_accounts
from clearway.risk.laundering.score import find_patterns, name_typologies, score_accounts
from clearway.risk.laundering.supervised import SUSPICIOUS_MIN, fit_and_score
from clearway.risk.models.metrics import average_precision, calibration_error


@dataclass(frozen=True, slots=True)
class AmlEvaluation:
    """payments: without self_payments and repeated rows, which are left out. named: accounts with a
    typology. labelled, suspicious: accounts of the file with a label, and with that one.
    labels_unknown: rows about other accounts. score_is: `evidence` or, with labels, `probability`.
    average_precision, calibration_error: over the labelled, none of whom is scored or calibrated by
    what has seen its own label; None without labels."""

    payments: int
    self_payments: int
    repeated: int
    accounts: int
    named: int
    labelled: int
    suspicious: int
    labels_unknown: int
    score_is: str
    average_precision: float | None
    calibration_error: float | None


def evaluate_aml(*, payments: Path, out: Path, labels: Path | None = None) -> AmlEvaluation:
    """Reads `payment_id, time, payer, payee, amount`; writes `account, score, typologies`.

    Without labels the score is all evidence together, squeezed into [0, 1): it orders accounts and
    is no probability. With labels (`account, is_suspicious`) it is one, learnt from them and
    calibrated across folds. Typologies are the patterns found
    in the graph either way. Raises risk.file_format, risk.file_columns, risk.file_values, and
    risk.file_labels when fewer than SUSPICIOUS_MIN accounts of either kind are labelled.
    """
    transfers = load_transfers(payments)
    names, graph = transfers.names, transfers.graph
    known, unknown = (
        (np.full(len(names), -1, dtype=np.int8), 0)
        if labels is None
        else load_suspicions(labels, names)
    )
    is_labelled, is_suspicious = known >= 0, known == 1
    n_suspicious, n_labelled = int(is_suspicious.sum()), int(is_labelled.sum())
    if labels is not None and min(n_suspicious, n_labelled - n_suspicious) < SUSPICIOUS_MIN:
        what = (
            f"{n_suspicious} accounts of the payments are suspicious and "
            f"{n_labelled - n_suspicious} are not, needed {SUSPICIOUS_MIN} of each"
        )
        raise RiskFault("risk.file_labels", path=labels, what=what)
    strengths = find_patterns(graph)
    if labels is None:
        score = score_accounts(strengths)
    else:
        features = np.concatenate([strengths, find_aggregates(graph)], axis=1)
        score = fit_and_score(features, known)
    judged = score[is_labelled], is_suspicious[is_labelled]
    typologies = name_typologies(strengths)
    write_accounts(out, names, score, typologies)
    return AmlEvaluation(
        payments=graph.payments,
        self_payments=transfers.self_payments,
        repeated=transfers.repeated,
        accounts=len(names),
        named=sum(bool(named) for named in typologies),
        labelled=n_labelled,
        suspicious=n_suspicious,
        labels_unknown=unknown,
        score_is="evidence" if labels is None else "probability",
        average_precision=None if labels is None else average_precision(*judged),
        calibration_error=None if labels is None else calibration_error(*judged),
    )
