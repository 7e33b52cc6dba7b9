"""What an entry says, in words: the bytes of docs/format.md decoded for people.

Receipts show nothing else: what is shown was covered by the proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final

import numpy as np

from clearway.payment.money import Asset, format_amount
from clearway.payment.records import (
    ENDED_BYTES,
    ENVELOPE,
    HEAD,
    HEAD_BYTES,
    LEG,
    RESULT,
    AccountFlag,
    Control,
    ControlAct,
    End,
    Flag,
    Kind,
    Outcome,
    Purpose,
    Role,
    flag_names,
    parse_account_units,
    parse_mandate_unit,
    parse_sweep,
    terms_hash_of,
    u128,
)

UNIT_BYTES = 64
SIGNATURE_BYTES = 64
UNITS_AT = 193  # in a head
SIGNERS_AT = 194
_MOVES = frozenset({Kind.PAYMENT, Kind.POST, Kind.REFUND, Kind.ISSUE, Kind.REDEEM})
_GOVERNING = frozenset({Kind.REGISTER_ASSET, Kind.REGISTER_KEY, Kind.REVOKE_KEY, Kind.SET_LIMIT})
_BALANCING = Flag.BALANCING_PAYER | Flag.BALANCING_PAYEE
_TOLD = tuple(flag for flag in Flag if flag not in (Flag.PENDING, Flag.SIGNED))
_BY_ISSUER = frozenset({Kind.CONTROL_ASSET, Kind.CLAWBACK})
_OF_ESCROW = frozenset({Kind.RELEASE, Kind.CANCEL})
_ON_ACCOUNT = frozenset(
    {
        Kind.CLOSE_ACCOUNT, Kind.FREEZE, Kind.UNFREEZE, Kind.SET_AUTHORITY, Kind.PROPOSE_RECOVERY,
        Kind.FINISH_RECOVERY, Kind.STOP_RECOVERY,
    }
)  # fmt: skip
_TOLD_FROM_UNIT = _GOVERNING | {Kind.OPEN_ACCOUNT, Kind.SET_AUTHORITY, Kind.PROPOSE_RECOVERY}


def describe_entry(entry: bytes, assets: Mapping[int, Asset]) -> dict[str, object]:
    """The fields of an entry that its kind uses. An entry that cannot be read, because its kind is
    unknown here or its length is not what its head says, is shown whole as hex.

    assets: by number; an asset that is not among them is shown by number, its amounts in minor
    units. Raises ValueError for bytes that are no entry of version 1.

    >>> from clearway.payment.records import pack_head
    >>> describe_entry(pack_head(kind=Kind.VOID, id=bytes(16), valid_until_ns=0), {})["kind"]
    'void'
    """
    if len(entry) < 2 or entry[0] != 1:
        raise ValueError("is not of version 1")
    number = entry[1]
    if number not in {*Kind} or not _is_whole(entry):
        return {"kind": f"kind {number}", "bytes": len(entry), "raw": entry.hex()}
    kind = Kind(number)
    if kind is Kind.ENVELOPE:
        return _describe_envelope(entry)
    if kind is Kind.SWEEP:
        return _describe_sweep(entry)
    head = np.frombuffer(entry, HEAD, count=1)[0]
    units = entry[HEAD_BYTES : HEAD_BYTES + UNIT_BYTES * int(head["units"])]
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
        said["flags"] = flag_names(AccountFlag, flags)
        said["assets"] = [_asset(number, assets) for number in numbers]
    elif kind is Kind.ESCROW:
        said |= _describe_head(head, assets)
        del said["target"]
        said["deadline_ns"] = int(head["expires_ns"])
        said["terms_hash"] = terms_hash_of(head).hex()
        said["terms"] = units.hex()
    elif kind is Kind.MANDATE:
        said |= _describe_mandate(head, units, assets)
    elif kind is Kind.REVOKE_MANDATE:
        said |= {"asked_by": _address(head["payer"]), "target": head["target"].tobytes().hex()}
    elif kind in _OF_ESCROW:
        said |= _describe_end_of_escrow(kind, head, units, assets)
    elif kind in _ON_ACCOUNT:
        said |= {"account": _address(head["payer"])} | _describe_authority(kind, units)
    elif kind in _BY_ISSUER:
        said |= _describe_issuer_act(kind, head, units, assets)
    elif kind in _GOVERNING:
        said |= _describe_governing(kind, head, units, assets)
    else:
        said |= _describe_head(head, assets)
    return said


def describe_result(result: bytes, codes: Mapping[int, str]) -> dict[str, object]:
    """codes: names of the result codes by number. Raises ValueError."""
    if len(result) != RESULT.itemsize or result[0] != 1:
        raise ValueError("is not of version 1")
    row = np.frombuffer(result, RESULT)[0]
    code = int(row["code"])
    return {
        "accepted": code == 0,
        "code": codes.get(code, f"code {code}") if code else None,
        "duplicate_of_height": int(row["height"]) if row["flags"] else None,
    }


# What each kind is told as. A verifier in another language has the same table, written from this
# one by tools/write_tables.py; a word in braces is a fact of `describe_entry` or of `tell_entry`.
SENTENCES: Final = {
    "payment": "payment {id} of {most}{amount} {asset}{exchange}"
    " from {from} to {to}{held}{decided}",
    "post": "capture {id} of {amount} {asset} from {from} to {to} out of hold {hold}",
    "void": "void {id} of hold {hold}",
    "refund": "refund {id} of {amount} {asset}{exchange} from {from} to {to} of {refund_of}",
    "issue": "issue {id} of {amount} {asset} to {to} against {from}",
    "redeem": "redemption {id} of {most}{amount} {asset} of {from} against {to}",
    "mandate": "mandate {id} of {from} for {to}, at most {amount} {asset} a payment",
    "revoke_mandate": "revocation {id} of mandate {target} for {asked_by}",
    "set_authority": "change {id} of the authority over account {account} to {authority}",
    "propose_recovery": "proposal {id} to recover account {account} for key {key}",
    "finish_recovery": "recovery {id} of account {account}",
    "stop_recovery": "stop {id} of the recovery of account {account}",
    "pull": "payment {id} of {amount} {asset} from {from} to {to} under mandate {target}",
    "open_account": "opening of account {account}",
    "close_account": "closing of account {account}",
    "freeze": "freezing of account {account}",
    "unfreeze": "unfreezing of account {account}",
    "register_asset": "registration of asset {number}, {code}",
    "register_key": "registration of key {key} of institution {institution}",
    "revoke_key": "revocation of key {key}",
    "set_limit": "limit of key {key}: {payment_max} {asset} a payment, {day_max} a day",
    "escrow": "escrow {id} of {amount} {asset} from {from} for {to} under terms {terms_hash}",
    "release": "release {id} of {amount} {asset} to {to} out of escrow {escrow} for {asked_by}",
    "cancel": "cancellation {id} of escrow {escrow} for {asked_by}",
    "control_asset": "{act} of {asset}{holder} by its issuer",
    "clawback": "clawback {id} of {amount} {asset} from {from} to {to} by the asset's issuer",
    "envelope": "envelope {sequence} of institution {institution} with {entries} entries",
    "sweep": "end of what had expired, {count} in number",
}
UNREADABLE: Final = "entry of {kind} with {bytes} bytes"


def tell_entry(entry: dict[str, object], result: dict[str, object]) -> str:
    """What `describe_entry` and `describe_result` gave, as one sentence without its full stop."""
    ended = "accepted" if result["accepted"] else f"refused with {result['code']}"
    if result["code"] == "ledger.declined":
        ended = "declined"
    again = result["duplicate_of_height"]
    if again is not None:
        ended = f"a repetition of what block {again} {ended.replace(' with', ', with')}"
    return f"{tell_will(entry)}: {ended}"


def tell_will(entry: dict[str, object]) -> str:
    """What an entry asks for: `tell_entry` without how it ended."""
    facts = dict(entry)
    facts["exchange"] = (
        f" (which is {entry['to_amount']} {entry['to_asset']})" if "to_asset" in entry else ""
    )
    facts["most"] = "at most " if "amount_is_most" in entry else ""
    facts["held"] = ", held" if "held_until_ns" in entry else ""
    facts["holder"] = f" for {entry['account']}" if entry.get("account") else ""
    facts["decided"] = " for review" if entry.get("outcome") == "review" else ""
    facts["count"] = len(ended) if isinstance(ended := entry.get("ended"), list) else 0
    return SENTENCES.get(str(entry["kind"]), UNREADABLE).format(**facts)


def size_of_entry(entry: bytes | memoryview) -> int:
    """The length that the first bytes of an entry say it has: an envelope's own 192 bytes, a
    sweep's rows, a head's units and signatures. HEAD_BYTES of it, or all there is, must be given.

    Raises ValueError when the length cannot be told.
    """
    if len(entry) < 8 or entry[0] != 1:
        raise ValueError("is not of version 1, or is cut short")
    if entry[1] == Kind.ENVELOPE:
        return ENVELOPE.itemsize
    if entry[1] == Kind.SWEEP:
        return ENDED_BYTES * (1 + int.from_bytes(entry[4:8], "little"))
    if len(entry) < HEAD_BYTES:
        raise ValueError("is not of version 1, or is cut short")
    signers = int.from_bytes(entry[SIGNERS_AT : SIGNERS_AT + 2], "little")
    signatures = max(signers.bit_count(), 1) if entry[2] & Flag.SIGNED else 0
    return HEAD_BYTES + UNIT_BYTES * entry[UNITS_AT] + SIGNATURE_BYTES * signatures


def _is_whole(entry: bytes) -> bool:
    """Whether the entry has the length that it says, and the unit that its kind is told from."""
    try:
        size = size_of_entry(entry)
    except ValueError:
        return False
    return size == len(entry) and not (entry[1] in _TOLD_FROM_UNIT and entry[UNITS_AT] == 0)


def _describe_head(head: Any, assets: Mapping[int, Asset]) -> dict[str, object]:
    """What most kinds use, for one that has no branch of its own above."""
    number = int(head["asset"])
    return {
        "from": _address(head["payer"]),
        "to": _address(head["payee"]),
        "amount": _amount(u128(head, "amount"), number, assets),
        "asset": _asset(number, assets),
        "target": head["target"].tobytes().hex(),
    }


def _describe_move(
    kind: Kind, head: Any, units: bytes, assets: Mapping[int, Asset]
) -> dict[str, object]:
    to_number = int(head["to_asset"])
    said = _describe_head(head, assets)
    del said["target"]
    if to_number:
        said["to_amount"] = _amount(u128(head, "to_amount"), to_number, assets)
        said["to_asset"] = _asset(to_number, assets)
    target = head["target"].tobytes()
    if kind is Kind.POST:
        said["hold"] = target.hex()
    elif kind is Kind.REFUND:
        said["refund_of"] = target.hex()
    elif kind is Kind.PAYMENT and any(target):
        said["quote"] = target.hex()
    if head["flags"] & _BALANCING:
        said["amount_is_most"] = True
    flags = flag_names(_TOLD, int(head["flags"]))
    if flags:
        said["flags"] = flags
    if head["flags"] & Flag.PENDING:
        said["held_until_ns"] = int(head["expires_ns"])
    if kind is Kind.PAYMENT:
        said["outcome"] = _name(Outcome, int(head["outcome"]), "outcome")
    if kind is Kind.ISSUE:
        return said | {"second_key": units[:32].hex() if units else None}
    said["legs"] = [
        {
            "from": _address(leg["from"]),
            "to": _address(leg["to"]),
            "amount": _amount(u128(leg, "amount"), int(leg["asset"]), assets),
            "asset": _asset(int(leg["asset"]), assets),
            "role": _name(Role, int(leg["role"]), "role"),
        }
        for leg in np.frombuffer(units, LEG)
    ]
    return said


def _describe_issuer_act(
    kind: Kind, head: Any, unit: bytes, assets: Mapping[int, Asset]
) -> dict[str, object]:
    number = int(head["asset"])
    said: dict[str, object] = {"asset": _asset(number, assets)}
    if kind is Kind.CLAWBACK:
        said["from"], said["to"] = _address(head["payer"]), _address(head["payee"])
        said["amount"] = _amount(u128(head, "amount"), number, assets)
    else:
        act = int(head["purpose"])
        said["act"] = _name(ControlAct, act, "act")
        said["account"] = _address(head["payer"]) if act >= ControlAct.HOLD_BACK else None
    said["second_key"] = unit[:32].hex() if unit else None
    return said


def _describe_end_of_escrow(
    kind: Kind, head: Any, units: bytes, assets: Mapping[int, Asset]
) -> dict[str, object]:
    """A release or a cancellation: its payer is who asks, its purpose the escrow's institution."""
    said = _describe_head(head, assets)
    said["escrow"] = said.pop("target")
    said["escrow_institution"] = int(head["purpose"])
    said["asked_by"] = said.pop("from")
    if kind is Kind.CANCEL:
        for unused in ("to", "amount", "asset"):
            del said[unused]
    else:
        said["witnesses"] = units.hex()
    return said


def _describe_authority(kind: Kind, units: bytes) -> dict[str, object]:
    """Whose an account is to be, of the kinds that say it."""
    if kind is Kind.PROPOSE_RECOVERY:
        return {"key": units[:32].hex()}
    if kind is not Kind.SET_AUTHORITY:
        return {}
    if len(units) > UNIT_BYTES:
        members = len(units) // UNIT_BYTES - 1
        return {"authority": f"a policy of {members} keys", "policy": units.hex()}
    key = units[:32]
    return {"authority": f"key {key.hex()}" if any(key) else "its institution alone"}


def _describe_mandate(head: Any, units: bytes, assets: Mapping[int, Asset]) -> dict[str, object]:
    said = _describe_head(head, assets)
    del said["target"]
    number = int(head["asset"])
    said["period_max"] = _amount(u128(head, "to_amount"), number, assets)
    said["total_max"] = _amount(u128(head, "bound"), number, assets)
    said["expires_ns"] = int(head["expires_ns"])
    if len(units) == UNIT_BYTES:
        said |= parse_mandate_unit(units)._asdict()
    return said


def _describe_governing(
    kind: Kind, head: Any, unit: bytes, assets: Mapping[int, Asset]
) -> dict[str, object]:
    number = int(head["asset"])
    if kind is Kind.REGISTER_ASSET:
        return {
            "number": number,
            "code": _ascii(unit[:16].rstrip(b"\0")),
            "scale": unit[16],
            "controls": flag_names(Control, int.from_bytes(unit[20:24], "little")),
            "issuer": int.from_bytes(unit[24:28], "little") or None,
        }
    said: dict[str, object] = {"key": unit[:32].hex()}
    if kind is Kind.REGISTER_KEY:
        purposes = int.from_bytes(unit[36:40], "little")
        said["institution"] = int.from_bytes(unit[32:36], "little")
        said["purposes"] = flag_names(Purpose, purposes)
        said["activation_height"] = int.from_bytes(unit[40:48], "little")
    elif kind is Kind.SET_LIMIT:
        said["asset"] = _asset(number, assets)
        said["payment_max"] = _amount(u128(head, "amount"), number, assets)
        said["day_max"] = _amount(u128(head, "to_amount"), number, assets)
    return said


def _describe_envelope(entry: bytes) -> dict[str, object]:
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
    ended = [
        {"institution": institution, "id": id.hex(), "end": _name(End, end, "end")}
        for institution, end, id in parse_sweep(entry)
    ]
    return {"kind": "sweep", "ended": ended}


def _name(names: type[IntEnum], number: int, what: str) -> str:
    return names(number).name.lower() if number in {*names} else f"{what} {number}"


def _ascii(text: bytes) -> str:
    """Letters that a terminal may be shown; anything else is a question mark."""
    return "".join(chr(byte) if 0x20 < byte < 0x7F else "?" for byte in text)


def _address(row: Any) -> str:
    return "0x" + bytes(row).hex()


def _asset(number: int, assets: Mapping[int, Asset]) -> str:
    return assets[number].code if number in assets else f"asset {number}"


def _amount(amount_minor: int, number: int, assets: Mapping[int, Asset]) -> str:
    if number in assets:
        return format_amount(amount_minor, assets[number])
    return f"{amount_minor} minor units"
