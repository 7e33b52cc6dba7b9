"""Tables of the memory: rows of one dtype that grow in place, and a journal of the last batch."""

import mmap
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import types
from numpy.typing import NDArray

from clearway.risk.compiled import compiled

_UNKNOWN: Final = 0  # the row of who was not named; nothing is ever written to it


@dataclass(slots=True)
class Journal:
    """What a batch changed: numbers of the first `n` rows that it touched, and how they were."""

    touched: NDArray[np.uint32]
    before: NDArray[np.void]
    n: int = 0


class Table:
    """`rows`, and what the compiled pass needs beside them to note what a batch changed.

    batch: uint32[rows], the batch that last touched each row. Rows lie in memory of their own that
    the kernel moves as pages: growing copies nothing, and what was never touched takes no room.
    Journals are used again: a new one costs the first touch of its pages.
    """

    def __init__(self, dtype: np.dtype[np.void], capacity: int) -> None:
        self.dtype = dtype
        self._memory = _map(capacity * dtype.itemsize)
        self.rows: NDArray[np.void] = np.frombuffer(self._memory, dtype)[:capacity]
        self.batch = np.zeros(capacity, dtype=np.uint32)
        self._free: list[Journal] = []

    def __len__(self) -> int:
        return len(self.rows)

    def grow(self, rows: int, *, rows_max: int) -> None:
        """Makes room for `rows` at least."""
        if rows <= len(self):
            return
        capacity = min(max(rows, 2 * len(self)), rows_max)
        self.rows = np.zeros(0, dtype=self.dtype)  # memory that is looked at cannot be moved
        self._memory.resize(capacity * self.dtype.itemsize)
        self.rows = np.frombuffer(self._memory, self.dtype)[:capacity]
        batch = np.zeros(capacity, dtype=np.uint32)
        batch[: len(self.batch)] = self.batch
        self.batch = batch

    def journal(self, touches: int) -> Journal:
        """With room for so many rows."""
        while self._free:
            free = self._free.pop()
            if len(free.touched) >= touches:
                return free
        return Journal(np.empty(touches, dtype=np.uint32), np.empty(touches, dtype=self.dtype))

    def release(self, journal: Journal) -> None:
        self._free.append(journal)

    def arrays(self, journal: Journal) -> tuple[Any, ...]:
        """As the compiled pass takes them."""
        return self.rows, self.batch, journal.touched, journal.before

    def undo(self, journal: Journal) -> None:
        # As opaque bytes: NumPy copies a row at once instead of field by field, 15 times as fast.
        opaque = np.dtype((np.void, self.dtype.itemsize))
        touched, before = journal.touched[: journal.n], journal.before[: journal.n]
        self.rows.view(opaque)[touched] = before.view(opaque)


class KeyedTable(Table):
    """A table whose rows are found by 64-bit ids. Row 0 is the unknown one's, as is id 0.

    Once `rows_max` ids are there, further ones are unknown until `forget` made room.
    """

    def __init__(self, dtype: np.dtype[np.void], capacity: int, *, rows_max: int) -> None:
        super().__init__(dtype, capacity)
        self._rows_max = rows_max
        self.n = 1
        self.ids = np.zeros(capacity, dtype=np.uint64)
        self._slots = _free_slots(capacity)

    @property
    def is_full(self) -> bool:
        return self.n >= self._rows_max

    def numbers(self, ids: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The row of each id, int32[n]; new ids get new rows."""
        out = np.zeros(len(ids), dtype=np.int32)
        if ids.any():
            self._make_room(min(self.n + len(ids), self._rows_max))
            self.n = number_ids(ids, self._slots, self.ids, self.n, out)
        return out

    def _make_room(self, rows: int) -> None:
        if rows <= len(self):
            return
        self.grow(rows, rows_max=self._rows_max)
        ids = np.zeros(len(self), dtype=np.uint64)
        ids[: self.n] = self.ids[: self.n]
        self.ids = ids
        self._index()

    def _index(self) -> None:
        self._slots = _free_slots(len(self))
        count, self.n = self.n, 1
        known = self.ids[1:count].copy()
        self.n = number_ids(known, self._slots, self.ids, self.n, np.zeros(count - 1, np.int32))

    def unlearn(self, n: int) -> None:
        """Ids from number n on, which came last, were never there; their rows are empty."""
        if n < self.n:
            self._slots[self._slots >= n] = 0  # none that came before was looked for beyond these
            self.ids[n : self.n] = 0
            self.n = n

    def put(self, ids: NDArray[np.uint64], rows: NDArray[np.void]) -> None:
        """Rows of ids that were not there, as a snapshot has them."""
        numbers = self.numbers(ids)
        self.rows[numbers] = rows

    def forget(self, kept: NDArray[np.int64]) -> None:
        """Only rows of these numbers stay, under new ones, in their order."""
        ids, rows = self.ids[kept].copy(), self.rows[kept].copy()
        self.rows[: self.n] = np.zeros(1, dtype=self.dtype)
        self.ids[1 : self.n] = 0
        self.n = 1
        self._index()
        self.put(ids, rows)


def _free_slots(rows: int) -> NDArray[np.int32]:
    return np.zeros(1 << (2 * rows).bit_length(), dtype=np.int32)


def _map(size: int) -> mmap.mmap:
    return mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


@compiled(types.int64(types.uint64[::1], types.int32[::1], types.uint64[::1], types.int64,
                      types.int32[::1]))  # fmt: skip
def number_ids(ids: Any, slots: Any, known: Any, n: int, out: Any) -> int:
    """Numbers of `ids` by linear probing; a new one becomes `known[n]`. Returns the new n.

    `slots` has a power of two of places, at least twice as many as `known`; 0 is a free one.
    """
    mask = np.uint64(len(slots) - 1)
    for i in range(len(ids)):
        key = ids[i]
        if key == 0:
            out[i] = 0
            continue
        place = (key ^ (key >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(
            16
        ) & mask
        while slots[place] != 0 and known[slots[place]] != key:
            place = place + np.uint64(1) & mask
        if slots[place] == 0 and n < len(known):
            known[n] = key
            slots[place] = n
            n += 1
        out[i] = slots[place]
    return n
