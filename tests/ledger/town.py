"""A small world in which collisions are frequent: two institutions, a few accounts and keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from spec import compose
from spec.hashing import ZERO32, hash_bytes, leaf
from spec.ledger import Ledger
from spec.policy import message_of
from spec.records import (
    ENVELOPE_HEAD,
    VERSION,
    AccountFlag,
    Control,
    Entry,
    Flag,
    Kind,
    Leg,
    Purpose,
    Result,
    Role,
    pack,
)
from spec.state import row_named
from spec.terms import Release, terms_hash
from tests.ledger.both import Both

SECOND: Final = 10**9
HOUR: Final = 3_600 * SECOND
DAY: Final = 24 * HOUR
START: Final = 19_700 * DAY + 6 * HOUR
EUR, USD, BTC = 1, 2, 3
EVERY_PURPOSE: Final = 63
GOV: Final = 4  # its issuer may do everything alone
TWO: Final = 5  # its issuer's acts need two persons
NEXT_ASSET: Final = 6
UNKNOWN_ASSET: Final = 9
EURO: Final = 100


def address(name: str | bytes) -> bytes:
    """The address of an account of this name; an address is left as it is."""
    return name.encode().ljust(20, b"\0") if isinstance(name, str) else name


def seed_of(name: str) -> bytes:
    return name.encode().ljust(32, b"\1")


def private(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed_of(name))


def public(name: str) -> bytes:
    return private(name).public_key().public_bytes_raw()


OWNER: Final = "the owner's key"
# name: institution, flags, owned by its client, assets
ACCOUNTS: Final[dict[str, tuple[int, int, bool, list[int]]]] = {
    "nostro1": (1, AccountFlag.NOSTRO, False, [EUR, USD, BTC, GOV, TWO]),
    "nostro2": (2, AccountFlag.NOSTRO, False, [USD, EUR, GOV, TWO]),
    "fees1": (1, AccountFlag.OPERATING, False, [EUR, USD, BTC, GOV, TWO]),
    "fees2": (2, AccountFlag.OPERATING, False, [EUR, USD]),
    "odd1": (1, AccountFlag.OPERATING | AccountFlag.NOSTRO, False, [EUR, USD, BTC]),
    "ann": (1, 0, False, [EUR, USD, BTC, GOV, TWO]),
    "bob": (1, 0, False, [EUR, USD, BTC, GOV, TWO]),
    "cyd": (1, 0, False, [EUR]),
    "own": (1, 0, True, [EUR, USD]),
    "dee": (2, 0, False, [EUR, USD, GOV, TWO]),
    "eve": (2, 0, True, [USD, EUR]),
    "new": (1, 0, False, []),
}
# name: institution, purposes, first height
KEYS: Final[dict[str, tuple[int, int, int]]] = {
    "root1": (1, EVERY_PURPOSE, 0),
    "pay1": (1, Purpose.PAY, 0),
    "limited1": (1, Purpose.PAY | Purpose.ISSUE, 0),
    "root2": (2, EVERY_PURPOSE, 0),
    "late2": (2, Purpose.PAY | Purpose.COMPLIANCE, 4),
    "network0": (0, Purpose.GOVERN, 0),
    "sequencer": (1, Purpose.SEQUENCE, 0),
}
# code, scale, what institution 1 may do as its issuer
ASSETS: Final[dict[int, tuple[bytes, int, int]]] = {
    EUR: (b"EUR/2", 2, 0),
    USD: (b"USD/2", 2, 0),
    BTC: (b"BTC/8", 8, 0),
    GOV: (b"GOV/2", 2, sum(Control) - Control.TWO_PERSON),
    TWO: (b"TWO/2", 2, sum(Control) - Control.MINT_BURN - Control.ALLOW_LIST),
}
LIMIT_PAYMENT: Final = 30 * EURO
LIMIT_DAY: Final = 40 * EURO


def genesis_entries() -> bytes:
    entries = [
        compose.entry(
            Kind.REGISTER_ASSET,
            asset=number,
            units=compose.asset_unit(code, scale, controls=controls, issuer=1 if controls else 0),
        )
        for number, (code, scale, controls) in ASSETS.items()
    ]
    for name, (institution, purposes, height) in KEYS.items():
        unit = compose.key_unit(
            public(name), institution=institution, purposes=purposes, activation_height=height
        )
        entries.append(compose.entry(Kind.REGISTER_KEY, units=unit))
    for name, (institution, flags, owned, assets) in ACCOUNTS.items():
        units = compose.opening_units(
            assets=assets, flags=flags, owner=public(OWNER) if owned else ZERO32
        )
        opened = compose.entry(
            Kind.OPEN_ACCOUNT, payer=address(name), purpose=institution, units=units
        )
        entries.append(opened)
    limit = compose.entry(
        Kind.SET_LIMIT,
        asset=EUR,
        amount_minor=LIMIT_PAYMENT,
        to_amount_minor=LIMIT_DAY,
        units=compose.key_name_unit(public("limited1")),
    )
    return b"".join(entry.encode() for entry in [*entries, limit])


def leg(giver: str, getter: str, asset: int, amount_minor: int, role: Role = Role.PRINCIPAL) -> Leg:
    return Leg(address(giver), address(getter), asset, role, amount_minor)


def fee(giver: str, getter: str, asset: int, amount_minor: int) -> Leg:
    return leg(giver, getter, asset, amount_minor, Role.FEE)


def encode_legs(legs: list[Leg]) -> tuple[bytes, ...]:
    return tuple(one.encode() for one in legs)


class Town:
    """Both ledgers with the genesis above. Ids and sequences count up by themselves."""

    def __init__(self) -> None:
        self.both = Both(
            time_ns=START, genesis=genesis_entries(), sequencer_seed=seed_of("sequencer")
        )
        self.now_ns = START
        self.ids = 0
        self.sequences: dict[str, int] = {}

    @classmethod
    def funded(cls) -> Town:
        town = cls()
        town.fund()
        return town

    @property
    def chain_id(self) -> bytes:
        return self.both.spec.chain_id

    def entry(
        self, kind: Kind, payer: str | bytes = "", payee: str | bytes = "", **fields: Any
    ) -> Entry:
        """An entry with an id of its own that is valid for an hour after the next second."""
        self.ids += 1
        names: dict[str, Any] = {"payer": address(payer), "payee": address(payee)}
        usual: dict[str, Any] = {
            "id": self.ids.to_bytes(16, "big"),
            "valid_until_ns": self.now_ns + HOUR,
            "created_ns": self.now_ns,
        }
        return compose.entry(kind, **(names | usual | fields))

    def pay(self, payer: str, payee: str, amount_minor: int = EURO, **fields: Any) -> Entry:
        usual: dict[str, Any] = {"asset": EUR, "amount_minor": amount_minor}
        return self.entry(Kind.PAYMENT, payer, payee, **(usual | fields))

    def hold(self, payer: str, payee: str, amount_minor: int = EURO, **fields: Any) -> Entry:
        usual: dict[str, Any] = {"flags": Flag.PENDING, "expires_ns": self.now_ns + DAY}
        return self.pay(payer, payee, amount_minor, **(usual | fields))

    def post(self, held: Entry, amount_minor: int | None = None, **fields: Any) -> Entry:
        """A post of the hold that an entry made."""
        usual: dict[str, Any] = {
            "target": held.id,
            "asset": held.asset,
            "amount_minor": held.amount_minor if amount_minor is None else amount_minor,
            "payer": held.payer,
            "payee": held.payee,
        }
        return self.entry(Kind.POST, **(usual | fields))

    def escrow(
        self,
        payer: str,
        payee: str,
        units: tuple[bytes, ...],
        amount_minor: int = EURO,
        **fields: Any,
    ) -> Entry:
        """For a day; `units` are the terms."""
        usual: dict[str, Any] = {
            "asset": EUR,
            "amount_minor": amount_minor,
            "expires_ns": self.now_ns + DAY,
            "units": units,
        }
        return self.entry(
            Kind.ESCROW, payer, payee, **(usual | compose.terms_fields(units) | fields)
        )

    def release(
        self, opened: Entry, amount_minor: int | None = None, asker: str | bytes = "", **fields: Any
    ) -> Entry:
        """Out of an escrow of institution 1, asked for by its payee."""
        usual: dict[str, Any] = {
            "target": opened.id,
            "purpose": 1,
            "asset": opened.asset,
            "amount_minor": opened.amount_minor if amount_minor is None else amount_minor,
            "payee": opened.payee,
        }
        return self.entry(Kind.RELEASE, asker or opened.payee, **(usual | fields))

    def cancel(self, opened: Entry, asker: str | bytes = "", **fields: Any) -> Entry:
        usual: dict[str, Any] = {"target": opened.id, "purpose": 1}
        return self.entry(Kind.CANCEL, asker or opened.payee, **(usual | fields))

    def seen(self, opened: Entry, amount_minor: int, *, after_ns: int = SECOND) -> Release:
        """A release as an approver sees it who signs for the next block."""
        escrow = row_named(self.both.spec.state.escrows, 1, opened.id)
        return Release(
            chain_id=self.chain_id,
            terms_hash=terms_hash(opened.units),
            institution=1,
            id=opened.id,
            opened_ns=escrow.opened_ns if escrow else self.now_ns + after_ns,
            payer=opened.payer,
            payee=opened.payee,
            escrow_minor=opened.amount_minor,
            released_minor=escrow.released_minor if escrow else 0,
            now_ns=self.now_ns + after_ns,
            asked_by=opened.payee,
            names_terms=False,
            to=opened.payee,
            to_category=0,
            amount_minor=amount_minor,
        )

    def refund(self, payer: str, payee: str, amount_minor: int = EURO, **fields: Any) -> Entry:
        usual: dict[str, Any] = {
            "asset": EUR,
            "amount_minor": amount_minor,
            "target": b"t" * 16,
            "bound_minor": 2 * EURO,
        }
        return self.entry(Kind.REFUND, payer, payee, **(usual | fields))

    def issue(self, nostro: str, payee: str, amount_minor: int, asset: int = EUR) -> Entry:
        return self.entry(Kind.ISSUE, nostro, payee, asset=asset, amount_minor=amount_minor)

    def signed(self, unsigned: Entry, name: str = OWNER, chain_id: bytes | None = None) -> Entry:
        """As `compose.authorise`, a hundred times faster."""
        flagged = replace(unsigned, flags=unsigned.flags | Flag.SIGNED)
        message = message_of(flagged, chain_id or self.chain_id)
        return replace(flagged, signature=private(name).sign(message))

    def together(self, unsigned: Entry, members: dict[int, str]) -> Entry:
        """With the signature of each of these, by the unit that they have in a policy."""
        signed = [self.signed(unsigned, members[unit]) for unit in sorted(members)]
        return replace(
            signed[0],
            signers=sum(1 << unit - 1 for unit in members),
            signature=b"".join(one.signature for one in signed),
        )

    def seal(
        self,
        entries: list[Entry] | list[bytes],
        *,
        key: str = "root1",
        institution: int | None = None,
        sequence: int | None = None,
        names: bytes | None = None,
        **fields: Any,
    ) -> bytes:
        """An envelope as bytes, signed by the key whatever key it names and its fields say."""
        if sequence is None:
            sequence = self.sequences.get(key, 0) + 1
            self.sequences[key] = sequence
        encoded = [one if isinstance(one, bytes) else one.encode() for one in entries]
        values = {
            "version": VERSION,
            "kind": Kind.ENVELOPE,
            "flags": 0,
            "count": len(entries),
            "institution": KEYS[key][0] if institution is None else institution,
            "sequence": sequence,
            "valid_until_ns": self.now_ns + HOUR,
            "chain_id": self.chain_id,
            "key": names or public(key),
            "digest": hash_bytes("entries", b"".join(leaf(one) for one in encoded)),
            "signature": bytes(64),
        }
        head = pack(ENVELOPE_HEAD, values | fields)
        signature = private(key).sign(hash_bytes("envelope", head[:128]))
        return pack(ENVELOPE_HEAD, values | {"signature": signature} | fields) + b"".join(encoded)

    def seconded(self, act: Entry, key: str = "limited1") -> Entry:
        """An issuer's act with the key and the signature of a second person."""
        return self.signed(replace(act, units=compose.key_name_unit(public(key))), key)

    def stage(self, *envelopes: bytes, after_ns: int = SECOND) -> Ledger | None:
        return self.both.stage(time_ns=self.now_ns + after_ns, envelopes=list(envelopes))

    def block(self, *envelopes: bytes, after_ns: int = SECOND) -> list[Result]:
        """Stages and commits a block that decodes, and returns its results."""
        longer = self.stage(*envelopes, after_ns=after_ns)
        assert longer is not None, "these envelopes decode"
        self.both.commit(longer)
        self.now_ns += after_ns
        return list(longer.block.results)

    def apply(self, *entries: Entry, key: str = "root1", after_ns: int = SECOND) -> list[int]:
        """One block of one envelope; the codes of its entries."""
        results = self.block(self.seal(list(entries), key=key), after_ns=after_ns)
        return [result.code for result in results[-len(entries) :]]

    def euros(self, name: str, asset: int = EUR) -> tuple[int, int, int]:
        """What an account has beyond its hundred: posted, pending in, pending out."""
        found = self.both.kernel.balance(address(name), asset)
        assert found is not None
        return found[0] - 100 * EURO, found[1], found[2]

    def changed_since(self, before: list[tuple[str, int, bytes]]) -> list[str]:
        """The tables whose roots are not those of `before`, the kernel's subroots of then."""
        after = self.both.kernel.subroots()
        return [row[0] for row, old in zip(after, before, strict=True) if row != old]

    def fund(self) -> list[tuple[Ledger, list[bytes]]]:
        """A hundred euros and dollars for everyone who may have them; the blocks that did it."""
        blocks = []
        for institution in (1, 2):
            nostro, key = f"nostro{institution}", f"root{institution}"
            entries = [
                self.issue(nostro, name, 100 * EURO, asset)
                for name, (bank, flags, _, assets) in ACCOUNTS.items()
                for asset in (EUR, USD)
                if bank == institution and asset in assets and not flags & AccountFlag.NOSTRO
            ]
            envelope = self.seal(entries, key=key)
            assert {result.code for result in self.block(envelope)} == {0}
            blocks.append((self.both.spec, [envelope]))
        return blocks
