"""Beside the payments: the challenger scores what was decided, and drift is counted.

A thread of its own takes what has been booked. Nothing waits for it: what comes faster than it can
take, or would cost the payments more than SHARE_MAX of a processor, is left out and counted.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from clearway.lifecycle.drift import DriftWatch
from clearway.ports.model import Model
from clearway.risk.models.drift import DriftMonitor
from clearway.risk.scores import NO_MODEL_ID, Scores
from clearway.store.shadow import SHADOW, ShadowStore

WAITING_MAX: Final = 64  # batches
SHARE_MAX: Final = 0.1  # of a processor, over a batch and the rest after it
DRIFT_ROWS_MAX: Final = 256  # of each batch: a sample says what there is to say

log = logging.getLogger("clearway.lifecycle")


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch that stands on the ledger. entries: of the payments scored, in the envelope."""

    key: bytes
    sequence: int
    time_ns: int
    entries: npt.NDArray[np.intp]
    scores: Scores


class Shadow:
    """start before, stop after. counts: payments, by whether the challenger scored them, it failed,
    or they were left out."""

    def __init__(self, store: ShadowStore) -> None:
        self.counts: Counter[str] = Counter()
        self._store = store
        self._challenger: Model | None = None
        self._drift: DriftWatch | None = None
        self._waiting: queue.Queue[Seen | None] = queue.Queue(WAITING_MAX)
        self._thread = threading.Thread(target=self._run, name="clearway-shadow", daemon=True)
        self._broken = False
        self._stopping = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What waits is taken first."""
        self._stopping.set()
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()
        self._store.close()

    @property
    def challenger(self) -> Model | None:
        return self._challenger

    def try_out(self, challenger: Model | None) -> None:
        """From the next batch on."""
        self._challenger = challenger
        self._broken = False

    def monitor(self, champion: Model, training: DriftMonitor | None) -> None:
        """Counts what this model scores from the next batch on. training: None for a model whose
        card has no reference. What is already counted of the same model stays."""
        if self._drift is None or self._drift.model_id != champion.model_id:
            self._drift = DriftWatch(champion.model_id, training, self._store)

    def psi(self) -> Mapping[str, Mapping[str, float]]:
        """See DriftWatch; empty where nothing is monitored."""
        drift = self._drift
        return {} if drift is None else drift.psi()

    def alerts(self) -> list[str]:
        drift = self._drift
        said = [] if drift is None else drift.alerts()
        return [*said, "the challenger fails; see the log"] if self._broken else said

    @property
    def is_wanted(self) -> bool:
        return self._challenger is not None or self._drift is not None

    def see(self, seen: Seen) -> None:
        """Called on the payments' path: costs a look at the queue."""
        try:
            self._waiting.put_nowait(seen)
        except queue.Full:
            self.counts["left_out"] += len(seen.entries)

    def _run(self) -> None:
        while True:
            seen = self._waiting.get()
            if seen is None:
                return
            began_s = time.thread_time()
            self._take(seen)
            # Under load two processors are needed for the payments; what does not fit is left out.
            self._stopping.wait((time.thread_time() - began_s) * (1.0 / SHARE_MAX - 1.0))

    def _take(self, seen: Seen) -> None:
        scores = seen.scores
        if scores.model_id == NO_MODEL_ID:
            return
        drift = self._drift
        if drift is not None and scores.model_id == drift.model_id:
            part = slice(0, DRIFT_ROWS_MAX)
            drift.count(scores.features[part], scores.score_bps[part], seen.time_ns)
        challenger = self._challenger
        if challenger is None:
            return
        try:
            self._score(challenger, seen)
            self.counts["scored"] += len(seen.entries)
        except Exception as error:
            # Whatever it raises: a challenger is on trial, and the payments have been made.
            self.counts["failed"] += len(seen.entries)
            if not self._broken:
                log.error("the challenger failed: %s: %s", type(error).__name__, error)
            self._broken = True

    def _score(self, challenger: Model, seen: Seen) -> None:
        scores = seen.scores
        rows: npt.NDArray[Any] = np.zeros(len(seen.entries), SHADOW)
        rows["entry"] = seen.entries
        rows["champion_bps"] = scores.score_bps
        rows["challenger_bps"] = challenger.calibrate(challenger.raw_scores(scores.features))
        rows["amount_eur"] = scores.amount_eur
        self._store.add(
            champion=scores.model_id,
            challenger=challenger.model_id,
            key=seen.key,
            sequence=seen.sequence,
            time_ns=seen.time_ns,
            rows=rows,
        )
