"""The running balance of every account: what stands in `balance` after each movement.

Accounts are dense numbers, so an asset's balances are one int64 array; an asset whose amounts
could leave 64 bits (18 decimals do at 9.2 units) is counted in Python's integers instead. A
balance is read from the last entry when its account is first touched, so opening costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
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
        self, account: Int64, asset: npt.NDArray[np.uint32], moved: Any, negative: Bool
    ) -> tuple[Any, Any]:
        """Movements in order → (signed amounts, balances after each): int64, or object where one
        does not fit.

        moved: records with `amount_lo` and `amount_hi`; negative: where it leaves the account.
        """
        low, high = moved["amount_lo"], moved["amount_hi"]
        amounts: list[Any] = []
        balances: list[Any] = []
        places: list[Int64] = []
        for number in np.unique(asset).tolist():
            rows = np.flatnonzero(asset == number)
            places.append(rows)
            if self._narrow(number, account[rows], low[rows], high[rows]):
                signed = low[rows].astype(np.int64)
                signed[negative[rows]] *= -1
                amounts.append(signed)
                balances.append(self._add(number, account[rows], signed))
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
        return _in_order(places, amounts), _in_order(places, balances)

    def _narrow(
        self,
        asset: int,
        account: Int64,
        low: npt.NDArray[np.uint64],
        high: npt.NDArray[np.uint64],
    ) -> bool:
        """Whether no sum here can leave 64 bits; loads the balances that the sums start from."""
        if asset in self._wide:
            return False
        # A float64 sum is off by far less than the factor 2 that NARROW_MAX leaves.
        total = float(low.astype(np.float64).sum())
        fits = not high.any() and total < NARROW_MAX and self._load_missing(asset, account)
        if fits:
            largest = float(np.abs(self._posted[asset][account]).max())
            fits = largest + total < NARROW_MAX
        if not fits:
            self._widen(asset)
        return fits

    def _load_missing(self, asset: int, account: Int64) -> bool:
        """False when a balance does not fit 64 bits."""
        posted, known = self._room(asset, int(account.max()) + 1)
        for number in np.unique(account[~known[account]]).tolist():
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

    def _add(self, asset: int, account: Int64, signed: Int64) -> Int64:
        """A cumulative sum per account, in order."""
        posted = self._posted[asset]
        order = np.argsort(account, kind="stable")
        sorted_account, sorted_signed = account[order], signed[order]
        first = np.flatnonzero(np.diff(sorted_account, prepend=-1))
        last = np.append(first[1:], len(order)) - 1
        sums = np.cumsum(sorted_signed)
        base = posted[sorted_account[first]] - sums[first] + sorted_signed[first]
        sums += np.repeat(base, last - first + 1)
        posted[sorted_account[last]] = sums[last]
        balances = np.empty_like(sums)
        balances[order] = sums
        return balances

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


def _in_order(places: list[Int64], columns: list[Any]) -> Any:
    if len(columns) == 1:
        return columns[0]
    narrow = all(column.dtype == np.int64 for column in columns)
    joined: Any = np.empty(sum(map(len, places)), np.int64 if narrow else object)
    for rows, column in zip(places, columns, strict=True):
        joined[rows] = column
    return joined
