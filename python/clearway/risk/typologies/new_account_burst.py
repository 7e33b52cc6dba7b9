"""New account in a hurry."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
    eur,
    yes,
)
from clearway.risk.typologies.sources import FATF_CYBER_FRAUD, FINCEN_PANDEMIC

TYPOLOGY: Final = Typology(
    bit=22,
    code="laundering.new_account_burst",
    name="New account in a hurry",
    side="payer",
    sources=(
        FATF_CYBER_FRAUD.says(
            "rapid transactions right after an account was opened",
            at="Annex A, transaction patterns",
        ),
        FINCEN_PANDEMIC.says("remote onboarding deceived with manipulated documents"),
    ),
    why=(
        "An account that is days old gets a considerable sum and pays many strangers within a day."
    ),
    advice="Check how it was opened: document, face, device, telephone.",
    conditions=(
        between("payer_age", days(0), days(3), "in its first days"),
        at_least("payer_new_1d", 3.5, "four or more new payees within hours, beside this one"),
        at_least("payer_got_sum_1d", eur(800), "more than a new owner tries it with"),
        yes("payee_new", "another one again"),
        at_least(
            "amount_log", eur(50), "small purchases are a new card being tried out by its owner"
        ),
    ),
)
