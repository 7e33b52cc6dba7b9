"""Ranges of blocks made wrong, each in one way, with the verdict that they must get."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from spec import compose
from spec.ed25519 import public_key
from spec.hashing import hash_bytes
from spec.records import End, Kind, Purpose, Result, encode_sweep
from tools.decode_cases import put
from tools.verdict_chains import BANK, OWNER, SEQUENCER, SPARE, Block, Story, finality_of, follow


@dataclass(frozen=True, slots=True)
class Change:
    """make: the records that stand in place of those from `height` on, as many as there are, or
    behind the end. bad: the height that is reported."""

    name: str
    height: int
    bad: int
    verdict: str
    make: Callable[[Story, Block], bytes]

    def record(self, story: Story) -> bytes:
        return self.make(story, story.blocks[min(self.height, len(story.blocks) - 1)])


def resigned(block: Block, at: int, new: bytes) -> bytes:
    """With other bytes in its header, and signed again."""
    header = put(block.header, at, new)
    return replace(block, header=header, finality=finality_of(header)).record()


def named(story: Story, block: Block, *, seed: bytes, result: bytes) -> list[Block]:
    """Two more blocks: one registers a key, which makes the second final."""
    unit = compose.key_unit(public_key(seed), institution=1, purposes=Purpose.SEQUENCE)
    entry = story.entry(Kind.REGISTER_KEY, units=unit).encode()
    chain_id = story.ledger.chain_id
    first = follow(block, chain_id, [entry], [result], seed=SPARE)
    return [first, follow(first, chain_id, [], [], seed=seed)]


def records_of(blocks: list[Block]) -> bytes:
    return b"".join(block.record() for block in blocks)


REGISTERED: Final = Result(Kind.REGISTER_KEY).encode()
REFUSED: Final = Result(Kind.REGISTER_KEY, 20).encode()
REPEATED: Final = Result(Kind.REGISTER_KEY, 0, 1, height=1).encode()
UNKNOWN: Final = "finality.key: is not a sequencer known before this block"
NEVER_SIGNED: Final = "finality.signature: is not over this header by this key"
END: Final = 9  # the height after the last of `main`


def own_sequencer(story: Story, block: Block) -> bytes:
    unit = compose.key_unit(public_key(OWNER), institution=1, purposes=Purpose.SEQUENCE)
    entry = story.entry(Kind.REGISTER_KEY, units=unit).encode()
    return follow(block, story.ledger.chain_id, [entry], [REGISTERED], seed=OWNER).record()


def change(name: str, height: int, verdict: str, make: Callable[[Story, Block], bytes]) -> Change:
    return Change(name, height, height, verdict, make)


def starting(name: str, encoded: bytes, what: str) -> Change:
    """The entries are only these bytes."""
    return change(name, 2, f"entry 0: {what}", lambda _, b: b.record(encoded=encoded))


SWEEP: Final = encode_sweep([(1, End.HOLD_RELEASED, bytes(16)), (1, End.ESCROW_PAID, bytes(16))])
CUT: Final = "is cut short"
UNTOLD: Final = "is not of version 1, or is cut short"
CUTS: Final = (
    *(starting(f"an envelope cut to {size} bytes", (b"\1" + bytes(191))[:size], what)
      for size, what in ((7, UNTOLD), (8, CUT), (191, CUT))),
    *(starting(f"a sweep cut to {size} bytes", SWEEP[:size], what)
      for size, what in ((7, UNTOLD), (8, CUT), (31, CUT), (32, CUT), (95, CUT))),
    starting("a sweep of more rows than 4 GiB", b"\1\1\0\0" + b"\xff" * 28, CUT),
    *(starting(f"a payment cut to {size} bytes", (b"\1\2" + bytes(254))[:size], UNTOLD)
      for size in (8, 255)),
    starting("a signature cut short", b"\1\2\2" + bytes(253 + 63), CUT),
    starting("signatures cut short", b"\1\2\2" + bytes(191) + b"\1\x80" + bytes(60 + 127), CUT),
    starting("an entry of version 0", bytes(256), UNTOLD),
)  # fmt: skip
CHANGES: Final = (
    *CUTS,
    change("a changed entry", 2, "transactions_root: is not that of the entries",
           lambda _, b: replace(b, entries=[b.entries[0], put(b.entries[1], 48, b"\xff"), *b.entries[2:]]).record()),
    change("two entries exchanged", 3, "transactions_root: is not that of the entries",
           lambda _, b: replace(b, entries=[*b.entries[:2], b.entries[3], b.entries[2], *b.entries[4:]]).record()),
    change("a changed result", 2, "results_root: is not that of the results",
           lambda _, b: replace(b, results=[put(b.results[0], 2, b"\x09"), *b.results[1:]]).record()),
    change("no whole header", 2, "record: has no whole header", lambda _, b: b.record(payload=b.header[:191])),
    change("a header of version 2", 2, "header: is not a header of version 1",
           lambda _, b: replace(b, header=put(b.header, 0, b"\2")).record()),
    change("a header with a byte that must be zero", 2, "header: is not a header of version 1",
           lambda _, b: replace(b, header=put(b.header, 31, b"\1")).record()),
    change("a header of another height", 2, "header: is of height 7",
           lambda _, b: replace(b, header=put(b.header, 8, b"\7")).record()),
    change("a header of another chain", 2, "header: belongs to another chain",
           lambda _, b: replace(b, header=put(b.header, 40, b"\0")).record()),
    change("nothing behind the header", 2, "finality: is cut short", lambda _, b: b.record(payload=b.header)),
    change("a finality longer than the record", 2, "finality: is cut short",
           lambda _, b: b.record(finality_size=2**32 - 1)),
    change("entries longer than the record", 2, "entries: are cut short",
           lambda _, b: b.record(entries_size=2**32 - 1)),
    change("nothing behind the finality", 2, "entries: are cut short",
           lambda _, b: b.record(payload=b.header + (98).to_bytes(4, "little") + b.finality)),
    change("a result too few", 2, "results: are not those of 11 entries",
           lambda _, b: b.record(results=b"".join(b.results[1:]))),
    change("half a result", 2, "results: are not those of 11 entries",
           lambda _, b: b.record(results=b"".join(b.results)[:-16])),
    change("another count", 2, "results: are not those of 10 entries",
           lambda _, b: replace(b, header=put(b.header, 4, b"\x0a")).record()),
    change("an entry of version 2", 2, "entry 1: is not of version 1, or is cut short",
           lambda _, b: replace(b, entries=[b.entries[0], b"\2" + b.entries[1][1:], *b.entries[2:]]).record()),
    change("a last entry cut within its head", 2, "entry 10: is not of version 1, or is cut short",
           lambda _, b: b.record(encoded=b"".join(b.entries)[:-1])),
    change("an entry that says more units than there are", 2, "entry 10: is cut short",
           lambda _, b: replace(b, entries=[*b.entries[:-1], put(b.entries[-1], 193, b"\xff")]).record()),
    change("an entry too many", 2, "entries: are not 11 in number",
           lambda _, b: replace(b, entries=[*b.entries, b.entries[-1]]).record()),
    change("an entry too few", 2, "entries: are not 11 in number",
           lambda _, b: replace(b, entries=b.entries[:-1]).record()),
    change("no finality", 2, "finality: has 0 bytes, not 98", lambda _, b: replace(b, finality=b"").record()),
    change("a short finality", 2, "finality: has 97 bytes, not 98",
           lambda _, b: replace(b, finality=b.finality[:-1]).record()),
    change("a finality of version 2", 2, "finality: is not a sequencer's of version 1",
           lambda _, b: replace(b, finality=put(b.finality, 0, b"\2")).record()),
    change("a finality of kind 2", 2, "finality: is not a sequencer's of version 1",
           lambda _, b: replace(b, finality=put(b.finality, 1, b"\2")).record()),
    change("a bank's finality", 2, UNKNOWN, lambda _, b: replace(b, finality=finality_of(b.header, BANK)).record()),
    change("the new key before it is registered", 4, UNKNOWN,
           lambda _, b: replace(b, finality=finality_of(b.header, SPARE)).record()),
    change("the new key before its activation", 5, UNKNOWN,
           lambda _, b: replace(b, finality=finality_of(b.header, SPARE)).record()),
    change("the old key after its revocation", 8, UNKNOWN,
           lambda _, b: replace(b, finality=finality_of(b.header, SEQUENCER)).record()),
    change("another block's signature", 2, NEVER_SIGNED,
           lambda s, b: replace(b, finality=s.blocks[3].finality).record()),
    change("another state root", 2, NEVER_SIGNED,
           lambda _, b: replace(b, header=put(b.header, 160, bytes(32))).record()),
    change("another previous hash, signed", 2, "previous: is not the hash of block 1",
           lambda _, b: resigned(b, 64, bytes(32))),
    change("the time of the block before, signed", 2, "time_ns: is not after that of block 1",
           lambda s, b: resigned(b, 16, s.blocks[1].header[16:24])),
    Change("another state root, signed", 2, 3, "previous: is not the hash of block 2",
           lambda _, b: resigned(b, 160, bytes(32))),
    change("a finality on block 0", 0, "finality: stands on the genesis block, which carries none",
           lambda _, b: replace(b, finality=finality_of(b.header)).record()),
    change("another block 0", 0, "header: is not the block that the trusted genesis makes",
           lambda _, b: replace(b, header=put(b.header, 191, b"\0")).record()),
    change("a key that names itself", END, UNKNOWN, own_sequencer),
    Change("a key whose registration was refused", END, END + 1, UNKNOWN,
           lambda s, b: records_of(named(s, b, seed=OWNER, result=REFUSED))),
    Change("a key whose registration is a repetition", END, END + 1, UNKNOWN,
           lambda s, b: records_of(named(s, b, seed=OWNER, result=REPEATED))),
    Change("a revoked key registered again", END, END + 1, UNKNOWN,
           lambda s, b: records_of(named(s, b, seed=SEQUENCER, result=REGISTERED))),
)  # fmt: skip


def resealed(data: bytes) -> Iterator[bytes]:
    """Each byte of each payload XOR 1, with the record's checksum made right."""
    at = 0
    while at < len(data):
        start = at + 48
        end = start + int.from_bytes(data[at + 4 : at + 8], "little")
        for place in range(start, end):
            payload = data[start:place] + bytes([data[place] ^ 1]) + data[place + 1 : end]
            checksum = hash_bytes("log", data[at + 8 : at + 16] + payload)
            yield data[: at + 16] + checksum + payload + data[end:]
        at = end
