"""Learning from the node's own ledger: once by command, and again and again by a setting.

A new model is only ever a challenger. What was tried since the last time may take the champion's
place before that, if CLEARWAY_RETRAIN_PROMOTE says so and the comparison has no objections. All of
it happens in a process of its own, at the lowest priority, on a copy of the node's files.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from clearway.app.bootstrap import Node
from clearway.app.config import Config
from clearway.app.past import copied_node, play_past
from clearway.lifecycle.resume import Recorded
from clearway.lifecycle.rounds import Rounds
from clearway.payment.records import DECLINE
from clearway.risk.decide import Scorer
from clearway.risk.errors import RiskFault
from clearway.risk.memory.history import DAY_NS
from clearway.risk.memory.state import FeatureState
from clearway.risk.scores import Scores

if TYPE_CHECKING:
    from clearway.risk.models.train import History, Trained

HOUR_S: Final = 3_600.0

log = logging.getLogger("clearway.app")


def train_ledger(config: Config, out: Path, seed: int, kind: str = "forest") -> Trained:
    """Trains on the ledger's payments and the feedback on them; the same chain, feedback and seed
    give the same bytes. Raises RiskFault when too little is known."""
    from clearway.risk.models.train import train_history  # not in a node: it reads files, by Arrow

    with copied_node(config) as node:
        history, source = _history(node)
    return train_history(history, source, out, seed, where=str(config.data), kind=kind)


def _history(node: Node) -> tuple[History, dict[str, Any]]:
    """Features as they were when each payment was decided. A confirmed fraud or honest payment is
    what its last feedback says; whatever nobody complained of for DELAY_DAYS was honest, unless it
    was declined: then nobody can know."""
    from clearway.risk.models.train import DELAY_DAYS, History

    said = node.vault.feedback.last_words()
    past = play_past(node, Scorer(FeatureState(), None))
    parts = [_labelled(part, scores, said) for part, scores in past]
    if not parts:
        raise RiskFault("risk.file_labels", path=node.config.data, what="there are no payments")
    features, amount_eur, time_ns, labels = map(np.concatenate, zip(*parts, strict=True))
    young = time_ns > time_ns.max() - DELAY_DAYS * DAY_NS
    labels[young & (labels == _SILENT)] = -1
    labels[labels == _SILENT] = 0
    source = {
        "kind": "ledger",
        "chain_id": node.book.chain_id.hex(),
        "height": node.book.height,
        "feedback": node.vault.feedback.last_number,
    }
    order = np.argsort(time_ns, kind="stable")
    return History(features[order], amount_eur[order], time_ns[order], labels[order]), source


_SILENT: Final = 2  # no feedback, and not declined


def _labelled(part: Recorded, scores: Scores, said: dict[bytes, bool]) -> tuple[Any, ...]:
    heads = part.block.heads[part.rows]
    ids = [head.tobytes() for head in heads["id"]]
    labels = np.where(heads["outcome"] == DECLINE, -1, _SILENT).astype(np.int8)
    for k, id in enumerate(ids):
        if id in said:
            labels[k] = said[id]
    return scores.features, part.facts["amount_eur"], part.facts["time_ns"], labels


class Retraining:
    """Starts the command every so often while a node runs; stop ends one that is at work."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._rounds = Rounds("retrain", config.retrain_hours * HOUR_S, self.train_once)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self._config.retrain_hours:
            self._rounds.start()

    def stop(self) -> None:
        self._rounds.break_off()
        if self._process is not None:
            self._process.terminate()
        self._rounds.stop()

    def train_once(self) -> int:
        """Exit code of the command; 1 when too little is known, which is nothing to worry about."""
        data = str(self._config.data)
        with tempfile.TemporaryDirectory(prefix="clearway-train-") as out:
            words = ["train", "--ledger", "--register", "--gently", "--data", data, "--out", out]
            if self._config.retrain_promote == "tested":
                words.append("--promote-tested")
            self._process = subprocess.Popen(
                [sys.executable, "-m", "clearway", *words],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )  # fmt: skip
            if self._rounds.is_stopping:  # since before there was a process to end
                self._process.terminate()
            _, said = self._process.communicate()
        code = self._process.returncode
        if code and not self._rounds.is_stopping:
            log.warning("no model was trained: %s", said.decode(errors="replace").strip()[-500:])
        return code


def be_gentle() -> None:
    """Payments come first."""
    os.nice(19)
