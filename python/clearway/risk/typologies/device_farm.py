"""Device farm."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
    events,
)

TYPOLOGY: Final = Typology(
    bit=16,
    code="laundering.device_farm",
    name="Device farm",
    side="payer",
    source=(
        "FATF, Virtual Assets: Red Flag Indicators of Money Laundering and Terrorist Financing "
        "(September 2020) (accounts of different names controlled from one device or address)"
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
