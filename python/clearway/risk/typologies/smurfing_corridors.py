"""Smurfing across corridors."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    eur,
    yes,
)

TYPOLOGY: Final = Typology(
    bit=12,
    code="laundering.smurfing_corridors",
    name="Smurfing across corridors",
    side="payer",
    source=(
        "FATF and MONEYVAL, Money Laundering through Money Remittance and Currency Exchange "
        "Providers (June 2010)"
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
    ),
)
