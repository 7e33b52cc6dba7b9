"""Payments that two models have scored and whose truth is known: from a file, or from this node."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clearway.app.config import Config
from clearway.app.keys import open_keys
from clearway.ports.model import Model
from clearway.risk.memory.history import DAY_NS, compute_features, find_reports
from clearway.risk.models.compare import Judged
from clearway.risk.models.train import DELAY_DAYS
from clearway.risk.offline.files import load_payments
from clearway.store.feedback import Feedback
from clearway.store.shadow import SHADOW, ShadowStore
from clearway.store.vault import Vault


def from_file(
    path: Path, champion: Model, challenger: Model, *, cards: Sequence[Mapping[str, Any]]
) -> Judged:
    """Both models on a file's labelled payments; where a model was trained on this very file, on
    the part alone that it was not fitted or calibrated on. Raises risk.file_columns."""
    file = load_payments(path)
    reports = find_reports(file.facts, file.labels, delay_ns=DELAY_DAYS * DAY_NS)
    features = compute_features(file.facts, reports)
    known = file.labels >= 0
    begin_ns = max((_judged_from_ns(card, path) for card in cards), default=0)
    known &= file.facts["time_ns"] >= begin_ns
    rows = features[known]
    return Judged(
        champion_bps=champion.calibrate(champion.raw_scores(rows)),
        challenger_bps=challenger.calibrate(challenger.raw_scores(rows)),
        amount_eur=file.facts["amount_eur"][known],
        is_fraud=file.labels[known] == 1,
        time_ns=file.facts["time_ns"][known],
    )


def _judged_from_ns(card: Mapping[str, Any], path: Path) -> int:
    source = card.get("source", {})
    if source.get("sha256") != hashlib.sha256(path.read_bytes()).hexdigest():
        return 0
    return int(np.datetime64(source["window"]["test"][0], "ns").astype(np.int64))


def from_shadow(config: Config, champion: bytes, challenger: bytes, delay_days: int) -> Judged:
    """What both said of the node's own payments. Truth is the last feedback; a payment that nobody
    complained of for delay_days is taken for honest, a younger one is left out."""
    path = config.data / "shadow.sqlite"
    if not path.exists():
        raise ValueError(f"{config.data} has no scores of a challenger yet")
    store = ShadowStore(path)
    try:
        batches = store.read(champion, challenger)
    finally:
        store.close()
    truths = _truths(config)
    newest_ns = max((time_ns for _, time_ns, _ in batches), default=0)
    rows, truth, times = [np.zeros(0, SHADOW)], [np.zeros(0, np.bool_)], [np.zeros(0, np.int64)]
    for place, time_ns, shadows in sorted(batches, key=lambda batch: batch[1]):
        said = truths.get(place, {})
        told = np.isin(shadows["entry"], list(said))
        known = told | (time_ns + delay_days * DAY_NS <= newest_ns)
        frauds = [entry for entry, one in said.items() if one.verdict.is_fraud]
        rows.append(shadows[known])
        truth.append(np.isin(shadows["entry"][known], frauds))
        times.append(np.full(int(known.sum()), time_ns))
    judged = np.concatenate(rows)
    return Judged(
        judged["champion_bps"],
        judged["challenger_bps"],
        judged["amount_eur"],
        np.concatenate(truth),
        np.concatenate(times),
    )


def _truths(config: Config) -> dict[tuple[bytes, int], dict[int, Feedback]]:
    """The last feedback of each payment, by envelope and entry."""
    vault = Vault(config.data / "vault.sqlite", open_keys(config).vault)
    found: dict[tuple[bytes, int], dict[int, Feedback]] = {}
    try:
        for one in vault.feedback.every():
            found.setdefault((one.key, one.sequence), {})[one.envelope_index] = one
    finally:
        vault.close()
    return found
