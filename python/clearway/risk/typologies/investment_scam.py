"""Investment or romance scam."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
    eur,
    events,
    times,
)
from clearway.risk.typologies.sources import FATF_CYBER_FRAUD, FINCEN_INVESTMENT

TYPOLOGY: Final = Typology(
    bit=26,
    code="fraud.investment_scam",
    name="Investment or romance scam",
    side="payer",
    sources=(
        FINCEN_INVESTMENT.says(
            "trust first, then one investment after the other, each to be larger"
        ),
        FATF_CYBER_FRAUD.says(
            "a small payment that succeeds, then larger ones to the same beneficiary",
            at="Annex A, transaction patterns",
        ),
    ),
    why="To one payee whom the owner met lately, the sums grow from payment to payment.",
    advice=(
        "Ask whether anything was ever paid back, and who the payee is outside of the telephone."
    ),
    conditions=(
        between(
            "pair_growth",
            times(4),
            times(200),
            "four times the first one; far above, that was a trial of the account's number",
        ),
        at_least("pair_n", events(3), "the fourth payment or later"),
        between("pair_idle", days(0), days(21), "weeks, not years, apart"),
        at_least("amount_over_usual", times(3), "far above what the owner otherwise pays"),
        between("payee_age", days(0), days(180), "the payee has not been there for long"),
        at_least("amount_log", eur(1_000), "a sum that hurts"),
        between("payee_count_30d", 0, 25, "suppliers and savings banks are paid every day"),
    ),
)
