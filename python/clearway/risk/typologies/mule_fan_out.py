"""Mule account that distributes."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
    yes,
)
from clearway.risk.typologies.sources import AMLSIM, FATF_CYBER_FRAUD, FATF_PROFESSIONALS

TYPOLOGY: Final = Typology(
    bit=4,
    code="laundering.mule_fan_out",
    name="Mule account that distributes",
    side="payer",
    sources=(
        FATF_PROFESSIONALS.says("launderers who recruit and manage networks of mules"),
        AMLSIM.says("fan-out: one account sends on to many"),
        FATF_CYBER_FRAUD.says(
            "layered quickly through accounts of mules and strawmen", at="section 2.3"
        ),
    ),
    why="Money that came from strangers within the day leaves to several new payees.",
    advice="Follow the payees: they are the next layer.",
    conditions=(
        at_least("payer_new_1d", 2.0, "two new payees within hours, beside this one"),
        at_least(
            "payer_got_new_1d",
            0.5,
            "what it sends came from somebody who never paid it before, today",
        ),
        at_least("payer_new_share", 0.5, "it does not pay anybody it knows"),
        yes("payee_new", "the payee is another one"),
        at_least("amount_of_got_1d", 0.05, "it is a part of what came, not pocket money"),
        at_least(
            "payer_surge",
            0.5,
            "half of the month's money or more: a business pays like this every day",
        ),
        at_least("amount_log", eur(200), "parts of stolen sums are hundreds"),
    ),
)
