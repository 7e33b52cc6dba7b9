"""Ranges that register and revoke keys in every way, and who may then make a block final.

Each begins with the two blocks of `edge` and goes on with blocks that no kernel made. Genesis has
BANK, which may not sequence; SEQUENCER; and SPARE, which may from height 9 on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from spec import compose
from spec.ed25519 import public_key
from spec.records import Flag, Kind, Purpose, Result
from tools.verdict_chains import BANK, OWNER, SEQUENCER, SPARE, Story, follow

SEQUENCE: Final = Purpose.SEQUENCE
START: Final = 2  # the height of the first block that is added
UNKNOWN: Final = "finality.key: is not a sequencer known before this block"
ODD_RESULT: Final = bytes([9, 200, 0, 0, 0, 0, 255, 255]) + b"\xff" * 24


def register(
    seed: bytes, purposes: int = SEQUENCE, height: int = 0, more: tuple[bytes, ...] = ()
) -> bytes:
    unit = compose.key_unit(
        public_key(seed), institution=1, purposes=purposes, activation_height=height
    )
    return compose.entry(Kind.REGISTER_KEY, units=(*unit, *more)).encode()


def revoke(seed: bytes) -> bytes:
    unit = compose.key_name_unit(public_key(seed))
    return compose.entry(Kind.REVOKE_KEY, units=unit).encode()


def without_unit(kind: Kind, seed: bytes) -> bytes:
    """With a signature where the unit would be, which reads as that unit."""
    read_as = register(seed)[256:]
    return compose.entry(kind, flags=Flag.SIGNED, signature=read_as).encode()


@dataclass(frozen=True, slots=True)
class Case:
    """blocks: the entries of each block but the last, each with its result (that it succeeded, when
    none is given). last: the seed that makes the last block, which is empty, final; the
    sequencer's makes the others so. bad: whether that is refused. named: seeds that the reader
    names."""

    name: str
    last: bytes
    bad: bool
    blocks: tuple[tuple[bytes | tuple[bytes, bytes], ...], ...] = ()
    named: tuple[bytes, ...] = ()


def result(kind: Kind = Kind.REGISTER_KEY, code: int = 0, flags: int = 0, height: int = 0) -> bytes:
    return Result(kind, code, flags, height=height).encode()


SIGNED_BY_OWNER: Final = (
    ("a key registered", False, ((register(OWNER),),)),
    ("a key registered with other purposes too", False, ((register(OWNER, 2**32 - 1),),)),
    ("a key registered with two units", False, ((register(OWNER, more=(bytes(64),)),),)),
    ("a key active from this height", False, ((register(OWNER, height=START + 1),),)),
    ("a key active from the next height", True, ((register(OWNER, height=START + 2),),)),
    ("a key registered without the purpose to sequence", True, ((register(OWNER, Purpose.PAY),),)),
    ("a key registered without that purpose, then with it", True,
     ((register(OWNER, Purpose.PAY),), (register(OWNER),))),
    ("a key registered twice, later first", True,
     ((register(OWNER, height=99), register(OWNER)),)),
    ("a key registered twice, later last", False,
     ((register(OWNER), register(OWNER, height=99)),)),
    ("an unknown key revoked and then registered", True, ((revoke(OWNER),), (register(OWNER),))),
    ("a key revoked and then registered in one block", True, ((revoke(OWNER), register(OWNER)),)),
    ("a key registered and then revoked in one block", True, ((register(OWNER), revoke(OWNER)),)),
    ("a key registered with flag 2 of the result", True, (((register(OWNER), result(flags=2)),),)),
    ("a key registered with flag 32768 of the result", True,
     (((register(OWNER), result(flags=2**15)),),)),
    ("a key whose registration has code 256", True, (((register(OWNER), result(code=256)),),)),
    ("a key registered by a result of another version and kind", False,
     (((register(OWNER), ODD_RESULT),),)),
    ("a key registered without a unit", True,
     ((compose.entry(Kind.REGISTER_KEY).encode(),),)),
    ("a key registered by a signature in place of a unit", True,
     ((without_unit(Kind.REGISTER_KEY, OWNER),),)),
)  # fmt: skip
CASES: Final = (
    *(Case(name, OWNER, bad, blocks) for name, bad, blocks in SIGNED_BY_OWNER),
    Case("a key of genesis registered again for an earlier height", SPARE, True,
         ((register(SPARE),),)),
    Case("a key of genesis registered again for a later height", SEQUENCER, False,
         ((register(SEQUENCER, height=99),),)),
    Case("a key of genesis that may not sequence, registered for it", BANK, True,
         ((register(BANK),),)),
    Case("a key of genesis revoked", SEQUENCER, True, ((revoke(SEQUENCER),),)),
    Case("a key of genesis whose revocation was refused", SEQUENCER, False,
         (((revoke(SEQUENCER), result(Kind.REVOKE_KEY, 20)),),)),
    Case("a key of genesis whose revocation is a repetition", SEQUENCER, False,
         (((revoke(SEQUENCER), result(Kind.REVOKE_KEY, 0, 1, height=1)),),)),
    Case("a key of genesis revoked by a signature in place of a unit", SEQUENCER, False,
         ((without_unit(Kind.REVOKE_KEY, SEQUENCER),),)),
    Case("a key that the reader names", OWNER, False, named=(OWNER,)),
    Case("a key that the reader names twice", OWNER, False, named=(OWNER, OWNER)),
    Case("a key that the reader names, of genesis for a later height", SPARE, True,
         named=(SPARE,)),
    Case("a key that the reader names, of genesis for another purpose", BANK, True,
         named=(BANK,)),
    Case("a key that the reader names, registered for a later height", OWNER, False,
         ((register(OWNER, height=99),),), (OWNER,)),
    Case("a key that the reader names, revoked", OWNER, True, ((revoke(OWNER),),), (OWNER,)),
)  # fmt: skip


def key_ranges(story: Story) -> Iterator[dict[str, Any]]:
    """`edge`, whose story is given, with each case behind its end."""
    end = len(b"".join(story.records()))
    for case in CASES:
        data, height = added(case, story)
        line = f"NOT VERIFIED: block {height}: {UNKNOWN}" if case.bad else None
        row: dict[str, Any] = {
            "name": case.name,
            "genesis": "edge",
            "base": "edge",
            "edits": [[end, 0, data.hex()]],
        }
        if case.named:
            row["trust_keys"] = [public_key(seed).hex() for seed in case.named]
        yield row | {"verdict": line}


def added(case: Case, story: Story) -> tuple[bytes, int]:
    """The records of a case, and the height of the last."""
    block, chain_id = story.blocks[-1], story.ledger.chain_id
    records = b""
    for rows in case.blocks:
        pairs = [row if isinstance(row, tuple) else (row, result()) for row in rows]
        entries, results = [one for one, _ in pairs], [one for _, one in pairs]
        block = follow(block, chain_id, entries, results)
        records += block.record()
    block = follow(block, chain_id, [], [], seed=case.last)
    return records + block.record(), block.height
