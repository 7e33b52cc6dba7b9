"""Accounts: open, close, freeze, and see them."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from clearway.gateway import instructions
from clearway.gateway.account_schemas import Account, AccountStatus
from clearway.gateway.authority_seen import show_policy, show_recovery
from clearway.gateway.door import Answer, Ask, Move, check_accepted
from clearway.gateway.instructions import NO_OWNER, seal_private
from clearway.gateway.render import to_json
from clearway.gateway.schemas import Listing
from clearway.gateway.times import format_time
from clearway.ledger.book import Account as LedgerAccount
from clearway.payment.batch import Placed, Submission
from clearway.payment.errors import Refusal
from clearway.payment.records import AccountFlag, Kind, parse_account_units
from clearway.store.vault import AccountRecord

GIVEN_ID_PREFIX = "acc_"

# --- open ---------------------------------------------------------------------------------------


def _account_id(ask: Ask) -> str:
    """The client's, or one from the request's id, so that a repeated request names the same."""
    given = GIVEN_ID_PREFIX + ask.op_id.hex()
    return given if ask.body.id is None else str(ask.body.id)


async def _prepare_open(ask: Ask) -> Submission:
    directory, node = ask.door.directory, ask.door.node
    assets = [directory.asset_of_code(code).number for code in ask.body.assets]
    parent = _check_parent(ask)
    account = _account_id(ask)
    address = directory.address(account)
    head, units = instructions.open_account(
        id=ask.op_id,
        address=address,
        assets=assets,
        now_ns=node.clock(),
        category=ask.body.category or 0,
        parent=parent,
        owner=_owner_key(ask),
    )
    ask.door.claim(ask, address)
    if node.book.account(address) is not None:
        raise Refusal("account.exists", account=account)
    # Before ordering: once the account stands on the ledger its owner must be known for screening.
    await ask.door.read(_save_record, ask, account, address, parent)
    directory.forget_name(address)
    return Submission(head=head, request_hash=ask.request_hash, units=units)


def _owner_key(ask: Ask) -> bytes:
    return NO_OWNER if ask.body.owner_key is UNSET else bytes.fromhex(ask.body.owner_key)


def _check_parent(ask: Ask) -> bytes | None:
    """The address of a sub-account's parent. Refuses account.unknown, account.closed and
    request.invalid where the parent says it already, or nobody does."""
    body = ask.body
    if body.parent is None:
        if not body.assets:
            raise Refusal("request.invalid", field="assets", what="an account needs an asset")
        return None
    for field in ("assets", "owner", "owner_key"):
        if getattr(body, field):
            raise Refusal("request.invalid", field=field, what="a sub-account has its parent's")
    parent = ask.door.directory.open_address(body.parent)
    row = ask.door.node.book.account(parent)
    if row is None or row.institution != ask.key.institution:
        raise Refusal("account.unknown", account=body.parent)
    return parent


def _save_record(ask: Ask, account: str, address: bytes, parent: bytes | None) -> None:
    """A sub-account is screened by its parent's owner."""
    vault = ask.door.node.vault
    above = None if parent is None else vault.account(parent)
    vault.save_account(_record(ask, account, address, None if above is None else above.owner))


def _record(ask: Ask, account: str, address: bytes, owner: bytes | None) -> AccountRecord:
    body = ask.body
    owner = owner if body.owner is None else to_json(_shown(body.owner))
    metadata = None if body.metadata is None else to_json(body.metadata)
    return AccountRecord(address=address, id=account, owner=owner, metadata=metadata)


def _shown(owner: msgspec.Struct) -> dict[str, object]:
    """What the client said of the owner, without the fields it left out."""
    said: dict[str, object] = msgspec.to_builtins(owner)
    return {name: value for name, value in said.items() if value is not None}


async def _answer_open(ask: Ask, placed: Placed) -> Answer:
    account = _account_id(ask)
    check_accepted(ask, placed, account=account)
    _owner, _flags, numbers = parse_account_units(placed.units)
    body, directory = ask.body, ask.door.directory
    address = directory.address(account)
    if body.parent is not None:  # whose assets never change
        numbers = tuple(number for number, *_ in ask.door.node.book.balances(address))
    shown = Account(
        id=account,
        object="account",
        created=format_time(placed.time_ns),
        status="open",
        address="0x" + address.hex(),
        owner=None if body.owner is None else _shown(body.owner),
        category=body.category,
        assets=[directory.asset(number).code for number in numbers],
        metadata=body.metadata or {},
        parent=UNSET if body.parent is None else body.parent,
        owner_key=body.owner_key,
    )
    return Answer(201, shown)


OPEN = Move(_prepare_open, _answer_open)

# --- close, freeze, unfreeze --------------------------------------------------------------------


async def _prepare_close(ask: Ask) -> Submission:
    address = ask.door.directory.open_address(ask.params["account"])
    return _on_account(ask, Kind.CLOSE_ACCOUNT, address, note=None)


async def _prepare_freeze(ask: Ask) -> Submission:
    address = ask.door.directory.open_address(ask.params["account"])
    await ask.door.record(ask, "account.freeze", account="0x" + address.hex())
    return _on_account(ask, Kind.FREEZE, address, note=ask.body.note)


async def _prepare_unfreeze(ask: Ask) -> Submission:
    address = ask.door.directory.open_address(ask.params["account"])
    await ask.door.record(ask, "account.unfreeze", account="0x" + address.hex())
    return _on_account(ask, Kind.UNFREEZE, address, note=ask.body.note)


def _on_account(ask: Ask, kind: Kind, address: bytes, *, note: str | None) -> Submission:
    private, details = seal_private(by=ask.key.principal, api_key=ask.key.id, note=note)
    head = instructions.on_account(
        kind, id=ask.op_id, address=address, now_ns=ask.door.node.clock(), details=details
    )
    return Submission(head=head, request_hash=ask.request_hash, private=private)


async def _answer_close(ask: Ask, placed: Placed) -> Answer:
    return await _answer_flag(ask, placed, AccountFlag.CLOSED)


async def _answer_freeze(ask: Ask, placed: Placed) -> Answer:
    return await _answer_flag(ask, placed, AccountFlag.FROZEN)


async def _answer_unfreeze(ask: Ask, placed: Placed) -> Answer:
    return await _answer_flag(ask, placed, 0)


async def _answer_flag(ask: Ask, placed: Placed, flags: int) -> Answer:
    """The account as the act left it."""
    account = ask.params["account"]
    check_accepted(ask, placed, account=account)
    address = ask.door.directory.address(account)
    row = ask.door.node.book.account(address)
    assert row is not None, "invariant: an account never leaves the ledger"
    return Answer(200, await ask.door.read(_render, ask, row, flags))


CLOSE = Move(_prepare_close, _answer_close)
FREEZE = Move(_prepare_freeze, _answer_freeze)
UNFREEZE = Move(_prepare_unfreeze, _answer_unfreeze)

# --- seeing them --------------------------------------------------------------------------------


def find_account(ask: Ask) -> LedgerAccount:
    """Accounts of other institutions are not shown. Refuses account.unknown."""
    account = ask.params["account"]
    row = ask.door.node.book.account(ask.door.directory.address(account))
    if row is None or row.institution != ask.key.institution:
        raise Refusal("account.unknown", account=account)
    return row


def _render(ask: Ask, row: LedgerAccount, flags: int) -> Account:
    directory, node = ask.door.directory, ask.door.node
    record = node.vault.account(row.address)
    owner = record.owner if record is not None else None
    metadata = record.metadata if record is not None else None
    held = node.book.balances(row.address)
    kept = node.book.policy(row.address)
    return Account(
        id=directory.name(row.address),
        object="account",
        created=format_time(row.opened_ns),
        status=_status(flags),
        address="0x" + row.address.hex(),
        owner=msgspec.json.decode(owner) if owner else None,
        category=row.category or None,
        assets=[directory.asset(number).code for number, *_ in held],
        metadata=msgspec.json.decode(metadata) if metadata else {},
        parent=_parent_name(ask, row),
        owner_key=UNSET if kept or row.owner == NO_OWNER else row.owner.hex(),
        policy=UNSET if kept is None else show_policy(ask, kept),
        recovery=UNSET if kept is None else show_recovery(kept),
    )


def _parent_name(ask: Ask, row: LedgerAccount) -> str | UnsetType:
    parent = None if row.parent is None else ask.door.node.book.account_at(row.parent)
    return UNSET if parent is None else ask.door.directory.name(parent.address)


def _status(flags: int) -> AccountStatus:
    if flags & AccountFlag.CLOSED:
        return "closed"
    return "frozen" if flags & AccountFlag.FROZEN else "open"


def show_opened(ask: Ask, account: str) -> Account:
    """An account of this name as it was opened, without what its client said of it."""
    row = ask.door.node.book.account(ask.door.directory.address(account))
    assert row is not None, "invariant: an account never leaves the ledger"
    return _render(ask, row, 0)


def see(ask: Ask) -> Answer:
    row = find_account(ask)
    return Answer(200, _render(ask, row, row.flags))


def list_accounts(ask: Ask) -> Answer:
    query, node, directory = ask.query, ask.door.node, ask.door.directory
    ask.door.catch_up()
    after = query.starting_after
    rows = node.projections.accounts(
        ask.key.institution,
        limit=query.limit + 1,
        starting_after=None if after is None else directory.address(after),
    )
    data = []
    for row in rows[: query.limit]:
        account = node.book.account(row.address)
        assert account is not None, "invariant: the projections show what the ledger has"
        data.append(_render(ask, account, account.flags))
    return Answer(200, Listing("list", data, len(rows) > query.limit))
