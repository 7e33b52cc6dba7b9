"""The memory of the risk room: the past of accounts and devices, moved on in block order."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.facts import FACTS, Facts
from clearway.risk.features import FEATURES, TABLES, Features, advance_rows
from clearway.risk.memory.snapshot import AsOf, Snapshot, load_snapshot, save_snapshot
from clearway.risk.memory.tables import Journal, KeyedTable, Table

ACCOUNTS_MAX: Final = 2**26
ENTITIES_MAX: Final = 2**22  # devices, and network addresses, and corridors: so many of each
STAGED_MAX: Final = 3  # one batch is decided while one is kept and one is ordered
_KEYED: Final = {"devices": "device", "addresses": "address", "corridors": "corridor"}
# An account has been seen when one of these is above zero; payments may be cleared that it was told
# nothing else of.
_ACCOUNT_SEEN: Final = ("sent_n", "got_n", "robbed_n", "accused_n", "trusted_ns")
_NEVER_NS: Final = -1
_NO_FEATURES: Final = np.empty((0, len(FEATURES)), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Staged:
    """A batch whose block is not there yet, and the rows of each table as they were before it.
    is_told: reports, which wait for no block, only for the batches before them. known: how many
    ids each keyed table had."""

    facts: Facts
    is_told: bool
    journals: tuple[Journal, ...]
    began_ns: int
    known: tuple[int, ...]


class FeatureState:
    """Features of payments, and the past that they come from.

    `stage` computes and changes nothing that lasts; `commit` makes it last; `discard` forgets it.
    STAGED_MAX batches can be staged, each seeing those before it, and are committed in their
    order. One thread may stage while another commits.

    >>> state = FeatureState()
    >>> one = np.zeros(1, dtype=FACTS)
    >>> state.stage(one).shape == (1, len(FEATURES))
    True
    >>> state.commit(height=1, index=0)
    >>> state.as_of
    AsOf(height=1, index=0)
    """

    def __init__(self, capacity: int = 1024) -> None:
        """`capacity`: accounts to make room for; it grows when a higher number comes."""
        self.as_of = AsOf(height=0, index=0)
        self.told = 0  # number of the last report that is part of the past
        self.beside = b""  # what else the room remembers: saved and loaded with the features
        self._accounts = Table(TABLES["accounts"], capacity)
        self._keyed = {
            name: KeyedTable(TABLES[name], 1024, rows_max=ENTITIES_MAX) for name in _KEYED
        }
        self._began_ns = _NEVER_NS
        self._batch = 0
        self._staged: deque[_Staged] = deque()
        self._lock = Lock()

    def stage(self, facts: Facts) -> Features:
        """Features float32[n, len(FEATURES)] of FACTS[n], in their order: row i sees the rows
        before it. Reports move the past as payments do; their own rows are 0.

        ValueError for an account number of ACCOUNTS_MAX or more; nothing is staged then.
        """
        out = np.empty((len(facts), len(FEATURES)), dtype=np.float32)
        with self._lock:
            self._advance(facts, out)
        return out

    def advance(self, facts: Facts, *, height: int, index: int) -> None:
        """Takes payments in without computing their features: what `stage` and `commit` leave.
        Nothing may be staged."""
        assert not self._staged, "invariant: advance before commit or discard"
        with self._lock:
            self._advance(facts, _NO_FEATURES)
        self.commit(height=height, index=index)

    def tell(self, reports: Facts, *, number: int) -> None:
        """Takes reports in behind whatever is staged; they stay when that is discarded. number: of
        the last one, see `told`."""
        with self._lock:
            self._advance(reports, _NO_FEATURES, is_told=True)
            self.told = number
            self._settle_told()

    def commit(self, *, height: int, index: int) -> None:
        """The oldest staged batch is part of the past from now on; its last payment is
        (height, index)."""
        with self._lock:
            assert self._staged, "invariant: commit without stage"
            as_of = AsOf(height=height, index=index)
            now, before = (as_of.height, as_of.index), (self.as_of.height, self.as_of.index)
            assert now >= before, f"invariant: risk state goes back from {before} to {now}"
            self._release(self._staged.popleft())
            self.as_of = as_of
            self._settle_told()

    def _settle_told(self) -> None:
        while self._staged and self._staged[0].is_told:
            self._release(self._staged.popleft())
        if not self._staged:
            self._forget_idle()

    def _release(self, staged: _Staged) -> None:
        for table, journal in zip(self._tables, staged.journals, strict=True):
            table.release(journal)

    def discard(self, place: int = -1) -> None:
        """The staged batch at `place` (0 the oldest, -1 the newest) never was; what was staged and
        told after it stays, as if it had not been there."""
        with self._lock:
            batches = [k for k, staged in enumerate(self._staged) if not staged.is_told]
            if not batches:
                return
            undone = list(self._staged)[batches[place] :]
            for _ in undone:
                last = self._staged.pop()
                for table, journal in zip(self._tables, last.journals, strict=True):
                    table.undo(journal)
                for keyed, n in zip(self._keyed.values(), last.known, strict=True):
                    keyed.unlearn(n)
                self._release(last)
                self._began_ns = last.began_ns
            for later in undone[1:]:
                self._advance(later.facts, _NO_FEATURES, is_told=later.is_told)
            self._settle_told()

    @property
    def _tables(self) -> tuple[Table, ...]:
        """In the order of the compiled pass."""
        return self._accounts, *self._keyed.values()

    def _advance(self, facts: Facts, out: Features, *, is_told: bool = False) -> None:
        batches = sum(not staged.is_told for staged in self._staged)
        assert is_told or batches < STAGED_MAX, "invariant: stage before commit or discard"
        facts = np.ascontiguousarray(facts, dtype=FACTS)
        n = len(facts)
        if n:
            highest = int(max(facts["payer"].max(), facts["payee"].max()))
            if highest >= ACCOUNTS_MAX:
                raise ValueError(f"account number {highest}: there may be {ACCOUNTS_MAX} accounts")
            self._accounts.grow(highest + 1, rows_max=ACCOUNTS_MAX)
        known = tuple(table.n for table in self._keyed.values())
        numbers = np.zeros((len(_KEYED), n), dtype=np.int32)
        for row, (name, column) in enumerate(_KEYED.items()):
            numbers[row] = self._keyed[name].numbers(np.ascontiguousarray(facts[column]))
        began_ns = self._began_ns
        if n and began_ns == _NEVER_NS:
            self._began_ns = max(0, int(facts["time_ns"][0]))
        journals = self._pass(facts, numbers, out)
        self._staged.append(_Staged(facts, is_told, journals, began_ns, known))

    def _pass(self, facts: Facts, numbers: NDArray[np.int32], out: Features) -> tuple[Journal, ...]:
        """Moves the tables on; returns what they were, for each."""
        pairs = [
            (table, table.journal(4 * len(facts)))  # payer, payee, and two that they join
            for table in self._tables
        ]
        self._batch += 1
        touched = np.zeros(len(pairs), dtype=np.int64)
        arrays = [array for table, journal in pairs for array in table.arrays(journal)]
        advance_rows(facts, numbers, self._began_ns, self._batch, *arrays, touched, out)
        for (_, journal), n in zip(pairs, touched.tolist(), strict=True):
            journal.n = n
        return tuple(journal for _, journal in pairs)

    def _forget_idle(self) -> None:
        """Of a full table the half stays that was seen last."""
        for table in self._keyed.values():
            if table.is_full:
                last_ns = table.rows["used_ns"][1 : table.n]
                order = np.argsort(last_ns, kind="stable")
                table.forget(np.sort(order[len(order) // 2 :]) + 1)

    def save(self, path: Path) -> None:
        """Writes a snapshot, which is there complete or not at all. Nothing may be staged."""
        with self._lock:
            assert not self._staged, "invariant: save before commit or discard"
            seen = [self._accounts.rows[cell] > 0 for cell in _ACCOUNT_SEEN]
            numbers = np.flatnonzero(np.logical_or.reduce(seen))
            tables = [(numbers.astype(np.uint64), self._accounts.rows, numbers)]
            tables += [
                (table.ids[1 : table.n], table.rows, np.arange(1, table.n))
                for table in self._keyed.values()
            ]
            save_snapshot(
                path, Snapshot(self.as_of, self.told, self._began_ns, self.beside), tables
            )

    @classmethod
    def load(cls, path: Path) -> "FeatureState":
        """The state that `save` wrote.

        Raises `risk.snapshot_corrupt` for a file that is not whole, and `risk.snapshot_version`
        for one of other features: it has to be made again from the blocks.
        """
        state = cls()
        snapshot = load_snapshot(path, [table.dtype for table in state._tables])
        state.as_of, state.told = snapshot.as_of, snapshot.told
        state._began_ns, state.beside = snapshot.began_ns, snapshot.beside
        for table, (ids, rows) in zip(state._tables, snapshot.tables, strict=True):
            if isinstance(table, KeyedTable):
                table.put(ids, rows)
            elif len(ids):
                table.grow(int(ids.max()) + 1, rows_max=ACCOUNTS_MAX)
                table.rows[ids.astype(np.int64)] = rows
        return state
