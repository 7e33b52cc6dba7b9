"""The memory of the risk room: one row per account, moved on in block order, saved and loaded."""

import hashlib
import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.errors import RiskFault
from clearway.risk.facts import FACTS, Facts
from clearway.risk.features import (
    ACCOUNT,
    FEATURES,
    FEATURES_VERSION,
    Features,
    advance_rows,
)

ACCOUNTS_MAX: Final = 2**26
STAGED_MAX: Final = 2  # one batch is decided while the one before it is ordered
_MAGIC: Final = b"clearway risk state\n"
# The second number counts changes of whose past a row is: 1, an account's with its sub-accounts'.
_VERSION: Final = FEATURES_VERSION << 8 | 1
_HEADER: Final = np.dtype(
    [("magic", "S20"), ("version", "<u4"), ("height", "<u8"), ("index", "<u4"), ("began_ns", "<i8"),
     ("rows", "<u8")]
)  # fmt: skip
_ROW: Final = np.dtype((np.void, ACCOUNT.itemsize))
_NEVER_NS: Final = -1
_NO_FEATURES: Final = np.empty((0, len(FEATURES)), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class AsOf:
    """The last payment that the state has seen: block height and the entry's index in it."""

    height: int
    index: int


@dataclass(frozen=True, slots=True)
class _Staged:
    """A batch whose block is not there yet, and the rows as they were before it."""

    facts: Facts
    touched: NDArray[np.uint32]
    before: NDArray[np.void]
    began_ns: int


class FeatureState:
    """Features of payments, and the accounts' past that they come from.

    `stage` computes and changes nothing that lasts; `commit` makes it last; `discard` forgets it.
    STAGED_MAX batches can be staged, each seeing those before it, and are committed in their
    order. One thread may stage while another commits.

    >>> state = FeatureState()
    >>> one = np.zeros(1, dtype=FACTS)
    >>> state.stage(one).shape
    (1, 48)
    >>> state.commit(height=1, index=0)
    >>> state.as_of
    AsOf(height=1, index=0)
    """

    def __init__(self, capacity: int = 1024) -> None:
        """`capacity`: accounts to make room for; it grows when a higher number comes."""
        self.as_of = AsOf(height=0, index=0)
        self._accounts = np.zeros(capacity, dtype=ACCOUNT)
        self._place = np.full(capacity, -1, dtype=np.int32)
        self._scratch = np.zeros(0, dtype=ACCOUNT)
        self._touched = np.zeros(0, dtype=np.uint32)
        self._began_ns = _NEVER_NS
        self._staged: deque[_Staged] = deque()
        self._lock = Lock()

    def stage(self, facts: Facts) -> Features:
        """Features float32[n, 48] of FACTS[n], in their order: row i sees the rows before it.

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

    def commit(self, *, height: int, index: int) -> None:
        """The oldest staged batch is part of the past from now on; its last payment is
        (height, index)."""
        with self._lock:
            assert self._staged, "invariant: commit without stage"
            as_of = AsOf(height=height, index=index)
            now, before = (as_of.height, as_of.index), (self.as_of.height, self.as_of.index)
            assert now >= before, f"invariant: risk state goes back from {before} to {now}"
            self._staged.popleft()
            self.as_of = as_of

    def discard(self, place: int = -1) -> None:
        """The staged batch at `place` (0 the oldest, -1 the newest) never was; those staged after
        it stay, as if it had not been there."""
        with self._lock:
            if not self._staged:
                return
            undone = list(self._staged)[place:]
            for _ in undone:
                last = self._staged.pop()
                self._accounts.view(_ROW)[last.touched] = last.before
                self._began_ns = last.began_ns
            for later in undone[1:]:
                self._advance(later.facts, _NO_FEATURES)

    def _advance(self, facts: Facts, out: Features) -> None:
        assert len(self._staged) < STAGED_MAX, "invariant: stage before commit or discard"
        facts = np.ascontiguousarray(facts, dtype=FACTS)
        if len(facts):
            self._grow(1 + int(max(facts["payer"].max(), facts["payee"].max())))
        if len(self._scratch) < 2 * len(facts):
            self._scratch = np.empty(2 * len(facts), dtype=ACCOUNT)
            self._touched = np.empty(2 * len(facts), dtype=np.uint32)
        began_ns = self._began_ns
        if len(facts) and began_ns == _NEVER_NS:
            self._began_ns = max(0, int(facts["time_ns"][0]))
        n_touched = advance_rows(
            facts, self._began_ns, self._accounts, self._place, self._scratch, self._touched, out
        )
        # As opaque bytes: NumPy copies a row at once instead of field by field, 15 times as fast.
        rows, touched = self._accounts.view(_ROW), self._touched[:n_touched].copy()
        self._staged.append(_Staged(facts, touched, rows[touched], began_ns))
        rows[touched] = self._scratch[:n_touched].view(_ROW)

    def _grow(self, rows: int) -> None:
        if rows <= len(self._accounts):
            return
        if rows > ACCOUNTS_MAX:
            raise ValueError(f"account number {rows - 1}: there may be {ACCOUNTS_MAX} accounts")
        capacity = min(max(rows, 2 * len(self._accounts)), ACCOUNTS_MAX)
        accounts = np.zeros(capacity, dtype=ACCOUNT)
        accounts[: len(self._accounts)] = self._accounts
        self._accounts = accounts
        self._place = np.full(capacity, -1, dtype=np.int32)

    def save(self, path: Path) -> None:
        """Writes a snapshot: header, rows of accounts that were ever seen, SHA-256 over both.

        The file is there complete or not at all. Nothing may be staged.
        """
        assert not self._staged, "invariant: save before commit or discard"
        seen = (self._accounts["sent_n"] > 0) | (self._accounts["got_n"] > 0)
        numbers = np.flatnonzero(seen).astype(np.uint32)
        header = np.zeros(1, dtype=_HEADER)
        header["magic"], header["version"] = _MAGIC, _VERSION
        header["height"], header["index"] = self.as_of.height, self.as_of.index
        header["began_ns"], header["rows"] = self._began_ns, len(numbers)
        body = header.tobytes() + numbers.tobytes() + self._accounts[numbers].tobytes()
        part = path.with_name(path.name + ".part")
        with part.open("wb") as file:
            file.write(body)
            file.write(hashlib.sha256(body).digest())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> "FeatureState":
        """The state that `save` wrote.

        Raises `risk.snapshot_corrupt` for a file that is not whole, and `risk.snapshot_version`
        for one of another _VERSION: it has to be made again from the blocks.
        """
        data = path.read_bytes()
        body, checksum = data[:-32], data[-32:]
        if len(body) < _HEADER.itemsize or hashlib.sha256(body).digest() != checksum:
            raise RiskFault("risk.snapshot_corrupt", path=str(path))
        header = np.frombuffer(body, dtype=_HEADER, count=1)[0]
        if header["magic"] != _MAGIC or header["version"] != _VERSION:
            raise RiskFault("risk.snapshot_version", path=str(path), needed=_VERSION)
        rows = int(header["rows"])
        numbers: NDArray[np.uint32] = np.frombuffer(
            body, dtype=np.uint32, count=rows, offset=_HEADER.itemsize
        )
        state = cls(capacity=max(1024, int(numbers.max(initial=0)) + 1))
        state._accounts[numbers] = np.frombuffer(
            body, dtype=ACCOUNT, count=rows, offset=_HEADER.itemsize + numbers.nbytes
        )
        state._began_ns = int(header["began_ns"])
        state.as_of = AsOf(height=int(header["height"]), index=int(header["index"]))
        return state
