"""Reported account pays out."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
    eur,
    yes,
)
from clearway.risk.typologies.sources import FATF_CYBER_FRAUD, FINCEN_RECOVERY

TYPOLOGY: Final = Typology(
    bit=20,
    code="laundering.accused_pays_out",
    name="Reported account pays out",
    side="payer",
    sources=(
        FINCEN_RECOVERY.says("recovery succeeds more often within 72 hours"),
        FATF_CYBER_FRAUD.says(
            "fraud reports and recalls of other institutions", at="Annex A, adverse information"
        ),
    ),
    why=(
        "An account to which a fraud was reported within the month sends on what it has just got."
    ),
    advice="Stop what can be stopped: the sooner, the more comes back.",
    conditions=(
        between("payer_hops", 0, 0, "itself reported, as payee, within 30 days"),
        between("payer_got_idle", days(0), days(2), "there is new money on it"),
        at_least("amount_of_got_1d", 0.3, "and this takes a good part of it away"),
        at_least("payer_surge", 0.4, "a shop that was reported once pays its bills all month"),
        yes("payee_new", "a shop pays its usual supplier"),
        at_least("amount_log", eur(50), "sums that are worth it"),
    ),
)
