"""What was answered before is answered again: the first answer of an id, for ever.

An id is found in the projections, which know every block up to their height, or among the ids
that the ledger itself remembers, which cover what the projections have not read yet. The answer
is rendered from the block and the vault, never from a copy of what was once sent.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final

import numpy as np

from clearway.ledger.book import Block, Book
from clearway.payment.batch import UNIT_BYTES, Placed
from clearway.payment.errors import Refusal
from clearway.payment.ids import ID_BYTES
from clearway.payment.records import ENVELOPE, RESULT_DUPLICATE, Kind
from clearway.store.projections import Projections
from clearway.store.vault import Vault

BLOCKS_CACHED_MAX: Final = 4
FORGOTTEN: Final = (20, 21, 22, 23)  # codes under which the ledger does not remember an id
Place = tuple[int, int]  # height, index in the block


class Replay:
    """Finds first answers. May be used from several threads."""

    def __init__(
        self, *, institution: int, book: Book, vault: Vault, projections: Projections
    ) -> None:
        self._institution = institution
        self._book = book
        self._vault = vault
        self._projections = projections
        self._blocks: OrderedDict[int, Block] = OrderedDict()
        self._lock = Lock()

    def find_many(self, ids: bytes) -> dict[bytes, Place]:
        """ids: n × 16 bytes. Those that were used → where they stand."""
        # The height is read first: a block that comes in between is seen by both, never by none.
        covered = self._projections.height >= self._book.height
        found = self._projections.find_many(self._institution, ids)
        places = {id: (place[0], place[1]) for id, place in found.items()}
        if not covered:
            heights = self._book.remembered_heights(self._institution, ids)
            for row in np.flatnonzero(heights).tolist():
                id, height = ids[row * ID_BYTES : (row + 1) * ID_BYTES], int(heights[row])
                # A block that is only staged has answered nobody yet.
                if id not in places and height <= self._book.height:
                    places[id] = self._place(id, height)
        return places

    def find(self, id: bytes) -> Place | None:
        return self.find_many(id).get(id)

    def answer(self, place: Place, request_hash: bytes) -> Placed:
        """The first answer at this place. Refuses idempotency.body_differs."""
        height, index = place
        block = self._block(height)
        envelope_at = int(np.flatnonzero(block.heads["kind"][:index] == Kind.ENVELOPE)[-1])
        envelope = np.frombuffer(block.heads[envelope_at].tobytes(), ENVELOPE, 1)[0]
        key, sequence = envelope["key"].tobytes(), int(envelope["sequence"])
        row = index - envelope_at - 1
        [kept] = self._vault.rows([(key, sequence, row)])
        assert kept is not None, "invariant: a batch is in the vault before it is ordered"
        if kept.request_hash != request_hash:
            raise Refusal("idempotency.body_differs")
        decision = kept.decision
        return Placed(
            height=height,
            index=index,
            time_ns=block.time_ns,
            head=block.heads[index].tobytes(),
            units=_units_of(block, index),
            result=block.results[index].tobytes(),
            score_bps=int(decision["score_bps"]),
            reasons=int(decision["reasons"]),
            model_id=decision["model_id"].tobytes(),
            decision_flags=int(decision["flags"]),
            key=key,
            sequence=sequence,
            envelope_index=row,
        )

    def _place(self, id: bytes, height: int) -> Place:
        """An id that the ledger remembers from this height stands there once that is no repeat."""
        block = self._block(height)
        same = (block.heads["id"] == np.frombuffer(id, np.uint8)).all(axis=1)
        first = same & (block.results["flags"] & RESULT_DUPLICATE == 0)
        first &= (block.heads["kind"] > Kind.SWEEP) & ~np.isin(block.results["code"], FORGOTTEN)
        return height, int(np.flatnonzero(first)[0])

    def _block(self, height: int) -> Block:
        with self._lock:
            if height in self._blocks:
                self._blocks.move_to_end(height)
                return self._blocks[height]
        block = self._book.block(height)
        with self._lock:
            self._blocks[height] = block
            while len(self._blocks) > BLOCKS_CACHED_MAX:
                self._blocks.popitem(last=False)
        return block


def _units_of(block: Block, index: int) -> bytes:
    real = block.heads["kind"][: index + 1] > Kind.SWEEP
    counts = np.where(real, block.heads["units"][: index + 1], 0).astype(np.int64)
    stop = int(counts.sum()) * UNIT_BYTES
    return block.units[stop - int(counts[-1]) * UNIT_BYTES : stop]
