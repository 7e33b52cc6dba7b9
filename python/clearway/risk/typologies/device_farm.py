"""Device farm."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
    events,
)
from clearway.risk.typologies.sources import FATF_CYBER_FRAUD

TYPOLOGY: Final = Typology(
    bit=16,
    code="laundering.device_farm",
    name="Device farm",
    side="payer",
    sources=(
        FATF_CYBER_FRAUD.says(
            "one device or address that goes with accounts of different holders",
            at="Annex A, identity of the user",
        ),
    ),
    why="One device pays for many accounts within days.",
    advice=(
        "Look at all accounts of the device together: who opened them, when, with which documents."
    ),
    conditions=(
        at_least(
            "device_accounts_7d", 3.5, "five accounts within the week: a family tablet has three"
        ),
        at_least("payer_kin", events(5), "joined by devices with at least as many"),
        at_least("amount_log", eur(20), "smaller sums are a till in a canteen"),
    ),
)
