"""A whole history at once: payments and the reports on them, in the order in which both came."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.facts import CLEARED, PAID, REPORTED, Facts
from clearway.risk.features import FEATURES, Features
from clearway.risk.memory.state import FeatureState

DAY_NS: Final = 86_400_000_000_000
_BATCH: Final = 65_536

Labels = NDArray[np.int8]  # 1 fraud, 0 honest, -1 unknown


def find_reports(facts: Facts, labels: Labels, *, delay_ns: int) -> Facts:
    """The frauds among FACTS[n] as reports, each `delay_ns` after its payment."""
    reports: Facts = facts[labels == 1].copy()
    reports["time_ns"] += delay_ns
    reports["report"] = REPORTED
    return reports


def find_clearances(facts: Facts, labels: Labels, *, delay_ns: int) -> Facts:
    """The honest payments among FACTS[n] as clearances, likewise. A file has them; a node hears of
    frauds, and seldom that a payment was honest."""
    clearances: Facts = facts[labels == 0].copy()
    clearances["time_ns"] += delay_ns
    clearances["report"] = CLEARED
    return clearances


def compute_features(facts: Facts, reports: Facts | None = None) -> Features:
    """Features float32[n, len(FEATURES)] of the n payments among FACTS in their order, as serving
    would have computed them. A report is known to the payments of its own instant."""
    state = FeatureState()
    events = facts if reports is None else _merge(facts, reports)
    n = int((events["report"] == PAID).sum())
    out = np.empty((n, len(FEATURES)), dtype=np.float32)
    done = 0
    for start in range(0, len(events), _BATCH):
        batch = events[start : start + _BATCH]
        features = state.stage(batch)
        state.commit(height=1, index=start)
        paid = features[batch["report"] == PAID]
        out[done : done + len(paid)] = paid
        done += len(paid)
    return out


def _merge(facts: Facts, reports: Facts) -> Facts:
    events = np.concatenate([reports, facts])
    order = np.lexsort((events["report"] == PAID, events["time_ns"]))
    merged: Facts = events[order]
    return merged
