"""`clearway signer`: keys of approvers and oracles, and what they sign, with no node.

A key file is encrypted under CLEARWAY_KEY_PASSPHRASE (or one that is asked for), mode 0600. What is
printed goes into a release's `witnesses` as it stands.
"""

from __future__ import annotations

import getpass
import json
import re
import secrets
import sys
import time
from pathlib import Path
from typing import Any, Final

from clearway.app.config import ConfigError, load_config
from clearway.app.keys import open_file, seal_file
from clearway.gateway.times import format_time, parse_time
from clearway.ledger.crypto import hash_bytes, public_key, sign
from clearway.payment.ids import format_payment
from clearway.payment.witnesses import (
    WitnessError,
    pack_fact_message,
    parse_approval_message,
)

FORMAT: Final = "clearway signer 1"
APPROVAL_BYTES_MAX: Final = 16_384
_SUBJECT = re.compile("[0-9a-f]{32}", re.ASCII)


def create_signer(path: Path) -> tuple[dict[str, Any], str]:
    """A new key. Never over an existing file (FileExistsError)."""
    seed = secrets.token_bytes(32)
    seal_file(path, seed, _passphrase(path, new=True), format=FORMAT)
    key = public_key(seed).hex()
    return {"file": str(path), "key": key}, key


def show_signer(path: Path) -> tuple[dict[str, Any], str]:
    """The public key, which terms name."""
    key = public_key(_seed(path)).hex()
    return {"file": str(path), "key": key}, key


def sign_approval(path: Path, approval: Path) -> tuple[dict[str, Any], str]:
    """approval: the answer of GET /v1/payments/{id}/approval, `-` for standard input.

    What is signed is the message in it, and the words printed with the signature are read from
    that message: the answer's own words and digest are checked, never believed. Raises ValueError.
    """
    if str(approval) == "-":
        text = sys.stdin.read(APPROVAL_BYTES_MAX)
    else:
        text = approval.read_text("utf-8")[:APPROVAL_BYTES_MAX]
    try:
        asked = json.loads(text)
        data = bytes.fromhex(asked["message"])
        message = parse_approval_message(data)
        up_to, digest, payment = asked["up_to"], asked["digest"], asked["payment"]
    except (ValueError, KeyError, TypeError, WitnessError) as error:
        raise ValueError(f"{approval}: not an approval to sign ({error})") from error
    if bytes.fromhex(digest) != hash_bytes("approve", data):
        raise ValueError(f"{approval}: the digest is not that of the message")
    if payment != format_payment(message.id):
        raise ValueError(f"{approval}: the message is for {format_payment(message.id)}")
    digits = str(up_to).replace(".", "", 1)
    if not digits.isdecimal() or int(digits) != message.up_to_minor:
        raise ValueError(f"{approval}: the message is for {message.up_to_minor} minor units")
    seed = _seed(path)
    witness = {"up_to": up_to, "signature": sign(seed, bytes.fromhex(digest)).hex()}
    print(
        f"signed for {payment}: up to {up_to} in all to account 0x{message.to.hex()}",
        file=sys.stderr,
    )
    return witness, json.dumps(witness)


def sign_fact(
    path: Path, *, subject: str, value: int, at: str | None
) -> tuple[dict[str, Any], str]:
    """at: RFC 3339, now unless given. Raises ValueError."""
    if _SUBJECT.fullmatch(subject) is None:
        raise ValueError("--subject: 16 bytes in hex")
    if not -(2**63) <= value < 2**63:
        raise ValueError("--value: a whole number of 64 bits")
    time_ns = time.time_ns() // 1_000 * 1_000 if at is None else parse_time(at, "--at")
    message = pack_fact_message(subject=bytes.fromhex(subject), value=value, time_ns=time_ns)
    signature = sign(_seed(path), hash_bytes("fact", message)).hex()
    witness = {"value": value, "time": format_time(time_ns), "signature": signature}
    return witness, json.dumps(witness)


def _seed(path: Path) -> bytes:
    return open_file(path, _passphrase(path, new=False), format=FORMAT)


def _passphrase(path: Path, *, new: bool) -> str:
    given = load_config().key_passphrase
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise ConfigError(["CLEARWAY_KEY_PASSPHRASE: is needed to open or make the key file"])
    passphrase = getpass.getpass(f"passphrase of {path}: ")
    if new and getpass.getpass("again: ") != passphrase:
        raise ValueError("the two passphrases differ")
    if not passphrase:
        raise ValueError("an empty passphrase protects nothing")
    return passphrase
