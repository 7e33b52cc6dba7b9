"""Chains: entries of one envelope that stand or fall together.

Every entry belongs to a chain: LINKED ties it to the next one, and most chains are one entry long.
"""

from __future__ import annotations

from spec.codes import NUMBERS, Refusal, refuse_if
from spec.hashing import hash_bytes
from spec.records import AccountFlag, Entry, Flag, Result, ResultFlag
from spec.rules import apply_rule, look_first
from spec.scene import Scene
from spec.state import Remembered, State

Chain = tuple[Entry, ...]


def apply_entries(
    state: State, entries: tuple[Entry, ...], scene: Scene
) -> tuple[State, list[Result]]:
    """The state after the entries of an envelope that is in order, and their results."""
    results: list[Result] = []
    for chain in chains_of(entries):
        state, answers = apply_chain(state, chain, scene)
        results.extend(answers)
    return state, results


def chains_of(entries: tuple[Entry, ...]) -> list[Chain]:
    """A chain ends with its first entry without LINKED, or with the envelope."""
    chains: list[Chain] = []
    start = 0
    for at, entry in enumerate(entries, 1):
        if not entry.flags & Flag.LINKED or at == len(entries):
            chains.append(entries[start:at])
            start = at
    return chains


def apply_chain(state: State, chain: Chain, scene: Scene) -> tuple[State, list[Result]]:
    firsts = look_at_members(state, chain, scene)
    if all(first is not None and first.flags & ResultFlag.DUPLICATE for first in firsts):
        return state, [first for first in firsts if first is not None]
    refused_at: int | None = None
    code = NUMBERS["chain.broken"]
    amounts_minor = [0] * len(chain)
    trial = state.copy()
    if any(first is not None for first in firsts):
        refused_at = -1  # none of those that may stand is at fault
    elif chain[-1].flags & Flag.LINKED:
        refused_at, code = len(chain) - 1, NUMBERS["chain.open"]
    else:
        for at, entry in enumerate(chain):
            try:
                amounts_minor[at] = apply_member(trial, chain, entry, scene)
            except Refusal as refusal:
                refused_at, code = at, refusal.code
                break
    after = trial if refused_at is None else state.copy()
    results = []
    for at, (entry, first) in enumerate(zip(chain, firsts, strict=True)):
        result = first
        if result is None:
            result = result_of(entry, at, amounts_minor, refused_at, code)
            remember(after, entry, result, scene)
        results.append(result)
    return after, results


def look_at_members(state: State, chain: Chain, scene: Scene) -> list[Result | None]:
    """Codes 20 to 23 and duplicates, as of the state before the chain; None: nothing of these."""
    firsts: list[Result | None] = []
    seen: set[bytes] = set()
    for entry in chain:
        first = look_first(state, entry, scene)
        if first is None and entry.id in seen:
            first = Result(entry.kind, NUMBERS["ledger.id_reused"])
        seen.add(entry.id)
        firsts.append(first)
    return firsts


def apply_member(state: State, chain: Chain, entry: Entry, scene: Scene) -> int:
    """One member in its turn; with the last one, what the chain is netted to."""
    is_net = bool(chain[0].flags & Flag.NET)
    refuse_if(bool(entry.flags & Flag.NET) != is_net, "ledger.inconsistent")
    amount_minor = apply_rule(state, entry, scene)
    if is_net and entry is chain[-1]:
        check_net(state)
    return amount_minor


def check_net(state: State) -> None:
    """Code 46 of a netted chain: nobody is left with less than nothing."""
    accounts = list(state.accounts.values())
    for row in state.balances.values():
        overdrawn = row.available_minor() < 0
        is_nostro = accounts[row.account].has(AccountFlag.NOSTRO)
        refuse_if(overdrawn and not is_nostro, "ledger.exceeds_available")


def result_of(
    entry: Entry, at: int, amounts_minor: list[int], refused_at: int | None, code: int
) -> Result:
    if refused_at is None:
        return Result(entry.kind, amount_minor=amounts_minor[at])
    return Result(entry.kind, code if at == refused_at else NUMBERS["chain.broken"])


def remember(state: State, entry: Entry, result: Result, scene: Scene) -> None:
    state.remembered[scene.institution, entry.id] = Remembered(
        hash_bytes("instruction", entry.instruction()),
        result.code,
        scene.height,
        entry.valid_until_ns,
    )
