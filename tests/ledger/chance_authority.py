"""Random policies, recoveries under them, and signatures of their members: enough mostly, and
sometimes one too few, of the wrong sort, too late, or for another policy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from spec import compose
from spec.hashing import ZERO32
from spec.policy import MemberRole, Policy, parse_policy
from spec.records import AccountFlag, Entry, Kind
from spec.state import Account, PolicyRow
from tests.ledger.both import live
from tests.ledger.town import DAY, EURO, HOUR, OWNER, SECOND, public

if TYPE_CHECKING:
    from tests.ledger.chance import Chance

MEMBERS: Final = ["ada", "ben", "cem", "dan", "gus", "gia", "card", "pass"]
NAMES: Final = {public(name): name for name in [*MEMBERS, OWNER, "root1"]}


def moments(chance: Chance) -> list[int]:
    """When recoveries may be finished and members expire."""
    rows = live(chance.state().policies)
    ends = [row.recover_at_ns for row in rows]
    ends += [one.expires_ns for row in rows for one in parse_policy(row.units).members]
    return [end for end in ends if end > chance.town.now_ns]


# --- policies ---------------------------------------------------------------------------------


def policy(chance: Chance) -> tuple[bytes, ...]:
    """Of one to eight members, mostly one that holds."""
    names = list(MEMBERS)
    chance.random.shuffle(names)
    members, weight, guardians = [], 0, 0
    for name in names[: chance.random.randint(1, 8)]:
        expires_ns = chance.pick([0, 0, 0, chance.at_ns + HOUR, chance.at_ns + 1, 1])
        role = chance.pick([*MemberRole, MemberRole.SIGNER]) if members else MemberRole.SIGNER
        if not members:
            expires_ns = 0
        fields: dict[str, Any] = {"expires_ns": expires_ns}
        if role == MemberRole.SIGNER:
            fields["value"] = chance.random.randint(1, 3)
            weight += 0 if expires_ns else fields["value"]
        elif role == MemberRole.SPEND_KEY:
            fields["value"] = chance.random.randint(1, 30 * EURO)
            fields["asset"] = chance.pick([1, 1, 1, 2, 9])
        else:
            fields["expires_ns"] = 0
            guardians += 1
        fields |= chance.mostly({}, [{"asset": 1}, {"value": 0}, {"value": 2**126}], 1)
        members.append(compose.member(role, public(name), **fields))
    needed = chance.random.randint(1, guardians) if guardians else 0
    delay_ns = chance.pick([1, SECOND, HOUR, DAY]) if guardians else 0
    return compose.policy_units(
        *members,
        threshold=chance.mostly(chance.random.randint(1, weight), [0, weight + 1], 3),
        guardians_threshold=chance.mostly(needed, [needed + 1, 0], 3),
        recovery_delay_ns=chance.mostly(delay_ns, [0, 2**64 - 1], 2),
    )


def first_policy(chance: Chance, name: str) -> Entry:
    """For an account that has none yet: mostly two of three, guardians and a card."""
    members = [
        *(compose.member(MemberRole.SIGNER, public(one), value=1) for one in ("ada", "ben", "cem")),
        *(compose.member(MemberRole.GUARDIAN, public(one)) for one in ("gus", "gia")),
        compose.member(MemberRole.SPEND_KEY, public("card"), value=50 * EURO, asset=1),
    ]
    units = compose.policy_units(
        *members,
        threshold=chance.pick([1, 2]),
        guardians_threshold=chance.pick([1, 2]),
        recovery_delay_ns=chance.pick([1, SECOND, HOUR]),
    )
    entry = chance.town.entry(Kind.SET_AUTHORITY, name, units=units)
    account = chance.account(name)
    owned = account is not None and account.owner != ZERO32
    return chance.town.signed(entry) if owned else entry


def set_authority(chance: Chance) -> Entry:
    name = chance.mostly(chance.pick(chance.accounts_of(chance.institution)), chance.everyone())
    key = chance.mostly(public(OWNER), [public("ada"), ZERO32, ZERO32], 40)
    units = chance.pick([policy(chance), policy(chance), compose.key_name_unit(key)])
    if chance.percent(3):
        units = (*units[:-1], chance.mutated(units[-1])[:64].ljust(64, b"\0"))
    return chance.base(Kind.SET_AUTHORITY, name, units=units)


# --- recoveries -------------------------------------------------------------------------------


def an_account(chance: Chance, *, recovering: bool) -> bytes:
    """Mostly one of the institution whose policy has guardians, or a recovery under way."""
    accounts = list(chance.state().accounts.values())
    likely = [
        accounts[row.account].address
        for row in live(chance.state().policies)
        if (row.recovery_key != ZERO32 if recovering else guardians_of(row))
        and accounts[row.account].institution == chance.institution
    ]
    others = [chance.pick(accounts).address]
    return chance.mostly(chance.pick(likely or others), others, 5)


def guardians_of(row: PolicyRow) -> dict[int, str]:
    return of_role(row, MemberRole.GUARDIAN)


def of_role(row: PolicyRow, role: MemberRole) -> dict[int, str]:
    """Names by unit."""
    members = parse_policy(row.units).members
    return {
        unit: NAMES[member.key]
        for unit, member in enumerate(members, 1)
        if member.role == role and member.key in NAMES
    }


def propose_recovery(chance: Chance) -> Entry:
    address = an_account(chance, recovering=False)
    key = chance.mostly(public(chance.pick([OWNER, "ada"])), [ZERO32], 4)
    units = compose.key_name_unit(key)
    entry = chance.base(Kind.PROPOSE_RECOVERY, address, units=units)
    account = chance.account(address)
    row = None if account is None else chance.state().find_policy(account.number)
    guardians = guardians_of(row) if row else {}
    if not guardians:
        return chance.town.signed(entry) if chance.percent(50) else entry
    if chance.percent(10):
        guardians.popitem()
    return chance.town.together(entry, guardians) if guardians else entry


def about_recovery(chance: Chance, kind: Kind) -> Entry:
    return chance.base(kind, an_account(chance, recovering=chance.percent(90)))


# --- signatures -------------------------------------------------------------------------------


def signed(chance: Chance, made: Entry, account: Account | None) -> Entry:
    """By whoever the account belongs to, mostly."""
    if account is None or not account.has(AccountFlag.POLICY):
        owner = NAMES.get(account.owner, OWNER) if account else OWNER
        if chance.percent(2):
            return chance.town.together(made, {1: owner})
        return chance.town.signed(made, chance.mostly(owner, ["root1", "ada"], 5))
    row = chance.state().find_policy(account.settles_at())
    assert row is not None
    signers, spend_keys = of_role(row, MemberRole.SIGNER), of_role(row, MemberRole.SPEND_KEY)
    if spend_keys and chance.percent(30):
        unit = chance.pick([*spend_keys])
        return chance.town.together(made, {unit: spend_keys[unit]})
    named = enough(chance, parse_policy(row.units), signers)
    named |= chance.mostly({}, [spend_keys, guardians_of(row), {15: "ada"}, signers], 6)
    if not named:
        return made
    made = chance.town.together(made, named)
    if chance.percent(2):
        return replace(made, signature=made.signature[:-64] + chance.random.randbytes(64))
    if chance.percent(2) and made.signers < 2**14:
        return replace(made, signers=made.signers << 1)
    return made


def enough(chance: Chance, policy: Policy, signers: dict[int, str]) -> dict[int, str]:
    """Signers in a random order until they weigh enough; sometimes one less."""
    named: dict[int, str] = {}
    units, weight = [*signers], 0
    chance.random.shuffle(units)
    for unit in units:
        member = policy.members[unit - 1]
        late = member.has_expired(chance.at_ns)
        if weight < policy.threshold and not chance.mostly(late, [False], 10):
            named[unit] = signers[unit]
            weight += member.value
    if len(named) > 1 and chance.percent(8):
        named.popitem()
    return named
