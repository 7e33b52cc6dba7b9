"""What drift tells on a simulated town: of ordinary weeks, and of weeks in which something changed,
against the bins of the shipped card and against the town's own second month. JSON on the last line.

python -m benchmarks.drift
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.facts import Facts
from clearway.risk.features import FEATURES
from clearway.risk.memory.history import compute_features
from clearway.risk.models.drift import PSI_ALERT, SCORE, WINDOW_ROWS, Bins, make_reference
from clearway.risk.models.model import RiskModel, read_shipped_card
from clearway.risk.worlds.world import DAY_NS, World

SEEDS: Final = (4711, 4712)
SIZE: Final = (2_600, 340, 75)  # customers, merchants, days
REPORT_NS: Final = 7 * DAY_NS
CHANGED: Final = 55  # the day from which on something is different
OWN: Final = (30, 45)  # days that the town's own bins are of
ORDINARY: Final = ((0, 7), (7, 14), (46, 55), (66, 75))
AFTER: Final = (56, 65)

Change = Callable[[Facts, NDArray[np.intp]], None]
"""Of the facts of these rows, in place."""


def _amounts(facts: Facts, rows: NDArray[np.intp]) -> None:
    for column in ("amount_eur", "amount_major"):
        facts[column][rows] *= 3.0


def _hours(facts: Facts, rows: NDArray[np.intp]) -> None:
    facts["time_ns"][rows] += DAY_NS // 3


def _newcomers(facts: Facts, rows: NDArray[np.intp]) -> None:
    facts["payer"][rows[::2]] += 2 * sum(SIZE)


def _new_payees(facts: Facts, rows: NDArray[np.intp]) -> None:
    facts["payee"][rows[::5]] = 5 * sum(SIZE) + np.arange(len(rows[::5])) % 50


CHANGES: Final[dict[str, Change]] = {
    "amounts three times as large": _amounts,
    "eight hours later": _hours,
    "every other payment by a new payer": _newcomers,
    "one in five to fifty new payees": _new_payees,
}


def main() -> None:
    model, card = RiskModel.load_shipped(), read_shipped_card()["reference"]
    found: dict[str, Any] = {}
    for seed in SEEDS:
        world = World(seed, *SIZE)
        facts = world.facts()
        day = (facts["time_ns"] - facts["time_ns"][0]) // DAY_NS
        late = np.flatnonzero(day >= CHANGED)
        for what, change in (("nothing", None), *CHANGES.items()):
            changed = facts.copy()
            if change is not None:
                change(changed, late)
            features = compute_features(changed, world.reports(REPORT_NS))
            score_bps = model.calibrate(model.raw_scores(features))
            columns: dict[str, NDArray[Any]] = {
                name: features[:, k] for k, name in enumerate(FEATURES)
            }
            columns[SCORE] = score_bps
            own = _rows(day, OWN)
            references = {
                "card": card,
                "own": make_reference(FEATURES, features[own], score_bps[own]),
            }
            for days in ORDINARY if change is None else (AFTER,):
                told = {
                    by: _tell(reference, columns, _rows(day, days))
                    for by, reference in references.items()
                }
                found[f"{what}, days {days[0]} to {days[1]}, seed {seed}"] = told
                print(what, days, seed, told)
    print(json.dumps({"bench": "drift", "features": len(FEATURES), "found": found}))


def _rows(day: NDArray[np.int64], days: tuple[int, int]) -> NDArray[np.intp]:
    """The last 2 * WINDOW_ROWS payments of these days, as a monitor has them at most."""
    return np.flatnonzero((day >= days[0]) & (day < days[1]))[-2 * WINDOW_ROWS :]


def _tell(
    reference: dict[str, Any], columns: dict[str, NDArray[Any]], rows: NDArray[np.intp]
) -> dict[str, float]:
    """How many features would warn, and the PSI of the score."""
    psi = {}
    for name, values in columns.items():
        bins = Bins(reference[name]["edges"], reference[name]["shares"])
        psi[name] = bins.psi(bins.count(values[rows]))
    score = psi.pop(SCORE)
    return {"warn": sum(one >= PSI_ALERT for one in psi.values()), "score": round(score, 3)}


if __name__ == "__main__":
    main()
