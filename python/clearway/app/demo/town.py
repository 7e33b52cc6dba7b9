"""Whom the demonstration plays: a seeded world's accounts and a week of their payments.

World payments become the same HEADs that the doors pack; what the simulator knows about fraud
stays here and is never shown to the node.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from clearway.app.bootstrap import Node
from clearway.app.genesis import NOSTRO
from clearway.gateway import instructions
from clearway.ledger.crypto import hash_bytes, hash_rows
from clearway.payment.batch import Columns, Submission
from clearway.payment.ids import ADDRESS_BYTES, ID_BYTES, account_address, payment_id
from clearway.payment.records import HEAD, INSTRUCTION_BYTES, VERSION, Heads, Kind
from clearway.risk.facts import load_rates_per_eur
from clearway.risk.worlds.flows import PURPOSES
from clearway.risk.worlds.population import ASSETS, COUNTRIES, PERSON
from clearway.risk.worlds.world import DAY_NS, START_NS, World
from clearway.screening import Watchlist
from clearway.screening.lists import EntityKind
from clearway.store.vault import AccountRecord

PRINCIPAL: Final = "dev"  # of the API key, so that its owner finds the payments by their keys
VALID_NS: Final = 23 * 3_600 * 10**9  # the ledger allows 24 hours
WEEK_NS: Final = 7 * DAY_NS
# A payment crosses currencies when the payee has another one, unless it is so small that nothing
# would arrive, or so large that the liquidity account would have to be asked first.
CROSS_EUR_MIN, CROSS_EUR_MAX = 1.0, 20_000.0
LISTED_PARTIES: Final = 2  # accounts of the world whose owners bear listed names
_json = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Size:
    """How much is played. The last of the days is played live, over `live_s` real seconds."""

    customers: int = 2_600
    merchants: int = 340
    days: int = 7
    live_s: float = 7.0
    seed: int = 2028


class Town:
    """The world on the ledger of one node. `addresses` uint8[n, 20] and `ids` by world number."""

    def __init__(self, node: Node, size: Size, *, start_ns: int) -> None:
        self.world = World(size.seed, size.customers, size.merchants, size.days)
        self.payments = self.world.payments().copy()
        self.payments["time_ns"] += start_ns - START_NS
        self.start_ns, self.days = start_ns, size.days
        self.count = len(self.world.population)
        self.ids = [f"acc-{number:05d}" for number in range(self.count)]
        rows = b"".join(account_address(node.secret, id) for id in self.ids)
        self.addresses = np.frombuffer(rows, np.uint8).reshape(self.count, ADDRESS_BYTES)
        self.names = self.world.names()
        self.listed = _name_listed(self, node.screener.watchlist)
        numbers = {asset.code: asset.number for asset in node.book.assets()}
        self.asset_numbers = np.array([numbers[code] for code in ASSETS], np.uint32)
        self.crosses = self._crosses()
        self.heads = self._heads(node.secret)
        self.number_of = {id.tobytes(): n for n, id in enumerate(self.heads["id"])}
        self.secret, self._nostro = node.secret, account_address(node.secret, NOSTRO)

    @property
    def live_from(self) -> int:
        """The first payment of the last day."""
        last_day_ns = self.start_ns + (self.days - 1) * DAY_NS
        return int(np.searchsorted(self.payments["time_ns"], last_day_ns))

    def is_fraud(self, id: bytes) -> bool:
        """What the simulator knows of a payment; what is not of the world is honest."""
        number = self.number_of.get(id)
        return number is not None and bool(self.payments["is_fraud"][number])

    # --- money before it moves ------------------------------------------------------------------

    def openings(self, now_ns: int) -> tuple[list[AccountRecord], list[Submission]]:
        """What POST /v1/accounts would keep and order, for every account of the world."""
        held = self._assets_held()
        records, submissions = [], []
        for number, id in enumerate(self.ids):
            address = self.addresses[number].tobytes()
            country = COUNTRIES[self.world.population.country[number]].code
            owner = _json.encode({"name": self.names[number], "country": country})
            records.append(AccountRecord(address, id, owner, None))
            head, units = instructions.open_account(
                id=payment_id(self.secret, principal=PRINCIPAL, idempotency_key=f"open-{id}"),
                address=address,
                assets=held[number],
                now_ns=now_ns,
            )
            submissions.append(
                Submission(head, request_hash=hash_bytes("details", head), units=units)
            )
        return records, submissions

    def _assets_held(self) -> list[list[int]]:
        """Everybody holds the own currency, and those in which payments arrive as they are."""
        own = self.world.population.asset
        straight = self.payments[~self.crosses]
        pairs = np.concatenate(
            [
                np.stack([np.arange(self.count), own], axis=1),
                np.stack([straight["payee"].astype(np.int64), straight["asset"]], axis=1),
                np.stack([self.payments["payer"].astype(np.int64), self.payments["asset"]], axis=1),
            ]
        )
        held: list[list[int]] = [[] for _ in range(self.count)]
        for account, asset in np.unique(pairs, axis=0).tolist():
            held[account].append(int(self.asset_numbers[asset]))
        return held

    @property
    def fundings_count(self) -> int:
        return len(self.world.opening_balances())

    def fundings(self, now_ns: int) -> Columns:
        """Issuances from the nostro account: what each account will ever send, and a tenth more."""
        balances = self.world.opening_balances()
        heads = self._blank(len(balances), Kind.ISSUE)
        heads["payer"] = np.frombuffer(self._nostro, np.uint8)
        heads["payee"] = self.addresses[balances["account"]]
        heads["asset"] = self.asset_numbers[balances["asset"]]
        heads["amount_lo"] = balances["amount_minor"]
        heads["id"] = _ids(self.secret, "fund", len(balances))
        heads["created_ns"], heads["valid_until_ns"] = now_ns, now_ns + VALID_NS
        return _columns(heads)

    # --- payments -------------------------------------------------------------------------------

    def slice(self, start: int, stop: int, *, now_ns: int) -> Columns:
        """Payments start to stop - 1; each says when its payer asked for it."""
        heads = self.heads[start:stop].copy()
        heads["valid_until_ns"] = now_ns + VALID_NS
        return _columns(heads)

    def slices(self, stop: int, *, rows: int) -> Iterator[tuple[int, int]]:
        for start in range(0, stop, rows):
            yield start, min(start + rows, stop)

    def _heads(self, secret: bytes) -> Heads:
        payments = self.payments
        heads = self._blank(len(payments), Kind.PAYMENT)
        heads["payer"] = self.addresses[payments["payer"]]
        heads["payee"] = self.addresses[payments["payee"]]
        heads["asset"] = self.asset_numbers[payments["asset"]]
        wanted = self.asset_numbers[self.world.population.asset[payments["payee"]]]
        heads["to_asset"] = np.where(self.crosses, wanted, 0)
        heads["amount_lo"] = payments["amount_minor"]
        heads["purpose"] = _purpose_numbers()[payments["purpose"]]
        heads["id"] = _ids(secret, "demo", len(payments))
        heads["created_ns"] = payments["time_ns"]
        return heads

    def _crosses(self) -> npt.NDArray[np.bool_]:
        payments = self.payments
        per_eur = load_rates_per_eur()
        minor_per_eur = np.array(
            [per_eur[code.partition("/")[0]] * 10.0 ** int(code[-1]) for code in ASSETS]
        )
        eur = payments["amount_minor"] / minor_per_eur[payments["asset"]]
        other = self.world.population.asset[payments["payee"]] != payments["asset"]
        crosses: npt.NDArray[np.bool_] = other & (eur >= CROSS_EUR_MIN) & (eur <= CROSS_EUR_MAX)
        return crosses

    def _blank(self, rows: int, kind: Kind) -> Heads:
        heads = np.zeros(rows, HEAD)
        heads["version"], heads["kind"] = VERSION, kind
        return heads


def last_week_ns(now_ns: int) -> int:
    """Monday 00:00 UTC of the last week that is over: the world's days have weekdays."""
    today = datetime.datetime.fromtimestamp(now_ns // 10**9, datetime.UTC).date()
    monday = today - datetime.timedelta(days=today.weekday() + 7)
    midnight = datetime.datetime.combine(monday, datetime.time(), datetime.UTC)
    return int(midnight.timestamp()) * 10**9


def listed_names(watchlist: Watchlist) -> list[str]:
    """Persons on the list as people call them: given name first, family name last."""
    names = []
    for entity in watchlist.entities():
        family, comma, given = entity.names[0].text.partition(", ")
        if entity.kind is EntityKind.INDIVIDUAL and comma and " " not in family + given:
            names.append(f"{given} {family.title()}")
    return names


def _name_listed(town: Town, watchlist: Watchlist) -> list[int]:
    """Gives some payers of the world the names of listed persons. Returns their numbers."""
    names = listed_names(watchlist)
    payers = np.bincount(town.payments["payer"], minlength=town.count)
    busy = np.flatnonzero((town.world.population.kind == PERSON) & (payers >= 5) & (payers <= 9))
    chosen: list[int] = busy[:: max(1, len(busy) // LISTED_PARTIES)][:LISTED_PARTIES].tolist()
    for place, number in enumerate(chosen, start=1):
        town.names[number] = names[place * len(names) // (LISTED_PARTIES + 1)]
    return chosen


def _purpose_numbers() -> npt.NDArray[np.uint32]:
    codes = [int.from_bytes(code.encode("ascii"), "little") for code in PURPOSES]
    return np.array(codes, np.uint32)


def _ids(secret: bytes, prefix: str, rows: int) -> npt.NDArray[np.uint8]:
    """As the doors make them from idempotency keys `prefix-0`, `prefix-1`, …"""
    ids = b"".join(
        payment_id(secret, principal=PRINCIPAL, idempotency_key=f"{prefix}-{row}")
        for row in range(rows)
    )
    return np.frombuffer(ids, np.uint8).reshape(rows, ID_BYTES)


def _columns(heads: Heads) -> Columns:
    asked = heads.view(np.uint8).reshape(len(heads), HEAD.itemsize)[:, :INSTRUCTION_BYTES]
    hashes = hash_rows("details", np.ascontiguousarray(asked), INSTRUCTION_BYTES)
    return Columns(
        heads=heads,
        request_hashes=np.frombuffer(hashes, np.uint8).reshape(len(heads), 32),
        signatures=np.zeros((len(heads), 64), np.uint8),
    )
