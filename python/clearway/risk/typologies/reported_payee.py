"""Payee reported before."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
    times,
    yes,
)
from clearway.risk.typologies.sources import BCB_REJECTION, FATF_CYBER_FRAUD

TYPOLOGY: Final = Typology(
    bit=37,
    code="fraud.reported_payee",
    name="Payee reported before",
    side="payee",
    sources=(
        BCB_REJECTION.says(
            "payments to accounts under a founded suspicion of fraud have to be rejected"
        ),
        FATF_CYBER_FRAUD.says(
            "fraud reports and recalls of other institutions", at="Annex A, adverse information"
        ),
    ),
    why="Others have reported frauds to this payee within the month, and the next one pays.",
    advice="Tell the payer before the money leaves; look at all who paid since the first report.",
    conditions=(
        at_least("payee_reports_30d", 1.2, "two reports: one may be a quarrel"),
        at_least(
            "payee_report_share_30d", 0.15, "a sixth of what it got: large shops are reported too"
        ),
        yes("payee_new", "by somebody who does not know it"),
        at_least("amount_log", eur(20), "sums that are worth it"),
        at_least(
            "amount_over_usual", times(3), "victims are talked into more than they usually pay"
        ),
    ),
)
