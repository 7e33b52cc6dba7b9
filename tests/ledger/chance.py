"""Random envelopes for the town: mostly sensible, so that much succeeds, and often a little wrong.

Chance comes from a `random.Random`, so that Hypothesis can stand behind it and shrink.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any, Final, TypeVar

from spec import compose
from spec.hashing import ZERO32
from spec.records import (
    AMOUNT_MINOR_MAX,
    AccountFlag,
    Control,
    ControlAct,
    Entry,
    Flag,
    Kind,
    Leg,
    Outcome,
    Role,
    decode_leg,
)
from spec.state import Account, Escrow, Hold, State
from spec.terms import FREE_PAYEE, Release, accrued_minor, parse_terms
from tests.ledger import chance_authority, chance_mandates
from tests.ledger.both import live
from tests.ledger.chance_terms import ChanceTerms, prove
from tests.ledger.town import (
    ACCOUNTS,
    DAY,
    EUR,
    EURO,
    GOV,
    HOUR,
    KEYS,
    OWNER,
    SECOND,
    TWO,
    Town,
    address,
    public,
)

T = TypeVar("T")
NEWCOMERS: Final = ["zoe", "yan", "xia"]
SUBS: Final = ["ann/1", "own/1", "zoe/1", "dee/1"]  # mostly of whom they are called after
CLIENTS: Final = [name for name, row in ACCOUNTS.items() if not row[1]]
NOSTROS: Final = [name for name, row in ACCOUNTS.items() if row[1] & AccountFlag.NOSTRO]
OPERATING: Final = ["fees1", "fees2", "odd1"]
EVERYONE: Final = [*ACCOUNTS, *NEWCOMERS, *SUBS, "nobody"]
NEW_KEYS: Final = ["spare1", "spare2"]
TARGETS: Final = [b"t" * 16, b"u" * 16, b"v" * 16]
ASSET_CODES: Final = [b"JPY/0", b"USDT/6", b"EUR/2", b"eur", b"", b"A" * 16, b"A\0B"]
# Kinds with how often each comes.
KINDS: Final = [
    *[Kind.PAYMENT] * 16,
    *[Kind.POST] * 5,
    *[Kind.VOID] * 3,
    *[Kind.ESCROW] * 8,
    *[Kind.RELEASE] * 9,
    *[Kind.CANCEL] * 2,
    *[Kind.REFUND] * 4,
    *[Kind.ISSUE] * 4,
    *[Kind.REDEEM] * 3,
    *[Kind.OPEN_ACCOUNT] * 4,
    *[Kind.CLOSE_ACCOUNT] * 2,
    *[Kind.FREEZE, Kind.UNFREEZE] * 4,
    *[Kind.CONTROL_ASSET] * 4,
    *[Kind.CLAWBACK] * 2,
    Kind.REGISTER_ASSET,
    Kind.REGISTER_KEY,
    Kind.REVOKE_KEY,
    Kind.SET_LIMIT,
    *[Kind.MANDATE] * 3,
    Kind.REVOKE_MANDATE,
    *[Kind.PULL] * 5,
    *[Kind.SET_AUTHORITY] * 4,
    *[Kind.PROPOSE_RECOVERY] * 4,
    *[Kind.FINISH_RECOVERY] * 3,
    Kind.STOP_RECOVERY,
]
CALM_KINDS: Final = [*[Kind.PAYMENT] * 8, Kind.POST, Kind.VOID, Kind.ISSUE, Kind.OPEN_ACCOUNT]


SIGNED_KINDS: Final = (
    Kind.MANDATE,
    Kind.REVOKE_MANDATE,
    Kind.PAYMENT,
    Kind.REFUND,
    Kind.REDEEM,
    Kind.ESCROW,
    Kind.RELEASE,
    Kind.CANCEL,
    Kind.SET_AUTHORITY,
    Kind.STOP_RECOVERY,
)


class Chance:
    def __init__(self, town: Town, random: Random) -> None:
        self.town = town
        self.random = random
        self.sent: list[Entry] = []
        self.sealed: list[bytes] = []
        self.at_ns = town.now_ns  # of the block that is being made
        self.institution = 1
        self.key = "root1"
        self.calm = False  # fewer faults: a chain stands only if all of it does
        self.net = False  # whether the chain that is being made is netted
        self.chains: list[list[Entry]] = []

    # --- the dice ---------------------------------------------------------------------------

    def percent(self, chance: int) -> bool:
        return self.random.randrange(100) < chance

    def pick(self, items: Sequence[T]) -> T:
        return items[self.random.randrange(len(items))]

    def mostly(self, usual: T, others: Sequence[T], chance: int = 6) -> T:
        return self.pick(others) if self.percent(0 if self.calm else chance) else usual

    # --- blocks -----------------------------------------------------------------------------

    def block_time_ns(self) -> int:
        """When the next block is: often soon, sometimes just at or before something's end."""
        now_ns = self.town.now_ns
        ends = [row.expires_ns for row in [*self.holds(), *live(self.state().escrows)]]
        ends += [row.expires_ns for row in live(self.state().mandates)]
        ends += chance_authority.moments(self)
        ends += [now_ns // DAY * DAY + DAY]
        steps = [SECOND] * 10 + [1, HOUR, 11 * HOUR, DAY, DAY + 2 * HOUR, 0]
        moments = [now_ns + self.pick(steps)] * 3 + [min(ends) + self.pick([-1, 0, 0, 1])]
        return self.pick(moments)

    def envelopes(self, at_ns: int) -> list[bytes]:
        self.at_ns = at_ns
        made = [self.envelope() for _ in range(self.random.randrange(5))]
        if made and self.percent(4):
            at = self.random.randrange(len(made))
            made[at] = self.mutated(made[at])
        self.sealed += made
        return made

    def envelope(self) -> bytes:
        if self.sealed and self.percent(4):
            return self.pick(self.sealed)
        spares = [name for name in NEW_KEYS if public(name) in self.state().keys]
        likely = self.pick(["root1"] * 5 + ["root2"] * 4 + ["limited1"] * 3 + spares * 2)
        key = self.mostly(likely, [*KEYS, *NEW_KEYS], 8)
        own = KEYS[key][0] if key in KEYS else 1
        self.institution = own or 1  # the network has no accounts, and speaks of others'
        self.key = key
        entries: list[bytes] = [made.encode() for made in self.entries()]
        if self.percent(2):
            entries[0] = self.mutated(entries[0])
        fields: dict[str, Any] = {"valid_until_ns": self.at_ns + self.pick([0, SECOND, HOUR, DAY])}
        fault = self.random.randrange(60)
        if fault == 0:
            fields["chain_id"] = bytes(32)
        elif fault == 1:
            fields["names"] = self.pick([public(name) for name in KEYS] + [bytes(32)])
        elif fault == 2:
            fields["institution"] = self.pick([0, 1, 2, 3])
        elif fault == 3:
            fields["valid_until_ns"] = self.at_ns - 1
        elif fault == 4:
            fields["sequence"] = self.town.sequences.get(key, 0)
        elif fault == 5:
            fields["digest"] = bytes(32)
        elif fault == 6:
            fields["signature"] = self.random.randbytes(64)
        elif fault == 7:
            fields["count"] = self.pick([0, len(entries) + 1, 2**32 - 1])
        fields.setdefault("institution", own)
        return self.town.seal(entries, key=key, **fields)

    def mutated(self, data: bytes) -> bytes:
        """The bytes with one bit or one byte changed, cut off, or with something after them."""
        if not data:  # cut off before
            return b"\1"
        at = self.random.randrange(len(data))
        act = self.random.randrange(6)
        if act == 0:
            return data[:at]
        if act == 1:
            return data + data[-at - 1 :]
        flipped = data[at] ^ 1 << self.random.randrange(8)
        byte = self.random.randrange(256) if act == 2 else flipped
        return data[:at] + bytes([byte]) + data[at + 1 :]

    def everyone(self) -> list[str]:
        return EVERYONE

    def clients(self) -> list[str]:
        return CLIENTS

    # --- what is there ----------------------------------------------------------------------

    def state(self) -> State:
        return self.town.both.spec.state

    def holds(self) -> list[Hold]:
        return live(self.state().holds)

    def accounts_of(self, institution: int) -> list[str]:
        """Clients, and the sub-accounts that are open."""
        subs = [(name, self.account(name)) for name in SUBS]
        return [name for name in CLIENTS if ACCOUNTS[name][0] == institution] + [
            name for name, row in subs if row and row.institution == institution
        ] * 2

    def opening_of_subs(self) -> list[Entry]:
        """Some of them, for a block of their own."""
        names = [name for name in SUBS if name != "zoe/1" and self.percent(60)]
        units = compose.opening_units(assets=[], flags=AccountFlag.SUB)
        return [
            self.base(Kind.OPEN_ACCOUNT, name, name.split("/")[0], units=units) for name in names
        ]

    def asset_of(self, name: str) -> int:
        """Mostly one that the account holds."""
        account = self.account(name)
        rows = self.state().balances.values()
        held = [row.asset for row in rows if account and row.account == account.settles_at()]
        return self.mostly(self.pick([EUR, EUR, *held]), range(6), 5)

    def holder_of(self, asset: int, names: Sequence[str]) -> str:
        """Mostly one who holds the asset."""
        rows = self.state().balances
        accounts = [(name, self.account(name)) for name in names]
        holders = [name for name, row in accounts if row and (row.settles_at(), asset) in rows]
        return self.mostly(self.pick(holders or EVERYONE), EVERYONE, 6)

    def account(self, name: str | bytes) -> Account | None:
        return self.state().account(address(name))

    def available_minor(self, name: str, asset: int) -> int:
        account = self.account(name)
        row = account and self.state().balances.get((account.settles_at(), asset))
        return max(row.available_minor(), 0) if row else 0

    def amount_minor(self, name: str, asset: int) -> int:
        """Small mostly; or all that is available, one more, or something absurd."""
        available = self.available_minor(name, asset)
        small = self.random.randint(1, 20 * EURO)
        absurd = [0, AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX - 1, 2**64, 2**64 - 1]
        most = [small] * 12 + [available, available + 1, max(available - 1, 0), available // 2]
        return min(self.mostly(self.pick(most), absurd, 4), AMOUNT_MINOR_MAX)

    # --- entries ----------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """Of one envelope: single ones and chains, the last of which may be open."""
        made: list[Entry] = []
        while len(made) < 6 and (not made or self.percent(75)):
            made += self.chain() if self.percent(15) else [self.entry()]
        return made

    def chain(self) -> list[Entry]:
        """A new one; or one sent before, which may lack a member or have another one."""
        if self.chains and self.percent(20):
            again = list(self.pick(self.chains))
            if self.percent(40):
                again[self.random.randrange(len(again))] = self.entry(Flag.LINKED)
            return again
        self.net, self.calm = self.percent(40), self.percent(75)
        length = self.random.randint(1, 4)
        made = [self.entry(Flag.LINKED) for _ in range(length - 1)]
        made.append(self.entry(self.mostly(0, [Flag.LINKED])))
        self.net = self.calm = False
        self.chains.append(made)
        return made

    def entry(self, linked: int = 0) -> Entry:
        made = (
            self.again()
            if self.sent and self.percent(0 if self.calm else 8)
            else self.fresh(linked)
        )
        self.sent.append(made)
        return made

    def again(self) -> Entry:
        """Something sent before: as it was, decided otherwise, or changed."""
        earlier = self.pick(self.sent)
        act = self.random.randrange(4)
        if act == 0:
            return replace(earlier, outcome=self.random.randrange(4), commitment=b"c" * 32)
        if act == 1:
            return replace(earlier, amount_minor=self.random.randrange(1, EURO))
        if act == 2 and earlier.kind == Kind.PAYMENT:
            later = {"valid_until_ns": self.at_ns + HOUR, "created_ns": self.at_ns}
            return replace(earlier, **later)  # type: ignore[arg-type]
        return earlier

    def fresh(self, linked: int = 0) -> Entry:
        kind = self.pick(KINDS)
        if self.net:
            kind = self.mostly(self.pick([Kind.PAYMENT] * 4 + [Kind.REFUND]), KINDS, 4)
        elif self.calm:
            kind = self.pick(CALM_KINDS)
        if kind in (Kind.POST, Kind.VOID) and self.held() is None and self.percent(80):
            kind = Kind.PAYMENT
        made = self.of_kind(kind)
        made = self.flagged(made, linked)
        if self.percent(0 if self.calm else 3):
            made = self.oddly(made)
        return self.seconded(self.authorised(made))

    def flagged(self, made: Entry, linked: int) -> Entry:
        """With flags that suit the kind, mostly."""
        flags = made.flags | linked
        if self.net:
            flags |= self.mostly(int(Flag.NET), [0], 4)
        plain = not made.units and made.to_asset == 0 and not self.net
        moves = made.kind in (Kind.PAYMENT, Kind.REDEEM)
        if moves and plain and self.percent(12):
            flags |= Flag.BALANCING_PAYER
        if made.kind == Kind.REDEEM and self.percent(25):
            flags |= Flag.BALANCING_PAYEE
        if flags & Flag.PENDING and self.percent(5):
            flags |= self.pick([Flag.CLOSING_PAYER, Flag.CLOSING_PAYEE, 96])
        if self.percent(1):
            flags ^= self.pick([*Flag])
        importable = (Kind.PAYMENT, Kind.REFUND, Kind.ISSUE, Kind.REDEEM, Kind.OPEN_ACCOUNT)
        if made.kind in importable and not flags & Flag.PENDING and self.percent(6):
            return replace(made, flags=flags | Flag.IMPORTED, created_ns=self.imported_ns())
        return replace(made, flags=flags)

    def imported_ns(self) -> int:
        """Mostly after the last import of the key, and before now."""
        key = self.state().keys.get(public(self.key))
        last_ns = key.imported_ns if key else 0
        likely = [last_ns + self.random.randint(1, SECOND)] * 6 + [self.at_ns - 1]
        return self.mostly(self.pick(likely), [0, last_ns, self.at_ns, 2**64 - 1], 15)

    def of_kind(self, kind: Kind) -> Entry:
        return {
            Kind.PAYMENT: self.payment,
            Kind.POST: self.post,
            Kind.VOID: self.void,
            Kind.REFUND: self.refund,
            Kind.ISSUE: self.issue,
            Kind.REDEEM: self.redeem,
            Kind.OPEN_ACCOUNT: self.open_account,
            Kind.CLOSE_ACCOUNT: lambda: self.about_account(Kind.CLOSE_ACCOUNT),
            Kind.FREEZE: lambda: self.about_account(Kind.FREEZE),
            Kind.UNFREEZE: lambda: self.about_account(Kind.UNFREEZE),
            Kind.REGISTER_ASSET: self.register_asset,
            Kind.REGISTER_KEY: self.register_key,
            Kind.REVOKE_KEY: self.revoke_key,
            Kind.SET_LIMIT: self.set_limit,
            Kind.ESCROW: self.escrow,
            Kind.MANDATE: lambda: chance_mandates.mandate(self),
            Kind.REVOKE_MANDATE: lambda: chance_mandates.revoke_mandate(self),
            Kind.PULL: lambda: chance_mandates.pull(self),
            Kind.SET_AUTHORITY: lambda: chance_authority.set_authority(self),
            Kind.PROPOSE_RECOVERY: lambda: chance_authority.propose_recovery(self),
            Kind.FINISH_RECOVERY: lambda: chance_authority.about_recovery(
                self, Kind.FINISH_RECOVERY
            ),
            Kind.STOP_RECOVERY: lambda: chance_authority.about_recovery(self, Kind.STOP_RECOVERY),
            Kind.RELEASE: self.release,
            Kind.CANCEL: self.cancel,
            Kind.CONTROL_ASSET: self.control_asset,
            Kind.CLAWBACK: self.clawback,
        }[kind]()

    def base(
        self, kind: Kind, payer: str | bytes = "", payee: str | bytes = "", **fields: Any
    ) -> Entry:
        ends = [self.at_ns + HOUR] * 12 + [self.at_ns + DAY, self.at_ns, self.at_ns + 5 * SECOND]
        wrong = [self.at_ns - 1, self.at_ns + DAY + 1, 0, 2**64 - 1]
        usual: dict[str, Any] = {"valid_until_ns": self.mostly(self.pick(ends), wrong, 3)}
        return self.town.entry(kind, payer, payee, **(usual | fields))

    def oddly(self, made: Entry) -> Entry:
        """One field that has nothing to do with the rest."""
        return replace(
            made,
            **self.pick(
                [
                    {"expires_ns": self.at_ns},
                    {"flags": made.flags ^ Flag.PENDING},
                    {"outcome": self.random.randrange(4)},
                    {"to_asset": self.random.randrange(5)},
                    {"to_amount_minor": self.random.randrange(3)},
                    {"bound_minor": 0},
                    {"target": bytes(16)},
                    {"purpose": 1},
                    {"id": self.random.randrange(30).to_bytes(16, "big")},
                    {"payee": made.payer},
                ]
            ),
        )  # type: ignore[arg-type]

    def authorised(self, made: Entry) -> Entry:
        """With the signature that the payer's account needs; sometimes without, or another's."""
        payer, signs = self.account(made.payer), self.account(made.payer)
        takes = made.kind in SIGNED_KINDS
        if made.kind == Kind.PULL:
            signs = self.account(made.payee)
            takes = payer is not None and payer.institution != self.institution
        if made.kind == Kind.PROPOSE_RECOVERY:
            return made
        needed = takes and signs is not None and signs.owner != ZERO32
        if needed != self.percent(0 if self.calm else 3):
            return chance_authority.signed(self, made, signs)
        return made

    def seconded(self, made: Entry) -> Entry:
        """With the second person that an act in TWO needs; sometimes none, or one in vain."""
        acts = (Kind.ISSUE, Kind.CONTROL_ASSET, Kind.CLAWBACK)
        if made.kind in acts and (made.asset == TWO) != self.percent(4):
            return self.town.seconded(made, self.pick(["limited1", "limited1", "root1", "pay1"]))
        return made

    def payment(self) -> Entry:
        own = self.accounts_of(self.institution)
        payer = self.mostly(self.pick(own), EVERYONE)
        asset = self.asset_of(payer)
        payee = self.holder_of(asset, [name for name in [*CLIENTS, *SUBS, "zoe"] if name != payer])
        amount_minor = self.amount_minor(payer, asset)
        fields: dict[str, Any] = {
            "asset": asset,
            "amount_minor": amount_minor,
            "outcome": self.mostly(Outcome.ACCEPT, [*Outcome], 4),
        }
        if self.net:
            amount_minor = fields["amount_minor"] = min(3 * amount_minor, AMOUNT_MINOR_MAX)
        elif self.percent(35):
            ends = [1, SECOND, SECOND, HOUR, 3 * HOUR, 2 * DAY, 2 * DAY, 0]
            fields["flags"] = Flag.PENDING
            fields["expires_ns"] = self.at_ns + self.pick(ends)
            fields["outcome"] = self.pick([Outcome.ACCEPT, Outcome.REVIEW])
        if self.percent(0 if self.calm else 35):
            fields |= self.legs(payer, payee, asset, amount_minor, fees=True)
        return self.base(Kind.PAYMENT, payer, payee, **fields)

    def legs(
        self, payer: str, payee: str, asset: int, amount_minor: int, *, fees: bool
    ) -> dict[str, Any]:
        """The fields of explicit legs: a fee, an exchange or both; sometimes not quite right."""
        fields: dict[str, Any] = {"bound_minor": self.pick([0, 10, EURO])} if fees else {}
        desk = self.mostly(f"fees{self.institution}", OPERATING, 8)
        legs = []
        if self.percent(50):
            to_asset = self.mostly(2 if asset == EUR else EUR, [1, 2, 3, 4], 8)
            to_amount_minor = self.amount_minor(desk, to_asset)
            fields |= {"to_asset": to_asset, "to_amount_minor": to_amount_minor}
            legs += [self.leg(payer, desk, asset, amount_minor, Role.EXCHANGE)]
            legs += [self.leg(desk, payee, to_asset, to_amount_minor, Role.PRINCIPAL)]
        elif self.percent(40) and amount_minor > 1:
            part = self.random.randrange(1, min(amount_minor, 2**62))
            legs += [self.leg(payer, payee, asset, part, Role.PRINCIPAL)]
            legs += [self.leg(payer, payee, asset, amount_minor - part, Role.PRINCIPAL)]
        else:
            legs += [self.leg(payer, payee, asset, amount_minor, Role.PRINCIPAL)]
        if fees and self.percent(60):
            getter = self.mostly(desk, EVERYONE, 15)
            legs += [self.leg(payer, getter, asset, self.random.randint(1, 12), Role.FEE)]
        if self.percent(20):
            other = self.pick(EVERYONE)
            legs += [self.leg(desk, other, asset, self.random.randint(1, 12), self.pick([*Role]))]
        if self.percent(15):
            legs = self.disturbed(legs)
        return fields | {"units": tuple(leg.encode() for leg in legs[:16])}

    def leg(self, giver: str, getter: str, asset: int, amount_minor: int, role: Role) -> Leg:
        return Leg(address(giver), address(getter), asset, role, amount_minor)

    def disturbed(self, legs: list[Leg]) -> list[Leg]:
        at = self.random.randrange(len(legs))
        leg = legs[at]
        changed = self.pick(
            [
                replace(leg, amount_minor=max(leg.amount_minor - 1, 0)),
                replace(leg, amount_minor=min(leg.amount_minor + 1, AMOUNT_MINOR_MAX)),
                replace(leg, amount_minor=AMOUNT_MINOR_MAX),
                replace(leg, asset=self.random.randrange(5)),
                replace(leg, role=self.random.randrange(3)),
                replace(leg, payer=leg.payee),
                replace(leg, payer=leg.payee, payee=leg.payer),
                replace(leg, payer=address(self.pick(EVERYONE))),
                replace(leg, payee=address(self.pick(EVERYONE))),
            ]
        )
        act = self.random.randrange(4)
        if act == 0:
            return legs[:at] + legs[at + 1 :]
        if act == 1:
            return [*legs, leg]
        return [*legs[:at], changed, *legs[at + 1 :]]

    def held(self) -> Entry | None:
        """A payment that may have made a hold: of the state, or of what was just sent."""
        recent = [
            one for one in self.sent[-12:] if one.kind == Kind.PAYMENT and one.flags & Flag.PENDING
        ]
        accounts = list(self.state().accounts)
        live = [
            compose.entry(
                Kind.PAYMENT,
                id=hold.id,
                asset=hold.asset,
                amount_minor=hold.amount_minor,
                payer=accounts[hold.payer],
                payee=accounts[hold.payee],
                units=tuple(leg.encode() for leg in hold.legs),
            )
            for hold in self.holds()
            if hold.institution == self.institution or self.percent(5)
        ]
        recent = recent if self.percent(25) else []
        return self.pick(recent + live) if recent + live else None

    def post(self) -> Entry:
        held = self.held()
        if held is None:
            return self.base(Kind.POST, target=self.pick(TARGETS), amount_minor=1, asset=EUR)
        amounts = [held.amount_minor] * 4 + [held.amount_minor // 2 + 1, 0, held.amount_minor + 1]
        amount_minor = min(self.pick(amounts), AMOUNT_MINOR_MAX)
        fields: dict[str, Any] = {"target": held.id, "amount_minor": amount_minor}
        fields["asset"] = self.mostly(held.asset, [1, 2, 3], 4)
        fields["outcome"] = self.mostly(Outcome.ACCEPT, [*Outcome], 3)
        if self.percent(40):
            fields["units"] = self.legs_to_post(held, amount_minor)
        payer = self.mostly(held.payer, [address(name) for name in EVERYONE], 3)
        payee = self.mostly(held.payee, [address(name) for name in EVERYONE], 3)
        return self.base(Kind.POST, payer, payee, **fields)

    def legs_to_post(self, held: Entry, amount_minor: int) -> tuple[bytes, ...]:
        """The hold's legs, cut down so that the payer gives the amount; sometimes disturbed."""
        left_minor = amount_minor
        legs = []
        for leg in [decode_leg(unit) for unit in held.units] or [
            Leg(held.payer, held.payee, held.asset, Role.PRINCIPAL, held.amount_minor)
        ]:
            part = leg.amount_minor
            if leg.payer == held.payer and leg.role != Role.FEE:
                part = min(part, left_minor)
                left_minor -= part
            elif self.percent(30):
                part = self.random.randint(0, min(part, 100))
            legs.append(replace(leg, amount_minor=part))
        if legs and self.percent(15):
            legs = self.disturbed(legs)
        return tuple(leg.encode() for leg in legs[:16])

    def void(self) -> Entry:
        held = self.held()
        return self.base(Kind.VOID, target=self.pick(TARGETS) if held is None else held.id)

    # --- escrows ----------------------------------------------------------------------------

    def escrow(self) -> Entry:
        payer = self.mostly(self.pick(self.accounts_of(self.institution)), EVERYONE)
        asset = self.asset_of(payer)
        payee = self.holder_of(asset, [name for name in [*CLIENTS, *SUBS, "zoe"] if name != payer])
        units = ChanceTerms(
            self.random, payer=payer, payee=payee, at_ns=self.at_ns, assets=3
        ).units()
        ends = [SECOND, HOUR, HOUR, 3 * HOUR, 2 * DAY, 2 * DAY, 9 * DAY]
        fields: dict[str, Any] = {
            "asset": asset,
            "amount_minor": self.amount_minor(payer, asset),
            "outcome": self.mostly(Outcome.ACCEPT, [*Outcome], 4),
            "expires_ns": self.at_ns + self.mostly(self.pick(ends), [0, 1], 4),
            "units": units,
        }
        hashed = compose.terms_fields(units)
        fields |= self.mostly(hashed, [{}, {"to_amount_minor": 2**128 - 1}], 3)
        return self.base(Kind.ESCROW, payer, payee, **fields)

    def opened(self) -> Escrow | None:
        escrows = live(self.state().escrows)
        return self.pick(escrows) if escrows else None

    def asker(self, escrow: Escrow) -> bytes:
        accounts = list(self.state().accounts)
        usual = self.pick([escrow.payee, escrow.payee, escrow.payer])
        return self.mostly(accounts[usual], [address(name) for name in EVERYONE], 15)

    def release(self) -> Entry:
        escrow = self.opened()
        if escrow is None:
            return self.escrow()
        accounts, found = list(self.state().accounts.values()), parse_terms(escrow.terms)
        asker = self.asker(escrow)
        payees = [address(name) for name in EVERYONE]
        free = found.has(FREE_PAYEE) and self.percent(60)
        payee = self.mostly(accounts[escrow.payee].address, payees, 60 if free else 3)
        left_minor = escrow.left_minor()
        accrued = accrued_minor(found, escrow.amount_minor, self.at_ns) - escrow.released_minor
        amounts = [left_minor] * 4 + [accrued] * 4 + [1, left_minor // 2, left_minor + 1]
        amount_minor = min(max(self.pick(amounts), 0), AMOUNT_MINOR_MAX)
        to = self.account(payee)
        seen = Release(
            chain_id=self.town.chain_id,
            terms_hash=escrow.terms_hash,
            institution=escrow.institution,
            id=escrow.id,
            opened_ns=escrow.opened_ns,
            payer=accounts[escrow.payer].address,
            payee=accounts[escrow.payee].address,
            escrow_minor=escrow.amount_minor,
            released_minor=escrow.released_minor,
            now_ns=self.at_ns,
            asked_by=asker,
            names_terms=True,
            to=payee,
            to_category=to.category if to else 0,
            amount_minor=amount_minor,
        )
        named = found.delivery() is not None or self.percent(20)
        fields: dict[str, Any] = {
            "target": escrow.id,
            "purpose": self.mostly(escrow.institution, [0, 1, 2], 4),
            "asset": self.mostly(escrow.asset, [1, 2, 3], 3),
            "amount_minor": amount_minor,
            "outcome": self.mostly(Outcome.ACCEPT, [*Outcome], 3),
            "units": prove(self.random, found, seen),
        }
        if named:
            fields |= self.mostly(compose.terms_fields(escrow.terms), [{"bound_minor": 1}], 4)
        return self.base(Kind.RELEASE, asker, payee, **fields)

    def cancel(self) -> Entry:
        escrow = self.opened()
        if escrow is None:
            return self.base(Kind.CANCEL, "ann", target=self.pick(TARGETS), purpose=1)
        return self.base(
            Kind.CANCEL, self.asker(escrow), target=escrow.id, purpose=escrow.institution
        )

    def refund(self) -> Entry:
        payer = self.mostly(self.pick(self.accounts_of(self.institution)), EVERYONE)
        asset = self.asset_of(payer)
        payee = self.holder_of(asset, [name for name in [*CLIENTS, *SUBS] if name != payer])
        amount_minor = self.mostly(self.random.randint(1, EURO), [self.amount_minor(payer, asset)])
        fields: dict[str, Any] = {
            "target": self.pick(TARGETS),
            "asset": asset,
            "amount_minor": amount_minor,
            "bound_minor": self.mostly(2 * EURO, [0, 1, AMOUNT_MINOR_MAX], 12),
        }
        if self.percent(25):
            fields |= self.legs(payer, payee, asset, amount_minor, fees=self.percent(10))
            fields["bound_minor"] = 2 * EURO
        return self.base(Kind.REFUND, payer, payee, **fields)

    def nostro(self) -> str:
        return self.mostly(f"nostro{self.institution}", NOSTROS, 15)

    def issue(self) -> Entry:
        nostro = self.mostly(self.nostro(), EVERYONE)
        asset = self.asset_of(nostro)
        payee = self.holder_of(asset, [*CLIENTS, *OPERATING])
        amount_minor = self.mostly(self.random.randint(1, 50 * EURO), [AMOUNT_MINOR_MAX], 25)
        return self.base(Kind.ISSUE, nostro, payee, asset=asset, amount_minor=amount_minor)

    def redeem(self) -> Entry:
        payer = self.mostly(self.pick(self.accounts_of(self.institution)), EVERYONE)
        asset = self.asset_of(payer)
        amount_minor = self.amount_minor(payer, asset)
        nostro = self.mostly(self.nostro(), EVERYONE)
        return self.base(Kind.REDEEM, payer, nostro, asset=asset, amount_minor=amount_minor)

    # --- accounts, assets, keys -------------------------------------------------------------

    def open_sub(self) -> Entry:
        name = self.mostly(self.pick(SUBS), EVERYONE)
        units = compose.opening_units(
            assets=self.mostly([], [[EUR]]),
            flags=int(AccountFlag.SUB) | self.mostly(0, [1, 2, 256], 5),
            owner=self.mostly(ZERO32, [public(OWNER)], 5),
        )
        parent = self.mostly(name.split("/")[0], EVERYONE, 15)
        return self.base(Kind.OPEN_ACCOUNT, name, parent, units=units)

    def open_account(self) -> Entry:
        if self.percent(50):
            return self.open_sub()
        lists = [[EUR], [EUR, 2], [2, EUR, 3], [], [*range(1, 9)], [EUR, EUR], [0, EUR], [4]]
        units = compose.opening_units(
            assets=self.pick([[EUR, 2]] * 4 + lists),
            flags=self.mostly(0, [1, 2, 3, 4, 256], 25),
            owner=self.mostly(ZERO32, [public(OWNER), bytes([2] * 32)], 30),
        )
        return self.base(
            Kind.OPEN_ACCOUNT,
            self.mostly(self.pick(NEWCOMERS), EVERYONE),
            self.mostly("", ["ann"], 4),
            units=units,
            to_asset=self.pick([0, 0, 5_411, 2**32 - 1]),
        )

    def about_account(self, kind: Kind) -> Entry:
        own = [*self.accounts_of(self.institution), *NEWCOMERS]
        accounts = [(name, self.account(name)) for name in own]
        frozen = [name for name, row in accounts if row and row.has(AccountFlag.FROZEN)]
        closable = ["new", *NEWCOMERS]
        likely = {Kind.CLOSE_ACCOUNT: closable, Kind.UNFREEZE: frozen * 3 + own}.get(kind, own)
        return self.base(kind, self.mostly(self.pick(likely), EVERYONE, 10))

    def register_asset(self) -> Entry:
        units = compose.asset_unit(
            self.pick(ASSET_CODES),
            self.mostly(0, [2, 30, 31, 255], 20),
            controls=self.pick([0, 0, 0, Control.PAUSE, 63, 64]),
            issuer=self.pick([0, 0, 1, 2]),
        )
        number = self.mostly(len(self.state().assets) + 1, [0, 1, 19], 15)
        return self.base(Kind.REGISTER_ASSET, asset=number, units=units)

    def register_key(self) -> Entry:
        units = compose.key_unit(
            public(self.mostly(self.pick(NEW_KEYS), [*KEYS], 15)),
            institution=self.mostly(self.institution, [1, 2, 3], 10),
            purposes=self.pick([1, 63, 63, 31, 0, 64, 16]),
            activation_height=self.pick([0, 0, 5, 2**64 - 1]),
        )
        return self.base(Kind.REGISTER_KEY, units=units)

    def control_asset(self) -> Entry:
        asset = self.mostly(self.pick([GOV, GOV, TWO]), range(8))
        acts = [ControlAct.PAUSE, *[ControlAct.RESUME] * 3, *ControlAct, 5, 5]
        holder = self.holder_of(asset, [*CLIENTS, *OPERATING])
        act = self.mostly(self.pick(acts), [0, 7, 2**32 - 1], 4)
        return self.base(Kind.CONTROL_ASSET, holder, asset=asset, purpose=act)

    def clawback(self) -> Entry:
        asset = self.mostly(self.pick([GOV, TWO]), range(8))
        holder = self.holder_of(asset, CLIENTS)
        taker = self.holder_of(asset, [*OPERATING, *self.accounts_of(self.institution)])
        amount_minor = self.amount_minor(holder, asset)
        return self.base(Kind.CLAWBACK, holder, taker, asset=asset, amount_minor=amount_minor)

    def revoke_key(self) -> Entry:
        likely = ["pay1", "late2", *NEW_KEYS, *NEW_KEYS, "none"]
        units = compose.key_name_unit(public(self.mostly(self.pick(likely), [*KEYS][:-1], 10)))
        return self.base(Kind.REVOKE_KEY, units=units)

    def set_limit(self) -> Entry:
        units = compose.key_name_unit(public(self.pick([*KEYS, "limited1", "limited1", "none"])))
        most = [0, EURO, 10 * EURO, 30 * EURO, 100 * EURO, AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX]
        return self.base(
            Kind.SET_LIMIT,
            asset=self.mostly(EUR, range(5), 30),
            amount_minor=self.pick(most),
            to_amount_minor=self.pick(most),
            units=units,
        )
