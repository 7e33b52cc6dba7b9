"""A small chain for tests: two institutions, four assets, and one line per act.

chain = Chain()
alice, bob = chain.open("alice", "bob")
chain.order(chain.issue(alice, 1_000))
block = chain.order(chain.pay(alice, bob, 250))
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clearway.ledger.book import Block, Book, sign_finality
from clearway.ledger.crypto import hash_bytes, public_key, sign
from clearway.ledger.genesis import (
    Genesis,
    GenesisAccount,
    GenesisInstitution,
    GenesisKey,
    GenesisLimit,
)
from clearway.payment.money import Asset
from clearway.payment.records import (
    INSTRUCTION_BYTES,
    AccountFlag,
    Control,
    ControlAct,
    Flag,
    Kind,
    Outcome,
    Purpose,
    Role,
    pack_account_units,
    pack_asset_unit,
    pack_head,
    pack_key_reference,
    pack_key_unit,
    pack_leg,
)

START_NS = 1_767_225_600_000_000_000
SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
SEED, OTHER_SEED, SEQUENCER_SEED = bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32
EUR, USD, JPY, ETH = 1, 2, 3, 4
ALL = (EUR, USD, JPY, ETH)
WORKING = Purpose.PAY | Purpose.ISSUE | Purpose.COMPLIANCE | Purpose.GOVERN
CODES = ("EUR/2", "USD/2", "JPY/0", "ETH/18")


def address_of(name: str) -> bytes:
    return hashlib.sha256(b"address" + name.encode()).digest()[:20]


def make_genesis(*, name: str = "test", sequencer_seed: bytes = SEQUENCER_SEED) -> Genesis:
    key = public_key(SEED)
    nostro, operating = AccountFlag.NOSTRO, AccountFlag.OPERATING
    return Genesis(
        name=name,
        time_ns=START_NS,
        institutions=(GenesisInstitution(1, "One Bank"), GenesisInstitution(2, "Other Bank")),
        assets=tuple(Asset(i, c, int(c.split("/")[1])) for i, c in enumerate(CODES, 1)),
        keys=(
            GenesisKey(key, 1, WORKING, 0),
            GenesisKey(public_key(OTHER_SEED), 2, WORKING, 0),
            GenesisKey(public_key(sequencer_seed), 1, Purpose.SEQUENCE, 0),
        ),
        accounts=(
            GenesisAccount("nostro", address_of("nostro"), 1, nostro, CODES),
            GenesisAccount("fees", address_of("fees"), 1, operating, CODES),
            GenesisAccount("desk", address_of("desk"), 1, operating, CODES),
            GenesisAccount("nostro-2", address_of("nostro-2"), 2, nostro, CODES),
        ),
        limits=(GenesisLimit(key, "EUR/2", 10**15, 10**18),),
    )


@dataclass
class Entry:
    """One entry to be ordered: its head, its units, and its id for later acts."""

    head: bytes
    units: bytes
    id: bytes
    signature: bytes = b""


class Chain:
    def __init__(self, folder: Path | None = None, genesis: Genesis | None = None) -> None:
        self.genesis = genesis or make_genesis()
        self.book = Book.create(folder, self.genesis)
        self.now_ns = START_NS
        self.sequences = {SEED: 0, OTHER_SEED: 0}
        self._ids = 0

    def id(self) -> bytes:
        self._ids += 1
        return hashlib.sha256(b"id" + self._ids.to_bytes(8, "big")).digest()[:16]

    # --- blocks ---------------------------------------------------------------------------------

    def order(self, *entries: Entry, seed: bytes = SEED, pass_ns: int = SECOND_NS) -> Block:
        """One block of one envelope, or of none without entries."""
        return self.order_envelopes([self.seal(entries, seed=seed)] if entries else [], pass_ns)

    def order_envelopes(self, envelopes: Sequence[bytes], pass_ns: int = SECOND_NS) -> Block:
        self.now_ns += pass_ns
        staged = self.book.stage(time_ns=self.now_ns, envelopes=envelopes)
        self.book.commit(sign_finality(SEQUENCER_SEED, staged.hash))
        return self.book.block(staged.height)

    def seal(
        self, entries: Sequence[Entry], *, seed: bytes = SEED, sequence: int | None = None
    ) -> bytes:
        if sequence is None:
            self.sequences[seed] += 1
            sequence = self.sequences[seed]
        return self.book.seal(
            institution=1 if seed == SEED else 2,
            seed=seed,
            sequence=sequence,
            valid_until_ns=self.now_ns + HOUR_NS,
            heads=b"".join(entry.head for entry in entries),
            units=b"".join(entry.units for entry in entries),
            signatures=b"".join(entry.signature for entry in entries),
        )

    # --- entries --------------------------------------------------------------------------------

    def entry(
        self, kind: Kind, *, units: bytes = b"", id: bytes | None = None, **fields: Any
    ) -> Entry:
        id = id or self.id()
        fields.setdefault("valid_until_ns", self.now_ns + HOUR_NS)
        head = pack_head(kind=kind, id=id, units=len(units) // 64, **fields)
        return Entry(head, units, id)

    def signed(self, entry: Entry, seed: bytes) -> Entry:
        """With the signature that an owner, or a second person, gives. Its head says SIGNED."""
        instruction = hash_bytes("instruction", entry.head[:INSTRUCTION_BYTES])
        digest = hash_bytes("authorise", self.book.chain_id + instruction)
        return replace(entry, signature=sign(seed, digest))

    def open(
        self, *names: str, assets: Sequence[int] = ALL, seed: bytes = SEED
    ) -> tuple[bytes, ...]:
        """Opens accounts in one block; returns their addresses."""
        addresses = tuple(address_of(name) for name in names)
        units = pack_account_units(assets=assets)
        self.order(
            *(self.entry(Kind.OPEN_ACCOUNT, payer=row, units=units) for row in addresses), seed=seed
        )
        return addresses

    def issue(
        self, to: bytes, amount_minor: int, asset: int = EUR, nostro: str = "nostro"
    ) -> Entry:
        return self.entry(
            Kind.ISSUE, payer=address_of(nostro), payee=to, asset=asset, amount_minor=amount_minor
        )

    def pay(
        self, payer: bytes, payee: bytes, amount_minor: int, *, asset: int = EUR, **more: Any
    ) -> Entry:
        fields: dict[str, Any] = {"outcome": Outcome.ACCEPT, **more}
        return self.entry(
            Kind.PAYMENT,
            payer=payer,
            payee=payee,
            asset=asset,
            amount_minor=amount_minor,
            **fields,
        )

    def hold(
        self,
        payer: bytes,
        payee: bytes,
        amount_minor: int,
        *,
        outcome: Outcome = Outcome.ACCEPT,
        for_ns: int = HOUR_NS,
        **more: Any,
    ) -> Entry:
        return self.pay(
            payer,
            payee,
            amount_minor,
            flags=Flag.PENDING,
            outcome=outcome,
            expires_ns=self.now_ns + for_ns,
            **more,
        )

    def post(
        self,
        hold: Entry,
        payer: bytes,
        payee: bytes,
        amount_minor: int,
        *,
        asset: int = EUR,
        units: bytes = b"",
    ) -> Entry:
        return self.entry(
            Kind.POST,
            target=hold.id,
            payer=payer,
            payee=payee,
            asset=asset,
            amount_minor=amount_minor,
            outcome=Outcome.ACCEPT,
            units=units,
        )

    def void(self, hold: Entry) -> Entry:
        return self.entry(Kind.VOID, target=hold.id)

    def refund(
        self, payment: Entry, payer: bytes, payee: bytes, amount_minor: int, *, bound_minor: int
    ) -> Entry:
        return self.entry(
            Kind.REFUND,
            target=payment.id,
            payer=payer,
            payee=payee,
            asset=EUR,
            amount_minor=amount_minor,
            bound_minor=bound_minor,
        )

    def exchange(
        self, payer: bytes, payee: bytes, amount_minor: int, to_amount_minor: int, fee_minor: int
    ) -> Entry:
        """EUR in, USD out through the desk, with a fee."""
        desk, fees = address_of("desk"), address_of("fees")
        rows = (
            (payer, desk, EUR, Role.EXCHANGE, amount_minor),
            (desk, payee, USD, Role.EXCHANGE, to_amount_minor),
            (payer, fees, EUR, Role.FEE, fee_minor),
        )
        legs = [
            pack_leg(payer=a, payee=b, asset=asset, role=role, amount_minor=amount)
            for a, b, asset, role, amount in rows
        ]
        return self.pay(
            payer,
            payee,
            amount_minor,
            to_asset=USD,
            to_amount_minor=to_amount_minor,
            bound_minor=fee_minor,
            units=b"".join(legs),
        )


def busy_chain(folder: Path | None = None) -> Chain:
    """Every kind of entry, every way a payment ends, duplicates and refused envelopes."""
    chain = Chain(folder)
    alice, bob, carol = chain.open("alice", "bob", "carol")
    (dora,) = chain.open("dora", seed=OTHER_SEED)
    chain.order(
        chain.issue(alice, 100_000),
        chain.issue(alice, 5 * 10**20, ETH),
        chain.issue(address_of("desk"), 10**9, USD),
        chain.issue(alice, 70_000, USD),
    )
    chain.order(chain.issue(dora, 40_000, nostro="nostro-2"), seed=OTHER_SEED)

    paid = chain.pay(alice, bob, 1_000)
    poor = chain.pay(bob, carol, 10**9)
    chain.order(
        paid, poor, chain.pay(alice, dora, 300), chain.pay(alice, bob, 4 * 10**20, asset=ETH)
    )
    chain.order(paid, chain.exchange(alice, bob, 10_000, 10_812, 25))
    chain.order(chain.pay(dora, alice, 700), seed=OTHER_SEED)

    part, voided, lapsed, approved, rejected, whole, legs = (
        chain.hold(alice, bob, 500),
        chain.hold(alice, bob, 501),
        chain.hold(alice, carol, 502, for_ns=30 * SECOND_NS),
        chain.hold(alice, carol, 503, outcome=Outcome.REVIEW),
        chain.hold(bob, carol, 300, outcome=Outcome.REVIEW),
        chain.hold(alice, dora, 504),
        _held_exchange(chain, alice, bob),
    )
    chain.order(part, voided, lapsed, approved, rejected, whole, legs)
    chain.order(
        chain.post(part, alice, bob, 120),
        chain.void(voided),
        chain.post(approved, alice, carol, 503),
        chain.void(rejected),
        chain.post(whole, alice, dora, 10**6),  # above the hold
        chain.post(legs, alice, bob, 2_000),
    )
    chain.order(chain.post(whole, alice, dora, 504), chain.pay(carol, alice, 1))
    # Made and captured in one block, with a payment between; an outcome that declines.
    quick = chain.hold(alice, bob, 60)
    chain.order(quick, chain.pay(bob, alice, 5), chain.post(quick, alice, bob, 59))
    chain.order(chain.pay(alice, bob, 9, outcome=Outcome.DECLINE))
    chain.order(
        chain.refund(paid, bob, alice, 400, bound_minor=1_000),
        chain.refund(paid, bob, alice, 601, bound_minor=1_000),  # above the payment
        chain.refund(paid, bob, alice, 600, bound_minor=1_000),
    )

    used = chain.sequences[SEED]
    late = chain.pay(alice, bob, 33)
    chain.order_envelopes([chain.seal([late, chain.pay(alice, bob, 34)], sequence=used)])
    chain.order(late)  # the same id again, in an envelope that passes
    reused = chain.pay(alice, bob, 35, id=paid.id)
    chain.order(reused)
    chain.order()  # nothing in it
    chain.order(chain.pay(alice, bob, 36), pass_ns=60 * SECOND_NS)  # sweeps `lapsed` first

    chain.order(
        chain.entry(Kind.FREEZE, payer=bob),
        chain.pay(alice, bob, 37),
        chain.entry(Kind.UNFREEZE, payer=bob),
        chain.entry(Kind.UNFREEZE, payer=bob),  # refused
        chain.entry(Kind.REDEEM, payer=bob, payee=address_of("nostro"), asset=EUR, amount_minor=11),
    )
    (erin,) = chain.open("erin", assets=[USD])
    chain.order(
        chain.entry(Kind.CLOSE_ACCOUNT, payer=erin),
        chain.entry(Kind.OPEN_ACCOUNT, payer=erin, units=pack_account_units(assets=[EUR])),
    )
    _tell_of_an_issuer(chain)
    first = chain.seal([chain.pay(alice, bob, 40), chain.pay(alice, dora, 41)])
    second = chain.seal([chain.pay(dora, bob, 42)], seed=OTHER_SEED)
    chain.order_envelopes([first, second])
    return chain


def _tell_of_an_issuer(chain: Chain) -> None:
    """An asset whose issuer needs a second person to issue, to pause and to take back."""
    gold, second = 5, bytes([9]) * 32
    unit = pack_key_unit(
        key=public_key(second), institution=1, purposes=Purpose.ISSUE, activation_height=0
    )
    controls = Control.PAUSE | Control.CLAWBACK | Control.FREEZE | Control.TWO_PERSON
    chain.order(
        chain.entry(
            Kind.REGISTER_ASSET,
            asset=gold,
            units=pack_asset_unit("XAU/4", 4, controls=controls, issuer=1),
        ),
        chain.entry(Kind.REGISTER_KEY, units=unit),
        chain.entry(
            Kind.OPEN_ACCOUNT,
            payer=address_of("mint"),
            units=pack_account_units(flags=AccountFlag.NOSTRO, assets=[gold]),
        ),
        *(
            chain.entry(
                Kind.OPEN_ACCOUNT, payer=address_of(name), units=pack_account_units(assets=[gold])
            )
            for name in ("gina", "hans")
        ),
    )
    mint, gina, hans = (address_of(name) for name in ("mint", "gina", "hans"))

    def seconded(kind: Kind, **fields: Any) -> Entry:
        unit = pack_key_reference(public_key(second))
        act = chain.entry(kind, flags=Flag.SIGNED, asset=gold, units=unit, **fields)
        return chain.signed(act, second)

    chain.order(
        seconded(Kind.ISSUE, payer=mint, payee=gina, amount_minor=900),
        seconded(Kind.CONTROL_ASSET, payer=hans, purpose=ControlAct.HOLD_BACK),
        chain.pay(gina, hans, 5, asset=gold),  # refused
        seconded(Kind.CLAWBACK, payer=gina, payee=hans, amount_minor=300),
        seconded(Kind.CONTROL_ASSET, purpose=ControlAct.PAUSE),
        chain.entry(Kind.CLAWBACK, payer=gina, payee=hans, asset=gold, amount_minor=1),  # refused
    )


def _held_exchange(chain: Chain, payer: bytes, payee: bytes) -> Entry:
    made = chain.exchange(payer, payee, 2_000, 2_100, 7)
    return chain.hold(
        payer,
        payee,
        2_000,
        to_asset=USD,
        to_amount_minor=2_100,
        bound_minor=7,
        units=made.units,
    )
