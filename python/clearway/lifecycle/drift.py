"""What one model scores, against its training data and against the node's own past.

To a young node everything is new, so it is held to nothing for its first weeks. The bins of its own
past are made once, of its second month under this model, and kept: a change is still one after a
restart. A node that stops before they are made begins again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from clearway.payment.errors import Fault
from clearway.risk.features import FEATURES, Features
from clearway.risk.models.drift import (
    OWN_FROM_DAYS,
    OWN_PSI_ALERT,
    PSI_ALERT,
    TRAINING_FROM_DAYS,
    DriftMonitor,
    OwnPast,
)
from clearway.store.shadow import ShadowStore

_MEMORY_AGE: Final = FEATURES.index("memory_age")  # log2(1 + seconds)
_DAY_S: Final = 86_400

log = logging.getLogger("clearway.lifecycle")


class DriftWatch:
    """training: None for a model whose card has no reference. One thread counts, any may read."""

    def __init__(self, model_id: bytes, training: DriftMonitor | None, store: ShadowStore) -> None:
        self.model_id = model_id
        self._training = training
        self._store = store
        self._own = _read(store.past(model_id))
        self._past = OwnPast(FEATURES) if self._own is None else None

    def count(self, features: Features, score_bps: npt.NDArray[np.uint16], time_ns: int) -> None:
        """float32[n, k] and their scores, booked at this time."""
        if not len(features):
            return
        days = 2.0 ** float(features[-1, _MEMORY_AGE]) / _DAY_S
        if self._training is not None and days >= TRAINING_FROM_DAYS:
            self._training.count(features, score_bps)
        if self._own is not None:
            self._own.count(features, score_bps)
        if self._past is not None and days >= OWN_FROM_DAYS:
            self._remember(self._past, features, score_bps, time_ns)

    def _remember(
        self, past: OwnPast, features: Features, score_bps: npt.NDArray[np.uint16], time_ns: int
    ) -> None:
        reference = past.take(features, score_bps, time_ns)
        if reference is None:
            return
        self._own, self._past = DriftMonitor(reference, FEATURES), None
        try:
            self._store.keep_past(self.model_id, json.dumps(reference))
        except Fault as fault:
            log.error("what this node's payments look like is lost with it: %s", fault)

    def psi(self) -> Mapping[str, Mapping[str, float]]:
        """See DriftMonitor; by what it is told against, `training` or `own`."""
        found = {"training": self._training, "own": self._own}
        return {then: one.psi() for then, one in found.items() if one is not None}

    def alerts(self) -> list[str]:
        said = []
        if self._training is not None:
            said += self._training.alert("its training data", PSI_ALERT)
        if self._own is not None:
            said += self._own.alert("what it was in this node's second month", OWN_PSI_ALERT)
        return said


def _read(bins: str | None) -> DriftMonitor | None:
    """None, too, for what is spoilt: it is made again."""
    try:
        return None if bins is None else DriftMonitor(json.loads(bins), FEATURES)
    except (ValueError, KeyError, TypeError):
        return None
