"""Who an account belongs to, kinds 22 to 25: its keys change, and guardians recover it.

An account belongs to its institution's client as the institution says (custodial), to one key, or
to a policy (spec/policy.py). Under a policy guardians may propose a new key; after the policy's
delay it takes over, unless the account's own authority stopped it. A sub-account has its parent's
authority, which is changed at the parent.
"""

from __future__ import annotations

from dataclasses import replace

from spec import rules
from spec.codes import Refusal, refuse_if
from spec.hashing import ZERO32
from spec.policy import (
    BadPolicy,
    MemberRole,
    check_authorisation,
    check_guardians,
    parse_policy,
    policy_hash,
)
from spec.records import KEY_NAME, AccountFlag, DecodeError, Entry, Kind, unpack
from spec.rules import find_own_account
from spec.scene import Scene
from spec.state import (
    U64_MAX,
    Account,
    PolicyRow,
    Spend,
    State,
    change_slot,
    free_slot,
    put_in_slot,
)


def apply_set_authority(state: State, entry: Entry, scene: Scene) -> int:
    account = find_own_account(state, entry, scene)
    refuse_if(account.has(AccountFlag.SUB), "authority.bad_policy")
    check_authorisation(state, entry, account, scene)
    if len(entry.units) == 1:
        set_owner(state, account, owner_key(entry))
    else:
        set_policy(state, account, entry.units)
    return 0


def owner_key(entry: Entry) -> bytes:
    """Code 120 of the one unit that is no policy: a key, or zeros for nobody's."""
    try:
        key: bytes = unpack(KEY_NAME, entry.units[0])["key"]
    except DecodeError as error:
        raise Refusal("authority.bad_policy") from error
    return key


def set_owner(state: State, account: Account, key: bytes) -> None:
    end_policy(state, account)
    flags = account.flags & ~AccountFlag.POLICY
    state.accounts[account.address] = replace(account, flags=flags, owner=key)


def set_policy(state: State, account: Account, units: tuple[bytes, ...]) -> None:
    try:
        policy = parse_policy(units)
    except BadPolicy as error:
        raise Refusal("authority.bad_policy") from error
    end_policy(state, account)
    row = PolicyRow(account.number, policy_hash(units), units)
    put_in_slot(state.policies, row)
    for unit, member in enumerate(policy.members, 1):
        if member.role == MemberRole.SPEND_KEY:
            put_in_slot(state.spends, Spend(account.number, unit))
    flags = account.flags | AccountFlag.POLICY
    state.accounts[account.address] = replace(account, flags=flags, owner=row.policy_hash)


def end_policy(state: State, account: Account) -> None:
    """With what its spend keys used, and a recovery that was under way."""
    row = state.find_policy(account.number)
    if row is not None:
        for spend in state.spends_of(account.number):
            free_slot(state.spends, spend)
        free_slot(state.policies, row)


# --- recovery -------------------------------------------------------------------------------


def apply_propose_recovery(state: State, entry: Entry, scene: Scene) -> int:
    account = find_own_account(state, entry, scene)
    row = state.find_policy(account.number)
    if row is None:
        raise Refusal("authority.no_guardians")
    policy = parse_policy(row.units)
    refuse_if(policy.guardians_threshold == 0, "authority.no_guardians")
    check_guardians(state, entry, account, scene)
    key = unpack(KEY_NAME, entry.units[0])["key"]
    refuse_if(key == ZERO32, "authority.bad_policy")
    if key != row.recovery_key:
        recover_at_ns = scene.now_ns + policy.recovery_delay_ns
        refuse_if(recover_at_ns > U64_MAX, "ledger.overflow")
        save_recovery(state, row, key, recover_at_ns)
    return 0


def save_recovery(state: State, row: PolicyRow, key: bytes, recover_at_ns: int) -> None:
    changed = replace(row, recovery_key=key, recover_at_ns=recover_at_ns)
    change_slot(state.policies, row, changed)


def find_recovery(state: State, account: Account) -> PolicyRow:
    row = state.find_policy(account.number)
    if row is None or row.recovery_key == ZERO32:
        raise Refusal("recovery.none")
    return row


def apply_finish_recovery(state: State, entry: Entry, scene: Scene) -> int:
    account = find_own_account(state, entry, scene)
    row = find_recovery(state, account)
    refuse_if(scene.now_ns < row.recover_at_ns, "recovery.too_early")
    set_owner(state, account, row.recovery_key)
    return 0


def apply_stop_recovery(state: State, entry: Entry, scene: Scene) -> int:
    account = find_own_account(state, entry, scene)
    row = find_recovery(state, account)
    check_authorisation(state, entry, account, scene)
    save_recovery(state, row, ZERO32, 0)
    return 0


# The table of spec/rules.py goes on here, so that rules need not know what is built on them.
rules.RULES[Kind.SET_AUTHORITY] = apply_set_authority
rules.RULES[Kind.PROPOSE_RECOVERY] = apply_propose_recovery
rules.RULES[Kind.FINISH_RECOVERY] = apply_finish_recovery
rules.RULES[Kind.STOP_RECOVERY] = apply_stop_recovery
