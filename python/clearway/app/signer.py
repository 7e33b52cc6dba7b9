"""`clearway signer`: keys of owners, approvers and oracles, and what they sign, with no node.

A key file is encrypted under CLEARWAY_KEY_PASSPHRASE (or one that is asked for), mode 0600. What is
printed goes into a request's `signatures` or `second`, or a release's `witnesses`, as it stands.
"""

from __future__ import annotations

import getpass
import json
import re
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clearway.app.config import ConfigError, load_config
from clearway.app.keys import open_file, seal_file
from clearway.gateway.times import format_time, parse_time
from clearway.ledger.authorise import (
    Meant,
    authorisation_digest,
    check_preparation,
    tell_instruction,
)
from clearway.ledger.crypto import hash_bytes, public_key, sign
from clearway.ledger.genesis import Genesis, load_genesis
from clearway.payment.ids import format_payment
from clearway.payment.money import parse_amount
from clearway.payment.witnesses import (
    WitnessError,
    pack_fact_message,
    parse_approval_message,
)

FORMAT: Final = "clearway signer 1"
ANSWER_BYTES_MAX: Final = 1_048_576
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


@dataclass(frozen=True, slots=True)
class Expected:
    """A payment as whoever signs it wants it; addresses as 0x and hex, amounts in major units."""

    payer: str
    payee: str
    amount: str
    asset: str
    fee_max: str = "0"
    reference: str | None = None


def sign_prepared(
    path: Path, answer: Path, *, trust: Path, member: int | None, expected: Expected | None
) -> tuple[dict[str, Any], str]:
    """answer: of `POST …/prepare`, `-` for standard input; member: which of a linked list's.

    What is signed is the instruction in it, for the chain of the trusted genesis; the words printed
    with the signature are read from its bytes. With `expected`, it must be that payment and no
    other. Raises ValueError.
    """
    genesis = load_genesis(trust)
    chain_id, assets = genesis.chain_id(), {asset.number: asset for asset in genesis.assets}
    try:
        asked = json.loads(_read_answer(answer))
        asked = asked if member is None else asked["data"][member]
        instruction = bytes.fromhex(asked["prepared"]["instruction"])
        units = bytes.fromhex(asked["units"])
        said = tell_instruction(instruction, units, assets)
        chain, digest = bytes.fromhex(asked["chain_id"]), bytes.fromhex(asked["digest"])
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{answer}: not an answer to a preparation ({error!r})") from error
    if chain != chain_id:
        raise ValueError(f"{answer}: is for another chain than {trust}")
    if digest != authorisation_digest(chain_id, instruction, units):
        raise ValueError(f"{answer}: the digest is not that of the instruction")
    if expected is not None:
        meant = _meant(expected, genesis)
        check_preparation(asked, meant, chain_id=chain_id, now_ns=time.time_ns())
    seed = _seed(path)
    signature = {"key": public_key(seed).hex(), "signature": sign(seed, digest).hex()}
    print(f"signed: {said}", file=sys.stderr)
    return signature, json.dumps(signature)


def _meant(expected: Expected, genesis: Genesis) -> Meant:
    """Refuses amount.*."""
    found = [asset for asset in genesis.assets if asset.code == expected.asset]
    if not found:
        raise ValueError(f"{expected.asset!r} is no asset of the trusted genesis")
    is_free = not expected.fee_max.strip("0.")
    return Meant(
        payer=bytes.fromhex(expected.payer.removeprefix("0x")),
        payee=bytes.fromhex(expected.payee.removeprefix("0x")),
        asset=found[0].number,
        amount_minor=parse_amount(expected.amount, found[0]),
        reference=expected.reference,
        fee_minor_max=0 if is_free else parse_amount(expected.fee_max, found[0]),
    )


def _read_answer(path: Path) -> str:
    if str(path) == "-":
        return sys.stdin.read(ANSWER_BYTES_MAX)
    return path.read_text("utf-8")[:ANSWER_BYTES_MAX]


def sign_approval(path: Path, approval: Path) -> tuple[dict[str, Any], str]:
    """approval: the answer of GET /v1/payments/{id}/approval, `-` for standard input.

    What is signed is the message in it, and the words printed with the signature are read from
    that message: the answer's own words and digest are checked, never believed. Raises ValueError.
    """
    try:
        asked = json.loads(_read_answer(approval))
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
