"""The specification and the kernel side by side: the same blocks in, and everything compared."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import clearway_kernel
from clearway.ledger.book import Standing
from spec import ledger as spec_ledger
from spec.hashing import leaf, result_leaf, tree_path
from spec.policy import MemberRole, parse_policy, policy_hash
from spec.records import (
    HEAD_BYTES,
    AccountFlag,
    DecodeError,
    Kind,
    decode_entries,
)
from spec.state import Account, State, subroots
from spec.terms import accrued_minor, parse_terms

Row = TypeVar("Row")


class Both:
    """Two ledgers of one chain. Every act is done to both, and then they are compared."""

    def __init__(self, *, time_ns: int, genesis: bytes, sequencer_seed: bytes) -> None:
        self.sequencer = Ed25519PrivateKey.from_private_bytes(sequencer_seed)
        self.names: set[tuple[int, bytes]] = set()  # that ever stood for something
        self.genesis = (time_ns, genesis)
        self.staged: tuple[int, list[bytes]] = (0, [])
        self.committed: list[tuple[int, list[bytes], bytes]] = []  # time, envelopes, finality
        self.spec = spec_ledger.genesis(time_ns=time_ns, entries=genesis)
        self.kernel = clearway_kernel.Ledger.create(None, time_ns=time_ns, genesis=genesis)
        assert self.kernel.chain_id == self.spec.chain_id
        assert self.kernel.state_root == self.spec.block.header.state_root
        self.compare_head()
        self.compare_state(self.spec.state)

    def stage(self, *, time_ns: int, envelopes: list[bytes]) -> spec_ledger.Ledger | None:
        """Stages a block in both and returns the longer chain; None when it does not decode, which
        leaves nothing staged."""
        try:
            longer = self.spec.stage(time_ns=time_ns, envelopes=envelopes)
        except DecodeError:
            self.check_kernel_refuses(time_ns, envelopes, clearway_kernel.DecodeError)
            return None
        except ValueError:
            self.check_kernel_refuses(time_ns, envelopes, ValueError)
            return None
        staged = self.kernel.stage(time_ns=time_ns, envelopes=envelopes)
        self.staged = (time_ns, envelopes)
        header = longer.block.header
        # The first difference should say where it is, so the narrow comparisons come first.
        assert codes(staged.results) == [result.code for result in longer.block.results]
        assert staged.results == b"".join(result.encode() for result in longer.block.results)
        self.compare_state(longer.state)
        assert staged.header == header.encode()
        assert staged.hash == longer.block.hash()
        assert (staged.height, staged.time_ns) == (header.height, header.time_ns)
        assert (staged.count, staged.state_root) == (header.count, header.state_root)
        assert staged.heads == heads(longer.block.entries)
        assert staged.units == units(longer.block.entries)
        check_laws(longer.state)
        return longer

    def check_kernel_refuses(
        self, time_ns: int, envelopes: list[bytes], error: type[Exception]
    ) -> None:
        try:
            self.kernel.stage(time_ns=time_ns, envelopes=envelopes)
        except error:
            self.compare_head()
            assert self.kernel.subroots() == subroots(self.spec.state)
            return
        raise AssertionError(f"the kernel took what is {error.__name__} to the specification")

    def commit(self, longer: spec_ledger.Ledger) -> None:
        self.kernel.commit(self.finality(longer))
        self.committed.append((*self.staged, self.finality(longer)))
        self.spec = longer
        self.compare_head()
        self.compare_block()

    def write_to(self, folder: Path) -> clearway_kernel.Ledger:
        """The committed blocks once more, as a chain on disk."""
        time_ns, genesis = self.genesis
        ledger = clearway_kernel.Ledger.create(str(folder), time_ns=time_ns, genesis=genesis)
        for at_ns, envelopes, finality in self.committed:
            ledger.stage(time_ns=at_ns, envelopes=envelopes)
            ledger.commit(finality)
        return ledger

    def finality(self, longer: spec_ledger.Ledger) -> bytes:
        """The sequencer's signature over the last block."""
        key = self.sequencer.public_key().public_bytes_raw()
        return b"\1\1" + key + self.sequencer.sign(longer.block.hash())

    def discard(self) -> None:
        self.kernel.discard()
        self.compare_head()
        self.compare_state(self.spec.state)

    # --- comparisons ------------------------------------------------------------------------

    def compare_head(self) -> None:
        header = self.spec.block.header
        assert self.kernel.height == header.height
        assert self.kernel.time_ns == header.time_ns
        assert self.kernel.head_hash == self.spec.block.hash()

    def compare_state(self, state: State) -> None:
        kernel = self.kernel
        assert kernel.accounts_count == len(state.accounts)
        assert kernel.assets() == [
            (asset.number, asset.code.rstrip(b"\0").decode(), asset.scale)
            for asset in state.assets.values()
        ]
        assert kernel.asset_controls() == [
            (asset.controls, asset.issuer, asset.flags != 0) for asset in state.assets.values()
        ]
        self.compare_accounts(state)
        self.compare_holds(state)
        self.compare_escrows(state)
        self.compare_mandates(state)
        self.compare_policies(state)
        assert kernel.keys() == [
            tuple(getattr(key, name) for name in key.__slots__) for key in state.keys.values()
        ]
        assert kernel.limits() == [
            tuple(getattr(limit, name) for name in limit.__slots__)
            for limit in state.limits.values()
        ]
        self.compare_names(state)
        assert kernel.trial_balance()[2] == trial_balance(state)
        assert kernel.subroots() == subroots(state)

    def compare_escrows(self, state: State) -> None:
        escrows = live(state.escrows)
        assert self.kernel.escrows_count == len(escrows)
        for escrow in escrows:
            found = self.kernel.escrow(escrow.institution, escrow.id)
            assert found is not None
            for name in escrow.__slots__:
                value = b"".join(escrow.terms) if name == "terms" else getattr(escrow, name)
                assert getattr(found, name) == value, name
            now_ns, terms = self.spec.block.header.time_ns, parse_terms(escrow.terms)
            accrued = accrued_minor(terms, escrow.amount_minor, now_ns)
            assert found.accrued_minor(now_ns) == accrued

    def compare_mandates(self, state: State) -> None:
        mandates = live(state.mandates)
        for mandate in mandates:
            found = self.kernel.mandate(mandate.institution, mandate.id)
            assert found is not None
            for name in mandate.__slots__:
                if name != "id":
                    assert getattr(found, name) == getattr(mandate, name), name
        fixed = [row.id for row in mandates if row.institution == 1 and row.flags]
        assert self.kernel.standing_orders(1) == b"".join(fixed)

    def compare_policies(self, state: State) -> None:
        for account in state.accounts.values():
            row = state.find_policy(account.settles_at())
            found = self.kernel.policy(account.address)
            assert (found is None) == (row is None)
            if found is not None and row is not None:
                assert found.units == b"".join(row.units)
                assert found.recovery_key == (row.recovery_key if any(row.recovery_key) else None)
                assert found.recover_at_ns == row.recover_at_ns
                spends = state.spends_of(row.account)
                assert found.spends == [(one.unit, one.used_minor, one.day) for one in spends]

    def compare_names(self, state: State) -> None:
        """What ids stand for; also those that stand for nothing any more, or not yet."""
        holds = {(hold.institution, hold.id): hold for hold in live(state.holds)}
        escrows = {(escrow.institution, escrow.id) for escrow in live(state.escrows)}
        self.names |= {*holds, *escrows, *state.refunds, *state.remembered}
        for name in self.names:
            refund, row = state.refunds.get(name), state.remembered.get(name)
            assert self.kernel.refunded(*name) == (
                refund and (refund.amount_minor, refund.refunded_minor)
            )
            assert self.kernel.remembered(*name) == (
                row and (row.instruction_hash, row.code, row.height)
            )
            assert (self.kernel.hold(*name) is None) == (name not in holds)
            assert (self.kernel.escrow(*name) is None) == (name not in escrows)

    def compare_accounts(self, state: State) -> None:
        accounts = [state.seen(row) for row in state.accounts.values()]
        for number, account in enumerate(accounts):
            for found in (self.kernel.account(account.address), self.kernel.account_at(number)):
                assert found is not None
                assert (found.number, found.address) == (account.number, account.address)
                assert (found.institution, found.flags) == (account.institution, account.flags)
                assert (found.owner, found.opened_ns) == (account.owner, account.opened_ns)
                assert found.category == account.category
                assert found.parent == (account.parent - 1 if account.parent else None)
            rows = [
                (row.asset, row.posted_minor, row.pending_in_minor, row.pending_out_minor)
                for row in state.balances.values()
                if row.account == account.settles_at()
            ]
            assert sorted(self.kernel.balances(account.address)) == sorted(rows)
            for asset, *amounts in rows:
                assert self.kernel.balance(account.address, asset) == tuple(amounts)
                flags = state.balances[account.settles_at(), asset].flags
                assert self.kernel.balance_flags(account.address, asset) == flags
        assert self.kernel.account_at(len(state.accounts)) is None
        numbers = self.kernel.account_numbers(b"".join(state.accounts) + b"n" * 20)
        known, flags = numbers[:-4], [account.flags for account in accounts]
        assert numbers == struct.pack(f"<{len(flags) + 1}I", *range(len(flags)), 2**32 - 1)
        assert self.kernel.account_flags(known) == struct.pack(f"<{len(flags)}I", *flags)
        self.compare_standings(state, accounts)

    def compare_standings(self, state: State, accounts: list[Account]) -> None:
        """Of every account in every asset, and of nobody."""
        assets = range(1, len(state.assets) + 2)
        asked = [(account, asset) for account in accounts for asset in assets]
        standings = [
            Standing.KNOWN
            | (Standing.CLOSED if account.flags & AccountFlag.CLOSED else 0)
            | (Standing.HOLDS if (account.settles_at(), asset) in state.balances else 0)
            | (Standing.OWNED if account.owner != bytes(32) else 0)
            for account, asset in asked
        ]
        addresses = b"".join(account.address for account, _ in asked) + b"n" * 20
        numbers = struct.pack(f"<{len(asked) + 1}I", *(asset for _, asset in asked), 1)
        assert self.kernel.standings(addresses, numbers) == bytes([*standings, 0])

    def compare_holds(self, state: State) -> None:
        holds = live(state.holds)
        assert self.kernel.holds_count == len(holds)
        for hold in holds:
            found = self.kernel.hold(hold.institution, hold.id)
            assert found is not None
            assert (found.institution, found.id) == (hold.institution, hold.id)
            assert (found.payer, found.payee) == (hold.payer, hold.payee)
            assert (found.asset, found.amount_minor) == (hold.asset, hold.amount_minor)
            assert (found.expires_ns, found.outcome) == (hold.expires_ns, hold.outcome)
            assert found.closes == hold.closes
            assert found.legs == b"".join(leg.encode() for leg in hold.legs)
        ending = [*holds, *live(state.escrows), *live(state.mandates)]
        expiries = [row.expires_ns for row in ending]
        assert self.kernel.next_expiry_ns() == (min(expiries) if expiries else None)

    def compare_block(self) -> None:
        """The last block as it is read back, and two proofs out of it."""
        block, header = self.spec.block, self.spec.block.header
        found = self.kernel.block(header.height)
        assert found.header == header.encode()
        assert found.entries == b"".join(block.entries)
        assert found.results == b"".join(result.encode() for result in block.results)
        entries = [leaf(entry) for entry in block.entries]
        results = [result_leaf(result.encode()) for result in block.results]
        size = len(entries)
        for index in {size - 1, header.height % size} if size else ():
            proof = self.kernel.proof(header.height, index)
            assert (proof.index, proof.size) == (index, size)
            assert proof.entry == found.entry(index) == block.entries[index]
            assert proof.result == block.results[index].encode()
            assert proof.entry_path == b"".join(tree_path(entries, index))
            assert proof.result_path == b"".join(tree_path(results, index))


def live(slots: list[Row | None]) -> list[Row]:
    """The rows of a table with free slots."""
    return [row for row in slots if row is not None]


def codes(results: bytes) -> list[int]:
    return [int.from_bytes(results[at + 2 : at + 4], "little") for at in range(0, len(results), 32)]


def heads(entries: tuple[bytes, ...]) -> bytes:
    return b"".join(entry[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0") for entry in entries)


def units(entries: tuple[bytes, ...]) -> bytes:
    out = b""
    for entry in entries:
        if entry[1] not in (Kind.ENVELOPE, Kind.SWEEP):
            out += b"".join(decode_entries(entry)[0].units)
    return out


def trial_balance(state: State) -> list[tuple[int, int, int, int, int]]:
    rows = []
    for asset in state.assets:
        balances = [row for row in state.balances.values() if row.asset == asset]
        rows.append(
            (
                asset,
                sum(max(row.posted_minor, 0) for row in balances),
                sum(min(row.posted_minor, 0) for row in balances),
                sum(row.pending_in_minor for row in balances),
                sum(row.pending_out_minor for row in balances),
            )
        )
    return rows


# --- laws -----------------------------------------------------------------------------------


def check_laws(state: State) -> None:
    """What holds in every state, whatever the blocks were."""
    for _, positive, negative, pending_in, pending_out in trial_balance(state):
        assert positive + negative == 0  # money comes from a nostro and goes back to one
        assert pending_in == pending_out
    accounts = list(state.accounts.values())
    for row in state.balances.values():
        account = accounts[row.account]
        assert account.parent == 0  # a sub-account never has money of its own
        assert row.pending_in_minor >= 0
        assert row.pending_out_minor >= 0
        if account.has(AccountFlag.NOSTRO):
            assert (row.pending_in_minor, row.pending_out_minor) == (0, 0)
        else:
            assert row.available_minor() >= 0
    check_pending_is_what_is_promised(state)
    for escrow in live(state.escrows):
        assert 0 <= escrow.released_minor < escrow.amount_minor
    check_policies(state)
    for refund in state.refunds.values():
        assert 0 < refund.refunded_minor <= refund.amount_minor


def check_policies(state: State) -> None:
    """Every account with POLICY has one, which it names; no spend key is above its day's most."""
    rows = live(state.policies)
    accounts = list(state.accounts.values())
    assert sorted(row.account for row in rows) == [
        account.number for account in accounts if account.has(AccountFlag.POLICY)
    ]
    spends = 0
    for row in rows:
        assert accounts[row.account].owner == policy_hash(row.units) == row.policy_hash
        members = parse_policy(row.units).members
        for spend in state.spends_of(row.account):
            assert spend.used_minor <= members[spend.unit - 1].value
        spends += sum(member.role == MemberRole.SPEND_KEY for member in members)
    assert spends == len(live(state.spends))


def check_pending_is_what_is_promised(state: State) -> None:
    """By holds and escrows."""
    held_out: dict[tuple[int, int], int] = {}
    held_in: dict[tuple[int, int], int] = {}
    for hold in live(state.holds):
        for leg in hold.legs:
            giver = (state.accounts[leg.payer].settles_at(), leg.asset)
            getter = (state.accounts[leg.payee].settles_at(), leg.asset)
            held_out[giver] = held_out.get(giver, 0) + leg.amount_minor
            held_in[getter] = held_in.get(getter, 0) + leg.amount_minor
    for escrow in live(state.escrows):
        for held, party in ((held_out, escrow.payer), (held_in, escrow.payee)):
            name = (state.account_at(party).settles_at(), escrow.asset)
            held[name] = held.get(name, 0) + escrow.left_minor()
    for name, row in state.balances.items():
        assert row.pending_out_minor == held_out.get(name, 0)
        assert row.pending_in_minor == held_in.get(name, 0)
