"""Streaming features: what the accounts' past says about a payment, in O(1) per payment.

One row of fixed size per account holds all that is remembered of it; `advance_rows` reads the two
rows of a payment, writes the payment's features, and moves the rows on. The same function trains,
serves and replays. It uses only operations that IEEE 754 defines to the bit (no library `exp` or
`log`), so that a decision can be computed again on another machine.

Windows are decayed, not cut: a payment of age `t` counts exp(-t / window), which needs one number
per window instead of a queue, and has no edge for a fraudster to wait for.
"""

import math
from typing import Any

import numpy as np
from numba import from_dtype, types
from numpy.typing import NDArray

from clearway.risk.compiled import compiled
from clearway.risk.facts import FACTS

FEATURES_VERSION = 1  # raise it when a row, a feature or its order changes; snapshots carry it
PEERS = 16  # counterparties remembered per account; the one unused for longest gives way
WINDOWS_S = (300.0, 3_600.0, 86_400.0, 604_800.0, 2_592_000.0)  # 5 min, 1 h, 1 d, 7 d, 30 d
AMOUNT_EUR_MAX = 1e15  # above it counts as this; NaN and what is not above zero count as nothing
TIME_NS_MAX = 4_294_967_295_000_000_000  # the last second that 32 bits hold, in 2106
LIMIT_EUR = (8_500.0, 10_000.0)  # just below the amount that many countries have to be told of

ACCOUNT = np.dtype(
    [
        ("first_ns", "<i8"),  # first payment in either role; meaningless while both _n are 0
        ("sent_ns", "<i8"),  # last payment sent
        ("got_ns", "<i8"),
        ("sent_n", "<u4"),
        ("got_n", "<u4"),
        ("sent_count", "<f4", 5),  # decayed by WINDOWS_S, as of sent_ns
        ("sent_sum", "<f4", 5),  # euros
        ("got_count", "<f4", 5),
        ("got_sum", "<f4", 5),
        ("sent_new", "<f4", 2),  # payments to payees that were new to it, over 1 d and 7 d
        ("got_new", "<f4", 2),  # payments from payers to whom it was new
        ("sent_limit", "<f4"),  # payments within LIMIT_EUR, over 7 d
        ("got_limit", "<f4"),
        ("passed", "<f4"),  # euros sent within the hour after they came, over 7 d, as of sent_ns
        ("sent_mean", "<f4"),  # of log2(1 + euros): moving mean, variance and maximum
        ("sent_var", "<f4"),
        ("sent_max", "<f4"),
        ("got_mean", "<f4"),
        ("got_var", "<f4"),
        ("purposes", "<u4"),  # bit set of the (hashed) purposes it has sent with
        ("hours", "<f4", 8),  # share of what it sends, by three hours of the day
        ("peer", "<u4", PEERS),  # 1 + account number of a payee; 0 is an empty place
        ("peer_s", "<u4", PEERS),  # second of the last payment to it
        ("peer_n", "<u4", PEERS),  # payments to it
    ]
)
assert ACCOUNT.itemsize == 388

# In the order in which `advance_rows` writes them. "never" is -1 wherever a time or count is asked.
FEATURES = (
    # the payment
    "amount_log",  # log2(1 + euros)
    "amount_round",  # 1, 2, 3: a multiple of 10, 100, 1000 of its own currency
    "hour",  # of the day, UTC, with fraction
    "weekday",  # 0 is Thursday, as 1970-01-01 was
    # the payer's own past
    "payer_hour_share",  # how usual this time of day is for the payer
    "payer_count_5m",
    "payer_count_1h",
    "payer_count_1d",
    "payer_count_7d",
    "payer_count_30d",
    "payer_sum_1h",  # all sums: log2(1 + euros)
    "payer_sum_1d",
    "payer_sum_30d",
    "payer_rush",  # payments per hour in the last hour over those in the last 30 days, log2
    "payer_age",  # log2(1 + seconds) since first seen
    "payer_idle",  # log2(1 + seconds) since it last sent
    "payer_sent_n",  # log2(1 + payments sent ever)
    "amount_over_usual",  # log2 of the amount over the payer's usual one
    "amount_deviation",  # the same in the payer's own standard deviations
    "amount_over_max",  # log2 of the amount over the payer's largest
    # the pair
    "payee_new",  # 1 when the payer does not remember this payee
    "pair_n",  # log2(1 + payments to this payee)
    "pair_idle",  # log2(1 + seconds) since the last one
    "pair_reverse",  # 1 when the payee remembers having paid the payer
    "payer_new_1d",  # payments to new payees
    "payer_new_7d",
    "payer_new_share",  # of all it sent in 7 days
    "purpose_new",  # 1 when the payer never used this purpose
    "memory_age",  # log2(1 + seconds) since the first payment of all: on a new node all is new
    # money that only passes through
    "payer_got_idle",  # log2(1 + seconds) since the payer last got money
    "amount_of_got_1h",  # amount / (amount + what the payer got in the hour)
    "amount_of_got_1d",
    "payer_passed_share",  # of what it got in 7 days, how much went on within the hour
    "payer_limit_7d",  # payments just below the reporting limit
    # the payee's own past
    "payee_count_5m",
    "payee_count_1h",
    "payee_count_1d",
    "payee_count_30d",
    "payee_sum_1d",
    "payee_sum_30d",
    "payee_rush",
    "payee_age",
    "payee_new_1d",  # payments from payers to whom it was new
    "payee_new_share",
    "payee_amount_deviation",  # the amount against what the payee usually gets
    "payee_passed_share",
    "payee_limit_7d",
    "payee_sent_n",  # log2(1 + payments it ever sent): a shop hardly sends, a person does
)

_accounts = from_dtype(ACCOUNT)[::1]
_facts = from_dtype(FACTS)[::1]


@compiled("float64(float64)")
def log2_1p(value: float) -> float:
    """log2(1 + value) for value >= 0, to about 1e-9, from exact operations only."""
    mantissa, exponent = math.frexp(1.0 + value)
    if mantissa < 0.7071067811865476:
        mantissa *= 2.0
        exponent -= 1
    z = (mantissa - 1.0) / (mantissa + 1.0)
    s = z * z
    series = 1.0 + s * (1 / 3 + s * (1 / 5 + s * (1 / 7 + s * (1 / 9 + s * (1 / 11)))))
    return exponent + 2.8853900817779268 * z * series


@compiled("float64(float64)")
def decay(age: float) -> float:
    """exp(-age) for age >= 0, to about 1e-9, from exact operations only; 0 above 40."""
    if age > 40.0:
        return 0.0
    halvings = age * 1.4426950408889634
    whole = int(halvings)
    x = (halvings - whole) * -0.6931471805599453
    series = 1.0 + x / 9.0
    for k in range(8, 0, -1):
        series = 1.0 + x * series / k
    return series / (1 << whole)


@compiled(types.int64(_facts, types.int64, _accounts, types.int32[::1], _accounts,
                      types.uint32[::1], types.float32[:, ::1]))  # fmt: skip
def advance_rows(
    facts: Any,
    began_ns: int,
    accounts: Any,
    place: Any,
    scratch: Any,
    touched: Any,
    out: Any,
) -> int:
    """Features of n payments in their order; row i sees every payment before it.

    `began_ns` is the time of the first payment of all. `accounts` is only read: the first payment
    that touches an account copies its row to `scratch`, and notes the place in `place` (all -1 on
    entry and on exit) and the account in `touched`.
    `out` is float32[n, 48], or float32[0, 48] when only the accounts have to move on.
    Returns how many accounts were touched.

    One long straight line on purpose: it is the specification of the features, and is read in
    the order of FEATURES.
    """
    n_touched = 0
    now = np.zeros(48, dtype=np.float64)
    fade_sent = np.zeros(5, dtype=np.float64)
    fade_got = np.zeros(5, dtype=np.float64)
    payer_got = np.zeros(5, dtype=np.float64)
    for i in range(facts.shape[0]):
        fact = facts[i]
        for account in (fact.payer, fact.payee):
            if place[account] < 0:
                place[account] = n_touched
                touched[n_touched] = account
                scratch[n_touched] = accounts[account]
                n_touched += 1
        payer = scratch[place[fact.payer]]
        payee = scratch[place[fact.payee]]

        time_ns = min(max(fact.time_ns, 0), TIME_NS_MAX)
        amount = fact.amount_eur
        if not amount > 0.0:
            amount = 0.0
        amount = min(amount, AMOUNT_EUR_MAX)
        amount_log = log2_1p(amount)
        major = fact.amount_major
        day_s = (time_ns // 1_000_000_000) % 86_400
        time_s = np.uint32(time_ns // 1_000_000_000)
        octant = day_s // 10_800

        # A clock that goes back makes an age of nothing, never a negative one.
        sent_age_s = max(time_ns - payer.sent_ns, 0) * 1e-9
        payer_got_age_s = max(time_ns - payer.got_ns, 0) * 1e-9
        got_age_s = max(time_ns - payee.got_ns, 0) * 1e-9
        payee_sent_age_s = max(time_ns - payee.sent_ns, 0) * 1e-9
        for w in range(5):
            fade_sent[w] = decay(sent_age_s / WINDOWS_S[w])
            fade_got[w] = decay(got_age_s / WINDOWS_S[w])
            payer_got[w] = payer.got_sum[w] * decay(payer_got_age_s / WINDOWS_S[w])

        pair = -1
        oldest = 0
        for p in range(PEERS):
            if payer.peer[p] == fact.payee + 1:
                pair = p
            if payer.peer_s[p] < payer.peer_s[oldest]:
                oldest = p
        reverse = 0.0
        for p in range(PEERS):
            if payee.peer[p] == fact.payer + 1:
                reverse = 1.0
        payer_seen = payer.sent_n + payer.got_n > 0
        payee_seen = payee.sent_n + payee.got_n > 0
        purpose = np.uint32(1) << np.uint32((fact.purpose * np.uint64(2_654_435_761) >> 16) & 31)

        if out.shape[0] > 0:
            now[0] = amount_log
            now[1] = 0.0
            if major > 0.0 and major < 1e12:
                now[1] = (1.0 * (major % 10.0 == 0.0) + (major % 100.0 == 0.0)
                          + (major % 1000.0 == 0.0))  # fmt: skip
            now[2] = day_s / 3600.0
            now[3] = (time_ns // 86_400_000_000_000) % 7

            now[4] = payer.hours[octant]
            for w in range(5):
                now[5 + w] = payer.sent_count[w] * fade_sent[w]
            now[10] = log2_1p(payer.sent_sum[1] * fade_sent[1])
            now[11] = log2_1p(payer.sent_sum[2] * fade_sent[2])
            now[12] = log2_1p(payer.sent_sum[4] * fade_sent[4])
            now[13] = log2_1p(720.0 * now[6] / (1.0 + now[9]))
            now[14] = log2_1p(max(time_ns - payer.first_ns, 0) * 1e-9) if payer_seen else -1.0
            now[15] = log2_1p(sent_age_s) if payer.sent_n > 0 else -1.0
            now[16] = log2_1p(float(payer.sent_n))
            now[17] = 0.0
            now[18] = 0.0
            now[19] = 0.0
            if payer.sent_n > 0:
                now[17] = amount_log - payer.sent_mean
                # Three pretended payments around the mean keep a short history from shouting.
                shrunk = (payer.sent_var * payer.sent_n + 3.0) / (payer.sent_n + 3.0)
                now[18] = now[17] / math.sqrt(shrunk)
                now[19] = amount_log - payer.sent_max

            now[20] = 1.0 if pair < 0 else 0.0
            now[21] = log2_1p(float(payer.peer_n[pair])) if pair >= 0 else 0.0
            now[22] = -1.0
            if pair >= 0:
                now[22] = log2_1p(max(float(time_s) - float(payer.peer_s[pair]), 0.0))
            now[23] = reverse
            now[24] = payer.sent_new[0] * fade_sent[2]
            now[25] = payer.sent_new[1] * fade_sent[3]
            now[26] = now[25] / (1.0 + now[8])
            now[27] = 1.0 if payer.purposes & purpose == 0 else 0.0
            now[28] = log2_1p(max(time_ns - began_ns, 0) * 1e-9)

            now[29] = log2_1p(payer_got_age_s) if payer.got_n > 0 else -1.0
            now[30] = amount / (1.0 + amount + payer_got[1])
            now[31] = amount / (1.0 + amount + payer_got[2])
            now[32] = payer.passed * fade_sent[3] / (1.0 + payer_got[3])
            now[33] = payer.sent_limit * fade_sent[3]

            now[34] = payee.got_count[0] * fade_got[0]
            now[35] = payee.got_count[1] * fade_got[1]
            now[36] = payee.got_count[2] * fade_got[2]
            now[37] = payee.got_count[4] * fade_got[4]
            now[38] = log2_1p(payee.got_sum[2] * fade_got[2])
            now[39] = log2_1p(payee.got_sum[4] * fade_got[4])
            now[40] = log2_1p(720.0 * now[35] / (1.0 + now[37]))
            now[41] = log2_1p(max(time_ns - payee.first_ns, 0) * 1e-9) if payee_seen else -1.0
            now[42] = payee.got_new[0] * fade_got[2]
            now[43] = payee.got_new[1] * fade_got[3] / (1.0 + payee.got_count[3] * fade_got[3])
            now[44] = 0.0
            if payee.got_n > 0:
                shrunk = (payee.got_var * payee.got_n + 3.0) / (payee.got_n + 3.0)
                now[44] = (amount_log - payee.got_mean) / math.sqrt(shrunk)
            now[45] = (payee.passed * decay(payee_sent_age_s / WINDOWS_S[3])
                       / (1.0 + payee.got_sum[3] * fade_got[3]))  # fmt: skip
            now[46] = payee.got_limit * fade_got[3]
            now[47] = log2_1p(float(payee.sent_n))
            for k in range(48):
                out[i, k] = now[k]

        # The payment becomes the past: first the payer's row, then the payee's (they may be one).
        at_limit = 1.0 if amount >= LIMIT_EUR[0] and amount < LIMIT_EUR[1] else 0.0
        is_new = 1.0 if pair < 0 else 0.0
        if not payer_seen:
            payer.first_ns = time_ns
        for w in range(5):
            payer.sent_count[w] = payer.sent_count[w] * fade_sent[w] + 1.0
            payer.sent_sum[w] = payer.sent_sum[w] * fade_sent[w] + amount
        payer.sent_new[0] = payer.sent_new[0] * fade_sent[2] + is_new
        payer.sent_new[1] = payer.sent_new[1] * fade_sent[3] + is_new
        payer.sent_limit = payer.sent_limit * fade_sent[3] + at_limit
        payer.passed = payer.passed * fade_sent[3] + min(amount, payer_got[1])
        payer.sent_n += 1
        # A plain mean at first, then one that forgets: weight 1/n, but never below 1/64.
        weight = 1.0 / min(payer.sent_n, 64)
        step = amount_log - payer.sent_mean
        payer.sent_mean += weight * step
        payer.sent_var = (1.0 - weight) * (payer.sent_var + weight * step * step)
        payer.sent_max = max(payer.sent_max, amount_log)
        payer.purposes |= purpose
        for k in range(8):
            payer.hours[k] *= 1.0 - weight
        payer.hours[octant] += weight
        if pair < 0:
            pair = oldest
            payer.peer[pair] = fact.payee + 1
            payer.peer_n[pair] = 0
        payer.peer_s[pair] = max(time_s, payer.peer_s[pair])
        payer.peer_n[pair] += 1
        payer.sent_ns = max(time_ns, payer.sent_ns)

        if not payee_seen:
            payee.first_ns = time_ns
        for w in range(5):
            payee.got_count[w] = payee.got_count[w] * fade_got[w] + 1.0
            payee.got_sum[w] = payee.got_sum[w] * fade_got[w] + amount
        payee.got_new[0] = payee.got_new[0] * fade_got[2] + is_new
        payee.got_new[1] = payee.got_new[1] * fade_got[3] + is_new
        payee.got_limit = payee.got_limit * fade_got[3] + at_limit
        payee.got_n += 1
        weight = 1.0 / min(payee.got_n, 64)
        step = amount_log - payee.got_mean
        payee.got_mean += weight * step
        payee.got_var = (1.0 - weight) * (payee.got_var + weight * step * step)
        payee.got_ns = max(time_ns, payee.got_ns)
    for t in range(n_touched):
        place[touched[t]] = -1
    return n_touched


Features = NDArray[np.float32]
