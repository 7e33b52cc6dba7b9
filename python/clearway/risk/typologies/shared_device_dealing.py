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

TYPOLOGY: Final = Typology(
    bit=18,
    code="laundering.shared_device_dealing",
    name="Own accounts under other names",
    side="payee",
    source=(
        "FATF, Egmont Group and INTERPOL, Illicit Financial Flows from Cyber-Enabled Fraud "
        "(November 2023), mule herders; EBA Opinion EBA-Op/2024/01 on new types of payment fraud "
        "(April 2024)"
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
