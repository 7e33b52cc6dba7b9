"""Second layer of mules."""

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
    bit=21,
    code="laundering.near_accused",
    name="Second layer of mules",
    side="payer",
    sources=(
        FATF_CYBER_FRAUD.says(
            "proceeds pass quickly through chains of accounts of mules", at="section 2.3"
        ),
    ),
    why="An account one or two payments away from a reported one sends on what it got today.",
    advice="Follow the chain in both directions; the reported account is at one end of it.",
    conditions=(
        between("payer_hops", 1, 2, "victims are near too, but nothing passes through them"),
        at_least("payer_taint", 0.1, "a good part of what it got came from reported accounts"),
        between("amount_of_got_1d", 0.41, 0.8, "nearly all of what came goes on"),
        between("payer_got_idle", days(0), days(1), "it came today"),
        at_least("payer_got_new_1d", 0.4, "from somebody who never paid it before"),
        yes("payee_new", "to somebody new"),
        at_least("amount_log", eur(200), "sums that are worth it"),
    ),
)
