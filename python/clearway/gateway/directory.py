"""Names outside, numbers inside: account ids ↔ addresses, asset codes ↔ numbers, bits ↔ reasons.

An account's address is a keyed hash of its name, so finding the address needs no table; finding
the name does (the vault's), and the most used names are kept.
"""

from __future__ import annotations

from collections.abc import Iterable

from clearway.ledger.book import Book, Standing
from clearway.ledger.genesis import Genesis
from clearway.payment.decision import DecisionFlag
from clearway.payment.errors import Refusal
from clearway.payment.ids import account_address
from clearway.payment.money import Asset
from clearway.payment.records import AccountFlag
from clearway.risk.reasons import reasons_of
from clearway.store.vault import Vault

NAMES_KEPT_MAX = 65_536
_NO_ASSET = 0
# As plain ints: `int & IntFlag` makes a new member each time, and every payment asks five times.
_KNOWN, _CLOSED, _HOLDS = int(Standing.KNOWN), int(Standing.CLOSED), int(Standing.HOLDS)
_PAYER_SANCTIONED = int(DecisionFlag.PAYER_SANCTIONED)
_PAYEE_SANCTIONED = int(DecisionFlag.PAYEE_SANCTIONED)
_NO_HOLD_SIGNED = int(DecisionFlag.NO_HOLD_SIGNED)
_NO_HOLD_LINKED = int(DecisionFlag.NO_HOLD_LINKED)
_NO_REVIEW_OF_TERMS = int(DecisionFlag.NO_REVIEW_OF_TERMS)
_SHARE_SANCTIONED = int(DecisionFlag.SHARE_SANCTIONED)
_NAMED = int(~DecisionFlag.SCORED)  # whatever else is said of a decision


class Directory:
    """genesis: its accounts (nostro, fees, liquidity) are found by their name there."""

    def __init__(
        self,
        *,
        book: Book,
        vault: Vault,
        genesis: Genesis,
        secret: bytes,
    ) -> None:
        self._book = book
        self._vault = vault
        self._secret = secret
        self._genesis_addresses = {row.id: bytes(row.address) for row in genesis.accounts}
        self._genesis_names = {address: id for id, address in self._genesis_addresses.items()}
        self._names: dict[bytes, str] = {}
        self._addresses: dict[str, bytes] = {}  # of accounts that were found
        self._by_code: dict[str, Asset] = {}
        self._by_number: dict[int, Asset] = {}
        self._refresh_assets()

    # --- accounts -------------------------------------------------------------------------------

    def address(self, account: str) -> bytes:
        """Where an account of this name is or would be."""
        known = self._addresses.get(account) or self._genesis_addresses.get(account)
        return account_address(self._secret, account) if known is None else known

    def open_address(self, account: str) -> bytes:
        """The address of an account that is there and not closed.

        Refuses account.unknown, account.closed.
        """
        address = self.address(account)
        [standing] = self._book.standings(address, (_NO_ASSET,))
        self.check_open(standing, address, account)
        return address

    def check_open(self, standing: int, address: bytes, account: str) -> None:
        """standing: as Book.standings has it. Refuses account.unknown, account.closed."""
        if not standing & _KNOWN:
            raise Refusal("account.unknown", account=account)
        if standing & _CLOSED:
            raise Refusal("account.closed", account=account)
        if account not in self._addresses:
            if len(self._addresses) >= NAMES_KEPT_MAX:
                self._addresses.clear()
            self._addresses[account] = address
            self._keep(address, account)

    def check_held(self, address: bytes, account: str, asset: Asset) -> None:
        """Refuses account.asset_not_held."""
        [standing] = self._book.standings(address, (asset.number,))
        check_holds(standing, account, asset)

    def name(self, address: bytes) -> str:
        """The client's name; for an account that is kept elsewhere, its address in hex."""
        known = self._names.get(address)
        if known is None:
            self.load_names((address,))
            known = self._names.get(address)
        return "0x" + address.hex() if known is None else known

    def load_names(self, addresses: Iterable[bytes]) -> None:
        """Fetches the names of many addresses with one query, for lists."""
        missing = [address for address in set(addresses) if address not in self._names]
        if not missing:
            return
        for address, name in self._vault.account_ids(missing).items():
            self._keep(address, name)
        for address in missing:
            if address in self._genesis_names:
                self._keep(address, self._genesis_names[address])

    def forget_name(self, address: bytes) -> None:
        self._names.pop(address, None)

    def nostro(self, account: str) -> bytes:
        """Refuses nostro.unknown."""
        address = self.address(account)
        row = self._book.account(address)
        if row is None or not row.flags & AccountFlag.NOSTRO:
            raise Refusal("nostro.unknown", nostro=account)
        return address

    def nostro_of(self, asset: Asset) -> str:
        """The first nostro account of genesis that holds the asset. Refuses nostro.unknown."""
        for name, address in self._genesis_addresses.items():
            row = self._book.account(address)
            held = row is not None and row.flags & AccountFlag.NOSTRO
            if held and self._book.balance(address, asset.number) is not None:
                return name
        raise Refusal("nostro.unknown", nostro=asset.code)

    def _keep(self, address: bytes, name: str) -> None:
        if len(self._names) >= NAMES_KEPT_MAX:
            self._names.clear()  # a rare full reload is cheaper than an order of use kept always
        self._names[address] = name

    # --- assets ---------------------------------------------------------------------------------

    def asset_of_code(self, code: str) -> Asset:
        """Refuses asset.unknown."""
        asset = self._by_code.get(code)
        if asset is None:
            self._refresh_assets()
            asset = self._by_code.get(code)
        if asset is None:
            raise Refusal("asset.unknown", asset=code)
        return asset

    def asset(self, number: int) -> Asset:
        """The asset of a number that stands on the ledger."""
        if number not in self._by_number:
            self._refresh_assets()
        return self._by_number[number]

    def assets(self) -> list[Asset]:
        self._refresh_assets()
        return list(self._by_number.values())

    def _refresh_assets(self) -> None:
        for asset in self._book.assets():
            self._by_code[asset.code] = asset
            self._by_number[asset.number] = asset

    # --- codes ----------------------------------------------------------------------------------

    def refusal(self, code: int) -> str:
        return self._book.refusal_code(code)

    def reason_names(self, reasons: int, flags: int) -> list[str]:
        """The names of a decision's bits; sanctions first, because they decide alone."""
        found: list[str] = []
        if not reasons and not flags & _NAMED:
            return found
        if flags & _PAYER_SANCTIONED:
            found.append("payer_sanctioned")
        if flags & _PAYEE_SANCTIONED:
            found.append("payee_sanctioned")
        if flags & _SHARE_SANCTIONED:
            found.append("share_sanctioned")
        if flags & _NO_HOLD_SIGNED:
            found.append("no_hold_signed")
        if flags & _NO_HOLD_LINKED:
            found.append("no_hold_linked")
        if flags & _NO_REVIEW_OF_TERMS:
            found.append("no_review_of_conditions")
        if reasons:
            found.extend(reason.code for reason in reasons_of(reasons))
        return found


def check_holds(standing: int, account: str, asset: Asset) -> None:
    """Refuses account.asset_not_held."""
    if not standing & _HOLDS:
        raise Refusal("account.asset_not_held", account=account, asset=asset.code)
