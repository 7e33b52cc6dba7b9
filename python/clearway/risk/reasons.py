"""Why a payment was not simply accepted: a closed, numbered catalogue, and who may read what.

The analyst reads `internal`. The customer reads `customer`, which says nothing that would tell a
criminal (or whoever the criminal uses) that an account is suspected, and still helps a victim.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.ports.model import Model
from clearway.risk.features import FEATURES, Features

REASONS_MAX: Final = 4  # given per payment; more than that explains nothing
REASON_SHARE_MIN: Final = 0.08  # of everything that raised the score

_NEUTRAL: Final = "We need to look at this payment before it can go on."
_CHECK_PAYEE: Final = "Please make sure that you know who you are paying, and why."
_CHECK_SELF: Final = "Please make sure that it is you who made this payment."
_FIRST: Final = "This is one of the first payments of its kind, so we look at it more closely."


@dataclass(frozen=True, slots=True)
class Reason:
    """bit: its place in a uint64, never reused. code: stable. features: those that speak for it."""

    bit: int
    code: str
    internal: str
    customer: str
    features: tuple[str, ...] = ()


CATALOGUE: Final = (
    Reason(0, "risk.model_missing", "No model answered; only limits and rules were applied.",
           _NEUTRAL),
    Reason(1, "risk.amount_limit", "The amount is above the limit that holds without a model.",
           _NEUTRAL),
    Reason(2, "risk.new_payee", "The payer has not paid this payee before, or not lately.",
           _CHECK_PAYEE, ("payee_new", "pair_n", "pair_idle", "pair_reverse")),
    Reason(3, "risk.velocity_payer", "The payer sends more payments, or faster, than it used to.",
           _CHECK_SELF,
           ("payer_count_5m", "payer_count_1h", "payer_count_1d", "payer_count_7d",
            "payer_count_30d", "payer_rush", "payer_idle", "payer_trifles_1d")),
    Reason(4, "risk.turnover_payer", "The payer sends more money than it used to.", _CHECK_SELF,
           ("payer_sum_1h", "payer_sum_1d", "payer_sum_30d", "payer_excess_3d",
            "payer_excess_7d", "payer_excess_share_3d", "payer_surge")),
    Reason(5, "risk.amount_unusual", "The amount does not fit the payer's own past.", _CHECK_SELF,
           ("amount_log", "amount_over_usual", "amount_deviation", "amount_over_max",
            "amount_over_habit", "amount_surprise", "pair_growth")),
    Reason(6, "risk.amount_round", "The amount is a round number.", _CHECK_PAYEE,
           ("amount_round", "payer_rounds_7d")),
    Reason(7, "risk.time_unusual", "The payer does not usually pay at this time.", _CHECK_SELF,
           ("hour", "weekday", "payer_hour_share")),
    Reason(8, "risk.payer_history_thin", "Little is known of the payer yet.", _FIRST,
           ("payer_age", "payer_sent_n", "memory_age")),
    Reason(9, "risk.fan_out", "The payer lately pays many payees that are new to it.", _CHECK_SELF,
           ("payer_new_1d", "payer_new_7d", "payer_new_share", "payer_payees_1d",
            "payer_payees_7d")),
    Reason(10, "risk.purpose_unusual", "The payer never paid for this purpose before.",
           _CHECK_PAYEE, ("purpose_new",)),
    Reason(11, "risk.pass_through", "The payer sends on money that it has only just got.",
           _NEUTRAL,
           ("payer_got_idle", "amount_of_got_1h", "amount_of_got_1d", "payer_passed_share",
            "payer_got_count_1d", "payer_got_sum_1d", "payer_got_new_1d")),
    Reason(12, "risk.structuring", "Several payments lie just below the reporting limit.",
           _NEUTRAL,
           ("payer_limit_7d", "payee_limit_7d", "payer_travel_7d", "payer_same_1d")),
    Reason(13, "risk.velocity_payee", "The payee gets more payments, or faster, than it used to.",
           _CHECK_PAYEE,
           ("payee_count_5m", "payee_count_1h", "payee_count_1d", "payee_count_30d",
            "payee_rush", "payee_idle", "payee_surge", "payee_trifles_1d", "payee_same_1d",
            "payee_refunds_30d")),
    Reason(14, "risk.payee_history_thin", "Little is known of the payee yet.", _CHECK_PAYEE,
           ("payee_age", "payee_sent_n", "payee_sum_1d", "payee_sum_30d",
            "payee_sent_idle")),
    Reason(15, "risk.fan_in", "The payee lately gets money from many that never paid it before.",
           _CHECK_PAYEE, ("payee_new_1d", "payee_new_share")),
    Reason(16, "risk.payee_amount_unusual", "The payee does not usually get such amounts.",
           _CHECK_PAYEE, ("payee_amount_deviation", "payee_excess_30d", "payee_excess_90d")),
    Reason(17, "risk.payee_passes_on", "The payee has sent on what it got, within the hour.",
           _CHECK_PAYEE, ("payee_passed_share",)),
    Reason(18, "risk.warming_up", "Accepted because the ledger is too young to judge by.",
           _NEUTRAL),
    Reason(19, "risk.payer_reported", "Payments of the payer were reported as frauds.", _CHECK_SELF,
           ("payer_reports_7d", "payer_reports_30d", "payer_report_share_30d",
            "payer_report_idle", "payer_report_deviation")),
    Reason(20, "risk.payee_reported", "Payments to the payee were reported as frauds.",
           _CHECK_PAYEE,
           ("payee_reports_7d", "payee_reports_30d", "payee_report_share_7d",
            "payee_report_share_30d", "payee_report_share_90d", "payee_report_idle",
            "payee_blame", "payee_blame_age", "payee_blamed_share_1d",
            "payee_blamed_share_3d", "payee_fraud_share_90d", "payee_cleared_idle")),
    Reason(21, "risk.near_accused", "Payer or payee is few payments away from an accused account.",
           _NEUTRAL, ("payer_hops", "payee_hops", "payer_taint", "payee_taint")),
    Reason(22, "risk.cycle", "The payment closes a cycle: the money comes back.", _NEUTRAL,
           ("cycle",)),
    Reason(23, "risk.shared_devices", "Several accounts are used with the same devices.", _NEUTRAL,
           ("payer_kin", "payee_kin", "pair_kin", "device_accounts_7d")),
    Reason(24, "risk.device_new", "The payer never used this device before, or not lately.",
           _CHECK_SELF, ("device_new", "device_idle")),
    Reason(25, "risk.velocity_device", "The device or network address pays often, or much.",
           _CHECK_SELF,
           ("device_count_1h", "device_sum_1d", "address_count_1h", "address_sum_1d",
            "address_idle")),
    Reason(26, "risk.device_reported",
           "Payments from this device or network address were reported as frauds.", _CHECK_SELF,
           ("device_reports_30d", "address_reports_30d")),
    Reason(27, "risk.corridor_unusual", "The payer never paid on this way before, or few do.",
           _CHECK_PAYEE,
           ("corridor_new", "corridor_count_1d", "corridor_deviation",
            "corridor_report_share_30d", "payer_ways_7d", "payee_ways_7d")),
    Reason(28, "risk.reviews_scarce",
           "A person should have looked, but the day's reviews were needed where they save more.",
           _NEUTRAL),
)  # fmt: skip
MODEL_MISSING: Final = np.uint64(1 << 0)
AMOUNT_LIMIT: Final = np.uint64(1 << 1)
WARMING_UP: Final = np.uint64(1 << 18)
REVIEWS_SCARCE: Final = np.uint64(1 << 28)

_SPEAKS_FOR: Final = np.array(
    [[float(name in reason.features) for reason in CATALOGUE] for name in FEATURES]
)


def reasons_of(bits: int) -> list[Reason]:
    """The reasons in a bit mask, by number; bits without a reason cannot come from here."""
    return [reason for reason in CATALOGUE if bits >> reason.bit & 1]


def find_reasons(contributions: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Bit masks uint64[n] of contributions float64[n, k]: what raised the score most.

    At least one for every row that any feature raised, and at most REASONS_MAX.
    """
    raised = np.maximum(contributions @ _SPEAKS_FOR, 0.0)
    order = np.argsort(-raised, axis=1, kind="stable")[:, :REASONS_MAX]
    top = np.take_along_axis(raised, order, axis=1)
    given = top > REASON_SHARE_MIN * raised.sum(axis=1, keepdims=True)
    bits = np.where(given, np.uint64(1) << order.astype(np.uint64), np.uint64(0))
    masks: NDArray[np.uint64] = np.bitwise_or.reduce(bits, axis=1)
    return masks


@dataclass(frozen=True, slots=True)
class Account:
    """A raw score in its parts: base + the sum of parts + others is raw, but for rounding.

    base: expected of anybody. parts: of each reason given, by its code, all its features together;
    others: of all features that no given reason has. Log-odds, before calibration.
    """

    raw: float
    base: float
    parts: dict[str, float]
    others: float


def account_for(model: Model, row: Features, bits: int) -> Account:
    """What a model's score of one row float32[1, k] is made of, by the reasons that were given."""
    by_reason = model.contributions(row)[0] @ _SPEAKS_FOR
    raw = float(model.raw_scores(row)[0])
    parts = {
        reason.code: float(by_reason[reason.bit]) for reason in reasons_of(bits) if reason.features
    }
    return Account(raw, model.base, parts, others=float(raw - model.base - sum(parts.values())))
