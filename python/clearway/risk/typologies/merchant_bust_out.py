"""Merchant that will not deliver."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    between,
    days,
    eur,
)
from clearway.risk.typologies.sources import MASTERCARD_MERCHANTS, UK_FINANCE_2024, VISA_ACQUIRERS

TYPOLOGY: Final = Typology(
    bit=34,
    code="fraud.merchant_bust_out",
    name="Merchant that will not deliver",
    side="payee",
    sources=(
        UK_FINANCE_2024.says("purchase scams: paid in advance, never received"),
        VISA_ACQUIRERS.lists("chapter 5, Bust-Out Merchants"),
        MASTERCARD_MERCHANTS.lists("chapter 7, screening and monitoring of merchants"),
    ),
    why=(
        "A young merchant takes most of its month's money within a day, from people who never "
        "bought there."
    ),
    advice="Ask for proof of delivery, and keep a reserve until it is there.",
    conditions=(
        at_least("payee_sum_1d", eur(3_000), "considerable money"),
        at_least("payee_count_1d", 9, "of many buyers"),
        at_least("payee_surge", 0.5, "most of what it took in the month"),
        at_least("payee_new_share", 0.7, "who never bought there"),
        between("payee_age", days(0), days(45), "opened lately"),
        at_least("amount_log", eur(80), "goods worth complaining about"),
        between("payee_same_1d", 0, 3, "goods of several prices: a box office has one or two"),
    ),
)
