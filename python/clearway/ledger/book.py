"""The typed face of the kernel's ledger: bytes become NumPy views, its errors become ours.

Book has one writer (`stage` → `commit` or `discard`); every other method may be called from any
thread while the writer works. Readers see a staged block before it is durable: what is told to
anybody outside is read through `durable.read`. `commit` is `hand_over` and `write`; a second thread
may write while the first stages the next block.

    book = Book.create(folder, genesis)
    block = book.stage(time_ns=now, envelopes=[envelope])
    book.commit(sign_finality(seed, block.hash))
"""

from __future__ import annotations

import enum
import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

import clearway_kernel as kernel
from clearway.ledger.crypto import Rows, as_buffer
from clearway.ledger.durable import Durable
from clearway.ledger.genesis import Genesis
from clearway.payment.errors import Fault, disk_fault
from clearway.payment.ids import ID_BYTES
from clearway.payment.money import Asset
from clearway.payment.records import BalanceFlag, Heads, Results, view_heads, view_results

Account = kernel.Account
Hold = kernel.Hold
Escrow = kernel.Escrow
Mandate = kernel.Mandate
Policy = kernel.Policy
Proof = kernel.Proof

FINALITY_SEQUENCER = 1
FINALITY = struct.Struct("<BB32s64s")  # version, kind, key, signature
STATE_ROOT_AT = 160  # offset in a header


class Standing(enum.IntFlag):
    """What a payment asks of its parties, at one look."""

    KNOWN = 1
    CLOSED = 2
    HOLDS = 4  # the asset that was asked for
    OWNED = 8  # by somebody who signs


class CorruptBook(Exception):
    """The log is not what was acknowledged. The node must not start on it."""

    def __init__(self, *, height: int, what: str) -> None:
        super().__init__(f"block {height}: {what}")
        self.height = height
        self.what = what


@dataclass(frozen=True)
class Block:
    """One block, staged or read back. The three times are 0 when the block was read back.

    Its columns are copied out of the kernel when they are first looked at: whoever orders blocks
    looks at the results alone.
    """

    height: int
    time_ns: int
    count: int
    header: bytes
    hash: bytes
    finality: bytes
    signatures_ns: int
    apply_ns: int
    roots_ns: int
    staged: kernel.Staged | None
    recorded: kernel.Block | None

    @property
    def state_root(self) -> bytes:
        return self.header[STATE_ROOT_AT:]

    @cached_property
    def heads(self) -> Heads:
        """HEAD[count]; an envelope or a sweep is cut or zero padded to 256 bytes."""
        return view_heads(self._kernel_block().heads)

    @cached_property
    def results(self) -> Results:
        """RESULT[count]."""
        return view_results(self._kernel_block().results)

    @cached_property
    def units(self) -> bytes:
        """64 bytes each, of all entries in order."""
        return self._kernel_block().units

    def _kernel_block(self) -> kernel.Staged | kernel.Block:
        block = self.staged or self.recorded
        assert block is not None, "invariant: a block is staged or recorded"
        return block

    def entry(self, index: int) -> bytes:
        """The canonical bytes of one entry, whole sweeps too, of a block that was read back."""
        assert self.recorded is not None, "invariant: a staged block is not read entry by entry"
        return self.recorded.entry(index)


class TrialBalance(NamedTuple):
    """The sums of the balances after one block. rows: (asset, sum of positive posted, of negative
    posted, pending_in, pending_out)."""

    height: int
    state_root: bytes
    rows: list[tuple[int, int, int, int, int]]


def sign_finality(seed: bytes, block_hash: bytes) -> bytes:
    """The sequencer's word that this block is final (docs/format.md, Finality)."""
    key, signature = kernel.public_key(seed), kernel.sign(seed, block_hash)
    return FINALITY.pack(1, FINALITY_SEQUENCER, key, signature)


@cache
def _refusal_codes() -> dict[int, str]:
    return dict(kernel.refusal_codes())


def _staged_block(staged: kernel.Staged) -> Block:
    return Block(
        height=staged.height,
        time_ns=staged.time_ns,
        count=staged.count,
        header=staged.header,
        hash=staged.hash,
        finality=b"",
        signatures_ns=staged.signatures_ns,
        apply_ns=staged.apply_ns,
        roots_ns=staged.roots_ns,
        staged=staged,
        recorded=None,
    )


class Book:
    """A chain under one genesis, in a folder or, without one, in memory."""

    def __init__(self, ledger: kernel.Ledger) -> None:
        self._ledger = ledger
        self.durable = Durable()
        self.chain_id = ledger.chain_id

    @classmethod
    def create(cls, folder: Path | None, genesis: Genesis) -> Book:
        """Raises FileExistsError when the folder holds a chain, ValueError naming the entry that
        the kernel refuses."""
        place = None if folder is None else str(folder)
        entries = genesis.entries()
        return cls(kernel.Ledger.create(place, time_ns=genesis.time_ns, genesis=entries))

    @classmethod
    def open(cls, folder: Path, genesis: Genesis) -> Book:
        """Recovers the chain. Raises CorruptBook, Fault node.disk_failed, ValueError when the
        chain has another genesis."""
        try:
            ledger = kernel.Ledger.open(str(folder))
        except kernel.CorruptLog as error:
            raise CorruptBook(height=error.height, what=error.what) from error
        except kernel.LogFault as error:
            raise Fault("node.disk_failed") from error
        if ledger.chain_id != genesis.chain_id():
            ledger.close()
            raise ValueError(
                f"the chain {ledger.chain_id.hex()} in {folder} is not of this genesis"
            )
        return cls(ledger)

    # --- where the chain stands -----------------------------------------------------------------

    @property
    def height(self) -> int:
        return self._ledger.height

    @property
    def time_ns(self) -> int:
        return self._ledger.time_ns

    @property
    def head_hash(self) -> bytes:
        return self._ledger.head_hash

    @property
    def state_root(self) -> bytes:
        return self._ledger.state_root

    @property
    def accounts_count(self) -> int:
        return self._ledger.accounts_count

    @property
    def holds_count(self) -> int:
        return self._ledger.holds_count

    @property
    def escrows_count(self) -> int:
        return self._ledger.escrows_count

    @property
    def snapshot_height(self) -> int:
        """The height that `open` started from."""
        return self._ledger.snapshot_height

    # --- writing --------------------------------------------------------------------------------

    def seal(
        self,
        *,
        institution: int,
        seed: Rows,
        sequence: int,
        valid_until_ns: int,
        heads: Rows,
        units: Rows = b"",
        signatures: Rows = b"",
    ) -> bytes:
        """A signed envelope for this chain; see clearway_kernel.seal_envelope."""
        return kernel.seal_envelope(
            chain_id=self.chain_id,
            institution=institution,
            seed=as_buffer(seed),
            sequence=sequence,
            valid_until_ns=valid_until_ns,
            heads=as_buffer(heads),
            units=as_buffer(units),
            signatures=as_buffer(signatures),
        )

    def stage(self, *, time_ns: int, envelopes: Sequence[Rows]) -> Block:
        """Applies the next block in memory. time_ns: after the last block's.

        Raises kernel.DecodeError (a ValueError) for an envelope that does not decode; nothing was
        changed then. Fault node.disk_failed when a block below could not be written.
        """
        rows = [as_buffer(row) for row in envelopes]
        number = self.durable.staging()
        try:
            return _staged_block(self._ledger.stage(time_ns=time_ns, envelopes=rows))
        except kernel.LogFault as error:
            self.durable.discarded(number)
            raise Fault("node.disk_failed") from error
        except BaseException:
            self.durable.discarded(number)
            raise

    def rehearse(
        self, *, time_ns: int, envelopes: Sequence[Rows], presume_signed: bool = False
    ) -> Block:
        """What `stage` would give, taken back at once: nothing is written, and nobody sees it.
        presume_signed: as if the owners had signed of whom an entry says so, whatever stands in
        place of their signatures."""
        rows = [as_buffer(row) for row in envelopes]
        staged = self._ledger.rehearse(
            time_ns=time_ns, envelopes=rows, presume_signed=presume_signed
        )
        return _staged_block(staged)

    def commit(self, finality: bytes) -> None:
        """Makes the staged block durable.

        Raises Fault node.disk_full: the log is as before, and the block stays staged. Fault
        node.disk_failed: nothing was acknowledged, and the book takes no block until reopened.
        """
        self.hand_over(finality)
        self.write()

    def hand_over(self, finality: bytes) -> None:
        """The staged block waits for `write`, and the next may be staged on top of it. The block
        before it must be written."""
        try:
            self._ledger.hand_over(finality)
        except kernel.LogFault as error:
            raise Fault("node.disk_failed") from error

    def write(self) -> None:
        """Makes the block that was handed over durable; another thread may stage meanwhile.
        Raises as `commit`: the block is then staged again, and one on top of it is discarded."""
        try:
            self._ledger.write()
        except kernel.LogFull as error:
            self.durable.top_discarded()
            raise Fault("node.disk_full") from error
        except kernel.LogFault as error:
            self.durable.failed()
            raise Fault("node.disk_failed") from error
        self.durable.written()

    def discard(self) -> None:
        self._ledger.discard()
        self.durable.discarded()

    def snapshot(self) -> int:
        """Writes the committed state beside the log, for a quick start; returns its height."""
        try:
            return self._ledger.snapshot()
        except kernel.LogFault as error:
            raise disk_fault(error) from error

    def close(self) -> None:
        self._ledger.close()

    # --- history --------------------------------------------------------------------------------

    def block(self, height: int) -> Block:
        """Raises IndexError for a height that is not there, CorruptBook."""
        try:
            block = self._ledger.block(height)
        except kernel.CorruptLog as error:
            raise CorruptBook(height=error.height, what=error.what) from error
        return Block(
            height=block.height,
            time_ns=block.time_ns,
            count=block.count,
            header=block.header,
            hash=block.hash,
            finality=block.finality,
            signatures_ns=0,
            apply_ns=0,
            roots_ns=0,
            staged=None,
            recorded=block,
        )

    def blocks(self, from_height: int) -> Iterator[Block]:
        """The committed blocks from `from_height` up to the head as it is when reached."""
        height = from_height
        while height <= self.height:
            yield self.block(height)
            height += 1

    def entry(self, height: int, index: int) -> bytes:
        """The canonical bytes of one entry. Raises IndexError."""
        return self._ledger.block(height).entry(index)

    def proof(self, height: int, index: int) -> Proof:
        """Raises IndexError."""
        return self._ledger.proof(height, index)

    def proofs(self, height: int) -> list[Proof]:
        """Of every entry of a block, which is read and hashed once. Raises IndexError."""
        return self._ledger.proofs(height)

    # --- state ----------------------------------------------------------------------------------

    def account(self, address: Rows) -> Account | None:
        return self._ledger.account(as_buffer(address))

    def account_at(self, number: int) -> Account | None:
        return self._ledger.account_at(number)

    def account_numbers(self, addresses: Rows) -> npt.NDArray[np.uint32]:
        """Rows of 20 bytes → uint32[n], batch.NOT_AN_ACCOUNT where unknown."""
        return np.frombuffer(self._ledger.account_numbers(as_buffer(addresses)), np.uint32)

    def standings(self, addresses: bytes, assets: Sequence[int]) -> bytes:
        """n × 20 bytes and n asset numbers → n bytes of Standing; 0 where no account is."""
        return self._ledger.standings(addresses, array("I", assets).tobytes())

    def settling_numbers(self, numbers: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
        """Whose money it is: of a sub-account its parent, of another account itself."""
        return np.frombuffer(self._ledger.settling_numbers(as_buffer(numbers)), np.uint32)

    def account_flags(self, numbers: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
        return np.frombuffer(self._ledger.account_flags(as_buffer(numbers)), np.uint32)

    def balance(self, address: Rows, asset: int) -> tuple[int, int, int] | None:
        """(posted, pending_in, pending_out) in minor units; None when the asset is not held."""
        return self._ledger.balance(as_buffer(address), asset)

    def balances(self, address: Rows) -> list[tuple[int, int, int, int]]:
        """(asset number, posted, pending_in, pending_out) of every asset held."""
        return self._ledger.balances(as_buffer(address))

    def assets(self) -> list[Asset]:
        rows = zip(self._ledger.assets(), self._ledger.asset_controls(), strict=True)
        return [Asset(*row, controls, issuer) for row, (controls, issuer, _) in rows]

    def paused_assets(self) -> frozenset[int]:
        """The numbers of the assets that their issuers have stopped."""
        rows = enumerate(self._ledger.asset_controls(), start=1)
        return frozenset(number for number, (_, _, paused) in rows if paused)

    def balance_flags(self, address: Rows, asset: int) -> BalanceFlag | None:
        """None when the asset is not held."""
        flags = self._ledger.balance_flags(as_buffer(address), asset)
        return None if flags is None else BalanceFlag(flags)

    def keys(self) -> list[tuple[bytes, int, int, int, int, int, int]]:
        """(key, institution, purposes, activation_height, revoked_height, sequence,
        imported_ns)."""
        return self._ledger.keys()

    def limits(self) -> list[tuple[bytes, int, int, int, int, int]]:
        """(key, asset, payment_max, day_max, used, day)."""
        return self._ledger.limits()

    def hold(self, institution: int, id: Rows) -> Hold | None:
        return self._ledger.hold(institution, as_buffer(id))

    def mandate(self, institution: int, id: Rows) -> Mandate | None:
        return self._ledger.mandate(institution, as_buffer(id))

    def policy(self, address: Rows) -> Policy | None:
        """Of a sub-account its parent's; None when the account has one key, or none."""
        return self._ledger.policy(as_buffer(address))

    @staticmethod
    def fault_of_policy(units: bytes) -> str | None:
        """Why units are no policy (authority.bad_policy); None when they are one."""
        try:
            kernel.check_policy(units)
        except ValueError as error:
            return str(error)
        return None

    def standing_orders(self, institution: int) -> list[bytes]:
        """Ids of the mandates that this institution recorded and that are fixed."""
        ids = self._ledger.standing_orders(institution)
        return [ids[at : at + ID_BYTES] for at in range(0, len(ids), ID_BYTES)]

    def escrow(self, institution: int, id: Rows) -> Escrow | None:
        return self._ledger.escrow(institution, as_buffer(id))

    def refunded(self, institution: int, target: Rows) -> tuple[int, int] | None:
        """(amount of the payment, refunded so far)."""
        return self._ledger.refunded(institution, as_buffer(target))

    def remembered(self, institution: int, id: Rows) -> tuple[bytes, int, int] | None:
        """(instruction hash, code, height) while the id is in the window."""
        return self._ledger.remembered(institution, as_buffer(id))

    def remembered_heights(self, institution: int, ids: Rows) -> npt.NDArray[np.uint64]:
        """Rows of 16 bytes → uint64[n]: the height of `remembered`, 0 for an id that is not."""
        heights = self._ledger.remembered_heights(institution, as_buffer(ids))
        return np.frombuffer(heights, np.uint64)

    def next_expiry_ns(self) -> int | None:
        return self._ledger.next_expiry_ns()

    def trial_balance(self) -> TrialBalance:
        return TrialBalance(*self._ledger.trial_balance())

    def subroots(self) -> list[tuple[str, int, bytes]]:
        """(table, rows, root) in the order of the state root."""
        return self._ledger.subroots()

    @staticmethod
    def refusal_code(number: int) -> str:
        """The name of a result code of docs/format.md, such as `ledger.exceeds_available`."""
        return _refusal_codes()[number]

    @staticmethod
    def refusal_codes() -> Mapping[int, str]:
        """The names of all result codes but 0, by number."""
        return _refusal_codes()
