"""What an entry says, in words: the bytes of docs/format.md decoded for people.

Receipts show nothing else: what is shown was covered by the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from clearway.payment.money import Asset, format_amount
from clearway.payment.records import (
    ENVELOPE,
    HEAD,
    HEAD_BYTES,
    LEG,
    RESULT,
    AccountFlag,
    Flag,
    Kind,
    Outcome,
    Purpose,
    Role,
    parse_account_units,
    u128,
)

UNIT_BYTES = 64
SIGNATURE_BYTES = 64
ENDED_BYTES = 32  # one ended hold in a sweep
_MOVES = frozenset({Kind.PAYMENT, Kind.POST, Kind.REFUND, Kind.ISSUE, Kind.REDEEM})
_ON_ACCOUNT = frozenset({Kind.CLOSE_ACCOUNT, Kind.FREEZE, Kind.UNFREEZE})


def describe_entry(entry: bytes, assets: Mapping[int, Asset]) -> dict[str, object]:
    """The fields of an entry that its kind uses.

    assets: by number; an asset that is not among them is shown by number, its amounts in minor
    units. Raises ValueError for bytes that are no entry.

    >>> describe_entry(pack_head(kind=Kind.VOID, id=bytes(16), valid_until_ns=0), {})["kind"]
    'void'
    """
    kind = _kind(entry)
    if kind is Kind.ENVELOPE:
        return _describe_envelope(entry)
    if kind is Kind.SWEEP:
        return _describe_sweep(entry)
    head, units = _split(entry)
    said: dict[str, object] = {"kind": kind.name.lower(), "id": head["id"].tobytes().hex()}
    if kind in _MOVES:
        said |= _describe_move(kind, head, units, assets)
    elif kind is Kind.VOID:
        said["hold"] = head["target"].tobytes().hex()
    elif kind is Kind.OPEN_ACCOUNT:
        owner, flags, numbers = parse_account_units(units)
        said["account"] = _address(head["payer"])
        said["owner"] = owner.hex() if any(owner) else None
        if head["to_asset"]:
            said["category"] = int(head["to_asset"])
        said["flags"] = [flag.name.lower() for flag in AccountFlag if flags & flag and flag.name]
        said["assets"] = [_asset(number, assets) for number in numbers]
    elif kind in _ON_ACCOUNT:
        said["account"] = _address(head["payer"])
    else:
        said |= _describe_governing(kind, head, units, assets)
    return said


def describe_result(result: bytes, code_name: Callable[[int], str]) -> dict[str, object]:
    """code_name: name of a refusal's number, KeyError for an unknown one. Raises ValueError."""
    if len(result) != RESULT.itemsize or result[0] != 1:
        raise ValueError("is not a result of version 1")
    row = np.frombuffer(result, RESULT)[0]
    code = int(row["code"])
    try:
        name = code_name(code) if code else None
    except KeyError as error:
        raise ValueError(f"has the unknown code {code}") from error
    return {
        "accepted": code == 0,
        "code": name,
        "duplicate_of_height": int(row["height"]) if row["flags"] else None,
    }


_SENTENCES = {
    "payment": "payment {id} of {amount} {asset}{exchange} from {from} to {to}{held}{decided}",
    "post": "capture {id} of {amount} {asset} from {from} to {to} out of hold {hold}",
    "void": "void {id} of hold {hold}",
    "refund": "refund {id} of {amount} {asset}{exchange} from {from} to {to} of {refund_of}",
    "issue": "issue {id} of {amount} {asset} to {to} against {from}",
    "redeem": "redemption {id} of {amount} {asset} of {from} against {to}",
    "open_account": "opening of account {account}",
    "close_account": "closing of account {account}",
    "freeze": "freezing of account {account}",
    "unfreeze": "unfreezing of account {account}",
    "register_asset": "registration of asset {number}, {code}",
    "register_key": "registration of key {key} of institution {institution}",
    "revoke_key": "revocation of key {key}",
    "set_limit": "limit of key {key}: {payment_max} {asset} a payment, {day_max} a day",
    "envelope": "envelope {sequence} of institution {institution} with {entries} entries",
    "sweep": "return of expired holds, {count} in number",
}


def tell_entry(entry: dict[str, object], result: dict[str, object]) -> str:
    """What `describe_entry` and `describe_result` gave, as one sentence without its full stop."""
    facts = dict(entry)
    facts["exchange"] = (
        f" (which is {entry['to_amount']} {entry['to_asset']})" if "to_asset" in entry else ""
    )
    facts["held"] = ", held" if "held_until_ns" in entry else ""
    facts["decided"] = " for review" if entry.get("outcome") == "review" else ""
    facts["count"] = len(holds) if isinstance(holds := entry.get("holds"), list) else 0
    said = _SENTENCES[str(entry["kind"])].format(**facts)
    ended = "accepted" if result["accepted"] else f"refused with {result['code']}"
    if result["code"] == "ledger.declined":
        ended = "declined"
    again = result["duplicate_of_height"]
    if again is not None:
        ended = f"a repetition of what block {again} {ended.replace(' with', ', with')}"
    return f"{said}: {ended}"


def _kind(entry: bytes) -> Kind:
    if len(entry) < 2 or entry[0] != 1:
        raise ValueError("is not an entry of version 1")
    try:
        return Kind(entry[1])
    except ValueError as error:
        raise ValueError(f"has the unknown kind {entry[1]}") from error


def _split(entry: bytes) -> tuple[np.void, bytes]:
    """Head and units of an entry whose length is what its head says."""
    if len(entry) < HEAD_BYTES:
        raise ValueError(f"has {len(entry)} bytes, a head alone has {HEAD_BYTES}")
    head = np.frombuffer(entry, HEAD, count=1)[0]
    end = HEAD_BYTES + UNIT_BYTES * int(head["units"])
    size = end + (SIGNATURE_BYTES if head["flags"] & Flag.SIGNED else 0)
    if len(entry) != size:
        raise ValueError(f"has {len(entry)} bytes, its head says {size}")
    return head, entry[HEAD_BYTES:end]


def _describe_move(
    kind: Kind, head: Any, units: bytes, assets: Mapping[int, Asset]
) -> dict[str, object]:
    number, to_number = int(head["asset"]), int(head["to_asset"])
    said: dict[str, object] = {
        "from": _address(head["payer"]),
        "to": _address(head["payee"]),
        "amount": _amount(u128(head, "amount"), number, assets),
        "asset": _asset(number, assets),
    }
    if to_number:
        said["to_amount"] = _amount(u128(head, "to_amount"), to_number, assets)
        said["to_asset"] = _asset(to_number, assets)
    target = head["target"].tobytes()
    if any(target):
        names = {Kind.POST: "hold", Kind.REFUND: "refund_of", Kind.PAYMENT: "quote"}
        said[names.get(kind, "target")] = target.hex()
    if head["flags"] & Flag.PENDING:
        said["held_until_ns"] = int(head["expires_ns"])
    if kind is Kind.PAYMENT:
        said["outcome"] = Outcome(int(head["outcome"])).name.lower()
    said["legs"] = [
        {
            "from": _address(leg["from"]),
            "to": _address(leg["to"]),
            "amount": _amount(u128(leg, "amount"), int(leg["asset"]), assets),
            "asset": _asset(int(leg["asset"]), assets),
            "role": Role(int(leg["role"])).name.lower(),
        }
        for leg in np.frombuffer(units, LEG)
    ]
    return said


def _describe_governing(
    kind: Kind, head: Any, unit: bytes, assets: Mapping[int, Asset]
) -> dict[str, object]:
    number = int(head["asset"])
    if kind is Kind.REGISTER_ASSET:
        return {
            "number": number,
            "code": unit[:16].rstrip(b"\0").decode("ascii"),
            "scale": unit[16],
        }
    said: dict[str, object] = {"key": unit[:32].hex()}
    if kind is Kind.REGISTER_KEY:
        purposes = int.from_bytes(unit[36:40], "little")
        said["institution"] = int.from_bytes(unit[32:36], "little")
        said["purposes"] = [flag.name.lower() for flag in Purpose if purposes & flag and flag.name]
        said["activation_height"] = int.from_bytes(unit[40:48], "little")
    elif kind is Kind.SET_LIMIT:
        said["asset"] = _asset(number, assets)
        said["payment_max"] = _amount(u128(head, "amount"), number, assets)
        said["day_max"] = _amount(u128(head, "to_amount"), number, assets)
    return said


def _describe_envelope(entry: bytes) -> dict[str, object]:
    if len(entry) != ENVELOPE.itemsize:
        raise ValueError(f"has {len(entry)} bytes, an envelope {ENVELOPE.itemsize}")
    row = np.frombuffer(entry, ENVELOPE)[0]
    return {
        "kind": "envelope",
        "institution": int(row["institution"]),
        "entries": int(row["count"]),
        "sequence": int(row["sequence"]),
        "key": row["key"].tobytes().hex(),
        "valid_until_ns": int(row["valid_until_ns"]),
    }


def _describe_sweep(entry: bytes) -> dict[str, object]:
    count = int.from_bytes(entry[4:8], "little")
    size = ENDED_BYTES * (1 + count)
    if len(entry) != size:
        raise ValueError(f"has {len(entry)} bytes, a sweep of {count} holds {size}")
    holds = [{"institution": institution, "id": id.hex()} for institution, id in parse_sweep(entry)]
    return {"kind": "sweep", "holds": holds}


def parse_sweep(entry: bytes) -> list[tuple[int, bytes]]:
    """(institution, id) of the holds that a sweep ended, in its order."""
    return [
        (int.from_bytes(entry[at : at + 4], "little"), entry[at + 16 : at + ENDED_BYTES])
        for at in range(ENDED_BYTES, len(entry), ENDED_BYTES)
    ]


def _address(row: Any) -> str:
    return "0x" + bytes(row).hex()


def _asset(number: int, assets: Mapping[int, Asset]) -> str:
    return assets[number].code if number in assets else f"asset {number}"


def _amount(amount_minor: int, number: int, assets: Mapping[int, Asset]) -> str:
    if number in assets:
        return format_amount(amount_minor, assets[number])
    return f"{amount_minor} minor units"
