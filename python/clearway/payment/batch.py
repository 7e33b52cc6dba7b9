"""What travels through the journey together: one PaymentBatch, and the answer each row gets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clearway.payment.records import Heads

BATCH_ROWS_MAX = 8_190
NOT_AN_ACCOUNT = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Submission:
    """One parsed instruction, as a door hands it to the batcher.

    head: 256 bytes (records.pack_head), outcome and commitment still empty.
    request_hash: 32 bytes over the client's canonical body; the same key with another is refused.
    private: what never enters a block (reference, metadata, client's names) as JSON bytes, or None.
    units: ready 64-byte units of governing and account entries; a payment's legs come from clearing.
    signature: 64 bytes of a self-custody client, or empty.
    """

    head: bytes
    request_hash: bytes
    private: bytes | None = None
    units: bytes = b""
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where and how one submission ended on the ledger: what an answer is rendered from."""

    height: int
    index: int
    time_ns: int
    head: bytes
    units: bytes
    result: bytes
    score_bps: int
    reasons: int
    model_id: bytes


@dataclass(slots=True)
class PaymentBatch:
    """n submissions as columns; each phase of lifecycle/pay.py fills its own.

    heads HEAD[n]; payer, payee uint32[n] account numbers (NOT_AN_ACCOUNT where unknown);
    sanctioned uint8[n]; score_bps uint16[n]; outcome uint8[n]; reasons uint64[n] (risk's bits);
    leg_units: one bytes of 64-byte units per row.
    """

    submissions: list[Submission]
    heads: Heads
    payer: npt.NDArray[np.uint32]
    payee: npt.NDArray[np.uint32]
    sanctioned: npt.NDArray[np.uint8]
    score_bps: npt.NDArray[np.uint16]
    reasons: npt.NDArray[np.uint64]
    units: list[bytes]
