"""What an institution registers: assets, nostro and operating accounts for them, signing keys and
their limits.

The entries are signed by the node's governance key, which no payment is signed with.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from msgspec.structs import replace

from clearway.gateway import accounts, instructions
from clearway.gateway.asset_schemas import AssetInfo, KeyLimit, SigningKey
from clearway.gateway.door import Answer, Ask, Move, check_accepted
from clearway.gateway.schemas import Listing
from clearway.payment.batch import VALID_NS, Placed, Submission
from clearway.payment.errors import Refusal
from clearway.payment.ids import operating_account
from clearway.payment.money import Asset, format_amount, parse_amount, parse_asset_code
from clearway.payment.records import (
    AccountFlag,
    Control,
    Kind,
    Purpose,
    pack_asset_unit,
    pack_head,
    pack_key_reference,
    pack_key_unit,
    parse_asset_unit,
    parse_key_unit,
    u128,
    view_heads,
)
from clearway.store.vault import AccountRecord

ASSETS_CLAIM = b"assets"  # their numbers follow one another, so that one is registered at a time
_OF_NAME = {one.name.lower(): one for one in Control if one.name}
_FIRST_DAY: Final = date(1970, 1, 1)
_PURPOSES = {one.name.lower(): one for one in Purpose if one.name}


def _submission(ask: Ask, kind: Kind, unit: bytes, **fields: Any) -> Submission:
    now_ns = ask.door.node.clock()
    head = pack_head(
        kind=kind, id=ask.op_id, created_ns=now_ns, valid_until_ns=now_ns + VALID_NS, units=1,
        **fields,
    )  # fmt: skip
    return Submission(head=head, request_hash=ask.request_hash, units=unit)


# --- assets ---------------------------------------------------------------------------------------


async def _prepare_asset(ask: Ask) -> Submission:
    """Refuses request.invalid, asset.code_taken, idempotency.in_progress."""
    body, directory = ask.body, ask.door.directory
    scale = _scale_of(body.code)
    controls = sum(_OF_NAME[name] for name in set(body.controls))
    if body.issuer is not None and not controls:
        raise Refusal("request.invalid", field="issuer", what="an issuer comes with controls")
    issuer = (body.issuer or ask.key.institution) if controls else 0
    ask.door.claim(ask, ASSETS_CLAIM)
    known = directory.assets()
    if any(asset.code == body.code for asset in known):
        raise Refusal("asset.code_taken")
    await ask.door.record(ask, "asset.register", asset=body.code)
    unit = pack_asset_unit(body.code, scale, controls=controls, issuer=issuer)
    return _submission(ask, Kind.REGISTER_ASSET, unit, asset=len(known) + 1)


def _scale_of(code: str) -> int:
    try:
        return parse_asset_code(code)[1]
    except Refusal:
        what = "a code such as EUR/2: letters, digits and points, then the number of decimals"
        raise Refusal("request.invalid", field="code", what=what) from None


async def _answer_asset(ask: Ask, placed: Placed) -> Answer:
    """As it was registered, and the same for ever."""
    check_accepted(ask, placed)
    number = int.from_bytes(placed.head[4:8], "little")
    asset = Asset(number, *parse_asset_unit(placed.units))
    return Answer(201, show_asset(asset, paused=False))


def show_asset(asset: Asset, *, paused: bool) -> AssetInfo:
    return AssetInfo(
        "asset",
        asset.code,
        asset.scale,
        asset.number,
        controls=[name for name, one in _OF_NAME.items() if asset.controls & one],
        issuer=asset.issuer or None,
        paused=paused,
    )


ASSET = Move(_prepare_asset, _answer_asset, governs=True)

# --- accounts -------------------------------------------------------------------------------------


async def _prepare_nostro(ask: Ask) -> Submission:
    """Refuses asset.unknown, request.invalid, account.exists, idempotency.in_progress."""
    assets = [ask.door.directory.asset_of_code(code).number for code in ask.body.assets]
    return await _open(ask, "nostro.open", ask.body.id, assets, AccountFlag.NOSTRO)


async def _prepare_operating(ask: Ask) -> Submission:
    """Refuses asset.unknown, account.exists, idempotency.in_progress."""
    asset = ask.door.directory.asset_of_code(ask.body.asset)
    of_genesis = ask.door.directory.address(ask.body.role)
    if ask.door.node.book.balance(of_genesis, asset.number) is not None:
        raise Refusal("account.exists", account=ask.body.role)
    account = _operating_account(ask)
    return await _open(ask, "operating.open", account, [asset.number], AccountFlag.OPERATING)


def _operating_account(ask: Ask) -> str:
    asset = ask.door.directory.asset_of_code(ask.body.asset)
    return operating_account(ask.body.role, asset.number)


async def _open(
    ask: Ask, what: str, account: str, assets: list[int], flags: AccountFlag
) -> Submission:
    directory, node = ask.door.directory, ask.door.node
    address = directory.address(account)
    head, units = instructions.open_account(
        id=ask.op_id, address=address, assets=assets, now_ns=node.clock(), flags=flags
    )
    ask.door.claim(ask, address)
    if node.book.account(address) is not None:
        raise Refusal("account.exists", account=account)
    await ask.door.record(ask, what, account="0x" + address.hex())
    named = AccountRecord(address=address, id=account, owner=None, metadata=None)
    await ask.door.read(node.vault.save_account, named)
    directory.forget_name(address)
    return Submission(head=head, request_hash=ask.request_hash, units=units)


async def _answer_nostro(ask: Ask, placed: Placed) -> Answer:
    check_accepted(ask, placed)
    return Answer(201, await ask.door.read(accounts.show_opened, ask, ask.body.id))


async def _answer_operating(ask: Ask, placed: Placed) -> Answer:
    check_accepted(ask, placed)
    return Answer(201, await ask.door.read(accounts.show_opened, ask, _operating_account(ask)))


NOSTRO = Move(_prepare_nostro, _answer_nostro, governs=True)
OPERATING = Move(_prepare_operating, _answer_operating, governs=True)

# --- keys -----------------------------------------------------------------------------------------


async def _prepare_key(ask: Ask) -> Submission:
    """Refuses key.exists."""
    body, book = ask.body, ask.door.node.book
    key = bytes.fromhex(body.key)
    if any(row[0] == key for row in book.keys()):  # noqa: SIM118
        raise Refusal("key.exists")
    await ask.door.record(ask, "key.register", key=body.key, purposes=",".join(body.purposes))
    unit = pack_key_unit(
        key=key,
        institution=ask.key.institution,
        purposes=sum(_PURPOSES[name] for name in set(body.purposes)),
        activation_height=book.height + 1,
    )
    return _submission(ask, Kind.REGISTER_KEY, unit)


async def _answer_key(ask: Ask, placed: Placed) -> Answer:
    """As it was registered, and the same for ever."""
    check_accepted(ask, placed)
    return Answer(201, _show_key(*parse_key_unit(placed.units), revoked_height=0))


async def _prepare_revoke(ask: Ask) -> Submission:
    """Refuses key.unknown, key.already_revoked, request.invalid for a key of this node."""
    row = _find_key(ask)
    if row[0] in ask.door.node.own_keys:
        raise Refusal("request.invalid", field="key", what="this node signs with it")
    if row[4]:
        raise Refusal("key.already_revoked")
    await ask.door.record(ask, "key.revoke", key=ask.params["key"])
    return _submission(ask, Kind.REVOKE_KEY, pack_key_reference(row[0]))


def _find_key(ask: Ask) -> Any:
    for row in ask.door.node.book.keys():  # noqa: SIM118
        if row[0].hex() == ask.params["key"] and row[1] == ask.key.institution:
            return row
    raise Refusal("key.unknown")


async def _answer_revoke(ask: Ask, placed: Placed) -> Answer:
    check_accepted(ask, placed)
    return Answer(200, _show_key(*_find_key(ask)[:5]))


def list_keys(ask: Ask) -> Answer:
    """All of the ledger, in the order of their registration."""
    rows = ask.door.node.book.keys()
    return Answer(200, Listing("list", [_show_key(*row[:5]) for row in rows], False))


def _show_key(
    key: bytes, institution: int, purposes: int, activation_height: int, revoked_height: int
) -> SigningKey:
    return SigningKey(
        "signing_key",
        key.hex(),
        institution,
        [name for name, one in _PURPOSES.items() if purposes & one],
        activation_height,
        revoked_height or None,
    )


# --- limits ---------------------------------------------------------------------------------------


async def _prepare_limit(ask: Ask) -> Submission:
    """Refuses key.unknown, asset.unknown, amount.*; request.invalid for a day's that is below a
    payment's."""
    body, key = ask.body, _find_key(ask)[0]
    asset = ask.door.directory.asset_of_code(body.asset)
    payment_minor_max = parse_amount(body.payment_max, asset)
    day_minor_max = parse_amount(body.day_max, asset)
    if day_minor_max < payment_minor_max:
        raise Refusal("request.invalid", field="day_max", what="it is below payment_max")
    await ask.door.record(
        ask, "key.limit", key=ask.params["key"], asset=asset.code,
        payment_max=body.payment_max, day_max=body.day_max,
    )  # fmt: skip
    return _submission(
        ask, Kind.SET_LIMIT, pack_key_reference(key), asset=asset.number,
        amount_minor=payment_minor_max, to_amount_minor=day_minor_max,
    )  # fmt: skip


async def _answer_limit(ask: Ask, placed: Placed) -> Answer:
    """As it was set, and the same for ever."""
    check_accepted(ask, placed)
    head = view_heads(placed.head)[0]
    asset = ask.door.directory.asset(int(head["asset"]))
    maxima_minor = u128(head, "amount"), u128(head, "to_amount")
    return Answer(201, _show_limit(ask.params["key"], asset, *maxima_minor))


def _show_limit(key: str, asset: Asset, payment_minor_max: int, day_minor_max: int) -> KeyLimit:
    maxima = (format_amount(minor, asset) for minor in (payment_minor_max, day_minor_max))
    return KeyLimit("limit", key, asset.code, *maxima)


def list_limits(ask: Ask) -> Answer:
    """In the order in which they were first set. Refuses key.unknown."""
    wanted, directory = _find_key(ask)[0], ask.door.directory
    data = []
    for key, number, *maxima_minor, used_minor, day in ask.door.node.book.limits():
        if key != wanted:
            continue
        asset = directory.asset(number)
        shown = _show_limit(key.hex(), asset, *maxima_minor)
        if day:
            used, on = format_amount(used_minor, asset), _FIRST_DAY + timedelta(days=day)
            shown = replace(shown, used=used, day=on.isoformat())
        data.append(shown)
    return Answer(200, Listing("list", data, False))


LIMIT = Move(_prepare_limit, _answer_limit, governs=True)
KEY_OF = Move(_prepare_key, _answer_key, governs=True)
REVOKE = Move(_prepare_revoke, _answer_revoke, governs=True)
