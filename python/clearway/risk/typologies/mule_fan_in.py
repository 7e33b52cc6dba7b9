"""Mule account that collects."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
    eur,
)
from clearway.risk.typologies.sources import FATF_CYBER_FRAUD, FINCEN_MULES

TYPOLOGY: Final = Typology(
    bit=3,
    code="laundering.mule_fan_in",
    name="Mule account that collects",
    side="payee",
    sources=(
        FINCEN_MULES.says(
            "transfers that fit neither the balance nor the history of an account",
            at="red flags of money mules",
        ),
        FATF_CYBER_FRAUD.says(
            "first accounts in the names of recruited mules, into which victims pay",
            at="section 2.3",
        ),
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
