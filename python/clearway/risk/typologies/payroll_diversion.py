"""Payroll diversion."""

from typing import Final

from clearway.risk.typologies.rule import (
    NEVER,
    Typology,
    at_least,
    between,
    days,
    eur,
    yes,
)
from clearway.risk.typologies.sources import FBI_PAYROLL

TYPOLOGY: Final = Typology(
    bit=28,
    code="fraud.payroll_diversion",
    name="Payroll diversion",
    side="payer",
    sources=(FBI_PAYROLL.says("stolen credentials change the account to which wages are paid"),),
    why="In a run of wages to known accounts, one goes to an account that nobody knew.",
    advice="Ask the employee, not by e-mail, whether they changed their account.",
    conditions=(
        at_least("payer_count_1h", 4, "in the middle of a run, also of a small employer"),
        yes("payee_new", "one account in the run is new"),
        between("payer_new_share", 0, 0.15, "the others are not"),
        between("amount_deviation", -2, 2, "a wage like the others"),
        between("payee_age", NEVER, days(14), "nobody ever paid it, or only lately"),
        between("amount_log", eur(700), eur(15_000), "a wage"),
    ),
)
