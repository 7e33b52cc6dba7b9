"""The refusals, numbered. A number is never reused; of several reasons the first checked wins."""

from __future__ import annotations

from typing import Final

CODES: Final[dict[int, str]] = {
    1: "envelope.wrong_chain",
    2: "envelope.unknown_key",
    3: "envelope.wrong_institution",
    4: "envelope.key_not_active",
    5: "envelope.key_revoked",
    6: "envelope.expired",
    7: "envelope.sequence_used",
    8: "envelope.digest_differs",
    9: "envelope.bad_signature",
    20: "key.wrong_purpose",
    21: "ledger.expired",
    22: "ledger.valid_too_long",
    23: "ledger.id_reused",
    24: "ledger.declined",
    25: "ledger.inconsistent",
    26: "ledger.unknown_asset",
    27: "ledger.amount_zero",
    28: "ledger.same_account",
    30: "ledger.unknown_payer",
    31: "ledger.unknown_payee",
    32: "ledger.not_custodian",
    33: "ledger.payer_closed",
    34: "ledger.payee_closed",
    35: "ledger.payer_frozen",
    36: "ledger.payee_frozen",
    37: "ledger.nostro_misused",
    38: "ledger.bad_authorisation",
    39: "ledger.limit_payment",
    40: "ledger.limit_day",
    41: "ledger.refund_differs",
    42: "ledger.refund_exceeds_payment",
    43: "ledger.legs_differ",
    44: "ledger.leg_unauthorised",
    45: "ledger.asset_not_held",
    46: "ledger.exceeds_available",
    47: "ledger.overflow",
    50: "hold.unknown",
    51: "hold.expired",
    52: "hold.differs",
    53: "hold.exceeded",
    54: "hold.legs_differ",
    60: "account.exists",
    61: "account.not_empty",
    62: "account.already_closed",
    63: "account.already_frozen",
    64: "account.not_frozen",
    70: "asset.out_of_order",
    71: "asset.code_taken",
    72: "asset.bad_code",
    73: "key.exists",
    74: "key.unknown",
    75: "key.already_revoked",
    76: "key.bad_purpose",
    77: "key.other_institution",
    80: "escrow.bad_terms",
    81: "escrow.terms_differ",
    82: "escrow.bad_share",
    85: "escrow.unknown",
    86: "escrow.expired",
    87: "escrow.differs",
    88: "escrow.exceeded",
    89: "escrow.not_accrued",
    90: "escrow.bad_witness",
    91: "escrow.unmet",
    92: "escrow.not_cancellable",
    95: "mandate.bad_terms",
    96: "mandate.unknown",
    97: "mandate.not_running",
    98: "mandate.differs",
    99: "mandate.payment_max",
    100: "mandate.period_max",
    101: "mandate.total_max",
    102: "mandate.not_party",
    110: "chain.broken",
    111: "chain.open",
    112: "import.time_differs",
    120: "authority.bad_policy",
    121: "authority.no_guardians",
    122: "recovery.none",
    123: "recovery.too_early",
    124: "account.bad_parent",
    130: "asset.bad_controls",
    131: "asset.paused",
    132: "asset.held_back",
    133: "asset.not_allowed",
    134: "asset.second_person",
    135: "asset.no_such_control",
    136: "asset.not_issuer",
    137: "asset.control_unchanged",
}
NUMBERS: Final[dict[str, int]] = {name: number for number, name in CODES.items()}


class Refusal(Exception):
    """A rule says no. The state is as it was."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.code = NUMBERS[name]


def refuse_if(broken: bool, name: str) -> None:
    """One line of the tables of docs/format.md."""
    if broken:
        raise Refusal(name)
