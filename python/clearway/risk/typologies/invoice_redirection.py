"""Invoice redirection."""

from typing import Final

from clearway.risk.typologies.rule import (
    NEVER,
    Typology,
    at_least,
    between,
    days,
    eur,
    events,
    yes,
)
from clearway.risk.typologies.sources import FINCEN_EMAIL_2016, FINCEN_EMAIL_2019

TYPOLOGY: Final = Typology(
    bit=27,
    code="fraud.invoice_redirection",
    name="Invoice redirection",
    side="payer",
    sources=(
        FINCEN_EMAIL_2016.says(
            "payment to a known beneficiary with other account details than before", at="red flags"
        ),
        FINCEN_EMAIL_2019.says("business processes, such as invoices, that are targeted"),
    ),
    why=(
        "A company with habits pays an ordinary invoice, but to an account that nobody knows yet."
    ),
    advice="Call the supplier on a number from an old invoice, and compare the bank details.",
    conditions=(
        yes("payee_new", "the account is not that of a known supplier"),
        between("payee_age", NEVER, days(14), "nobody ever paid it, or only lately"),
        at_least("payer_sent_n", events(40), "a company that pays many invoices"),
        at_least("amount_log", eur(5_000), "invoices that are worth intercepting"),
        between(
            "amount_deviation",
            -0.5,
            2.5,
            "an invoice like others: the fraud hides behind a real one",
        ),
        between("payer_new_share", 0, 0.7, "to a new company, all suppliers are new"),
        between("purpose_new", 0, 0, "for a purpose that it often pays for"),
    ),
)
