"""Device used for frauds before."""

from typing import Final

from clearway.risk.typologies.rule import (
    Typology,
    at_least,
    eur,
    yes,
)
from clearway.risk.typologies.sources import FATF_CYBER_FRAUD, FINCEN_CYBER

TYPOLOGY: Final = Typology(
    bit=39,
    code="fraud.reported_device",
    name="Device used for frauds before",
    side="payer",
    sources=(
        FINCEN_CYBER.says("device identifiers are to be reported and shared"),
        FATF_CYBER_FRAUD.says(
            "one device or address that goes with accounts of different holders",
            at="Annex A, identity of the user",
        ),
    ),
    why="From a device with reported frauds, another account pays somebody new.",
    advice="Look at every account that the device paid for since the first report.",
    conditions=(
        at_least("device_reports_30d", 0.4, "a report within the month"),
        yes("payee_new", "to somebody new"),
        yes("device_new", "for an account that never used it"),
        at_least("amount_log", eur(50), "sums that are worth it"),
    ),
)
