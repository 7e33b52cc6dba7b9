"""The running balance of every account: what stands in `balance` after each movement.

Accounts are dense numbers, so an asset's balances are one int64 array; an asset whose amounts
could leave 64 bits (18 decimals do at 9.2 units) is counted in Python's integers instead. A
balance is read from the last entry when its account is first touched, so opening costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from clearway.store.group import Bool, Int64

# Half of what an int64 holds: sums of two below it cannot wrap.
NARROW_MAX = 2**62
ROOM_MIN = 1_024
Load = Callable[[int, int], int]
"""(account, asset) → its balance after the last entry recorded, 0 without any."""


class Running:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._posted: dict[int, Int64] = {}
        self._known: dict[int, Bool] = {}
        self._wide: dict[int, dict[int, int]] = {}

    def forget(self) -> None:
        """After a transaction that failed: everything is read again."""
        self._posted.clear()
        self._known.clear()
        self._wide.clear()

    def apply(
        self,
        account: Int64,
        asset: npt.NDArray[np.uint32],
        low: npt.NDArray[np.uint64],
        high: npt.NDArray[np.uint64],
        negative: Bool,
    ) -> tuple[Any, Any]:
        """Movements by asset, of each by account, of each in their order → (signed amounts,
        balances after each): int64, or object where one does not fit.

        low, high: of the amounts; negative: where it leaves the account.
        """
        amounts: list[Any] = []
        balances: list[Any] = []
        starts = np.flatnonzero(np.diff(asset.astype(np.int64), prepend=-1)).tolist()
        for start, end in pairwise([*starts, len(asset)]):
            rows, number = slice(start, end), int(asset[start])
            first = np.flatnonzero(np.diff(account[rows], prepend=-1))
            holders = account[rows][first]
            if self._narrow(number, holders, low[rows], high[rows]):
                signed = low[rows].astype(np.int64)
                signed[negative[rows]] *= -1
                amounts.append(signed)
                balances.append(self._add(number, holders, first, signed))
            else:
                values = [
                    -(a | b << 64) if minus else a | b << 64
                    for a, b, minus in zip(
                        low[rows].tolist(),
                        high[rows].tolist(),
                        negative[rows].tolist(),
                        strict=True,
                    )
                ]
                amounts.append(np.array(values, object))
                balances.append(self._add_wide(number, account[rows].tolist(), values))
        return _joined(amounts), _joined(balances)

    def _narrow(
        self,
        asset: int,
        holders: Int64,
        low: npt.NDArray[np.uint64],
        high: npt.NDArray[np.uint64],
    ) -> bool:
        """Whether no sum here can leave 64 bits; loads the balances that the sums start from."""
        if asset in self._wide:
            return False
        # A float64 sum is off by far less than the factor 2 that NARROW_MAX leaves.
        total = float(low.astype(np.float64).sum())
        fits = not high.any() and total < NARROW_MAX and self._load_missing(asset, holders)
        if fits:
            largest = float(np.abs(self._posted[asset][holders]).max())
            fits = largest + total < NARROW_MAX
        if not fits:
            self._widen(asset)
        return fits

    def _load_missing(self, asset: int, holders: Int64) -> bool:
        """False when a balance does not fit 64 bits."""
        posted, known = self._room(asset, int(holders[-1]) + 1)
        for number in holders[~known[holders]].tolist():
            balance = self._load(number, asset)
            if abs(balance) >= NARROW_MAX:
                return False
            posted[number], known[number] = balance, True
        return True

    def _room(self, asset: int, size: int) -> tuple[Int64, Bool]:
        posted = self._posted.get(asset, np.zeros(0, np.int64))
        known = self._known.get(asset, np.zeros(0, np.bool_))
        if len(posted) < size:
            more = max(ROOM_MIN, size + size // 2) - len(posted)
            posted = np.concatenate([posted, np.zeros(more, np.int64)])
            known = np.concatenate([known, np.zeros(more, np.bool_)])
            self._posted[asset], self._known[asset] = posted, known
        return posted, known

    def _add(self, asset: int, holders: Int64, first: Int64, signed: Int64) -> Int64:
        """A cumulative sum for each holder. first: where his movements begin."""
        posted = self._posted[asset]
        end = np.append(first[1:], len(signed))
        sums = np.cumsum(signed)
        base = posted[holders] - sums[first] + signed[first]
        sums += np.repeat(base, end - first)
        posted[holders] = sums[end - 1]
        return sums

    def _widen(self, asset: int) -> None:
        """From here on the asset is counted in Python's integers; what is known is kept."""
        posted = self._posted.pop(asset, None)
        known = self._known.pop(asset, None)
        wide = self._wide[asset] = {}
        if posted is not None and known is not None:
            numbers = np.flatnonzero(known)
            wide.update(zip(numbers.tolist(), posted[numbers].tolist(), strict=True))

    def _add_wide(self, asset: int, account: list[int], signed: list[int]) -> Any:
        posted = self._wide[asset]
        balances = np.empty(len(account), object)
        for row, (number, amount) in enumerate(zip(account, signed, strict=True)):
            if number not in posted:
                posted[number] = self._load(number, asset)
            posted[number] += amount
            balances[row] = posted[number]
        return balances


def _joined(columns: list[Any]) -> Any:
    if len({column.dtype for column in columns}) > 1:
        columns = [column.astype(object) for column in columns]
    return np.concatenate(columns)
