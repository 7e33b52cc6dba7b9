"""Own accounts under other names."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
    eur,
    yes,
)
from clearway.risk.typologies.sources import FATF_CYBER_FRAUD

TYPOLOGY: Final = Typology(
    bit=18,
    code="laundering.shared_device_dealing",
    name="Own accounts under other names",
    side="payee",
    sources=(
        FATF_CYBER_FRAUD.says(
            "one device or address that goes with accounts of different holders",
            at="Annex A, identity of the user",
        ),
        FATF_CYBER_FRAUD.says(
            "herders and syndicates who use the accounts of their mules themselves",
            at="section 2.3",
        ),
    ),
    why=(
        "Payer and payee are used with the same device, and the payee is new: one hand moves money "
        "between accounts of different names."
    ),
    advice="Treat both accounts as one, and look at what leaves them.",
    conditions=(
        yes("pair_kin", "one device pays for both"),
        yes("payee_new", "partners who share a tablet have paid each other before"),
        between("payee_age", days(0), days(30), "opened lately"),
        at_least("amount_log", eur(500), "a child's first account gets less"),
    ),
)
