"""Authorised push payment scam."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
    eur,
    events,
    times,
    yes,
)
from clearway.risk.typologies.sources import PSR_REIMBURSEMENT, UK_FINANCE_2024

TYPOLOGY: Final = Typology(
    bit=25,
    code="fraud.push_payment_scam",
    name="Authorised push payment scam",
    side="payer",
    sources=(
        PSR_REIMBURSEMENT.says(
            "payers deceived into paying an account that is not what they think"
        ),
        UK_FINANCE_2024.says(
            "the scams by which they are deceived, and how often", at="authorised fraud"
        ),
    ),
    why=(
        "The owner pays more than ever before to a young account that mostly gets money from "
        "strangers."
    ),
    advice="Ask the owner how they found the payee, and warn in plain words what it looks like.",
    conditions=(
        at_least("amount_over_max", times(1.3), "more than ever before"),
        between("payee_age", days(0), days(30), "young: a car dealer's account is years old"),
        at_least("payee_new_share", 0.3, "it gets money from people who never paid it before"),
        yes("payee_new", "as from this owner"),
        between(
            "payee_sent_n", events(0), events(30), "it does not pay for anything as an owner would"
        ),
        at_least("payer_sent_n", events(20), "an owner with habits"),
        at_least("amount_log", eur(500), "what it is worth deceiving somebody for"),
    ),
)
