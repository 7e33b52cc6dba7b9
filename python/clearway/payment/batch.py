"""What goes into the journey and what comes out of it.

A door hands in a Submission (one) or Columns (many, without an object per payment); the batcher
joins what arrived, and lifecycle/pay.py carries it to the ledger as one batch; at the end stand
Answers, from which one row can be read as a Placed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clearway.payment.decision import DECISION, Decisions
from clearway.payment.errors import ClearwayError, Refusal
from clearway.payment.records import (
    HEAD,
    RESULT,
    VERSION,
    Flag,
    Heads,
    Kind,
    Results,
    opaque,
)

BATCH_ROWS_MAX = 8_190
VALID_NS = 600 * 1_000_000_000  # how long an entry that the node makes may wait for its block
NOT_AN_ACCOUNT = 0xFFFF_FFFF
UNIT_BYTES = 64
SIGNATURE_BYTES = 64
HASH_BYTES = 32
RESULT_BYTES = RESULT.itemsize

_FLAGS = sum(Flag)

Bytes2D = npt.NDArray[np.uint8]


class Submission(NamedTuple):
    """One parsed instruction, as a door hands it to the batcher.

    head: 256 bytes (records.pack_head), outcome and commitment still empty.
    request_hash: 32 bytes over the client's canonical body; the same key with another is refused.
    private: JSON bytes that never enter a block (reference, metadata, client's names), or None.
    units: ready 64-byte units of governing and account entries; clearing makes a payment's legs.
    signature: 64 bytes of a self-custody client, of each member that the head's signers name, or
        empty.
    marks: 16 bytes each (ids.metadata_mark), by which the payment is found again.
    context: ids of device and network address, 8 bytes each and 0 for none; empty for neither.
    """

    head: bytes
    request_hash: bytes
    private: bytes | None = None
    units: bytes = b""
    signature: bytes = b""
    marks: bytes = b""
    context: bytes = b""


@dataclass(frozen=True, slots=True)
class Columns:
    """Many instructions at once: an upload, a benchmark, a replayed file.

    heads HEAD[n]; request_hashes uint8[n, 32]; signatures uint8[n, 64], read where a head has
    SIGNED; privates n or None for none; units of the rows that bring their own; together: the
    signatures of rows that have several, in place of theirs in `signatures`.
    """

    heads: Heads
    request_hashes: Bytes2D
    signatures: Bytes2D
    privates: Sequence[bytes | None] | None = None
    units: dict[int, bytes] = field(default_factory=dict)
    marks: dict[int, bytes] = field(default_factory=dict)
    together: dict[int, bytes] = field(default_factory=dict)
    contexts: dict[int, bytes] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.heads)

    @classmethod
    def of(cls, submissions: Sequence[Submission]) -> Columns:
        heads, hashes, privates, units, signatures, marks, contexts = zip(*submissions, strict=True)
        blank = bytes(SIGNATURE_BYTES)
        return cls(
            heads=np.frombuffer(b"".join(heads), HEAD),
            request_hashes=_rows(hashes, HASH_BYTES),
            signatures=_rows(
                [one[:SIGNATURE_BYTES] or blank for one in signatures], SIGNATURE_BYTES
            ),
            privates=privates,
            units={i: unit for i, unit in enumerate(units) if unit},
            marks={i: mark for i, mark in enumerate(marks) if mark},
            together={i: one for i, one in enumerate(signatures) if len(one) > SIGNATURE_BYTES},
            contexts={i: context for i, context in enumerate(contexts) if context},
        )

    @classmethod
    def join(cls, parts: Sequence[Columns]) -> Columns:
        """The parts one after another; one part is passed on as it is."""
        if len(parts) == 1:
            return parts[0]
        units: dict[int, bytes] = {}
        marks: dict[int, bytes] = {}
        together: dict[int, bytes] = {}
        contexts: dict[int, bytes] = {}
        privates: list[bytes | None] = []
        start = 0
        for part in parts:
            units.update({start + row: unit for row, unit in part.units.items()})
            marks.update({start + row: mark for row, mark in part.marks.items()})
            together.update({start + row: signed for row, signed in part.together.items()})
            contexts.update({start + row: said for row, said in part.contexts.items()})
            privates.extend(part.privates if part.privates is not None else [None] * len(part))
            start += len(part)
        return cls(
            heads=np.concatenate([opaque(part.heads) for part in parts]).view(HEAD),
            request_hashes=np.concatenate([part.request_hashes for part in parts]),
            signatures=np.concatenate([part.signatures for part in parts]),
            privates=privates,
            units=units,
            marks=marks,
            together=together,
            contexts=contexts,
        )

    def take(self, start: int, stop: int) -> Columns:
        """Rows start to stop - 1, for columns that are longer than a batch."""
        return Columns(
            heads=self.heads[start:stop],
            request_hashes=self.request_hashes[start:stop],
            signatures=self.signatures[start:stop],
            privates=None if self.privates is None else self.privates[start:stop],
            units={i - start: unit for i, unit in self.units.items() if start <= i < stop},
            marks={i - start: mark for i, mark in self.marks.items() if start <= i < stop},
            together={i - start: one for i, one in self.together.items() if start <= i < stop},
            contexts={i - start: one for i, one in self.contexts.items() if start <= i < stop},
        )


def _rows(values: Sequence[bytes], row_bytes: int) -> Bytes2D:
    return np.frombuffer(b"".join(values), np.uint8).reshape(len(values), row_bytes)


def check_heads(heads: Heads) -> None:
    """Refuses request.invalid when a head would not decode: it would take its batch with it.

    Doors that pack heads themselves (records.pack_head) need not ask.
    """
    bad = (heads["version"] != VERSION) | (heads["flags"] > _FLAGS) | heads["zero"].any(axis=1)
    bad |= (heads["kind"] < Kind.PAYMENT) | ~np.isin(heads["kind"], list(Kind))
    bad |= (heads["outcome"] > 3) | (heads["signers"] != 0)  # a row has one signature
    bad |= heads["amount_hi"] >= 2**62
    has_hash = np.isin(heads["kind"], (Kind.ESCROW, Kind.RELEASE))  # in place of two amounts
    for name in ("to_amount_hi", "bound_hi"):
        bad |= (heads[name] >= 2**62) & ~has_hash
    bad[-1] |= (heads["flags"][-1] & Flag.LINKED) != 0  # it would tie another's entry to itself
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise Refusal("request.invalid", field=f"row {row}", what="not an instruction")


class Placed(NamedTuple):
    """Where and how one submission ended on the ledger: what an answer is rendered from.

    (key, sequence, envelope_index) finds the row's decision and private data in the vault.
    """

    height: int
    index: int  # type: ignore[assignment]  # a tuple's own, which nobody asks for
    time_ns: int
    head: bytes
    units: bytes
    result: bytes
    score_bps: int
    reasons: int
    model_id: bytes
    decision_flags: int
    key: bytes
    sequence: int
    envelope_index: int


@dataclass(frozen=True, slots=True)
class Answers:
    """How every row of the columns ended: on the ledger, or before it.

    Row i of `heads`, `results` and `decisions` stands in block `height` at `index + i`, and in its
    envelope (key, sequence) at i. `row` finds it by its row of the columns, -1 for one that left.
    """

    height: int
    index: int
    time_ns: int
    key: bytes
    sequence: int
    heads: Heads
    units: dict[int, bytes]
    results: Results
    decisions: Decisions
    row: npt.NDArray[np.int64]
    left: dict[int, Placed | ClearwayError]

    @classmethod
    def of_left(
        cls, row: npt.NDArray[np.int64], left: dict[int, Placed | ClearwayError]
    ) -> Answers:
        """Of a batch from which nothing was left to order."""
        heads, results, decisions = (np.zeros(0, dtype) for dtype in (HEAD, RESULT, DECISION))
        return cls(0, 0, 0, b"", 0, heads, {}, results, decisions, row, left)

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, number: int) -> Placed | ClearwayError:
        i = int(self.row[number])
        return self.left[number] if i < 0 else self._placed(i, i + 1)[0]

    def to_list(self, start: int = 0, stop: int | None = None) -> list[Placed | ClearwayError]:
        """Rows start to stop - 1 of the columns; a third of the time of asking for each."""
        rows = self.row[start:stop].tolist()
        ordered = [i for i in rows if i >= 0]  # as they came, so it rises
        placed = iter(self._placed(ordered[0], ordered[-1] + 1) if ordered else ())
        return [
            self.left[number] if i < 0 else next(placed) for number, i in enumerate(rows, start)
        ]

    def _placed(self, start: int, stop: int) -> list[Placed]:
        decisions = self.decisions[start:stop]
        rows = range(start, stop)
        columns = (
            repeat(self.height),
            range(self.index + start, self.index + stop),
            repeat(self.time_ns),
            _row_bytes(self.heads[start:stop]),
            [self.units.get(row, b"") for row in rows] if self.units else repeat(b""),
            _row_bytes(self.results[start:stop]),
            decisions["score_bps"].tolist(),
            decisions["reasons"].tolist(),
            _row_bytes(np.ascontiguousarray(decisions["model_id"])),
            decisions["flags"].tolist(),
            repeat(self.key),
            repeat(self.sequence),
            rows,
        )
        # As Placed._make does, but for a step of Python's for each of them.
        return list(map(partial(tuple.__new__, Placed), zip(*columns, strict=False)))


def _row_bytes(rows: npt.NDArray[Any]) -> list[bytes]:
    """A bytes object a row."""
    row_bytes = rows.nbytes // len(rows)
    listed: list[bytes] = rows.view(f"V{row_bytes}").ravel().tolist()
    return listed
