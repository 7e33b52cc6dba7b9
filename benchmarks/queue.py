"""The queue on paper: what liquidity it saves, and what a plan costs. JSON on the last line.

A day of payments between banks of different size, drawn with a seed: payees by size, amounts
log-normal, nobody with money at first. Without a queue each bank needs its deepest deficit of the
day, paid one by one in order of arrival. With one it needs what makes all of it go as one net at
the end of the day; between the two lies what is released at each level of liquidity. Real days are
less random than this one: compare the shape, not the percents. A plan's time is processor time.

    python -m benchmarks.queue --json
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Sequence
from typing import Any

from clearway.clearing.offsetting import Waiting, missing_minor, plan
from clearway.payment.batch import BATCH_ROWS_MAX

SEED = 16
LEVELS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)


def draw_day(payments: int, banks: int) -> list[Waiting]:
    chance = random.Random(SEED)
    weights = [1 / (rank + 1) for rank in range(banks)]
    day: list[Waiting] = []
    while len(day) < payments:
        payer, payee = chance.choices(range(banks), weights, k=2)
        if payer != payee:
            amount_minor = max(1, int(chance.lognormvariate(11, 2)))
            day.append(Waiting(payer, payee, amount_minor, amount_minor))
    return day


def gross_need(day: Sequence[Waiting]) -> dict[int, int]:
    """By bank: how far it is below zero at worst, if every payment is made as it comes."""
    left: dict[int, int] = {}
    need: dict[int, int] = {}
    for one in day:
        left[one.payer] = left.get(one.payer, 0) - one.debit_minor
        left[one.payee] = left.get(one.payee, 0) + one.credit_minor
        need[one.payer] = max(need.get(one.payer, 0), -left[one.payer])
    return need


def released_at(day: Sequence[Waiting], money: dict[int, int]) -> dict[str, Any]:
    """Everything is queued, and planned once."""
    started_ns = time.process_time_ns()
    found = plan(money, day, net_max=BATCH_ROWS_MAX)
    plan_ms = (time.process_time_ns() - started_ns) / 1e6
    value = sum(one.credit_minor for one in day)
    gone = sum(day[place].credit_minor for place in found.released)
    nets = [len(step) for step in found.steps if len(step) > 1]
    return {
        "released_share": round(gone / value, 4),
        "payments": len(found.released),
        "nets": len(nets),
        "largest_net": max(nets, default=0),
        "plan_ms": round(plan_ms, 1),
    }


def one_by_one(day: Sequence[Waiting], money: dict[int, int]) -> float:
    """The share of the value that is paid without a queue: what is short is refused."""
    left = dict(money)
    gone = 0
    for one in day:
        if left.get(one.payer, 0) >= one.debit_minor:
            left[one.payer] -= one.debit_minor
            left[one.payee] = left.get(one.payee, 0) + one.credit_minor
            gone += one.credit_minor
    return round(gone / sum(one.credit_minor for one in day), 4)


def measure(payments: int, banks: int) -> dict[str, Any]:
    day = draw_day(payments, banks)
    gross, net = gross_need(day), missing_minor({}, day)
    levels = []
    for level in LEVELS:
        money = {bank: int(need * level) for bank, need in gross.items()}
        without = one_by_one(day, money)
        levels.append({"of_gross": level, "refusing": without, **released_at(day, money)})
    with_net = released_at(day, net)
    return {
        "payments": payments,
        "banks": banks,
        "value_minor": sum(one.credit_minor for one in day),
        "liquidity_one_by_one_minor": sum(gross.values()),
        "liquidity_with_queue_minor": sum(net.values()),
        "saved_share": round(1 - sum(net.values()) / sum(gross.values()), 4),
        "with_net_liquidity": with_net,
        "levels": levels,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payments", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", help="only the JSON")
    asked = parser.parse_args()
    rows = [measure(asked.payments, banks) for banks in (10, 100, 1_000)]
    if not asked.json:
        for row in rows:
            print(f"{row['banks']:>5} banks: {row['saved_share']:.1%} less liquidity")
            for level in row["levels"]:
                print(
                    f"      {level['of_gross']:>4.0%} of it: {level['refusing']:.1%} one by one,"
                    f" {level['released_share']:.1%} queued, plan {level['plan_ms']} ms"
                )
    conditions = {"cores": os.cpu_count(), "seed": SEED, "net_max": BATCH_ROWS_MAX}
    print(json.dumps({"bench": "queue", "days": rows, "conditions": conditions}))


if __name__ == "__main__":
    main()
