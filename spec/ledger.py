"""A chain of blocks: genesis, and the block that follows from a time and some envelopes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import spec.authority  # noqa: F401  puts its kinds into the table of rules
from spec.chains import apply_entries
from spec.codes import Refusal, refuse_if
from spec.ed25519 import verify
from spec.escrow import end_escrow
from spec.hashing import ZERO32, hash_bytes, leaf, result_leaf, tree_root
from spec.mandate import end_mandate
from spec.records import (
    ENVELOPE_SIGNED_BYTES,
    End,
    Entry,
    Envelope,
    Header,
    Kind,
    Result,
    decode_entries,
    decode_envelope,
    encode_sweep,
)
from spec.rules import apply_rule, return_hold
from spec.scene import Scene
from spec.state import Escrow, Hold, Mandate, Segment, State, free_slot, put_in_slot, state_root

SWEPT_MAX: Final = 1_024
GENESIS_KINDS: Final = (
    Kind.OPEN_ACCOUNT,
    Kind.REGISTER_ASSET,
    Kind.REGISTER_KEY,
    Kind.SET_LIMIT,
)


@dataclass(frozen=True, slots=True)
class Block:
    header: Header
    entries: tuple[bytes, ...]
    results: tuple[Result, ...]

    def hash(self) -> bytes:
        """What the sequencer signs."""
        return hash_bytes("header", self.header.encode())


@dataclass(frozen=True, slots=True)
class Ledger:
    """A chain up to its last block. It never changes: `stage` returns the longer chain, and to
    discard a block is to forget it."""

    chain_id: bytes
    block: Block
    state: State

    def stage(self, *, time_ns: int, envelopes: list[bytes]) -> Ledger:
        """The chain with one more block. DecodeError for bytes that do not decode, ValueError for a
        time that does not grow."""
        last = self.block.header
        if time_ns <= last.time_ns:
            raise ValueError("the time of a block must grow")
        decoded = [decode_envelope(data) for data in envelopes]
        height = last.height + 1
        state = self.state.copy()
        drop_window(state, time_ns)
        entries: list[bytes] = []
        results: list[Result] = []
        ended = sweep(state, time_ns)
        if ended:
            entries.append(encode_sweep(ended))
            results.append(Result(Kind.SWEEP, amount_minor=len(ended)))
        for envelope in decoded:
            scene = Scene(
                chain_id=self.chain_id,
                height=height,
                now_ns=time_ns,
                institution=envelope.institution,
                key=envelope.key,
            )
            state, answers = apply_envelope(state, envelope, scene)
            entries.append(envelope.head())
            entries.extend(entry.encode() for entry in envelope.entries)
            results.extend(answers)
        add_segment(state, height, entries, results)
        header = Header(
            count=len(entries),
            height=height,
            time_ns=time_ns,
            chain_id=self.chain_id,
            previous_hash=self.block.hash(),
            transactions_root=entries_root(entries),
            results_root=results_root(results),
            state_root=state_root(state),
        )
        return Ledger(self.chain_id, Block(header, tuple(entries), tuple(results)), state)


def genesis(*, time_ns: int, entries: bytes) -> Ledger:
    """Block 0. ValueError when an entry is refused, DecodeError when the bytes do not decode."""
    chain_id = hash_bytes("genesis", time_ns.to_bytes(8, "little") + entries)
    state = State()
    decoded = decode_entries(entries)
    results = []
    for index, entry in enumerate(decoded):
        if entry.kind not in GENESIS_KINDS:
            raise ValueError(f"genesis entry {index} has kind {entry.kind}")
        scene = Scene(chain_id, 0, time_ns, institution=entry.purpose, key=None)
        try:
            refuse_if(entry.flags != 0, "ledger.inconsistent")
            apply_rule(state, entry, scene)
        except Refusal as refusal:
            raise ValueError(f"genesis entry {index} is refused: {refusal}") from refusal
        results.append(Result(entry.kind))
    encoded = [entry.encode() for entry in decoded]
    header = Header(
        count=len(decoded),
        height=0,
        time_ns=time_ns,
        chain_id=chain_id,
        previous_hash=ZERO32,
        transactions_root=entries_root(encoded),
        results_root=results_root(results),
        state_root=state_root(state),
    )
    return Ledger(chain_id, Block(header, tuple(encoded), tuple(results)), state)


def entries_root(entries: list[bytes]) -> bytes:
    return tree_root([leaf(entry) for entry in entries])


def results_root(results: list[Result]) -> bytes:
    return tree_root([result_leaf(result.encode()) for result in results])


def drop_window(state: State, now_ns: int) -> None:
    """Forgets the oldest blocks, as long as all their ids have become too old to come again."""
    segments = [segment for segment in state.window if segment is not None]
    for segment in sorted(segments, key=lambda segment: segment.height):
        if segment.valid_until_ns_max >= now_ns:
            return
        free_slot(state.window, segment)
        for name, remembered in list(state.remembered.items()):
            if remembered.height == segment.height:
                del state.remembered[name]


def add_segment(state: State, height: int, entries: list[bytes], results: list[Result]) -> None:
    """The ids that this block remembers, as a row of the window."""
    new = [row for row in state.remembered.values() if row.height == height]
    if new:
        segment = Segment(
            height=height,
            valid_until_ns_max=max(row.valid_until_ns for row in new),
            recorded=len(new),
            transactions_root=entries_root(entries),
            results_root=results_root(results),
        )
        put_in_slot(state.window, segment)


def sweep(state: State, now_ns: int) -> list[tuple[int, End, bytes]]:
    """Ends what has expired, oldest first, and returns what ended. Of one moment, holds come before
    escrows and mandates last."""
    order = [Hold, Escrow, Mandate]
    rows: list[Hold | Escrow | Mandate | None] = []
    rows += state.holds
    rows += state.escrows
    rows += state.mandates
    due = [row for row in rows if row is not None and row.expires_ns <= now_ns]
    due.sort(key=lambda row: (row.expires_ns, order.index(type(row)), row.institution, row.id))
    ended = []
    for row in due[:SWEPT_MAX]:
        if isinstance(row, Escrow):
            end = End.ESCROW_PAID if end_escrow(state, row) else End.ESCROW_RETURNED
        elif isinstance(row, Mandate):
            end_mandate(state, row)
            end = End.MANDATE_ENDED
        else:
            return_hold(state, row)
            end = End.HOLD_RELEASED
        ended.append((row.institution, end, row.id))
    return ended


def apply_envelope(state: State, envelope: Envelope, scene: Scene) -> tuple[State, list[Result]]:
    """The state after an envelope, and the results of the envelope and of each of its entries."""
    try:
        check_envelope(state, envelope, scene)
    except Refusal as refusal:
        kinds = [int(Kind.ENVELOPE)] + [entry.kind for entry in envelope.entries]
        return state, [Result(kind, refusal.code) for kind in kinds]
    state = state.copy()
    state.keys[envelope.key] = replace(state.keys[envelope.key], sequence=envelope.sequence)
    state, results = apply_entries(state, envelope.entries, scene)
    return state, [Result(Kind.ENVELOPE), *results]


def check_envelope(state: State, envelope: Envelope, scene: Scene) -> None:
    refuse_if(envelope.chain_id != scene.chain_id, "envelope.wrong_chain")
    refuse_if(envelope.key not in state.keys, "envelope.unknown_key")
    key = state.keys[envelope.key]
    refuse_if(key.institution != envelope.institution, "envelope.wrong_institution")
    refuse_if(scene.height < key.activation_height, "envelope.key_not_active")
    refuse_if(key.revoked_height != 0, "envelope.key_revoked")
    refuse_if(envelope.valid_until_ns < scene.now_ns, "envelope.expired")
    refuse_if(envelope.sequence <= key.sequence, "envelope.sequence_used")
    refuse_if(envelope.digest != digest_of(envelope.entries), "envelope.digest_differs")
    message = hash_bytes("envelope", envelope.head()[:ENVELOPE_SIGNED_BYTES])
    refuse_if(not verify(envelope.key, message, envelope.signature), "envelope.bad_signature")


def digest_of(entries: tuple[Entry, ...]) -> bytes:
    return hash_bytes("entries", b"".join(leaf(entry.encode()) for entry in entries))
