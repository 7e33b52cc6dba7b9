"""Mule account that collects."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
    eur,
)

TYPOLOGY: Final = Typology(
    bit=3,
    code="laundering.mule_fan_in",
    name="Mule account that collects",
    side="payee",
    source=(
        "FinCEN Advisory FIN-2020-A003, Imposter Scams and Money Mule Schemes (July 2020); FATF, "
        "Egmont Group and INTERPOL, Illicit Financial Flows from Cyber-Enabled Fraud (November "
        "2023)"
    ),
    why=(
        "A young account gets considerable sums from several people within a day who never paid it "
        "before."
    ),
    advice=(
        "Ask the payers' banks whether they were deceived; keep the money where it is meanwhile."
    ),
    conditions=(
        at_least("payee_new_1d", 2.5, "three strangers within hours, beside this payment"),
        at_least(
            "payee_new_share",
            0.6,
            "nearly all that it gets comes from strangers: a shop has returning customers",
        ),
        between("payee_age", days(0), days(60), "mules are recruited and used within weeks"),
        at_least(
            "payee_surge", 0.6, "most of the month's money: a new shop has customers every day"
        ),
        at_least("amount_log", eur(150), "a share in a present is less"),
    ),
)
