"""The institution's own accounts that legs go through, by asset.

The ledger makes balance rows when an account is opened, so those of genesis never hold an asset
that was registered later: such an asset has accounts of its own, whose names say its number.
"""

from __future__ import annotations

from clearway.clearing.legs import HouseAccounts
from clearway.ledger.book import Book
from clearway.payment.ids import account_address, operating_account
from clearway.payment.records import AccountFlag


class House:
    """secret: what addresses are made with. first: the accounts of genesis."""

    def __init__(
        self, book: Book, *, secret: bytes, institution: int, first: HouseAccounts
    ) -> None:
        self._book = book
        self._secret = secret
        self._institution = institution
        self._first = first
        self._found: dict[tuple[str, int], bytes] = {}

    def __call__(self, asset: int) -> HouseAccounts:
        return HouseAccounts(
            liquidity=self._account("liquidity", asset, self._first.liquidity),
            fees=self._account("fees", asset, self._first.fees),
        )

    def _account(self, role: str, asset: int, first: bytes) -> bytes:
        """Genesis's, if it holds the asset, or if no other does: the ledger refuses it then."""
        found = self._found.get((role, asset))
        if found is not None:
            return found
        if self._book.balance(first, asset) is None:
            later = account_address(self._secret, operating_account(role, asset))
            row = self._book.account(later)
            # Anybody who opens accounts may have taken the name.
            operates = row is not None and row.flags & AccountFlag.OPERATING
            if row is None or not operates or row.institution != self._institution:
                return first
            first = later
        self._found[role, asset] = first
        return first
