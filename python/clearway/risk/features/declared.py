"""Every feature, one declaration each: whose past, over which window, added up how.

"never" is -1 wherever a time or count is asked; sums and times are log2(1 + …). To change what
the models see, change this list and run `make features`; models and snapshots made for other
features are refused.
"""

from __future__ import annotations

from typing import Final

from clearway.risk.features.blame import RUN, RUN_AGE, blamed_share, fraud_share
from clearway.risk.features.graph import (
    ARE_KIN,
    CYCLE,
    PAIR_IDLE,
    PAIR_N,
    PAIR_REVERSE,
    PAYEE_NEW,
    hops,
    is_new,
    kin,
    payees,
    taint,
)
from clearway.risk.features.habit import excess, over_habit, surprise
from clearway.risk.features.language import (
    DAY,
    FIVE_MINUTES,
    HOUR,
    MONTH,
    QUARTER,
    THREE_DAYS,
    WEEK,
    Feature,
    Value,
    log,
)
from clearway.risk.features.past import (
    ACCUSED,
    AMOUNT,
    AMOUNT_LOG,
    AT_LIMIT,
    GOT,
    HOUR_OF_DAY,
    MEMORY_AGE,
    MISUSED,
    ROBBED,
    ROUND,
    SENT,
    TRUSTED,
    USED,
    WEEKDAY,
    Side,
    age,
)
from clearway.risk.features.signs import (
    PAIR_GROWTH,
    below_travel,
    refunds,
    rounds,
    same_amounts,
    surge,
    trifles,
    ways,
)

_PAYER, _PAYER_GOT = Side("payer", SENT), Side("payer", GOT)
_PAYEE, _PAYEE_SENT = Side("payee", GOT), Side("payee", SENT)
_DEVICE, _ADDRESS = Side("device", USED["device"]), Side("address", USED["address"])
_CORRIDOR = Side("corridor", USED["corridor"])
_DEVICE_MISUSED = Side("device", MISUSED["device"])
_ADDRESS_MISUSED = Side("address", MISUSED["address"])
_CORRIDOR_MISUSED = Side("corridor", MISUSED["corridor"])
_ROBBED, _ACCUSED = Side("payer", ROBBED), Side("payee", ACCUSED)
_TRUSTED = Side("payee", TRUSTED)
# Euros that the payer sends within the hour after they came.
_PASSED: Final = Value(f"min(amount, {_PAYER_GOT.sum(HOUR).code})", _PAYER_GOT.sum(HOUR).parts)


def _new(side: Side, window: object) -> Value:
    return side.tally("new", PAYEE_NEW, window)  # type: ignore[arg-type]


def _rush(side: Side) -> Value:
    return log(720.0 * side.count(HOUR) / (1.0 + side.count(MONTH)))


DECLARED: Final = (
    # the payment
    Feature("amount_log", AMOUNT_LOG, "amount, log2 of 1 + euros"),
    Feature("amount_round", ROUND, "1, 2, 3: a multiple of 10, 100, 1000 of its own currency"),
    Feature("hour", HOUR_OF_DAY, "hour of the day, UTC, with fraction"),
    Feature("weekday", WEEKDAY, "day of the week; 0 is Thursday, as 1970-01-01 was"),
    # the payer's own past
    Feature("payer_hour_share", _PAYER.hour_share(), "how usual this time of day is for the payer"),
    Feature("payer_count_5m", _PAYER.count(FIVE_MINUTES), "payments the payer sent in 5 minutes"),
    Feature("payer_count_1h", _PAYER.count(HOUR), "payments the payer sent in an hour"),
    Feature("payer_count_1d", _PAYER.count(DAY), "payments the payer sent in a day"),
    Feature("payer_count_7d", _PAYER.count(WEEK), "payments the payer sent in 7 days"),
    Feature("payer_count_30d", _PAYER.count(MONTH), "payments the payer sent in 30 days"),
    Feature("payer_sum_1h", log(_PAYER.sum(HOUR)), "money the payer sent in an hour"),
    Feature("payer_sum_1d", log(_PAYER.sum(DAY)), "money the payer sent in a day"),
    Feature("payer_sum_30d", log(_PAYER.sum(MONTH)), "money the payer sent in 30 days"),
    Feature("payer_rush", _rush(_PAYER), "the payer's pace in the last hour over that of 30 days"),
    Feature("payer_age", age("payer"), "time since the payer was first seen"),
    Feature("payer_idle", _PAYER.idle(), "time since the payer last sent"),
    Feature("payer_sent_n", log(_PAYER.n()), "payments the payer ever sent"),
    Feature("amount_over_usual", _PAYER.over_usual(), "amount over the payer's usual one"),
    Feature("amount_deviation", _PAYER.deviation(), "the same in the payer's standard deviations"),
    Feature("amount_over_max", _PAYER.over_max(), "amount over the payer's largest"),
    Feature("amount_over_habit", over_habit(_PAYER), "amount over what the payer is used to"),
    Feature("amount_surprise", surprise(_PAYER), "the same in the payer's usual distances"),
    Feature("payer_excess_3d", excess(_PAYER, THREE_DAYS),
            "how far the payer's payments of 3 days were above what it is used to"),
    Feature("payer_excess_7d", excess(_PAYER, WEEK), "the same in 7 days"),
    Feature("payer_excess_share_3d",
            excess(_PAYER, THREE_DAYS) / (0.3 + _PAYER.count(THREE_DAYS)),
            "the same in 3 days, a payment"),
    # the pair
    Feature("payee_new", PAYEE_NEW, "1 when the payer does not remember this payee"),
    Feature("pair_n", log(PAIR_N), "payments from this payer to this payee"),
    Feature("pair_idle", PAIR_IDLE, "time since the last of them"),
    Feature("pair_reverse", PAIR_REVERSE, "1 when the payee remembers having paid the payer"),
    Feature("payer_new_1d", _new(_PAYER, DAY), "payments to new payees in a day"),
    Feature("payer_new_7d", _new(_PAYER, WEEK), "payments to new payees in 7 days"),
    Feature("payer_new_share", _new(_PAYER, WEEK) / (1.0 + _PAYER.count(WEEK)),
            "share of new payees in what the payer sent in 7 days"),
    Feature("purpose_new", _PAYER.purpose_new(), "1 when the payer never used this purpose"),
    Feature("memory_age", MEMORY_AGE,
            "time since the first payment of all: on a new node all is new"),
    # money that only passes through
    Feature("payer_got_idle", _PAYER_GOT.idle(), "time since the payer last got money"),
    Feature("amount_of_got_1h", AMOUNT / (1.0 + AMOUNT + _PAYER_GOT.sum(HOUR)),
            "amount against what the payer got in the hour"),
    Feature("amount_of_got_1d", AMOUNT / (1.0 + AMOUNT + _PAYER_GOT.sum(DAY)),
            "amount against what the payer got in the day"),
    Feature("payer_passed_share",
            _PAYER.tally("passed", _PASSED, WEEK) / (1.0 + _PAYER_GOT.sum(WEEK)),
            "share of what the payer got in 7 days that went on within the hour"),
    Feature("payer_limit_7d", _PAYER.tally("limit", AT_LIMIT, WEEK),
            "payments just below the reporting limit in 7 days"),
    # the payee's own past
    Feature("payee_count_5m", _PAYEE.count(FIVE_MINUTES), "payments the payee got in 5 minutes"),
    Feature("payee_count_1h", _PAYEE.count(HOUR), "payments the payee got in an hour"),
    Feature("payee_count_1d", _PAYEE.count(DAY), "payments the payee got in a day"),
    Feature("payee_count_30d", _PAYEE.count(MONTH), "payments the payee got in 30 days"),
    Feature("payee_sum_1d", log(_PAYEE.sum(DAY)), "money the payee got in a day"),
    Feature("payee_sum_30d", log(_PAYEE.sum(MONTH)), "money the payee got in 30 days"),
    Feature("payee_rush", _rush(_PAYEE), "the payee's pace in the last hour over that of 30 days"),
    Feature("payee_age", age("payee"), "time since the payee was first seen"),
    Feature("payee_new_1d", _new(_PAYEE, DAY),
            "payments in a day from payers to whom the payee was new"),
    Feature("payee_new_share", _new(_PAYEE, WEEK) / (1.0 + _PAYEE.count(WEEK)),
            "share of them in what the payee got in 7 days"),
    Feature("payee_amount_deviation", _PAYEE.deviation(),
            "amount against what the payee usually gets, in standard deviations"),
    Feature("payee_excess_30d", excess(_PAYEE, MONTH),
            "how far above its habit the payee was paid in 30 days"),
    Feature("payee_excess_90d", excess(_PAYEE, QUARTER), "the same in 90 days"),
    Feature("payee_passed_share",
            _PAYEE_SENT.tally("passed", _PASSED, WEEK) / (1.0 + _PAYEE.sum(WEEK)),
            "share of what the payee got in 7 days that went on within the hour"),
    Feature("payee_limit_7d", _PAYEE.tally("limit", AT_LIMIT, WEEK),
            "payments just below the reporting limit that the payee got in 7 days"),
    Feature("payee_sent_n", log(_PAYEE_SENT.n()), "payments the payee ever sent"),
    # what is known of frauds: reports count from the moment they are there
    Feature("payer_reports_7d", _ROBBED.count(WEEK), "reports of frauds on the payer in 7 days"),
    Feature("payer_reports_30d", _ROBBED.count(MONTH), "reports of frauds on the payer in 30 days"),
    Feature("payer_report_share_30d", _ROBBED.count(MONTH) / (1.0 + _PAYER.count(MONTH)),
            "reports of frauds on the payer over what it sent in 30 days"),
    Feature("payer_report_idle", _ROBBED.idle(), "time since the last report on the payer"),
    Feature("payer_report_deviation", _ROBBED.deviation(),
            "amount against those that were reported of the payer, in standard deviations"),
    Feature("payee_reports_7d", _ACCUSED.count(WEEK), "reports of frauds to the payee in 7 days"),
    Feature("payee_reports_30d", _ACCUSED.count(MONTH),
            "reports of frauds to the payee in 30 days"),
    Feature("payee_report_share_7d", _ACCUSED.count(WEEK) / (1.0 + _PAYEE.count(WEEK)),
            "reports of frauds to the payee over what it got in 7 days"),
    Feature("payee_report_share_30d", _ACCUSED.count(MONTH) / (1.0 + _PAYEE.count(MONTH)),
            "reports of frauds to the payee over what it got in 30 days"),
    Feature("payee_report_share_90d", _ACCUSED.count(QUARTER) / (1.0 + _PAYEE.count(QUARTER)),
            "reports of frauds to the payee over what it got in 90 days"),
    Feature("payee_report_idle", _ACCUSED.idle(), "time since the last report on the payee"),
    # whom the reports speak against, and what else became known
    Feature("payee_blame", RUN, "reports that speak against the payee, since one was cleared"),
    Feature("payee_blame_age", RUN_AGE, "time since the first of them"),
    Feature("payee_blamed_share_1d", blamed_share(DAY),
            "share of them in what became known of the payee's payments in a day"),
    Feature("payee_blamed_share_3d", blamed_share(THREE_DAYS), "the same in 3 days"),
    Feature("payee_fraud_share_90d", fraud_share(QUARTER),
            "share of frauds in what became known of the payee's payments in 90 days"),
    Feature("payee_cleared_idle", _TRUSTED.since(),
            "time since a payment of the payee last became known as honest"),
    # the graph of payments
    Feature("payer_payees_1d", payees(DAY), "different payees of the payer in a day"),
    Feature("payer_payees_7d", payees(WEEK), "different payees of the payer in 7 days"),
    Feature("cycle", CYCLE, "payments in the cycle that this one closes within 30 days"),
    Feature("payer_hops", hops("payer"), "payments between the payer and an accused account"),
    Feature("payee_hops", hops("payee"), "payments between the payee and an accused account"),
    Feature("payer_taint", taint("payer", MONTH),
            "share of what the payer got in 30 days that came from accused accounts"),
    Feature("payee_taint", taint("payee", MONTH), "the same of the payee"),
    Feature("payer_kin", log(kin("payer")), "accounts that share devices with the payer"),
    Feature("payee_kin", log(kin("payee")), "accounts that share devices with the payee"),
    Feature("pair_kin", ARE_KIN, "1 when payer and payee share devices"),
    # what it was paid with, from where, and on which way
    Feature("device_new", is_new("device"),
            "1 when the payer never used this device, or not lately"),
    Feature("device_count_1h", _DEVICE.count(HOUR), "payments from the device in an hour"),
    Feature("device_accounts_7d", _DEVICE.tally("new", is_new("device"), WEEK),
            "payments in 7 days of payers to whom the device was new"),
    Feature("device_sum_1d", log(_DEVICE.sum(DAY)), "money sent from the device in a day"),
    Feature("device_idle", _DEVICE.idle(), "time since the device last paid"),
    Feature("device_reports_30d", _DEVICE_MISUSED.count(MONTH),
            "reports of frauds from the device in 30 days"),
    Feature("address_count_1h", _ADDRESS.count(HOUR),
            "payments from the network address in an hour"),
    Feature("address_sum_1d", log(_ADDRESS.sum(DAY)), "money sent from the address in a day"),
    Feature("address_idle", _ADDRESS.idle(), "time since the address last paid"),
    Feature("address_reports_30d", _ADDRESS_MISUSED.count(MONTH),
            "reports of frauds from the address in 30 days"),
    Feature("corridor_new", is_new("corridor"), "1 when the payer never paid on this way before"),
    Feature("corridor_count_1d", log(_CORRIDOR.count(DAY)), "payments on this way in a day"),
    Feature("corridor_deviation", _CORRIDOR.deviation(),
            "amount against the usual one on this way, in standard deviations"),
    Feature("corridor_report_share_30d",
            _CORRIDOR_MISUSED.count(MONTH) / (1.0 + _CORRIDOR.count(MONTH)),
            "reports of frauds over payments on this way in 30 days"),
    # what typologies ask beside all that, and models do not learn from: see LEARNED
    Feature("payer_got_count_1d", _PAYER_GOT.count(DAY), "payments the payer got in a day"),
    Feature("payer_got_sum_1d", log(_PAYER_GOT.sum(DAY)), "money the payer got in a day"),
    Feature("payer_got_new_1d", _new(_PAYER_GOT, DAY),
            "payments in a day from payers to whom the payer was new"),
    Feature("payer_surge", surge(_PAYER),
            "share of what the payer sent in 30 days that it sent in a day"),
    Feature("payee_surge", surge(_PAYEE),
            "share of what the payee got in 30 days that it got in a day"),
    Feature("payee_idle", _PAYEE.idle(), "time since the payee last got money"),
    Feature("payee_sent_idle", _PAYEE_SENT.idle(), "time since the payee last sent"),
    Feature("pair_growth", PAIR_GROWTH, "amount over the first one to this payee"),
    Feature("payer_trifles_1d", trifles(_PAYER), "trifles the payer sent in a day"),
    Feature("payee_trifles_1d", trifles(_PAYEE), "trifles the payee got in a day"),
    Feature("payer_same_1d", same_amounts(_PAYER),
            "payments in a day of the amount that the payer sent before"),
    Feature("payee_same_1d", same_amounts(_PAYEE),
            "payments in a day of the amount that the payee got before"),
    Feature("payer_rounds_7d", rounds(_PAYER), "whole hundreds the payer sent in 7 days"),
    Feature("payer_travel_7d", below_travel(_PAYER),
            "payments just below 1,000 that the payer sent in 7 days"),
    Feature("payer_ways_7d", ways(_PAYER), "ways new to the payer that it paid on in 7 days"),
    Feature("payee_ways_7d", ways(_PAYEE),
            "payments to the payee in 7 days on ways new to their payers"),
    Feature("payee_refunds_30d", refunds(_PAYEE),
            "payments in 30 days from those whom the payee had paid"),
)  # fmt: skip
LEARNED: Final = next(k for k, one in enumerate(DECLARED) if one.name == "payer_got_count_1d")
"""So many features of the list are learned from. The others are levels that rules ask for; with few
labels, each further one costs a model some accuracy."""
