"""genesis.json: what a chain starts from, readable by people, and the entries built from it.

The chain id is the hash of the time and the entries, so it covers assets, keys, accounts and
limits. Names (of the chain, of institutions, ids of accounts) are for people and are not part of
it: renaming an account does not make another chain.

The entries stand in one order: assets, keys, accounts, limits, each as listed in the file.
"""

from __future__ import annotations

import json
import re
import time
from calendar import timegm
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from clearway.ledger.crypto import hash_bytes
from clearway.ledger.strict_json import parse_strict
from clearway.payment.errors import Refusal
from clearway.payment.ids import ACCOUNT_ID
from clearway.payment.money import Asset, format_amount, parse_amount, parse_asset_code
from clearway.payment.records import (
    ACCOUNT_ASSETS_MAX,
    AccountFlag,
    Control,
    Kind,
    Purpose,
    flag_names,
    pack_account_units,
    pack_asset_unit,
    pack_head,
    pack_key_reference,
    pack_key_unit,
)

GENESIS_BYTES_MAX = 16 * 1024 * 1024
FORMAT = "clearway genesis 1"
UNIT_BYTES = 64
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d)\.(\d{9})Z", re.ASCII)
_CUSTODIAL = bytes(32)
_GENESIS_FLAGS = AccountFlag.NOSTRO | AccountFlag.OPERATING
_Row = TypeVar("_Row")


class GenesisError(ValueError):
    """A genesis that cannot be read; `where` is the path inside the file."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"genesis: {where}: {what}")
        self.where = where
        self.what = what


@dataclass(frozen=True, slots=True)
class GenesisInstitution:
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class GenesisKey:
    """key: 32 bytes, Ed25519."""

    key: bytes
    institution: int
    purposes: Purpose
    activation_height: int


@dataclass(frozen=True, slots=True)
class GenesisAccount:
    """id: its name for people and clients. owner: 32 zero bytes when the institution keeps it."""

    id: str
    address: bytes
    institution: int
    flags: AccountFlag
    assets: tuple[str, ...]
    owner: bytes = _CUSTODIAL


@dataclass(frozen=True, slots=True)
class GenesisLimit:
    """The most that a key may move of an asset, per payment and per day."""

    key: bytes
    asset: str
    payment_minor_max: int
    day_minor_max: int


@dataclass(frozen=True, slots=True)
class Genesis:
    name: str
    time_ns: int
    institutions: tuple[GenesisInstitution, ...]
    assets: tuple[Asset, ...]
    keys: tuple[GenesisKey, ...]
    accounts: tuple[GenesisAccount, ...]
    limits: tuple[GenesisLimit, ...] = ()

    def entries(self) -> bytes:
        """The canonical entries of block 0. An entry's id is its place, counted from 1."""
        entries: list[bytes] = []
        for asset in self.assets:
            entries.append(_asset_entry(_place_id(entries), asset))
        for key in self.keys:
            entries.append(_key_entry(_place_id(entries), key))
        for account in self.accounts:
            numbers = [self.asset(code).number for code in account.assets]
            entries.append(_account_entry(_place_id(entries), account, numbers))
        for limit in self.limits:
            number = self.asset(limit.asset).number
            entries.append(_limit_entry(_place_id(entries), limit, number))
        return b"".join(entries)

    def chain_id(self) -> bytes:
        """32 bytes (docs/format.md, Block)."""
        return hash_bytes("genesis", self.time_ns.to_bytes(8, "little") + self.entries())

    def sequence_key(self, key: bytes, height: int) -> bool:
        """Whether `key` may make a block of this height final. Only keys of genesis count:
        whoever checks a receipt trusts this file and nothing later."""
        return any(
            row.key == key and row.purposes & Purpose.SEQUENCE and row.activation_height <= height
            for row in self.keys
        )

    def asset(self, code: str) -> Asset:
        """Raises GenesisError."""
        for asset in self.assets:
            if asset.code == code:
                return asset
        raise GenesisError("assets", f"there is no {code!r}")


def _place_id(entries: Sequence[bytes]) -> bytes:
    return (len(entries) + 1).to_bytes(16, "big")


def _asset_entry(id: bytes, row: Asset) -> bytes:
    head = pack_head(kind=Kind.REGISTER_ASSET, id=id, valid_until_ns=0, asset=row.number, units=1)
    unit = pack_asset_unit(row.code, row.scale, controls=row.controls, issuer=row.issuer)
    return head + unit


def _key_entry(id: bytes, row: GenesisKey) -> bytes:
    unit = pack_key_unit(
        key=row.key,
        institution=row.institution,
        purposes=row.purposes,
        activation_height=row.activation_height,
    )
    return pack_head(kind=Kind.REGISTER_KEY, id=id, valid_until_ns=0, units=1) + unit


def _account_entry(id: bytes, row: GenesisAccount, assets: Sequence[int]) -> bytes:
    units = pack_account_units(owner=row.owner, flags=row.flags, assets=assets)
    head = pack_head(
        kind=Kind.OPEN_ACCOUNT,
        id=id,
        valid_until_ns=0,
        purpose=row.institution,
        payer=row.address,
        units=len(units) // UNIT_BYTES,
    )
    return head + units


def _limit_entry(id: bytes, row: GenesisLimit, asset: int) -> bytes:
    head = pack_head(
        kind=Kind.SET_LIMIT,
        id=id,
        valid_until_ns=0,
        asset=asset,
        amount_minor=row.payment_minor_max,
        to_amount_minor=row.day_minor_max,
        units=1,
    )
    return head + pack_key_reference(row.key)


# --- the file -----------------------------------------------------------------------------------


def load_genesis(path: Path) -> Genesis:
    """Raises GenesisError, OSError."""
    return parse_genesis(path.read_bytes())


def dump_genesis(genesis: Genesis) -> str:
    """The file's text; `parse_genesis` gives an equal Genesis back."""
    assets = {asset.code: asset for asset in genesis.assets}
    return (
        json.dumps(
            {
                "format": FORMAT,
                "name": genesis.name,
                "time": _format_time(genesis.time_ns),
                "institutions": [
                    {"number": row.number, "name": row.name} for row in genesis.institutions
                ],
                "assets": [_dump_asset(asset) for asset in genesis.assets],
                "keys": [
                    {
                        "key": row.key.hex(),
                        "institution": row.institution,
                        "purposes": flag_names(Purpose, row.purposes),
                        "activation_height": row.activation_height,
                    }
                    for row in genesis.keys
                ],
                "accounts": [_dump_account(row) for row in genesis.accounts],
                "limits": [
                    {
                        "key": row.key.hex(),
                        "asset": row.asset,
                        "payment_max": format_amount(row.payment_minor_max, assets[row.asset]),
                        "day_max": format_amount(row.day_minor_max, assets[row.asset]),
                    }
                    for row in genesis.limits
                ],
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )


def parse_genesis(data: bytes) -> Genesis:
    """Text of genesis.json → Genesis. Everything unknown, missing or doubled is refused.

    Raises GenesisError.
    """
    if len(data) > GENESIS_BYTES_MAX:
        raise GenesisError("file", f"has more than {GENESIS_BYTES_MAX} bytes")
    try:
        text = parse_strict(data)
    except ValueError as error:
        raise GenesisError("file", str(error)) from error
    fields = _fields(
        text, "file",
        "format", "name", "time", "institutions", "assets", "keys", "accounts", "limits",
    )  # fmt: skip
    if fields["format"] != FORMAT:
        raise GenesisError("format", f"is not {FORMAT!r}")
    assets = _rows(fields["assets"], "assets", _parse_asset)
    by_code = {asset.code: asset for asset in assets}
    genesis = Genesis(
        name=_text(fields["name"], "name"),
        time_ns=_parse_time(fields["time"]),
        institutions=_rows(fields["institutions"], "institutions", _parse_institution),
        assets=assets,
        keys=_rows(fields["keys"], "keys", _parse_key),
        accounts=_rows(fields["accounts"], "accounts", _parse_account),
        limits=_rows(
            fields["limits"],
            "limits",
            lambda value, where, place: _parse_limit(value, where, by_code),
        ),
    )
    _check_references(genesis)
    return genesis


def _check_references(genesis: Genesis) -> None:
    institutions = {row.number for row in genesis.institutions}
    _check_distinct("institutions", [row.number for row in genesis.institutions])
    _check_distinct("assets", [row.code for row in genesis.assets])
    _check_distinct("keys", [row.key for row in genesis.keys])
    _check_distinct("accounts", [row.id for row in genesis.accounts])
    _check_distinct("accounts", [row.address for row in genesis.accounts])
    for where, numbers in (
        ("keys", [row.institution for row in genesis.keys]),
        ("accounts", [row.institution for row in genesis.accounts]),
        ("assets", [row.issuer for row in genesis.assets]),
    ):
        for place, number in enumerate(numbers):
            if number not in institutions and (number or where != "assets"):
                raise GenesisError(f"{where}[{place}]", f"there is no institution {number}")
    keys = {row.key for row in genesis.keys}
    for place, limit in enumerate(genesis.limits):
        if limit.key not in keys:
            raise GenesisError(f"limits[{place}].key", "is not a key of this genesis")
    codes = {asset.code for asset in genesis.assets}
    for place, account in enumerate(genesis.accounts):
        for code in account.assets:
            if code not in codes:
                raise GenesisError(f"accounts[{place}].assets", "name an asset that is not there")


def _check_distinct(where: str, values: Sequence[object]) -> None:
    seen = set()
    for place, value in enumerate(values):
        if value in seen:
            raise GenesisError(f"{where}[{place}]", "stands twice")
        seen.add(value)


# --- its rows -----------------------------------------------------------------------------------


def _parse_institution(value: object, where: str, _place: int) -> GenesisInstitution:
    fields = _fields(value, where, "number", "name")
    number = _number(fields["number"], f"{where}.number", 2**32 - 1)
    if number == 0:
        raise GenesisError(f"{where}.number", "is 0; institutions count from 1")
    return GenesisInstitution(number, _text(fields["name"], f"{where}.name"))


def _dump_asset(asset: Asset) -> object:
    if not asset.controls:
        return asset.code
    controls = flag_names(Control, asset.controls)
    return {"code": asset.code, "controls": controls, "issuer": asset.issuer}


def _parse_asset(value: object, where: str, place: int) -> Asset:
    """A code, or an object that also says what the asset's issuer may do."""
    if isinstance(value, dict):
        fields = _fields(value, where, "code", "controls", "issuer")
        controls = _flags(fields["controls"], f"{where}.controls", Control)
        issuer = _number(fields["issuer"], f"{where}.issuer", 2**32 - 1)
        if not controls or not issuer:
            raise GenesisError(where, "has no controls or no issuer; then its code alone is due")
        plain = _parse_code(fields["code"], f"{where}.code", place)
        return replace(plain, controls=controls, issuer=issuer)
    return _parse_code(value, where, place)


def _parse_code(value: object, where: str, place: int) -> Asset:
    try:
        _currency, scale = parse_asset_code(_text(value, where))
    except Refusal as error:
        raise GenesisError(where, "is not an asset's code, such as EUR/2") from error
    return Asset(place + 1, cast(str, value), scale)


def _parse_key(value: object, where: str, _place: int) -> GenesisKey:
    fields = _fields(value, where, "key", "institution", "purposes", "activation_height")
    return GenesisKey(
        key=_hex(fields["key"], f"{where}.key", 32),
        institution=_number(fields["institution"], f"{where}.institution", 2**32 - 1),
        purposes=_purposes(fields["purposes"], f"{where}.purposes"),
        activation_height=_number(
            fields["activation_height"], f"{where}.activation_height", 2**63 - 1
        ),
    )


def _purposes(value: object, where: str) -> Purpose:
    purposes = Purpose(_flags(value, where, Purpose))
    if not purposes:
        raise GenesisError(where, "are none")
    return purposes


def _parse_account(value: object, where: str, _place: int) -> GenesisAccount:
    fields = _fields(
        value, where, "id", "address", "institution", "flags", "assets", optional=("owner",)
    )
    id = _text(fields["id"], f"{where}.id")
    if ACCOUNT_ID.fullmatch(id) is None:
        raise GenesisError(f"{where}.id", "is not an account's id")
    flags = AccountFlag(_flags(fields["flags"], f"{where}.flags", AccountFlag))
    if flags & ~_GENESIS_FLAGS:
        raise GenesisError(f"{where}.flags", "only nostro and operating may be set")
    assets = _rows(fields["assets"], f"{where}.assets", lambda code, at, _: _text(code, at))
    if len(assets) > ACCOUNT_ASSETS_MAX:
        raise GenesisError(f"{where}.assets", f"are more than {ACCOUNT_ASSETS_MAX}")
    _check_distinct(f"{where}.assets", assets)
    owner = fields.get("owner")
    return GenesisAccount(
        id=id,
        address=_hex(fields["address"], f"{where}.address", 20),
        institution=_number(fields["institution"], f"{where}.institution", 2**32 - 1),
        flags=flags,
        assets=assets,
        owner=_CUSTODIAL if owner is None else _hex(owner, f"{where}.owner", 32),
    )


def _dump_account(row: GenesisAccount) -> dict[str, object]:
    fields: dict[str, object] = {
        "id": row.id,
        "address": row.address.hex(),
        "institution": row.institution,
        "flags": flag_names(AccountFlag, row.flags),
        "assets": list(row.assets),
    }
    if row.owner != _CUSTODIAL:
        fields["owner"] = row.owner.hex()
    return fields


def _parse_limit(value: object, where: str, assets: dict[str, Asset]) -> GenesisLimit:
    fields = _fields(value, where, "key", "asset", "payment_max", "day_max")
    asset = assets.get(_text(fields["asset"], f"{where}.asset"))
    if asset is None:
        raise GenesisError(f"{where}.asset", "names an asset that is not there")
    try:
        payment_minor_max = parse_amount(fields["payment_max"], asset)
        day_minor_max = parse_amount(fields["day_max"], asset)
    except Refusal as error:
        raise GenesisError(where, f"has an amount that is refused as {error.code}") from error
    key = _hex(fields["key"], f"{where}.key", 32)
    return GenesisLimit(key, asset.code, payment_minor_max, day_minor_max)


# --- values of JSON -----------------------------------------------------------------------------


def _fields(
    value: object, where: str, *names: str, optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise GenesisError(where, "is not an object")
    for name in names:
        if name not in value:
            raise GenesisError(where, f"{name!r} is missing")
    for name in value:
        if name not in names and name not in optional:
            raise GenesisError(where, "has a key that does not belong there")
    return cast(dict[str, Any], value)


def _rows(value: object, where: str, parse: Callable[[object, str, int], _Row]) -> tuple[_Row, ...]:
    if not isinstance(value, list):
        raise GenesisError(where, "is not a list")
    return tuple(parse(row, f"{where}[{place}]", place) for place, row in enumerate(value))


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 256:
        raise GenesisError(where, "is not a text of 1 to 256 characters")
    return value


def _number(value: object, where: str, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise GenesisError(where, f"is not a whole number from 0 to {most}")
    return value


def _hex(value: object, where: str, size: int) -> bytes:
    if not isinstance(value, str) or re.fullmatch(f"[0-9a-f]{{{2 * size}}}", value) is None:
        raise GenesisError(where, f"is not {2 * size} lower-case hex digits")
    return bytes.fromhex(value)


def _flags(value: object, where: str, known: type[Purpose | AccountFlag | Control]) -> int:
    names = {flag.name.lower(): flag.value for flag in known if flag.name}
    chosen = _rows(value, where, lambda name, at, _: _text(name, at))
    _check_distinct(where, chosen)
    for name in chosen:
        if name not in names:
            raise GenesisError(where, f"has one that is none of {', '.join(names)}")
    return sum(names[name] for name in chosen)


def _parse_time(value: object) -> int:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    try:
        second = -1 if match is None else timegm(time.strptime(match[1], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        second = -1
    if match is None or second < 0:
        raise GenesisError("time", "is not a time such as 2026-01-01T00:00:00.000000000Z")
    time_ns = second * 1_000_000_000 + int(match[2])
    if time_ns >= 2**64:
        raise GenesisError("time", "is too late")
    return time_ns


def _format_time(time_ns: int) -> str:
    second, rest_ns = divmod(time_ns, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(second))}.{rest_ns:09d}Z"
