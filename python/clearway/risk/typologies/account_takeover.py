"""Account takeover."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
    events,
    yes,
)
from clearway.risk.typologies.sources import EU_AUTHENTICATION, FINCEN_TAKEOVER

TYPOLOGY: Final = Typology(
    bit=23,
    code="fraud.account_takeover",
    name="Account takeover",
    side="payer",
    sources=(
        FINCEN_TAKEOVER.says("activity that does not fit the customer, such as sudden transfers"),
        EU_AUTHENTICATION.says(
            "unusual information about the payer's device", at="Article 18(2)(c)(ii)"
        ),
    ),
    why=(
        "From a device that the account never used, an unusual sum goes to somebody it never paid."
    ),
    advice="Call the owner on the number that was known before, not on a new one.",
    conditions=(
        yes("device_new", "the thief's device is not the owner's"),
        yes("payee_new", "and neither is the payee"),
        at_least("amount_deviation", 2.0, "rare among this owner's amounts"),
        at_least("payer_sent_n", events(10), "before ten payments nobody knows what is usual"),
        at_least("amount_log", eur(200), "a new telephone is often tried with a purchase"),
    ),
)
