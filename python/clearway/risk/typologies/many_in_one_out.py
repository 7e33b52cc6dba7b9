"""Many small in, one large out."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    eur,
    yes,
)
from clearway.risk.typologies.sources import FATF_VIRTUAL_ASSETS, FFIEC_MANUAL

TYPOLOGY: Final = Typology(
    bit=9,
    code="laundering.many_in_one_out",
    name="Many small in, one large out",
    side="payer",
    sources=(
        FFIEC_MANUAL.says(
            "many small transfers come in, and nearly all of it is wired on almost immediately",
            at="Appendix F, Funds Transfers",
        ),
        FATF_VIRTUAL_ASSETS.says(
            "small sums of many unrelated senders, then one transfer of all",
            at="indicators related to transaction patterns",
        ),
    ),
    why="Many payments of strangers come together within a day, and leave as one.",
    advice="Look at the payers: do they know each other, or what they paid for?",
    conditions=(
        at_least("payer_got_new_1d", 3.0, "four or more strangers within hours"),
        between("amount_of_got_1d", 0.41, 0.8, "nearly all of it leaves"),
        yes("payee_new", "takings that go to the usual supplier are a business"),
        at_least("amount_log", eur(1_500), "a club's bus costs less"),
        at_least(
            "payer_surge", 0.5, "half of the month's money or more: a treasurer has a life beside"
        ),
    ),
)
