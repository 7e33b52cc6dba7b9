"""A chain in which every kind of entry, a sweep, a duplicate and refusals occur."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from spec import compose, terms
from spec.ed25519 import public_key, sign
from spec.escrow import release_of
from spec.ledger import Ledger, genesis
from spec.records import (
    AccountFlag,
    Control,
    ControlAct,
    Entry,
    Flag,
    Kind,
    Leg,
    Outcome,
    Purpose,
    Role,
)
from spec.scene import Scene
from spec.state import row_named, subroots
from tools.vector_cast import (
    BANK,
    EUR,
    HOUR_NS,
    OWNER,
    SECOND,
    SECRET,
    SEQUENCER,
    SPARE,
    START_NS,
    SUBJECT,
    USD,
    address,
)
from tools.vector_records import policy_of_everyone


def genesis_entries() -> bytes:
    accounts = {"nostro": AccountFlag.NOSTRO, "fees": AccountFlag.OPERATING, "ann": 0, "bob": 0}
    entries = [
        compose.entry(Kind.REGISTER_ASSET, asset=EUR, units=compose.asset_unit(b"EUR/2", 2)),
        compose.entry(Kind.REGISTER_ASSET, asset=USD, units=compose.asset_unit(b"USD/2", 2)),
        compose.entry(
            Kind.REGISTER_KEY,
            units=compose.key_unit(public_key(BANK), institution=1, purposes=47),
        ),
        compose.entry(
            Kind.REGISTER_KEY,
            units=compose.key_unit(public_key(SEQUENCER), institution=1, purposes=Purpose.SEQUENCE),
        ),
        *(
            compose.entry(
                Kind.OPEN_ACCOUNT,
                payer=address(name),
                purpose=1,
                units=compose.opening_units(assets=[EUR, USD], flags=flags),
            )
            for name, flags in accounts.items()
        ),
        compose.entry(
            Kind.SET_LIMIT,
            asset=EUR,
            amount_minor=10**6,
            to_amount_minor=10**9,
            units=compose.key_name_unit(public_key(BANK)),
        ),
    ]
    return b"".join(entry.encode() for entry in entries)


@dataclass
class Story:
    """The chain as it grows. Ids and sequences count up."""

    ledger: Ledger
    ids: int = 0
    blocks: list[dict[str, Any]] = field(default_factory=list)

    def entry(self, kind: Kind, payer: str = "", payee: str = "", **fields: Any) -> Entry:
        self.ids += 1
        usual: dict[str, Any] = {
            "id": self.ids.to_bytes(16, "little"),
            "payer": address(payer),
            "payee": address(payee),
            "asset": EUR if payer else 0,
            "created_ns": START_NS,
            "valid_until_ns": START_NS + 2 * HOUR_NS,
        }
        return compose.entry(kind, **(usual | fields))

    def block(self, *entries: Entry, after_ns: int = 10**9) -> None:
        header = self.ledger.block.header
        envelope = compose.seal(
            chain_id=self.ledger.chain_id,
            institution=1,
            seed=BANK,
            sequence=header.height + 1,
            valid_until_ns=START_NS + 9 * HOUR_NS,
            entries=entries,
        ).encode()
        time_ns = header.time_ns + after_ns
        self.ledger = self.ledger.stage(time_ns=time_ns, envelopes=[envelope])
        self.blocks.append(
            {
                "time_ns": time_ns,
                "envelopes": [envelope.hex()],
                **block_vector(self.ledger),
                "finality": (
                    b"\1\1" + public_key(SEQUENCER) + sign(SEQUENCER, self.ledger.block.hash())
                ).hex(),
            }
        )


def block_vector(ledger: Ledger) -> dict[str, Any]:
    block = ledger.block
    return {
        "entries": [entry.hex() for entry in block.entries],
        "results": [result.encode().hex() for result in block.results],
        "header": block.header.encode().hex(),
        "hash": block.hash().hex(),
        "subroots": [[name, rows, root.hex()] for name, rows, root in subroots(ledger.state)],
        "state_root": block.header.state_root.hex(),
    }


def chain_vector() -> tuple[dict[str, Any], Story]:
    entries = genesis_entries()
    story = Story(genesis(time_ns=START_NS, entries=entries))
    start = block_vector(story.ledger)
    tell(story)
    chain = {
        "time_ns": START_NS,
        "genesis": entries.hex(),
        "chain_id": story.ledger.chain_id.hex(),
        "block_0": start,
        "blocks": story.blocks,
    }
    return chain, story


def tell(story: Story) -> None:
    chain_id, make = story.ledger.chain_id, story.entry
    opening = compose.opening_units(assets=[EUR], owner=public_key(OWNER))
    story.block(
        make(Kind.ISSUE, "nostro", "ann", amount_minor=10_000),
        make(Kind.ISSUE, "nostro", "fees", amount_minor=10_000, asset=USD),
        make(Kind.OPEN_ACCOUNT, "own", asset=0, units=opening),
    )
    paid = make(Kind.PAYMENT, "ann", "bob", amount_minor=1_234)
    exchange = [
        Leg(address("ann"), address("fees"), EUR, Role.EXCHANGE, 1_000),
        Leg(address("ann"), address("fees"), EUR, Role.FEE, 5),
        Leg(address("fees"), address("bob"), USD, Role.EXCHANGE, 1_100),
    ]
    story.block(
        paid,
        replace(paid, amount_minor=1_235),
        make(Kind.PAYMENT, "bob", "ann", amount_minor=99_999),
        make(
            Kind.PAYMENT,
            "ann",
            "bob",
            amount_minor=1_000,
            to_asset=USD,
            to_amount_minor=1_100,
            bound_minor=5,
            units=tuple(leg.encode() for leg in exchange),
        ),
        make(Kind.PAYMENT, "ann", "own", amount_minor=500),
        make(Kind.PAYMENT, "own", "ann", amount_minor=1),
        compose.authorise(
            make(Kind.PAYMENT, "own", "ann", amount_minor=100), chain_id=chain_id, seed=OWNER
        ),
    )
    held = [
        make(
            Kind.PAYMENT,
            "ann",
            "bob",
            amount_minor=700,
            flags=Flag.PENDING,
            expires_ns=START_NS + HOUR_NS,
            outcome=Outcome.REVIEW if number else Outcome.ACCEPT,
        )
        for number in range(3)
    ]
    story.block(paid, *held)
    story.block(
        make(Kind.POST, "ann", "bob", target=held[0].id, amount_minor=650, outcome=Outcome.ACCEPT),
        make(Kind.VOID, target=held[1].id),
        make(Kind.REFUND, "bob", "ann", target=paid.id, amount_minor=234, bound_minor=1_234),
        make(Kind.REDEEM, "ann", "nostro", amount_minor=50),
        make(Kind.FREEZE, "bob", asset=0),
        make(Kind.PAYMENT, "ann", "bob", amount_minor=1),
        make(Kind.UNFREEZE, "bob", asset=0),
        make(Kind.OPEN_ACCOUNT, "gone", asset=0, units=compose.opening_units(assets=[USD])),
        make(Kind.CLOSE_ACCOUNT, "gone", asset=0),
    )
    tell_flags(story)
    tell_escrows(story)
    tell_mandates(story)
    tell_of_a_sub_account(story)
    tell_of_authority(story)
    story.block(
        make(Kind.REGISTER_ASSET, asset=3, units=compose.asset_unit(b"XAU/4", 4)),
        make(
            Kind.REGISTER_KEY,
            units=compose.key_unit(
                public_key(SPARE), institution=2, purposes=Purpose.PAY, activation_height=9
            ),
        ),
        make(Kind.REVOKE_KEY, units=compose.key_name_unit(public_key(SPARE))),
        make(
            Kind.SET_LIMIT,
            asset=EUR,
            amount_minor=10,
            to_amount_minor=100,
            units=compose.key_name_unit(public_key(BANK)),
        ),
        make(Kind.PAYMENT, "ann", "bob", amount_minor=11),
        after_ns=HOUR_NS,
    )
    tell_of_an_issuer(story)


def tell_of_a_sub_account(story: Story) -> None:
    """A further address of bob's, which pays and is paid with bob's money."""
    make, sub = story.entry, compose.opening_units(assets=[], flags=AccountFlag.SUB)
    story.block(
        make(Kind.OPEN_ACCOUNT, "bob 1", "bob", asset=0, units=sub),
        make(Kind.OPEN_ACCOUNT, "bob 2", "bob 1", asset=0, units=sub),
        make(Kind.PAYMENT, "ann", "bob 1", amount_minor=7),
        make(Kind.PAYMENT, "bob 1", "ann", amount_minor=2),
        make(Kind.PAYMENT, "bob 1", "bob", amount_minor=1),
        make(Kind.FREEZE, "bob"),
        make(Kind.PAYMENT, "ann", "bob 1", amount_minor=1),
        make(Kind.UNFREEZE, "bob"),
    )


def tell_of_an_issuer(story: Story) -> None:
    """An asset whose issuer may do everything, with two persons."""
    chain_id, make = story.ledger.chain_id, story.entry
    silver = 4
    second = compose.key_name_unit(public_key(SECOND))
    controls = {"controls": sum(Control), "issuer": 1}

    def seconded(kind: Kind, *parties: str, **fields: Any) -> Entry:
        act = make(kind, *parties, asset=silver, units=second, **fields)
        return compose.authorise(act, chain_id=chain_id, seed=SECOND)

    story.block(
        make(Kind.REGISTER_ASSET, asset=silver, units=compose.asset_unit(b"XAG/4", 4, **controls)),
        make(
            Kind.REGISTER_KEY,
            units=compose.key_unit(public_key(SECOND), institution=1, purposes=Purpose.ISSUE),
        ),
        make(
            Kind.OPEN_ACCOUNT,
            "mint",
            asset=0,
            units=compose.opening_units(assets=[silver], flags=AccountFlag.NOSTRO),
        ),
        make(Kind.OPEN_ACCOUNT, "vic", asset=0, units=compose.opening_units(assets=[silver])),
        make(Kind.OPEN_ACCOUNT, "wil", asset=0, units=compose.opening_units(assets=[silver])),
    )
    story.block(
        make(Kind.ISSUE, "mint", "vic", asset=silver, amount_minor=500),
        seconded(Kind.CONTROL_ASSET, "vic", purpose=ControlAct.ALLOW),
        seconded(Kind.ISSUE, "mint", "vic", amount_minor=500),
        seconded(Kind.CONTROL_ASSET, "wil", purpose=ControlAct.HOLD_BACK),
        make(Kind.PAYMENT, "vic", "wil", asset=silver, amount_minor=5),
        seconded(Kind.CLAWBACK, "vic", "wil", amount_minor=20),
        seconded(Kind.CONTROL_ASSET, purpose=ControlAct.PAUSE),
        make(Kind.REDEEM, "vic", "mint", asset=silver, amount_minor=5),
    )


def tell_flags(story: Story) -> None:
    """A chain that stands, one that breaks and one without an end; a net; what balances, closes and
    comes from elsewhere."""
    make, net = story.entry, Flag.LINKED | Flag.NET
    closing = Flag.PENDING | Flag.CLOSING_PAYER | Flag.BALANCING_PAYER
    held = make(
        Kind.PAYMENT,
        "ann",
        "bob",
        amount_minor=10**6,
        flags=closing | Flag.LINKED,
        expires_ns=START_NS + HOUR_NS,
    )
    story.block(
        held,
        make(Kind.PAYMENT, "bob", "fees", amount_minor=1),
        make(Kind.PAYMENT, "bob", "fees", amount_minor=1, flags=Flag.LINKED),
        make(Kind.PAYMENT, "bob", "ann", amount_minor=1),
        make(Kind.VOID, target=held.id),
        make(Kind.PAYMENT, "ann", "bob", amount_minor=50_000, flags=net),
        make(Kind.PAYMENT, "bob", "ann", amount_minor=49_000, flags=Flag.NET),
        make(
            Kind.ISSUE,
            "nostro",
            "ann",
            amount_minor=77,
            flags=Flag.IMPORTED,
            created_ns=START_NS - 365 * 24 * HOUR_NS,
        ),
        make(Kind.PAYMENT, "ann", "bob", amount_minor=1, flags=Flag.LINKED),
    )


def tell_escrows(story: Story) -> None:
    """A hash lock with a split, released in two parts; an approval and a fact; a delivery; a stream
    that is cancelled; and two deadlines, one of which pays."""
    node, all_of = compose.node, compose.threshold
    end_ns = story.ledger.block.header.time_ns + HOUR_NS // 2
    always = node(terms.AFTER, time_ns=0)
    split = compose.share(address("fees"), part=1) + compose.share(address("own"), part=1)
    contracts = [
        compose.terms(
            whole=3,
            shares=split,
            nodes=node(terms.PREIMAGE, length=len(SECRET), digest=sha256(SECRET).digest()),
        ),
        compose.terms(
            nodes=all_of(
                2,
                node(terms.APPROVER, key=public_key(SPARE)),
                node(terms.FACT, comparison=1, value=5, oracle=public_key(OWNER), subject=SUBJECT),
            )
        ),
        compose.terms(
            nodes=node(
                terms.DELIVERY,
                asset=USD,
                amount_minor=20,
                giver=address("bob"),
                getter=address("ann"),
            )
        ),
        compose.terms(
            flags=terms.PAYER_MAY_CANCEL,
            start_ns=story.ledger.block.header.time_ns,
            period_ns=10**9,
            rate_minor=7,
            nodes=always,
        ),
        compose.terms(flags=terms.PAY_AT_DEADLINE),
        compose.terms(nodes=always),
    ]
    opened = [
        story.entry(
            Kind.ESCROW,
            "ann",
            "bob",
            amount_minor=100 + number,
            expires_ns=end_ns + number,
            units=units,
            **compose.terms_fields(units),
        )
        for number, units in enumerate(contracts)
    ]
    story.block(*opened)

    def release(number: int, amount_minor: int, units: tuple[bytes, ...], **fields: Any) -> Entry:
        usual = {"target": opened[number].id, "purpose": 1, "amount_minor": amount_minor}
        return story.entry(Kind.RELEASE, "bob", "bob", units=units, **(usual | fields))

    escrow = row_named(story.ledger.state.escrows, 1, opened[1].id)
    assert escrow is not None
    approved = release_of(
        story.ledger.state,
        escrow,
        Scene(story.ledger.chain_id, height=0, now_ns=0, institution=1, key=None),
        asked_by=address("bob"),
        names_terms=False,
        to=story.ledger.state.accounts[address("bob")],
        amount_minor=escrow.amount_minor,
    )
    proofs = compose.approval(1, approved, up_to_minor=150, seed=SPARE) + compose.fact(
        2, subject=SUBJECT, value=5, time_ns=escrow.opened_ns, seed=OWNER
    )
    secret = compose.preimage(0, SECRET)
    story.block(
        release(0, 31, secret),
        release(0, 31, ()),
        release(0, 69, secret),
        release(1, 101, proofs),
        release(2, 102, compose.deliver(0), **compose.terms_fields(contracts[2])),
        story.entry(Kind.CANCEL, "ann", target=opened[3].id, purpose=1),
        release(5, 5, ()),
    )


def tell_mandates(story: Story) -> None:
    """A standing order that is paid twice and asked for once too often; another that is revoked."""

    def mandate(payments_max: int, flags: int) -> Entry:
        unit = compose.mandate_unit(
            period_ns=HOUR_NS, start_ns=START_NS, payments_max=payments_max, flags=flags
        )
        return story.entry(
            Kind.MANDATE,
            "ann",
            "bob",
            amount_minor=5,
            to_amount_minor=9,
            bound_minor=9,
            expires_ns=2**63,
            units=unit,
        )

    def pull(under: Entry, amount_minor: int) -> Entry:
        fields = {"target": under.id, "purpose": 1, "amount_minor": amount_minor}
        return story.entry(Kind.PULL, "ann", "bob", outcome=Outcome.ACCEPT, **fields)

    order, other = mandate(1, 1), mandate(0, 0)
    story.block(
        order,
        pull(order, 5),
        pull(order, 5),
        other,
        pull(other, 4),
        pull(other, 6),
        story.entry(Kind.REVOKE_MANDATE, "bob", target=other.id, purpose=1),
        pull(other, 4),
    )


def tell_of_authority(story: Story) -> None:
    """An owner becomes a policy; its members pay, too few and too much are refused, the guardian
    recovers the account after the delay, and the keys of before are worth nothing."""
    make, chain_id = story.entry, story.ledger.chain_id

    def change(units: tuple[bytes, ...]) -> Entry:
        return make(Kind.SET_AUTHORITY, "own", asset=0, units=units)

    def by(unsigned: Entry, **seeds: bytes) -> Entry:
        places = {"owner": 0, "spare": 1, "guardian": 2, "card": 3}
        members = {places[name]: seed for name, seed in seeds.items()}
        return compose.authorise_together(unsigned, chain_id=chain_id, seeds=members)

    def pay(amount_minor: int) -> Entry:
        return make(Kind.PAYMENT, "own", "ann", amount_minor=amount_minor)

    def propose() -> Entry:
        key = compose.key_name_unit(public_key(SPARE))
        return by(recovery(Kind.PROPOSE_RECOVERY, units=key), guardian=SECOND)

    def recovery(kind: Kind, **fields: Any) -> Entry:
        return make(kind, "own", asset=0, **fields)

    story.block(
        compose.authorise(change(policy_of_everyone()), chain_id=chain_id, seed=OWNER),
        by(pay(9), owner=OWNER, spare=SPARE),
        by(pay(1), owner=OWNER),
        by(pay(20), card=BANK),
        by(pay(81), card=BANK),
        compose.authorise(pay(1), chain_id=chain_id, seed=OWNER),
        by(change(compose.policy_units(bytes(64))), owner=OWNER, spare=SPARE),
        recovery(Kind.FINISH_RECOVERY),
        propose(),
        by(recovery(Kind.STOP_RECOVERY), guardian=SECOND),
        recovery(Kind.FINISH_RECOVERY),
        by(recovery(Kind.STOP_RECOVERY), owner=OWNER, spare=SPARE),
        propose(),
    )
    story.block(
        recovery(Kind.FINISH_RECOVERY),
        by(pay(9), owner=OWNER, spare=SPARE),
        compose.authorise(pay(2), chain_id=chain_id, seed=SPARE),
        propose(),
        after_ns=HOUR_NS // 6,
    )
