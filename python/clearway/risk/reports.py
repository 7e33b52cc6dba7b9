"""Features from fraud reports: what was known of payer and payee, once a label's delay had passed.

Reports do not stand on the chain yet, so the serving path has none of this; offline evaluation
does. A label counts for a payment only if it is at least `delay_ns` older than the payment.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.facts import Facts

DAY_NS: Final = 86_400_000_000_000
WINDOWS_DAYS: Final = (2, 7, 14, 21, 28)  # weeks one by one show when a spree began and ended
PRIOR_PAYMENTS: Final = 1.0  # pretended payments, against shares of very few; their share of
PRIOR_SHARE: Final = 0.005  # fraud is a constant: taken from the file it would know the future
_SIDES: Final = ("payer", "payee")
REPORT_FEATURES: Final = tuple(
    f"{side}_{what}"
    for side in _SIDES
    for what in (
        *(f"reports_{days}d" for days in WINDOWS_DAYS),
        *(f"report_share_{days}d" for days in WINDOWS_DAYS),
        "report_age_days",  # since the last payment known to be a fraud; -1 when none is known
        "report_n",  # known frauds ever
    )
)

Labels = NDArray[np.int8]  # 1 fraud, 0 honest, -1 unknown


def find_reports(facts: Facts, labels: Labels, *, delay_ns: int) -> NDArray[np.float32]:
    """REPORT_FEATURES float32[n, 24] of FACTS[n], which must be in the order of time."""
    assert (np.diff(facts["time_ns"]) >= 0).all(), "invariant: payments in the order of time"
    columns: list[NDArray[np.float64]] = []
    for side in _SIDES:
        columns += _reports_of(facts[side], facts["time_ns"], labels, delay_ns)
    return np.stack(columns, axis=1).astype(np.float32)


def _reports_of(
    account: NDArray[np.uint32], time_ns: NDArray[np.int64], labels: Labels, delay_ns: int
) -> list[NDArray[np.float64]]:
    """Counts within (t - delay - window, t - delay], by prefix sums over each account's past."""
    known = np.flatnonzero(labels >= 0)
    order = known[np.argsort(account[known], kind="stable")]  # by account, then by time
    fraud = (labels[order] == 1).astype(np.float64)
    all_before = np.arange(len(order) + 1)
    frauds_before = np.concatenate([[0.0], np.cumsum(fraud)])
    # Whole milliseconds, a report's rounded up and a question's down, fit into one sorted key.
    begin_ms = int(time_ns[0]) // 1_000_000 if len(time_ns) else 0
    report_ms = -(-time_ns[order] // 1_000_000) - begin_ms
    asked_ms = (time_ns - delay_ns) // 1_000_000 - begin_ms
    width = (int(time_ns[-1]) // 1_000_000 - begin_ms if len(time_ns) else 0) + 2
    assert (int(account.max(initial=0)) + 1) * width < 2**63, "invariant: the key fits 63 bits"
    keys = account[order].astype(np.int64) * width + report_ms

    def place(at_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        asked = account.astype(np.int64) * width + at_ms.clip(-1, width - 1)
        found: NDArray[np.int64] = np.searchsorted(keys, asked, side="right").astype(np.int64)
        return found

    end = place(asked_ms)
    counts, shares = [], []
    for days in WINDOWS_DAYS:
        start = place(asked_ms - days * DAY_NS // 1_000_000)
        n_frauds = frauds_before[end] - frauds_before[start]
        counts.append(n_frauds)
        n_all = all_before[end] - all_before[start]
        shares.append((n_frauds + PRIOR_PAYMENTS * PRIOR_SHARE) / (n_all + PRIOR_PAYMENTS))
    ever = frauds_before[end] - frauds_before[place(np.full(len(account), -1))]
    last = np.maximum.accumulate(np.concatenate([[-1], np.where(fraud > 0, all_before[:-1], -1)]))
    last_ms = np.concatenate([[0], report_ms])[last[end] + 1]
    age_days = np.where(ever > 0, (asked_ms - last_ms) / 86_400_000.0, -1.0)
    return [*counts, *shares, age_days, ever]
