"""Every typology, by its number. A new one is added at the end: numbers stand in decisions."""

from __future__ import annotations

from typing import Final

from clearway.risk.typologies import (
    account_drained,
    account_takeover,
    accused_pays_out,
    address_farm,
    bust_out,
    card_testing,
    device_farm,
    dormant_collects,
    dormant_wake_up,
    equal_contributions,
    funnel_account,
    investment_scam,
    invoice_redirection,
    many_in_one_out,
    merchant_bust_out,
    micro_charges,
    mis_invoicing,
    mixing,
    mule_fan_in,
    mule_fan_out,
    near_accused,
    new_account_burst,
    night_burst,
    one_in_many_out,
    payroll_diversion,
    push_payment_scam,
    rapid_pass_through,
    refund_abuse,
    repeat_victim,
    reported_corridor,
    reported_device,
    reported_payee,
    round_layering,
    round_trip,
    shared_device_dealing,
    smurfing_corridors,
    structuring_payee,
    structuring_payer,
    tainted_received,
    tested_then_used,
    travel_rule_splitting,
)
from clearway.risk.typologies.in_force import InForce
from clearway.risk.typologies.rule import Typology

TYPOLOGIES: Final = (
    structuring_payer.TYPOLOGY,
    structuring_payee.TYPOLOGY,
    travel_rule_splitting.TYPOLOGY,
    mule_fan_in.TYPOLOGY,
    mule_fan_out.TYPOLOGY,
    rapid_pass_through.TYPOLOGY,
    round_trip.TYPOLOGY,
    dormant_wake_up.TYPOLOGY,
    dormant_collects.TYPOLOGY,
    many_in_one_out.TYPOLOGY,
    one_in_many_out.TYPOLOGY,
    funnel_account.TYPOLOGY,
    smurfing_corridors.TYPOLOGY,
    mis_invoicing.TYPOLOGY,
    mixing.TYPOLOGY,
    round_layering.TYPOLOGY,
    device_farm.TYPOLOGY,
    address_farm.TYPOLOGY,
    shared_device_dealing.TYPOLOGY,
    tainted_received.TYPOLOGY,
    accused_pays_out.TYPOLOGY,
    near_accused.TYPOLOGY,
    new_account_burst.TYPOLOGY,
    account_takeover.TYPOLOGY,
    account_drained.TYPOLOGY,
    push_payment_scam.TYPOLOGY,
    investment_scam.TYPOLOGY,
    invoice_redirection.TYPOLOGY,
    payroll_diversion.TYPOLOGY,
    card_testing.TYPOLOGY,
    tested_then_used.TYPOLOGY,
    bust_out.TYPOLOGY,
    refund_abuse.TYPOLOGY,
    micro_charges.TYPOLOGY,
    merchant_bust_out.TYPOLOGY,
    equal_contributions.TYPOLOGY,
    night_burst.TYPOLOGY,
    reported_payee.TYPOLOGY,
    repeat_victim.TYPOLOGY,
    reported_device.TYPOLOGY,
    reported_corridor.TYPOLOGY,
)
SHIPPED: Final = InForce.of(TYPOLOGIES)
_BY_CODE: Final = {typology.code: typology for typology in TYPOLOGIES}


def typologies_of(bits: int) -> list[Typology]:
    """Of a bit mask, by number; a number that this release does not know is left out."""
    return [typology for typology in TYPOLOGIES if bits >> typology.bit & 1]


def typology_of(code: str) -> Typology | None:
    return _BY_CODE.get(code)
