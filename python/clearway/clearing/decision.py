"""Decision rows: what was known about each entry, salted, and the commitment that the chain gets.

The salt is a keyed hash of (id, envelope's sequence, row), so that it needs no source of
randomness, differs for every row, and cannot be guessed without the institution's secret.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clearway.ledger.crypto import hash_rows, prf_rows
from clearway.payment.decision import DECISION, DECISION_BYTES, VERSION, Decisions
from clearway.payment.records import Heads

_SALTED = np.dtype([("id", "u1", 16), ("sequence", "<u8"), ("row", "<u8")])


def make_decisions(
    heads: Heads, *, flags: npt.NDArray[np.uint16], list_version: bytes, sequence: int, key: bytes
) -> Decisions:
    """DECISION[n] of HEAD[n] with outcomes; the scored rows' fields are filled by `add_scores`.

    flags: DecisionFlag bits, uint16[n]. list_version: 32 bytes. key: 32 secret bytes.
    """
    n = len(heads)
    rows = np.zeros(n, DECISION)
    rows["version"] = VERSION
    rows["outcome"] = heads["outcome"]
    rows["flags"] = flags
    rows["id"] = heads["id"]
    rows["list_version"] = np.frombuffer(list_version, np.uint8)
    salted = np.zeros(n, _SALTED)
    salted["id"], salted["sequence"], salted["row"] = heads["id"], sequence, np.arange(n)
    rows["salt"] = hash_matrix(prf_rows(key, salted.tobytes(), _SALTED.itemsize))
    return rows


def add_scores(
    decisions: Decisions,
    scored: npt.NDArray[np.intp],
    *,
    score_bps: npt.NDArray[np.uint16],
    reasons: npt.NDArray[np.uint64],
    typologies: npt.NDArray[np.uint64],
    typologies_digest: bytes,
    features: npt.NDArray[np.float32],
    model_id: bytes,
    review_price: npt.NDArray[np.uint16],
) -> None:
    """Fills the rows `scored`, in order. features: float32[n_scored, n_features]."""
    decisions["score_bps"][scored] = score_bps
    decisions["reasons"][scored] = reasons
    decisions["typologies"][scored] = typologies
    decisions["typologies_digest"][scored] = np.frombuffer(typologies_digest, np.uint8)
    decisions["review_price"][scored] = review_price
    decisions["model_id"][scored] = np.frombuffer(model_id, np.uint8)
    row_bytes = features.shape[1] * features.itemsize
    decisions["features_hash"][scored] = hash_matrix(
        hash_rows("features", np.ascontiguousarray(features), row_bytes)
    )


def commitments(decisions: Decisions) -> npt.NDArray[np.uint8]:
    """uint8[n, 32]: what the chain holds of them."""
    return hash_matrix(hash_rows("decision", decisions, DECISION_BYTES))


def hash_matrix(hashes: bytes) -> npt.NDArray[np.uint8]:
    """Hashes one after another as uint8[n, 32]."""
    return np.frombuffer(hashes, np.uint8).reshape(-1, 32)
