"""Over-invoiced trade."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
    events,
    times,
)
from clearway.risk.typologies.sources import FATF_TRADE

TYPOLOGY: Final = Typology(
    bit=13,
    code="laundering.mis_invoicing",
    name="Over-invoiced trade",
    side="payer",
    sources=(FATF_TRADE.says("over- and under-invoicing: the price carries the value across"),),
    why=(
        "Between partners of long standing, an invoice is many times what invoices were, and what "
        "this way usually carries."
    ),
    advice="Ask for the bill of lading, and compare price and weight with the market's.",
    conditions=(
        at_least(
            "pair_n",
            events(3),
            "partners with a history: the first invoice has nothing to compare with",
        ),
        at_least("pair_growth", times(5), "five times the first one: seasons double or halve"),
        at_least("corridor_deviation", 2.5, "rare for anybody on this way"),
        at_least("amount_deviation", 4.0, "unheard of from this payer: seasons stay below"),
        at_least("amount_log", eur(20_000), "below it the trouble is not worth it"),
    ),
)
