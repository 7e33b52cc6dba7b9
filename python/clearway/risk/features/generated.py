"""Written by compiler.py from declared.py; `make features` writes it anew."""

# ruff: noqa: E501, C901
import math
from typing import Any, Final

import numpy as np
from numba import from_dtype, types

from clearway.risk.compiled import compiled
from clearway.risk.facts import FACTS
from clearway.risk.features.exact import decay, log2_1p

AMOUNT_EUR_MAX: Final = 1e15  # above it counts as this; NaN and what is not above zero as nothing
TIME_NS_MAX: Final = 4_294_967_295_000_000_000  # the last second that 32 bits hold, in 2106
IDENTITY: Final = "2f91466297ce5c0066386cb14249a114b2d88d8dc328f6348b60ff9959bbd93a"

FEATURES: Final = (
    "amount_log",
    "amount_round",
    "hour",
    "weekday",
    "payer_hour_share",
    "payer_count_5m",
    "payer_count_1h",
    "payer_count_1d",
    "payer_count_7d",
    "payer_count_30d",
    "payer_sum_1h",
    "payer_sum_1d",
    "payer_sum_30d",
    "payer_rush",
    "payer_age",
    "payer_idle",
    "payer_sent_n",
    "amount_over_usual",
    "amount_deviation",
    "amount_over_max",
    "amount_over_habit",
    "amount_surprise",
    "payer_excess_3d",
    "payer_excess_7d",
    "payer_excess_share_3d",
    "payee_new",
    "pair_n",
    "pair_idle",
    "pair_reverse",
    "payer_new_1d",
    "payer_new_7d",
    "payer_new_share",
    "purpose_new",
    "memory_age",
    "payer_got_idle",
    "amount_of_got_1h",
    "amount_of_got_1d",
    "payer_passed_share",
    "payer_limit_7d",
    "payee_count_5m",
    "payee_count_1h",
    "payee_count_1d",
    "payee_count_30d",
    "payee_sum_1d",
    "payee_sum_30d",
    "payee_rush",
    "payee_age",
    "payee_new_1d",
    "payee_new_share",
    "payee_amount_deviation",
    "payee_excess_30d",
    "payee_excess_90d",
    "payee_passed_share",
    "payee_limit_7d",
    "payee_sent_n",
    "payer_reports_7d",
    "payer_reports_30d",
    "payer_report_share_30d",
    "payer_report_idle",
    "payer_report_deviation",
    "payee_reports_7d",
    "payee_reports_30d",
    "payee_report_share_7d",
    "payee_report_share_30d",
    "payee_report_share_90d",
    "payee_report_idle",
    "payee_blame",
    "payee_blame_age",
    "payee_blamed_share_1d",
    "payee_blamed_share_3d",
    "payee_fraud_share_90d",
    "payee_cleared_idle",
    "payer_payees_1d",
    "payer_payees_7d",
    "cycle",
    "payer_hops",
    "payee_hops",
    "payer_taint",
    "payee_taint",
    "payer_kin",
    "payee_kin",
    "pair_kin",
    "device_new",
    "device_count_1h",
    "device_accounts_7d",
    "device_sum_1d",
    "device_idle",
    "device_reports_30d",
    "address_count_1h",
    "address_sum_1d",
    "address_idle",
    "address_reports_30d",
    "corridor_new",
    "corridor_count_1d",
    "corridor_deviation",
    "corridor_report_share_30d",
    "payer_got_count_1d",
    "payer_got_sum_1d",
    "payer_got_new_1d",
    "payer_surge",
    "payee_surge",
    "payee_idle",
    "payee_sent_idle",
    "pair_growth",
    "payer_trifles_1d",
    "payee_trifles_1d",
    "payer_same_1d",
    "payee_same_1d",
    "payer_rounds_7d",
    "payer_travel_7d",
    "payer_ways_7d",
    "payee_ways_7d",
    "payee_refunds_30d",
)

MEANINGS: Final = (
    "1719ab6dffbf4122",
    "8e5ffa3b4a4daf2d",
    "32a44652c7623784",
    "37cdf09fa165af0a",
    "f01fc03b4090c663",
    "d51dbf4e5d86e96a",
    "eb4edbdf921f05b1",
    "f1fa7fa7e7ae5a0e",
    "3d1cce39710d6d10",
    "a35b3dec0d6bf46e",
    "671a0d1e913c496b",
    "602c7f7c98fa184f",
    "e8937c7581e33a79",
    "3adb913336cec351",
    "c43d7c3443d6b142",
    "c1d314c122aecd6d",
    "e681149417280835",
    "9aeb375df6bb481b",
    "b6360ce94048feb1",
    "0bdd9a93def889d1",
    "ccd1b8f98895130f",
    "0e669a5468b6b9f4",
    "34a0f34dae111b33",
    "eeb6d76b414af388",
    "61f138ce1a6349cd",
    "268dc9f232541dbb",
    "1a381c8bb97158e1",
    "ac699b422bae5a78",
    "85a694afecb4739e",
    "ada3d18659851409",
    "aa05a7821a2be613",
    "a79a66f6cbac2de4",
    "66c207e47f4746a2",
    "2a77af3fdc20890d",
    "11883c8390cb5450",
    "e82a08a71f858d29",
    "bf7aa9e70fde0bfc",
    "de842b49b46b00de",
    "c3c8ac839b7a4b98",
    "27c8758840ef4611",
    "a7824b32956dd625",
    "ccb6c3e73aa4799d",
    "2d2861c986a8912d",
    "bc6b200da0a95954",
    "2c4b449837b31e05",
    "6c2468efc8c255c7",
    "cea8e36359b500ac",
    "662bbe32f0b4e7ea",
    "ea9d6b2750d8da97",
    "be4fedb1980872a8",
    "828be8a3211940ce",
    "5ef136b794963900",
    "4c6158f7ca3b2fd9",
    "0d4db43a66c3e25a",
    "0828e276596e7556",
    "3c3c41f3c1972db0",
    "906b5dafb74b1b24",
    "9dff9c7ab699a6fa",
    "629d1593283cb927",
    "ac8587208bd0f543",
    "50a83561d8f863fc",
    "4a420cc80d814be8",
    "1163c778f329809d",
    "9a20fe92819e263e",
    "9c958db5a339e392",
    "7e4bfcda9e6ebf54",
    "d26cc846d3a2b68c",
    "d0c1f0f83784836a",
    "3fa54bc91351fe22",
    "b2241b7b259a84b2",
    "c382e26b2a38a543",
    "4600487f30111e14",
    "6ca2c1fabded130b",
    "e8268a020245d28d",
    "45c8bfa69eea7ab8",
    "14eaa60c10a4c09c",
    "48c9187f51e0b24f",
    "bff30ea70e594a3d",
    "66f434667c89e6b4",
    "18ff30f9822698c3",
    "cdbdca51de069e12",
    "14582975d54df83c",
    "f9f71c9ef1d0ba1c",
    "c9b69834651f4b76",
    "45a82d9ca013fc5b",
    "1b1bc2b65550ded4",
    "6fcc5ff039abc3c9",
    "99d1060c0de789b8",
    "80de185861c8a952",
    "d2a4ec2db8f0f478",
    "e71cc3c4486cc4e4",
    "8a745ab502809af3",
    "ecc2ce83a1c153e0",
    "6ee46b7796bc74f8",
    "4090d7faf03fb4dc",
    "3d68928bc1820489",
    "7de506b1a37dc15c",
    "b8f5ca728c1b1ba6",
    "3ee216e3f6ad66e2",
    "f6d831b8996c8408",
    "aa4df7d09e4f77c9",
    "85b06bf1c8a4deb1",
    "957d9fb7b1ccfded",
    "97c4eacb1dbe2dcb",
    "c1a4aab75131a5b9",
    "1a02a770da9675d3",
    "884b37c68305e3f3",
    "23520f7930b80587",
    "1a4edf1943e0341b",
    "0e024bf988d297f2",
    "1c7e8e26cd00e0bf",
    "3bd8cacaa8913e65",
    "f8e28e69ce12db3d",
)

ACCOUNTS: Final = np.dtype(
    [
        ("sent_ns", "<i8"),
        ("first_ns", "<i8"),
        ("got_ns", "<i8"),
        ("robbed_ns", "<i8"),
        ("accused_ns", "<i8"),
        ("trusted_ns", "<i8"),
        ("sent_n", "<u4"),
        ("sent_hours", "<f4", 8),
        ("sent_count_5m", "<f4"),
        ("sent_count_1h", "<f4"),
        ("sent_count_1d", "<f4"),
        ("sent_count_7d", "<f4"),
        ("sent_count_30d", "<f4"),
        ("sent_sum_1h", "<f4"),
        ("sent_sum_1d", "<f4"),
        ("sent_sum_30d", "<f4"),
        ("got_n", "<u4"),
        ("sent_mean", "<f4"),
        ("sent_var", "<f4"),
        ("sent_max", "<f4"),
        ("sent_usual", "<f4"),
        ("sent_spread", "<f4"),
        ("sent_excess_3d", "<f4"),
        ("sent_excess_7d", "<f4"),
        ("sent_count_3d", "<f4"),
        ("peer", "<u4", 16),
        ("peer_s", "<u4", 16),
        ("peer_n", "<u4", 16),
        ("sent_new_1d", "<f4"),
        ("sent_new_7d", "<f4"),
        ("sent_purposes", "<u4"),
        ("got_sum_1h", "<f4"),
        ("got_sum_1d", "<f4"),
        ("sent_passed_7d", "<f4"),
        ("got_sum_7d", "<f4"),
        ("sent_limit_7d", "<f4"),
        ("got_count_5m", "<f4"),
        ("got_count_1h", "<f4"),
        ("got_count_1d", "<f4"),
        ("got_count_30d", "<f4"),
        ("got_sum_30d", "<f4"),
        ("got_new_1d", "<f4"),
        ("got_new_7d", "<f4"),
        ("got_count_7d", "<f4"),
        ("got_mean", "<f4"),
        ("got_var", "<f4"),
        ("got_usual", "<f4"),
        ("got_spread", "<f4"),
        ("got_excess_30d", "<f4"),
        ("got_excess_90d", "<f4"),
        ("got_limit_7d", "<f4"),
        ("robbed_count_7d", "<f4"),
        ("robbed_count_30d", "<f4"),
        ("robbed_n", "<u4"),
        ("robbed_mean", "<f4"),
        ("robbed_var", "<f4"),
        ("accused_count_7d", "<f4"),
        ("accused_count_30d", "<f4"),
        ("accused_count_90d", "<f4"),
        ("got_count_90d", "<f4"),
        ("accused_n", "<u4"),
        ("blamed", "<f4"),
        ("blamed_s", "<u4"),
        ("accused_blame_1d", "<f4"),
        ("accused_count_1d", "<f4"),
        ("trusted_count_1d", "<f4"),
        ("accused_blame_3d", "<f4"),
        ("accused_count_3d", "<f4"),
        ("trusted_count_3d", "<f4"),
        ("trusted_count_90d", "<f4"),
        ("bad_hops", "<u4"),
        ("bad_s", "<u4"),
        ("got_tainted_30d", "<f4"),
        ("kin", "<u4"),
        ("kin_n", "<u4"),
        ("device_seen", "<u4", 4),
        ("device_seen_s", "<u4", 4),
        ("corridor_seen", "<u4", 4),
        ("corridor_seen_s", "<u4", 4),
        ("peer_first", "<f4", 16),
        ("sent_trifle_1d", "<f4"),
        ("got_trifle_1d", "<f4"),
        ("sent_last", "<f4"),
        ("sent_same_1d", "<f4"),
        ("got_last", "<f4"),
        ("got_same_1d", "<f4"),
        ("sent_round_7d", "<f4"),
        ("sent_travel_7d", "<f4"),
        ("sent_ways_7d", "<f4"),
        ("got_ways_7d", "<f4"),
        ("got_back_30d", "<f4"),
    ]
)
DEVICES: Final = np.dtype(
    [
        ("id", "<u8"),
        ("used_ns", "<i8"),
        ("misused_ns", "<i8"),
        ("owner", "<u4"),
        ("used_count_1h", "<f4"),
        ("used_new_7d", "<f4"),
        ("used_sum_1d", "<f4"),
        ("used_n", "<u4"),
        ("misused_count_30d", "<f4"),
    ]
)
ADDRESSES: Final = np.dtype(
    [
        ("id", "<u8"),
        ("used_ns", "<i8"),
        ("misused_ns", "<i8"),
        ("used_count_1h", "<f4"),
        ("used_sum_1d", "<f4"),
        ("used_n", "<u4"),
        ("misused_count_30d", "<f4"),
    ]
)
CORRIDORS: Final = np.dtype(
    [
        ("id", "<u8"),
        ("used_ns", "<i8"),
        ("misused_ns", "<i8"),
        ("used_count_1d", "<f4"),
        ("used_n", "<u4"),
        ("used_mean", "<f4"),
        ("used_var", "<f4"),
        ("misused_count_30d", "<f4"),
        ("used_count_30d", "<f4"),
    ]
)

_facts = from_dtype(FACTS)[::1]
_accounts = from_dtype(ACCOUNTS)[::1]
_devices = from_dtype(DEVICES)[::1]
_addresses = from_dtype(ADDRESSES)[::1]
_corridors = from_dtype(CORRIDORS)[::1]


@compiled(types.void(
    _facts, types.int32[:, ::1], types.int64, types.uint32,
    _accounts, types.uint32[::1], types.uint32[::1], _accounts,
    _devices, types.uint32[::1], types.uint32[::1], _devices,
    _addresses, types.uint32[::1], types.uint32[::1], _addresses,
    _corridors, types.uint32[::1], types.uint32[::1], _corridors,
    types.int64[::1], types.float32[:, ::1],
))  # fmt: skip
def advance_rows(
    facts: Any, numbers: Any, began_ns: int, batch: int,
    accounts: Any, accounts_batch: Any, accounts_touched: Any, accounts_before: Any,
    devices: Any, devices_batch: Any, devices_touched: Any, devices_before: Any,
    addresses: Any, addresses_batch: Any, addresses_touched: Any, addresses_before: Any,
    corridors: Any, corridors_batch: Any, corridors_touched: Any, corridors_before: Any,
    n_touched: Any, out: Any,
) -> None:
    """Features of n events in their order; each sees every event before it.

    facts: FACTS[n]. numbers: int32[3, n], rows of device, address and corridor, 0 for unknown.
    began_ns: time of the first payment of all. batch: a number that no batch before it had.
    A table is its rows; the batch that last touched each; and, of those touched in this one, their
    numbers and how they were before, in `n_touched` (int64, one a table).
    out: float32[n, len(FEATURES)], or float32[0, …] when only the past has to move on. The row of
    a report is 0.
    """
    n_accounts = 0
    n_devices = 0
    n_addresses = 0
    n_corridors = 0
    for i in range(facts.shape[0]):
        fact = facts[i]
        payer_number = fact.payer
        if accounts_batch[payer_number] != batch:
            accounts_batch[payer_number] = batch
            accounts_touched[n_accounts] = payer_number
            accounts_before[n_accounts] = accounts[payer_number]
            n_accounts += 1
        payer = accounts[payer_number]
        payee_number = fact.payee
        if accounts_batch[payee_number] != batch:
            accounts_batch[payee_number] = batch
            accounts_touched[n_accounts] = payee_number
            accounts_before[n_accounts] = accounts[payee_number]
            n_accounts += 1
        payee = accounts[payee_number]
        device_number = numbers[0, i]
        if devices_batch[device_number] != batch:
            devices_batch[device_number] = batch
            devices_touched[n_devices] = device_number
            devices_before[n_devices] = devices[device_number]
            n_devices += 1
        device = devices[device_number]
        address_number = numbers[1, i]
        if addresses_batch[address_number] != batch:
            addresses_batch[address_number] = batch
            addresses_touched[n_addresses] = address_number
            addresses_before[n_addresses] = addresses[address_number]
            n_addresses += 1
        address = addresses[address_number]
        corridor_number = numbers[2, i]
        if corridors_batch[corridor_number] != batch:
            corridors_batch[corridor_number] = batch
            corridors_touched[n_corridors] = corridor_number
            corridors_before[n_corridors] = corridors[corridor_number]
            n_corridors += 1
        corridor = corridors[corridor_number]
        time_ns = min(max(fact.time_ns, 0), TIME_NS_MAX)
        time_s = np.uint32(time_ns // 1_000_000_000)
        day_s = (time_ns // 1_000_000_000) % 86_400
        amount = fact.amount_eur
        if not amount > 0.0:
            amount = 0.0
        amount = min(amount, AMOUNT_EUR_MAX)
        amount_log = log2_1p(amount)
        major = fact.amount_major
        roundness = 0.0
        if major > 0.0 and major < 1e12:
            roundness = (
                1.0 * (major % 10.0 == 0.0)
                + (major % 100.0 == 0.0)
                + (major % 1000.0 == 0.0)
            )
        octant = day_s // 10_800
        payer_sent_age_s = max(time_ns - payer.sent_ns, 0) * 1e-9
        payer_sent_fade_5m = decay(payer_sent_age_s / 300.0)
        payer_sent_count_5m = payer.sent_count_5m * payer_sent_fade_5m
        payer_sent_fade_1h = decay(payer_sent_age_s / 3600.0)
        payer_sent_count_1h = payer.sent_count_1h * payer_sent_fade_1h
        payer_sent_fade_1d = decay(payer_sent_age_s / 86400.0)
        payer_sent_count_1d = payer.sent_count_1d * payer_sent_fade_1d
        payer_sent_fade_7d = decay(payer_sent_age_s / 604800.0)
        payer_sent_count_7d = payer.sent_count_7d * payer_sent_fade_7d
        payer_sent_fade_30d = decay(payer_sent_age_s / 2592000.0)
        payer_sent_count_30d = payer.sent_count_30d * payer_sent_fade_30d
        payer_sent_sum_1h = payer.sent_sum_1h * payer_sent_fade_1h
        payer_sent_sum_1d = payer.sent_sum_1d * payer_sent_fade_1d
        payer_sent_sum_30d = payer.sent_sum_30d * payer_sent_fade_30d
        payer_seen = payer.sent_n + payer.got_n > 0
        payee_seen = payee.sent_n + payee.got_n > 0
        payer_sent_surprise = 0.0
        if payer.sent_n > 0:
            payer_sent_surprise = (amount - payer.sent_usual) / (1.0 + payer.sent_spread)
        payer_sent_fade_3d = decay(payer_sent_age_s / 259200.0)
        payer_sent_excess_3d = payer.sent_excess_3d * payer_sent_fade_3d
        payer_sent_excess = 0.0
        if payer.sent_n >= 3:
            times = amount / (1.0 + payer.sent_usual)
            payer_sent_excess = min(max(times - 2.0, 0.0), 5.0)
        payer_sent_excess_7d = payer.sent_excess_7d * payer_sent_fade_7d
        payer_sent_count_3d = payer.sent_count_3d * payer_sent_fade_3d
        pair = -1
        oldest = 0
        for p in range(16):
            if payer.peer[p] == fact.payee + 1:
                pair = p
            if payer.peer_s[p] < payer.peer_s[oldest]:
                oldest = p
        payee_new = 1.0 if pair < 0 else 0.0
        reverse = 0.0
        for p in range(16):
            if payee.peer[p] == fact.payer + 1:
                reverse = 1.0
        payer_sent_new_1d = payer.sent_new_1d * payer_sent_fade_1d
        payer_sent_new_7d = payer.sent_new_7d * payer_sent_fade_7d
        hashed = fact.purpose * np.uint64(2_654_435_761)
        purpose = np.uint32(1) << np.uint32((hashed >> 16) & 31)
        payer_got_age_s = max(time_ns - payer.got_ns, 0) * 1e-9
        payer_got_fade_1h = decay(payer_got_age_s / 3600.0)
        payer_got_sum_1h = payer.got_sum_1h * payer_got_fade_1h
        payee_got_age_s = max(time_ns - payee.got_ns, 0) * 1e-9
        payee_got_fade_1h = decay(payee_got_age_s / 3600.0)
        payee_got_sum_1h = payee.got_sum_1h * payee_got_fade_1h
        payer_got_fade_1d = decay(payer_got_age_s / 86400.0)
        payer_got_sum_1d = payer.got_sum_1d * payer_got_fade_1d
        payee_got_fade_1d = decay(payee_got_age_s / 86400.0)
        payee_got_sum_1d = payee.got_sum_1d * payee_got_fade_1d
        payer_sent_passed_7d = payer.sent_passed_7d * payer_sent_fade_7d
        payer_got_fade_7d = decay(payer_got_age_s / 604800.0)
        payer_got_sum_7d = payer.got_sum_7d * payer_got_fade_7d
        payee_got_fade_7d = decay(payee_got_age_s / 604800.0)
        payee_got_sum_7d = payee.got_sum_7d * payee_got_fade_7d
        payer_sent_limit_7d = payer.sent_limit_7d * payer_sent_fade_7d
        at_limit = 1.0 if amount >= 8500.0 and amount < 10000.0 else 0.0
        payee_got_fade_5m = decay(payee_got_age_s / 300.0)
        payee_got_count_5m = payee.got_count_5m * payee_got_fade_5m
        payee_got_count_1h = payee.got_count_1h * payee_got_fade_1h
        payee_got_count_1d = payee.got_count_1d * payee_got_fade_1d
        payee_got_fade_30d = decay(payee_got_age_s / 2592000.0)
        payee_got_count_30d = payee.got_count_30d * payee_got_fade_30d
        payee_got_sum_30d = payee.got_sum_30d * payee_got_fade_30d
        payee_got_new_1d = payee.got_new_1d * payee_got_fade_1d
        payee_got_new_7d = payee.got_new_7d * payee_got_fade_7d
        payee_got_count_7d = payee.got_count_7d * payee_got_fade_7d
        payee_got_excess_30d = payee.got_excess_30d * payee_got_fade_30d
        payee_got_excess = 0.0
        if payee.got_n >= 3:
            times = amount / (1.0 + payee.got_usual)
            payee_got_excess = min(max(times - 2.0, 0.0), 5.0)
        payee_got_fade_90d = decay(payee_got_age_s / 7776000.0)
        payee_got_excess_90d = payee.got_excess_90d * payee_got_fade_90d
        payee_sent_age_s = max(time_ns - payee.sent_ns, 0) * 1e-9
        payee_sent_fade_7d = decay(payee_sent_age_s / 604800.0)
        payee_sent_passed_7d = payee.sent_passed_7d * payee_sent_fade_7d
        payee_got_limit_7d = payee.got_limit_7d * payee_got_fade_7d
        payer_robbed_age_s = max(time_ns - payer.robbed_ns, 0) * 1e-9
        payer_robbed_fade_7d = decay(payer_robbed_age_s / 604800.0)
        payer_robbed_count_7d = payer.robbed_count_7d * payer_robbed_fade_7d
        payer_robbed_fade_30d = decay(payer_robbed_age_s / 2592000.0)
        payer_robbed_count_30d = payer.robbed_count_30d * payer_robbed_fade_30d
        payee_accused_age_s = max(time_ns - payee.accused_ns, 0) * 1e-9
        payee_accused_fade_7d = decay(payee_accused_age_s / 604800.0)
        payee_accused_count_7d = payee.accused_count_7d * payee_accused_fade_7d
        payee_accused_fade_30d = decay(payee_accused_age_s / 2592000.0)
        payee_accused_count_30d = payee.accused_count_30d * payee_accused_fade_30d
        payee_accused_fade_90d = decay(payee_accused_age_s / 7776000.0)
        payee_accused_count_90d = payee.accused_count_90d * payee_accused_fade_90d
        payee_got_count_90d = payee.got_count_90d * payee_got_fade_90d
        distances = 0.5 * max(payer_sent_surprise, 0.0)
        blame = 1.0 / ((1.0 + distances * distances) * (1.0 + payer_sent_excess_7d))
        payee_accused_fade_1d = decay(payee_accused_age_s / 86400.0)
        payee_accused_blame_1d = payee.accused_blame_1d * payee_accused_fade_1d
        payee_accused_count_1d = payee.accused_count_1d * payee_accused_fade_1d
        payee_trusted_age_s = max(time_ns - payee.trusted_ns, 0) * 1e-9
        payee_trusted_fade_1d = decay(payee_trusted_age_s / 86400.0)
        payee_trusted_count_1d = payee.trusted_count_1d * payee_trusted_fade_1d
        payee_accused_fade_3d = decay(payee_accused_age_s / 259200.0)
        payee_accused_blame_3d = payee.accused_blame_3d * payee_accused_fade_3d
        payee_accused_count_3d = payee.accused_count_3d * payee_accused_fade_3d
        payee_trusted_fade_3d = decay(payee_trusted_age_s / 259200.0)
        payee_trusted_count_3d = payee.trusted_count_3d * payee_trusted_fade_3d
        payee_trusted_fade_90d = decay(payee_trusted_age_s / 7776000.0)
        payee_trusted_count_90d = payee.trusted_count_90d * payee_trusted_fade_90d
        payees_1d = 0.0
        payees_1d_since = float(time_s) - 86400.0
        for p in range(16):
            if payer.peer[p] != 0 and payer.peer_s[p] >= payees_1d_since:
                payees_1d += 1.0
        payees_7d = 0.0
        payees_7d_since = float(time_s) - 604800.0
        for p in range(16):
            if payer.peer[p] != 0 and payer.peer_s[p] >= payees_7d_since:
                payees_7d += 1.0
        cycle = 0.0
        link_s = max(float(time_s) - 2592000.0, 0.0)
        for p in range(16):
            if payee.peer[p] == 0 or payee.peer_s[p] < link_s:
                continue
            if payee.peer[p] == fact.payer + 1:
                cycle = 2.0
                break
            between = accounts[payee.peer[p] - 1]
            for q in range(16):
                if between.peer[q] == fact.payer + 1 and between.peer_s[q] >= link_s:
                    cycle = 3.0
        bad_since = max(float(time_s) - 2592000.0, 0.0)
        payer_hops = payer.bad_hops if payer.bad_s >= bad_since else 0
        payee_hops = payee.bad_hops if payee.bad_s >= bad_since else 0
        payer_got_fade_30d = decay(payer_got_age_s / 2592000.0)
        payer_got_tainted_30d = payer.got_tainted_30d * payer_got_fade_30d
        payee_got_tainted_30d = payee.got_tainted_30d * payee_got_fade_30d
        payer_accused_age_s = max(time_ns - payer.accused_ns, 0) * 1e-9
        payer_accused_fade_30d = decay(payer_accused_age_s / 2592000.0)
        payer_accused_count_30d = payer.accused_count_30d * payer_accused_fade_30d
        payer_got_sum_30d = payer.got_sum_30d * payer_got_fade_30d
        payer_root = payer_number
        while accounts[payer_root].kin != 0:
            payer_root = accounts[payer_root].kin - 1
        payee_root = payee_number
        while accounts[payee_root].kin != 0:
            payee_root = accounts[payee_root].kin - 1
        device_mixed = fact.device * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)
        device_hash = np.uint32(device_mixed | np.uint64(1))
        device_place = -1
        device_oldest = 0
        for p in range(4):
            if payer.device_seen[p] == device_hash:
                device_place = p
            if payer.device_seen_s[p] < payer.device_seen_s[device_oldest]:
                device_oldest = p
        device_new = 1.0 if device_place < 0 else 0.0
        device_used_age_s = max(time_ns - device.used_ns, 0) * 1e-9
        device_used_fade_1h = decay(device_used_age_s / 3600.0)
        device_used_count_1h = device.used_count_1h * device_used_fade_1h
        device_used_fade_7d = decay(device_used_age_s / 604800.0)
        device_used_new_7d = device.used_new_7d * device_used_fade_7d
        device_used_fade_1d = decay(device_used_age_s / 86400.0)
        device_used_sum_1d = device.used_sum_1d * device_used_fade_1d
        device_misused_age_s = max(time_ns - device.misused_ns, 0) * 1e-9
        device_misused_fade_30d = decay(device_misused_age_s / 2592000.0)
        device_misused_count_30d = device.misused_count_30d * device_misused_fade_30d
        address_used_age_s = max(time_ns - address.used_ns, 0) * 1e-9
        address_used_fade_1h = decay(address_used_age_s / 3600.0)
        address_used_count_1h = address.used_count_1h * address_used_fade_1h
        address_used_fade_1d = decay(address_used_age_s / 86400.0)
        address_used_sum_1d = address.used_sum_1d * address_used_fade_1d
        address_misused_age_s = max(time_ns - address.misused_ns, 0) * 1e-9
        address_misused_fade_30d = decay(address_misused_age_s / 2592000.0)
        address_misused_count_30d = address.misused_count_30d * address_misused_fade_30d
        corridor_mixed = fact.corridor * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)
        corridor_hash = np.uint32(corridor_mixed | np.uint64(1))
        corridor_place = -1
        corridor_oldest = 0
        for p in range(4):
            if payer.corridor_seen[p] == corridor_hash:
                corridor_place = p
            if payer.corridor_seen_s[p] < payer.corridor_seen_s[corridor_oldest]:
                corridor_oldest = p
        corridor_new = 1.0 if corridor_place < 0 else 0.0
        corridor_used_age_s = max(time_ns - corridor.used_ns, 0) * 1e-9
        corridor_used_fade_1d = decay(corridor_used_age_s / 86400.0)
        corridor_used_count_1d = corridor.used_count_1d * corridor_used_fade_1d
        corridor_misused_age_s = max(time_ns - corridor.misused_ns, 0) * 1e-9
        corridor_misused_fade_30d = decay(corridor_misused_age_s / 2592000.0)
        corridor_misused_count_30d = corridor.misused_count_30d * corridor_misused_fade_30d
        corridor_used_fade_30d = decay(corridor_used_age_s / 2592000.0)
        corridor_used_count_30d = corridor.used_count_30d * corridor_used_fade_30d
        payer_got_count_1d = payer.got_count_1d * payer_got_fade_1d
        payer_got_new_1d = payer.got_new_1d * payer_got_fade_1d
        growth = amount_log - payer.peer_first[pair] if pair >= 0 else 0.0
        payer_sent_trifle_1d = payer.sent_trifle_1d * payer_sent_fade_1d
        is_trifle = 1.0 if amount <= 5.0 else 0.0
        payee_got_trifle_1d = payee.got_trifle_1d * payee_got_fade_1d
        payer_sent_same_1d = payer.sent_same_1d * payer_sent_fade_1d
        sent_step = abs(amount_log - payer.sent_last)
        sent_same = 1.0 if amount > 0.0 and sent_step < 0.0005 else 0.0
        payee_got_same_1d = payee.got_same_1d * payee_got_fade_1d
        got_step = abs(amount_log - payee.got_last)
        got_same = 1.0 if amount > 0.0 and got_step < 0.0005 else 0.0
        payer_sent_round_7d = payer.sent_round_7d * payer_sent_fade_7d
        payer_sent_travel_7d = payer.sent_travel_7d * payer_sent_fade_7d
        is_travel = 1.0 if amount >= 850.0 and amount < 1000.0 else 0.0
        payer_sent_ways_7d = payer.sent_ways_7d * payer_sent_fade_7d
        payee_got_ways_7d = payee.got_ways_7d * payee_got_fade_7d
        payee_got_back_30d = payee.got_back_30d * payee_got_fade_30d
        if out.shape[0] > 0 and fact.report != 0:
            out[i, :] = 0.0
        elif out.shape[0] > 0:
            # amount_log: amount, log2 of 1 + euros
            out[i, 0] = amount_log
            # amount_round: 1, 2, 3: a multiple of 10, 100, 1000 of its own currency
            out[i, 1] = roundness
            # hour: hour of the day, UTC, with fraction
            out[i, 2] = (day_s / 3600.0)
            # weekday: day of the week; 0 is Thursday, as 1970-01-01 was
            out[i, 3] = ((time_ns // 86_400_000_000_000) % 7)
            # payer_hour_share: how usual this time of day is for the payer
            out[i, 4] = payer.sent_hours[octant]
            # payer_count_5m: payments the payer sent in 5 minutes
            out[i, 5] = payer_sent_count_5m
            # payer_count_1h: payments the payer sent in an hour
            out[i, 6] = payer_sent_count_1h
            # payer_count_1d: payments the payer sent in a day
            out[i, 7] = payer_sent_count_1d
            # payer_count_7d: payments the payer sent in 7 days
            out[i, 8] = payer_sent_count_7d
            # payer_count_30d: payments the payer sent in 30 days
            out[i, 9] = payer_sent_count_30d
            # payer_sum_1h: money the payer sent in an hour
            out[i, 10] = log2_1p(payer_sent_sum_1h)
            # payer_sum_1d: money the payer sent in a day
            out[i, 11] = log2_1p(payer_sent_sum_1d)
            # payer_sum_30d: money the payer sent in 30 days
            out[i, 12] = log2_1p(payer_sent_sum_30d)
            # payer_rush: the payer's pace in the last hour over that of 30 days
            out[i, 13] = log2_1p(((720.0 * payer_sent_count_1h) / (1.0 + payer_sent_count_30d)))
            # payer_age: time since the payer was first seen
            out[i, 14] = (log2_1p(max(time_ns - payer.first_ns, 0) * 1e-9) if payer_seen else -1.0)
            # payer_idle: time since the payer last sent
            out[i, 15] = (log2_1p(payer_sent_age_s) if payer.sent_n > 0 else -1.0)
            # payer_sent_n: payments the payer ever sent
            out[i, 16] = log2_1p(payer.sent_n)
            # amount_over_usual: amount over the payer's usual one
            out[i, 17] = (amount_log - payer.sent_mean if payer.sent_n > 0 else 0.0)
            # amount_deviation: the same in the payer's standard deviations
            out[i, 18] = ((amount_log - payer.sent_mean) / math.sqrt((payer.sent_var * payer.sent_n + 3.0) / (payer.sent_n + 3.0)) if payer.sent_n > 0 else 0.0)
            # amount_over_max: amount over the payer's largest
            out[i, 19] = (amount_log - payer.sent_max if payer.sent_n > 0 else 0.0)
            # amount_over_habit: amount over what the payer is used to
            out[i, 20] = (amount_log - log2_1p(payer.sent_usual) if payer.sent_n > 0 else 0.0)
            # amount_surprise: the same in the payer's usual distances
            out[i, 21] = payer_sent_surprise
            # payer_excess_3d: how far the payer's payments of 3 days were above what it is used to
            out[i, 22] = payer_sent_excess_3d
            # payer_excess_7d: the same in 7 days
            out[i, 23] = payer_sent_excess_7d
            # payer_excess_share_3d: the same in 3 days, a payment
            out[i, 24] = (payer_sent_excess_3d / (0.3 + payer_sent_count_3d))
            # payee_new: 1 when the payer does not remember this payee
            out[i, 25] = payee_new
            # pair_n: payments from this payer to this payee
            out[i, 26] = log2_1p((float(payer.peer_n[pair]) if pair >= 0 else 0.0))
            # pair_idle: time since the last of them
            out[i, 27] = (log2_1p(max(float(time_s) - float(payer.peer_s[pair]), 0.0)) if pair >= 0 else -1.0)
            # pair_reverse: 1 when the payee remembers having paid the payer
            out[i, 28] = reverse
            # payer_new_1d: payments to new payees in a day
            out[i, 29] = payer_sent_new_1d
            # payer_new_7d: payments to new payees in 7 days
            out[i, 30] = payer_sent_new_7d
            # payer_new_share: share of new payees in what the payer sent in 7 days
            out[i, 31] = (payer_sent_new_7d / (1.0 + payer_sent_count_7d))
            # purpose_new: 1 when the payer never used this purpose
            out[i, 32] = (1.0 if payer.sent_purposes & purpose == 0 else 0.0)
            # memory_age: time since the first payment of all: on a new node all is new
            out[i, 33] = log2_1p(max(time_ns - began_ns, 0) * 1e-9)
            # payer_got_idle: time since the payer last got money
            out[i, 34] = (log2_1p(payer_got_age_s) if payer.got_n > 0 else -1.0)
            # amount_of_got_1h: amount against what the payer got in the hour
            out[i, 35] = (amount / ((1.0 + amount) + payer_got_sum_1h))
            # amount_of_got_1d: amount against what the payer got in the day
            out[i, 36] = (amount / ((1.0 + amount) + payer_got_sum_1d))
            # payer_passed_share: share of what the payer got in 7 days that went on within the hour
            out[i, 37] = (payer_sent_passed_7d / (1.0 + payer_got_sum_7d))
            # payer_limit_7d: payments just below the reporting limit in 7 days
            out[i, 38] = payer_sent_limit_7d
            # payee_count_5m: payments the payee got in 5 minutes
            out[i, 39] = payee_got_count_5m
            # payee_count_1h: payments the payee got in an hour
            out[i, 40] = payee_got_count_1h
            # payee_count_1d: payments the payee got in a day
            out[i, 41] = payee_got_count_1d
            # payee_count_30d: payments the payee got in 30 days
            out[i, 42] = payee_got_count_30d
            # payee_sum_1d: money the payee got in a day
            out[i, 43] = log2_1p(payee_got_sum_1d)
            # payee_sum_30d: money the payee got in 30 days
            out[i, 44] = log2_1p(payee_got_sum_30d)
            # payee_rush: the payee's pace in the last hour over that of 30 days
            out[i, 45] = log2_1p(((720.0 * payee_got_count_1h) / (1.0 + payee_got_count_30d)))
            # payee_age: time since the payee was first seen
            out[i, 46] = (log2_1p(max(time_ns - payee.first_ns, 0) * 1e-9) if payee_seen else -1.0)
            # payee_new_1d: payments in a day from payers to whom the payee was new
            out[i, 47] = payee_got_new_1d
            # payee_new_share: share of them in what the payee got in 7 days
            out[i, 48] = (payee_got_new_7d / (1.0 + payee_got_count_7d))
            # payee_amount_deviation: amount against what the payee usually gets, in standard deviations
            out[i, 49] = ((amount_log - payee.got_mean) / math.sqrt((payee.got_var * payee.got_n + 3.0) / (payee.got_n + 3.0)) if payee.got_n > 0 else 0.0)
            # payee_excess_30d: how far above its habit the payee was paid in 30 days
            out[i, 50] = payee_got_excess_30d
            # payee_excess_90d: the same in 90 days
            out[i, 51] = payee_got_excess_90d
            # payee_passed_share: share of what the payee got in 7 days that went on within the hour
            out[i, 52] = (payee_sent_passed_7d / (1.0 + payee_got_sum_7d))
            # payee_limit_7d: payments just below the reporting limit that the payee got in 7 days
            out[i, 53] = payee_got_limit_7d
            # payee_sent_n: payments the payee ever sent
            out[i, 54] = log2_1p(payee.sent_n)
            # payer_reports_7d: reports of frauds on the payer in 7 days
            out[i, 55] = payer_robbed_count_7d
            # payer_reports_30d: reports of frauds on the payer in 30 days
            out[i, 56] = payer_robbed_count_30d
            # payer_report_share_30d: reports of frauds on the payer over what it sent in 30 days
            out[i, 57] = (payer_robbed_count_30d / (1.0 + payer_sent_count_30d))
            # payer_report_idle: time since the last report on the payer
            out[i, 58] = (log2_1p(payer_robbed_age_s) if payer.robbed_n > 0 else -1.0)
            # payer_report_deviation: amount against those that were reported of the payer, in standard deviations
            out[i, 59] = ((amount_log - payer.robbed_mean) / math.sqrt((payer.robbed_var * payer.robbed_n + 3.0) / (payer.robbed_n + 3.0)) if payer.robbed_n > 0 else 0.0)
            # payee_reports_7d: reports of frauds to the payee in 7 days
            out[i, 60] = payee_accused_count_7d
            # payee_reports_30d: reports of frauds to the payee in 30 days
            out[i, 61] = payee_accused_count_30d
            # payee_report_share_7d: reports of frauds to the payee over what it got in 7 days
            out[i, 62] = (payee_accused_count_7d / (1.0 + payee_got_count_7d))
            # payee_report_share_30d: reports of frauds to the payee over what it got in 30 days
            out[i, 63] = (payee_accused_count_30d / (1.0 + payee_got_count_30d))
            # payee_report_share_90d: reports of frauds to the payee over what it got in 90 days
            out[i, 64] = (payee_accused_count_90d / (1.0 + payee_got_count_90d))
            # payee_report_idle: time since the last report on the payee
            out[i, 65] = (log2_1p(payee_accused_age_s) if payee.accused_n > 0 else -1.0)
            # payee_blame: reports that speak against the payee, since one was cleared
            out[i, 66] = payee.blamed
            # payee_blame_age: time since the first of them
            out[i, 67] = (log2_1p(max(float(time_s) - float(payee.blamed_s), 0.0)) if payee.blamed > 0.0 else -1.0)
            # payee_blamed_share_1d: share of them in what became known of the payee's payments in a day
            out[i, 68] = (payee_accused_blame_1d / ((1.0 + payee_accused_count_1d) + payee_trusted_count_1d))
            # payee_blamed_share_3d: the same in 3 days
            out[i, 69] = (payee_accused_blame_3d / ((1.0 + payee_accused_count_3d) + payee_trusted_count_3d))
            # payee_fraud_share_90d: share of frauds in what became known of the payee's payments in 90 days
            out[i, 70] = (payee_accused_count_90d / ((1.0 + payee_accused_count_90d) + payee_trusted_count_90d))
            # payee_cleared_idle: time since a payment of the payee last became known as honest
            out[i, 71] = (log2_1p(payee_trusted_age_s) if payee.trusted_ns > 0 else -1.0)
            # payer_payees_1d: different payees of the payer in a day
            out[i, 72] = payees_1d
            # payer_payees_7d: different payees of the payer in 7 days
            out[i, 73] = payees_7d
            # cycle: payments in the cycle that this one closes within 30 days
            out[i, 74] = cycle
            # payer_hops: payments between the payer and an accused account
            out[i, 75] = (payer_hops - 1.0)
            # payee_hops: payments between the payee and an accused account
            out[i, 76] = (payee_hops - 1.0)
            # payer_taint: share of what the payer got in 30 days that came from accused accounts
            out[i, 77] = (payer_got_tainted_30d / (1.0 + payer_got_sum_30d))
            # payee_taint: the same of the payee
            out[i, 78] = (payee_got_tainted_30d / (1.0 + payee_got_sum_30d))
            # payer_kin: accounts that share devices with the payer
            out[i, 79] = log2_1p(max(accounts[payer_root].kin_n, 1))
            # payee_kin: accounts that share devices with the payee
            out[i, 80] = log2_1p(max(accounts[payee_root].kin_n, 1))
            # pair_kin: 1 when payer and payee share devices
            out[i, 81] = (1.0 if payer_root == payee_root else 0.0)
            # device_new: 1 when the payer never used this device, or not lately
            out[i, 82] = (device_new if fact.device != 0 else -1.0)
            # device_count_1h: payments from the device in an hour
            out[i, 83] = (device_used_count_1h if fact.device != 0 else -1.0)
            # device_accounts_7d: payments in 7 days of payers to whom the device was new
            out[i, 84] = (device_used_new_7d if fact.device != 0 else -1.0)
            # device_sum_1d: money sent from the device in a day
            out[i, 85] = (log2_1p(device_used_sum_1d) if fact.device != 0 else -1.0)
            # device_idle: time since the device last paid
            out[i, 86] = ((log2_1p(device_used_age_s) if device.used_n > 0 else -1.0) if fact.device != 0 else -1.0)
            # device_reports_30d: reports of frauds from the device in 30 days
            out[i, 87] = (device_misused_count_30d if fact.device != 0 else -1.0)
            # address_count_1h: payments from the network address in an hour
            out[i, 88] = (address_used_count_1h if fact.address != 0 else -1.0)
            # address_sum_1d: money sent from the address in a day
            out[i, 89] = (log2_1p(address_used_sum_1d) if fact.address != 0 else -1.0)
            # address_idle: time since the address last paid
            out[i, 90] = ((log2_1p(address_used_age_s) if address.used_n > 0 else -1.0) if fact.address != 0 else -1.0)
            # address_reports_30d: reports of frauds from the address in 30 days
            out[i, 91] = (address_misused_count_30d if fact.address != 0 else -1.0)
            # corridor_new: 1 when the payer never paid on this way before
            out[i, 92] = (corridor_new if fact.corridor != 0 else -1.0)
            # corridor_count_1d: payments on this way in a day
            out[i, 93] = (log2_1p(corridor_used_count_1d) if fact.corridor != 0 else -1.0)
            # corridor_deviation: amount against the usual one on this way, in standard deviations
            out[i, 94] = (((amount_log - corridor.used_mean) / math.sqrt((corridor.used_var * corridor.used_n + 3.0) / (corridor.used_n + 3.0)) if corridor.used_n > 0 else 0.0) if fact.corridor != 0 else -1.0)
            # corridor_report_share_30d: reports of frauds over payments on this way in 30 days
            out[i, 95] = ((corridor_misused_count_30d / (1.0 + corridor_used_count_30d)) if fact.corridor != 0 else -1.0)
            # payer_got_count_1d: payments the payer got in a day
            out[i, 96] = payer_got_count_1d
            # payer_got_sum_1d: money the payer got in a day
            out[i, 97] = log2_1p(payer_got_sum_1d)
            # payer_got_new_1d: payments in a day from payers to whom the payer was new
            out[i, 98] = payer_got_new_1d
            # payer_surge: share of what the payer sent in 30 days that it sent in a day
            out[i, 99] = ((amount + payer_sent_sum_1d) / ((1.0 + amount) + payer_sent_sum_30d))
            # payee_surge: share of what the payee got in 30 days that it got in a day
            out[i, 100] = ((amount + payee_got_sum_1d) / ((1.0 + amount) + payee_got_sum_30d))
            # payee_idle: time since the payee last got money
            out[i, 101] = (log2_1p(payee_got_age_s) if payee.got_n > 0 else -1.0)
            # payee_sent_idle: time since the payee last sent
            out[i, 102] = (log2_1p(payee_sent_age_s) if payee.sent_n > 0 else -1.0)
            # pair_growth: amount over the first one to this payee
            out[i, 103] = growth
            # payer_trifles_1d: trifles the payer sent in a day
            out[i, 104] = payer_sent_trifle_1d
            # payee_trifles_1d: trifles the payee got in a day
            out[i, 105] = payee_got_trifle_1d
            # payer_same_1d: payments in a day of the amount that the payer sent before
            out[i, 106] = payer_sent_same_1d
            # payee_same_1d: payments in a day of the amount that the payee got before
            out[i, 107] = payee_got_same_1d
            # payer_rounds_7d: whole hundreds the payer sent in 7 days
            out[i, 108] = payer_sent_round_7d
            # payer_travel_7d: payments just below 1,000 that the payer sent in 7 days
            out[i, 109] = payer_sent_travel_7d
            # payer_ways_7d: ways new to the payer that it paid on in 7 days
            out[i, 110] = payer_sent_ways_7d
            # payee_ways_7d: payments to the payee in 7 days on ways new to their payers
            out[i, 111] = payee_got_ways_7d
            # payee_refunds_30d: payments in 30 days from those whom the payee had paid
            out[i, 112] = payee_got_back_30d
        if fact.report == 0:  # the payment becomes the past
            payer.sent_n += 1
            sent_weight = 1.0 / min(payer.sent_n, 64)
            for k in range(8):
                payer.sent_hours[k] *= 1.0 - sent_weight
            payer.sent_hours[octant] += sent_weight
            payer.sent_ns = max(time_ns, payer.sent_ns)
            payer.sent_count_5m = payer_sent_count_5m + 1.0
            payer.sent_count_1h = payer_sent_count_1h + 1.0
            payer.sent_count_1d = payer_sent_count_1d + 1.0
            payer.sent_count_7d = payer_sent_count_7d + 1.0
            payer.sent_count_30d = payer_sent_count_30d + 1.0
            payer.sent_sum_1h = payer_sent_sum_1h + amount
            payer.sent_sum_1d = payer_sent_sum_1d + amount
            payer.sent_sum_30d = payer_sent_sum_30d + amount
            payee.got_n += 1
            if not payer_seen:
                payer.first_ns = time_ns
            if not payee_seen:
                payee.first_ns = time_ns
            step = amount_log - payer.sent_mean
            payer.sent_mean += sent_weight * step
            payer.sent_var = (1.0 - sent_weight) * (payer.sent_var + sent_weight * step * step)
            payer.sent_max = max(payer.sent_max, amount_log)
            if payer.sent_n == 1:
                payer.sent_usual = amount
                payer.sent_spread = 0.5 * amount
            else:
                step_max = 2.5 * payer.sent_spread + 1.0
                step = min(max(amount - payer.sent_usual, -step_max), step_max)
                payer.sent_usual += sent_weight * step
                payer.sent_spread += sent_weight * (abs(step) - payer.sent_spread)
            payer.sent_excess_3d = payer_sent_excess_3d + payer_sent_excess
            payer.sent_excess_7d = payer_sent_excess_7d + payer_sent_excess
            payer.sent_count_3d = payer_sent_count_3d + 1.0
            if pair < 0:
                pair = oldest
                payer.peer[pair] = fact.payee + 1
                payer.peer_n[pair] = 0
            payer.peer_s[pair] = max(time_s, payer.peer_s[pair])
            payer.peer_n[pair] += 1
            payer.sent_new_1d = payer_sent_new_1d + payee_new
            payer.sent_new_7d = payer_sent_new_7d + payee_new
            payer.sent_purposes |= purpose
            payee.got_ns = max(time_ns, payee.got_ns)
            payee.got_sum_1h = payee_got_sum_1h + amount
            payee.got_sum_1d = payee_got_sum_1d + amount
            payer.sent_passed_7d = payer_sent_passed_7d + min(amount, payer_got_sum_1h)
            payee.got_sum_7d = payee_got_sum_7d + amount
            payer.sent_limit_7d = payer_sent_limit_7d + at_limit
            payee.got_count_5m = payee_got_count_5m + 1.0
            payee.got_count_1h = payee_got_count_1h + 1.0
            payee.got_count_1d = payee_got_count_1d + 1.0
            payee.got_count_30d = payee_got_count_30d + 1.0
            payee.got_sum_30d = payee_got_sum_30d + amount
            payee.got_new_1d = payee_got_new_1d + payee_new
            payee.got_new_7d = payee_got_new_7d + payee_new
            payee.got_count_7d = payee_got_count_7d + 1.0
            got_weight = 1.0 / min(payee.got_n, 64)
            step = amount_log - payee.got_mean
            payee.got_mean += got_weight * step
            payee.got_var = (1.0 - got_weight) * (payee.got_var + got_weight * step * step)
            if payee.got_n == 1:
                payee.got_usual = amount
                payee.got_spread = 0.5 * amount
            else:
                step_max = 2.5 * payee.got_spread + 1.0
                step = min(max(amount - payee.got_usual, -step_max), step_max)
                payee.got_usual += got_weight * step
                payee.got_spread += got_weight * (abs(step) - payee.got_spread)
            payee.got_excess_30d = payee_got_excess_30d + payee_got_excess
            payee.got_excess_90d = payee_got_excess_90d + payee_got_excess
            payee.got_limit_7d = payee_got_limit_7d + at_limit
            payee.got_count_90d = payee_got_count_90d + 1.0
            if 0 < payer_hops <= 4 and (payee_hops == 0 or payee_hops > payer_hops):
                payee.bad_hops = payer_hops + 1
                payee.bad_s = payer.bad_s
            if 0 < payee_hops <= 4 and (payer_hops == 0 or payer_hops > payee_hops):
                payer.bad_hops = payee_hops + 1
                payer.bad_s = payee.bad_s
            payee.got_tainted_30d = payee_got_tainted_30d + amount * max(min(payer_accused_count_30d, 1.0), min(1.0, payer.got_tainted_30d * payer_got_fade_30d / (1.0 + payer_got_sum_30d)))
            if fact.device != 0:
                if device.owner == 0:
                    device.owner = payer_number + 1
                owner_root = device.owner - 1
                while accounts[owner_root].kin != 0:
                    owner_root = accounts[owner_root].kin - 1
                owner_kin = max(accounts[owner_root].kin_n, 1)
                payer_kin = max(accounts[payer_root].kin_n, 1)
                if owner_root != payer_root and owner_kin + payer_kin <= 4096:
                    upper = owner_root if owner_kin >= payer_kin else payer_root
                    lower = payer_root if owner_kin >= payer_kin else owner_root
                    if accounts_batch[upper] != batch:
                        accounts_batch[upper] = batch
                        accounts_touched[n_accounts] = upper
                        accounts_before[n_accounts] = accounts[upper]
                        n_accounts += 1
                    if accounts_batch[lower] != batch:
                        accounts_batch[lower] = batch
                        accounts_touched[n_accounts] = lower
                        accounts_before[n_accounts] = accounts[lower]
                        n_accounts += 1
                    accounts[lower].kin = upper + 1
                    accounts[upper].kin_n = owner_kin + payer_kin
            if fact.device != 0:
                if device_place < 0:
                    device_place = device_oldest
                payer.device_seen[device_place] = device_hash
                payer.device_seen_s[device_place] = max(time_s, payer.device_seen_s[device_place])
            if fact.device != 0:
                device.used_ns = max(time_ns, device.used_ns)
            if fact.device != 0:
                device.used_count_1h = device_used_count_1h + 1.0
            if fact.device != 0:
                device.used_new_7d = device_used_new_7d + device_new
            if fact.device != 0:
                device.used_sum_1d = device_used_sum_1d + amount
            if fact.device != 0:
                device.used_n += 1
            if fact.address != 0:
                address.used_ns = max(time_ns, address.used_ns)
            if fact.address != 0:
                address.used_count_1h = address_used_count_1h + 1.0
            if fact.address != 0:
                address.used_sum_1d = address_used_sum_1d + amount
            if fact.address != 0:
                address.used_n += 1
            if fact.corridor != 0:
                if corridor_place < 0:
                    corridor_place = corridor_oldest
                payer.corridor_seen[corridor_place] = corridor_hash
                payer.corridor_seen_s[corridor_place] = max(time_s, payer.corridor_seen_s[corridor_place])
            if fact.corridor != 0:
                corridor.used_ns = max(time_ns, corridor.used_ns)
            if fact.corridor != 0:
                corridor.used_count_1d = corridor_used_count_1d + 1.0
            if fact.corridor != 0:
                corridor.used_n += 1
            if fact.corridor != 0:
                used_weight = 1.0 / min(corridor.used_n, 64)
            if fact.corridor != 0:
                step = amount_log - corridor.used_mean
                corridor.used_mean += used_weight * step
                corridor.used_var = (1.0 - used_weight) * (corridor.used_var + used_weight * step * step)
            if fact.corridor != 0:
                corridor.used_count_30d = corridor_used_count_30d + 1.0
            if payer.peer_n[pair] == 1:
                payer.peer_first[pair] = amount_log
            payer.sent_trifle_1d = payer_sent_trifle_1d + is_trifle
            payee.got_trifle_1d = payee_got_trifle_1d + is_trifle
            payer.sent_last = amount_log
            payer.sent_same_1d = payer_sent_same_1d + sent_same
            payee.got_last = amount_log
            payee.got_same_1d = payee_got_same_1d + got_same
            payer.sent_round_7d = payer_sent_round_7d + (1.0 if roundness >= 2.0 else 0.0)
            payer.sent_travel_7d = payer_sent_travel_7d + is_travel
            payer.sent_ways_7d = payer_sent_ways_7d + (corridor_new if fact.corridor != 0 else 0.0)
            payee.got_ways_7d = payee_got_ways_7d + (corridor_new if fact.corridor != 0 else 0.0)
            payee.got_back_30d = payee_got_back_30d + reverse
        elif fact.report == 1:  # one in the past is known now as a fraud
            payer.robbed_ns = max(time_ns, payer.robbed_ns)
            payer.robbed_count_7d = payer_robbed_count_7d + 1.0
            payer.robbed_count_30d = payer_robbed_count_30d + 1.0
            payer.robbed_n += 1
            robbed_weight = 1.0 / min(payer.robbed_n, 64)
            step = amount_log - payer.robbed_mean
            payer.robbed_mean += robbed_weight * step
            payer.robbed_var = (1.0 - robbed_weight) * (payer.robbed_var + robbed_weight * step * step)
            payee.accused_ns = max(time_ns, payee.accused_ns)
            payee.accused_count_7d = payee_accused_count_7d + 1.0
            payee.accused_count_30d = payee_accused_count_30d + 1.0
            payee.accused_count_90d = payee_accused_count_90d + 1.0
            payee.accused_n += 1
            if payee.blamed == 0.0:
                payee.blamed_s = time_s
            payee.blamed += blame
            payee.accused_blame_1d = payee_accused_blame_1d + blame
            payee.accused_count_1d = payee_accused_count_1d + 1.0
            payee.accused_blame_3d = payee_accused_blame_3d + blame
            payee.accused_count_3d = payee_accused_count_3d + 1.0
            payee.bad_hops = 1
            payee.bad_s = time_s
            if fact.device != 0:
                device.misused_ns = max(time_ns, device.misused_ns)
            if fact.device != 0:
                device.misused_count_30d = device_misused_count_30d + 1.0
            if fact.address != 0:
                address.misused_ns = max(time_ns, address.misused_ns)
            if fact.address != 0:
                address.misused_count_30d = address_misused_count_30d + 1.0
            if fact.corridor != 0:
                corridor.misused_ns = max(time_ns, corridor.misused_ns)
            if fact.corridor != 0:
                corridor.misused_count_30d = corridor_misused_count_30d + 1.0
        elif fact.report == 3:  # as a fraud once more
            if payee.blamed == 0.0:
                payee.blamed_s = time_s
            payee.blamed += blame
        elif fact.report == 2:  # one in the past is known now as honest
            payee.blamed = 0.0
            payee.trusted_ns = max(time_ns, payee.trusted_ns)
            payee.trusted_count_1d = payee_trusted_count_1d + 1.0
            payee.trusted_count_3d = payee_trusted_count_3d + 1.0
            payee.trusted_count_90d = payee_trusted_count_90d + 1.0
        elif fact.report == 4:  # as honest once more
            payee.blamed = 0.0
    n_touched[0] = n_accounts
    n_touched[1] = n_devices
    n_touched[2] = n_addresses
    n_touched[3] = n_corridors
