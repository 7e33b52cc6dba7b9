"""Smurfing across corridors."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    eur,
    yes,
)
from clearway.risk.typologies.sources import FATF_REMITTANCE

TYPOLOGY: Final = Typology(
    bit=12,
    code="laundering.smurfing_corridors",
    name="Smurfing across corridors",
    side="payer",
    sources=(
        FATF_REMITTANCE.says("smurfing is the commonest method", at="section 2.1"),
        FATF_REMITTANCE.says(
            "a sender without ties to the many countries that were paid", at="section 2.3"
        ),
    ),
    why=(
        "A sum leaves in parts on several ways that the account never used, each to somebody new."
    ),
    advice="Add the parts up over all ways; ask why one family lives in so many countries.",
    conditions=(
        at_least("payer_ways_7d", 1.5, "two other new ways within days"),
        yes("corridor_new", "this is one more"),
        yes("payee_new", "to somebody else again"),
        at_least("payer_new_7d", 1.5, "a traveller's shops are cheaper, see the amount"),
        between("amount_log", eur(400), eur(9_999.99), "a sum worth sending, below the limit"),
        between("payer_count_30d", 0, 90, "a marketplace pays on all ways every day"),
    ),
)
