"""What scarce reviews save, against first come first served and against whoever knew the whole day:

    python -m benchmarks.reviews

On simulated worlds that the shipped model was not made from, by that model's scores. A review's
value is what it saved in truth: what the payment would have cost without it, less what it cost.
"""

import json
import time

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import REVIEW
from clearway.risk.facts import Facts
from clearway.risk.memory.history import DAY_NS, compute_features
from clearway.risk.models.model import RiskModel
from clearway.risk.policy import CostPolicy
from clearway.risk.reviews import Reviews, Wanted
from clearway.risk.worlds.world import World

SEEDS = range(9_007, 9_017)
WORLD = (3_000, 400, 28)
SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)  # of the reviews that a day of them wants
REPEATS = 20


def main() -> None:
    model, policy = RiskModel.load_shipped(), CostPolicy()
    rows: list[list[dict[str, float]]] = [[] for _ in SHARES]
    for seed in SEEDS:
        world = World(seed, *WORLD)
        facts, fraud = world.facts(), world.payments()["is_fraud"]
        score_bps = model.score_bps(compute_features(facts))
        asked = np.flatnonzero(policy.decide(score_bps, facts["amount_eur"]) == REVIEW)
        value = _value(policy, score_bps[asked], facts[asked], fraud[asked])
        for found, share in zip(rows, SHARES, strict=True):
            found.append(_compare(policy, score_bps[asked], facts[asked], value, share))
        print(json.dumps({"seed": seed, "payments": len(facts), "wanted": len(asked)}))
    for found, share in zip(rows, SHARES, strict=True):
        columns = {name: [one[name] for one in found] for name in found[0]}
        total = {name: sum(values) for name, values in columns.items()}
        worst = min(p / f for p, f in zip(columns["price"], columns["first"], strict=True))
        print(json.dumps({
            "share": share,
            "saved_eur_by_price": round(total["price"]),
            "over_first_come": round(total["price"] / total["first"], 2),
            "worst_seed": round(worst, 2),
            "of_whole_day_known": round(total["price"] / total["known"], 3),
            "reviews_used": round(total["used"] / total["could"], 3),
            "us_each": round(float(np.median(columns["us"])), 2),
        }))  # fmt: skip


def _value(
    policy: CostPolicy, score_bps: NDArray[np.uint16], facts: Facts, fraud: NDArray[np.bool_]
) -> NDArray[np.float64]:
    eur = facts["amount_eur"]
    reviewed = np.full(len(eur), REVIEW, np.uint8)
    alone = policy.decide_alone(score_bps, eur)
    return policy.cost_eur(alone, eur, fraud) - policy.cost_eur(reviewed, eur, fraud)


def _compare(
    policy: CostPolicy,
    score_bps: NDArray[np.uint16],
    facts: Facts,
    value: NDArray[np.float64],
    share: float,
) -> dict[str, float]:
    day = (facts["time_ns"] - facts["time_ns"][0]) // DAY_NS
    days = int(day[-1]) + 1
    per_day = max(1, round(len(day) / days * share))
    saving = policy.saving_eur(score_bps, facts["amount_eur"])
    began_s = time.process_time()
    for _ in range(REPEATS):
        wanted = Wanted(facts["time_ns"].copy(), saving, np.full(len(day), -1, np.int8))
        Reviews(per_day).take(wanted)
    took_s = (time.process_time() - began_s) / REPEATS
    first, known = np.zeros(len(day), np.bool_), np.zeros(len(day), np.bool_)
    for one in range(days):
        rows = np.flatnonzero(day == one)
        first[rows[:per_day]] = True
        known[rows[np.argsort(-saving[rows])[:per_day]]] = True
    return {
        "price": float(value[wanted.taken == 1].sum()),
        "first": float(value[first].sum()),
        "known": float(value[known].sum()),
        "used": int(wanted.taken.sum()),
        "could": int(first.sum()),
        "us": took_s / len(day) * 1e6,
    }


if __name__ == "__main__":
    main()
