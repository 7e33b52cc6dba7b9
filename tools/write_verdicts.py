"""Writes docs/vectors/verdicts-v1.json: receipts and ranges of blocks, and the verdict on each.

Run `python -m tools.write_verdicts` after a change of the format or of a verdict's words. The bytes
come from spec/. A refusal's words stand here, written by hand; what an accepted record is told as
comes from clearway.ledger, whose own tests hold its sentences.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from clearway.ledger.block_range import check_range
from clearway.ledger.entry import describe_entry, describe_result, tell_entry
from clearway.ledger.genesis import parse_genesis
from clearway.ledger.receipt import check_receipt, parse_receipt
from spec.codes import CODES
from spec.compose import asset_unit
from spec.ed25519 import public_key
from spec.records import ControlAct, Flag, Kind, Outcome, Result
from tools import verdict_chains as chains
from tools.edge_signatures import edge_signatures
from tools.vector_records import one_of_each
from tools.verdict_blocks import CHANGES, resealed
from tools.verdict_chains import GENESES, MAIN
from tools.verdict_geneses import bad_geneses, other_geneses
from tools.verdict_keys import key_ranges
from tools.verdict_receipts import (
    bad_receipts,
    case,
    compact,
    edge_receipts,
    good_receipts,
    texts_that_are_no_receipt,
)

FILE: Final = Path(__file__).parent.parent / "docs" / "vectors" / "verdicts-v1.json"
MEBI16: Final = 16 * 1024 * 1024  # bytes, the most that a genesis file may have


def verdicts() -> dict[str, Any]:
    stories = {name: chains.story(name) for name in chains.TIMES}
    bases = {
        "geneses": {name: json.dumps(file, indent=1).encode() for name, file in GENESES.items()},
        "receipts": {
            name: compact(told.receipt(*place)).encode()
            for name, told, place in (
                ("main", stories["main"], (2, 2)),
                ("start", stories["main"], (0, 1)),
                ("small", stories["small"], (1, 1)),
                ("edge", stories["edge"], (1, 1)),
            )
        },
        "ranges": {name: b"".join(records) for name, records in range_bases(stories).items()},
    }
    geneses = [
        *({"name": name, "text": text.decode()} for name, text in bases["geneses"].items()),
        *({"name": f"good: {name}", "text": text} for name, text in other_geneses(MAIN).items()),
        *({"name": f"bad: {name}", "text": text} for name, text, _ in all_bad_geneses()),
        *long_geneses(bases["geneses"]["main"].decode()),
    ]
    receipts = [*good_receipts(stories), *bad_receipts(stories), *edge_receipts(stories["edge"])]
    receipts += [*texts_that_are_no_receipt(stories["small"]), *receipts_under_geneses(stories)]
    found: dict[str, Any] = {
        "format": 1,
        "bases": {
            "geneses": {name: text.decode() for name, text in bases["geneses"].items()},
            "receipts": {name: text.decode() for name, text in bases["receipts"].items()},
            "ranges": {name: data.hex() for name, data in bases["ranges"].items()},
        },
        "geneses": {
            row.pop("name"): row for row in (edited(row, bases["geneses"]) for row in geneses)
        },
        "signatures": edge_signatures(),
        "told": told_entries(bases["geneses"]["main"]),
        "receipts": [edited(row, bases["receipts"]) for row in receipts],
        "ranges": [*good_ranges(), *bad_ranges(stories), *key_ranges(stories["edge"])],
    }
    for row in (*found["receipts"], *found["ranges"]):
        if row["verdict"] is None:
            row["verdict"] = told(row, found)
    return {**found, "flips": flips(found)}


def edited(row: dict[str, Any], bases: dict[str, bytes]) -> dict[str, Any]:
    """The row with its `text` as the shortest edit of a base: `base` and `edits`."""
    text = row["text"].encode("utf-8", "surrogateescape")
    mark, part, times = row.get("fill", ("", "", 1))
    best: tuple[int, str, list[Any]] | None = None
    for name, base in bases.items():
        start = common(base, text)
        end = common(base[start:][::-1], text[start:][::-1])
        put = text[start : len(text) - end]
        if best is None or len(put) < best[0]:
            edits = [[start, len(base) - start - end, put.hex()]] if base != text else []
            best = (len(put), name, edits)
    assert best is not None
    _, name, edits = best
    if mark:
        assert edits[0][2] == mark.encode().hex(), row["name"]
        edits = [[*edits[0][:2], part.encode().hex(), times]]
    kept = {key: value for key, value in row.items() if key not in ("text", "fill", "verdict")}
    more = {"verdict": row["verdict"]} if "verdict" in row else {}
    return {**kept, "base": name, "edits": edits, **more}


def common(left: bytes, right: bytes) -> int:
    """Length of what both begin with."""
    for at, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return at
    return min(len(left), len(right))


def bytes_of(case: dict[str, Any], bases: dict[str, str], *, is_hex: bool = False) -> bytes:
    """A case's bytes: its base, then each edit [at, bytes removed, hex put there, times = 1]."""
    base = bases[case["base"]]
    data = bytearray.fromhex(base) if is_hex else bytearray(base.encode())
    for at, removed, put, *times in case.get("edits", ()):
        data[at : at + removed] = bytes.fromhex(put) * (times[0] if times else 1)
    return bytes(data)


def told(case: dict[str, Any], found: dict[str, Any]) -> str:
    """The verdict of clearway.ledger, for cases that must be accepted."""
    line = verdict_on(case, found)
    assert line.startswith("VERIFIED: "), (case["name"], line)
    return line


def verdict_on(case: dict[str, Any], found: dict[str, Any]) -> str:
    """One line, as `clearway verify-receipt` and `verify-blocks` print it."""
    bases = found["bases"]
    genesis = bytes_of(found["geneses"][case["genesis"]], bases["geneses"])
    if case["base"] in bases["receipts"] and case in found["receipts"]:
        return receipt_verdict(bytes_of(case, bases["receipts"]), genesis)
    return range_verdict(
        bytes_of(case, bases["ranges"], is_hex=True),
        genesis,
        block=case.get("trust_block"),
        keys=case.get("trust_keys", ()),
    )


def receipt_verdict(data: bytes, genesis: bytes) -> str:
    try:
        checked = check_receipt(parse_receipt(data), parse_genesis(genesis))
    except ValueError as error:
        return f"NOT VERIFIED: {error}"
    return f"VERIFIED: {checked.tell()}"


def range_verdict(
    data: bytes, genesis: bytes, *, block: str | None = None, keys: Sequence[str] = ()
) -> str:
    try:
        found = check_range(
            data,
            parse_genesis(genesis),
            trusted_block=None if block is None else bytes.fromhex(block),
            trusted_keys=[bytes.fromhex(key) for key in keys],
        )
    except ValueError as error:
        return f"NOT VERIFIED: {error}"
    return f"VERIFIED: {found.tell()}"


# --- words --------------------------------------------------------------------------------------


def told_entries(genesis: bytes) -> list[dict[str, str]]:
    """An entry of every kind and with every flag, and what it is told as under `main`: so that a
    new kind's sentence is told alike everywhere."""
    trusted = parse_genesis(genesis)
    assets = {asset.number: asset for asset in trusted.assets}
    ends = [Result(Kind.VOID, code, flags, height=7) for code in (0, 24, 46) for flags in (0, 1)]
    rows = []
    told = [(entry, ends[number % len(ends)]) for number, entry in enumerate(entries_to_tell())]
    for entry, end in (*told, *ends_to_tell()):
        result = end.encode()
        words = tell_entry(describe_entry(entry, assets), describe_result(result, CODES))
        rows.append({"entry": entry.hex(), "result": result.hex(), "words": words})
    return rows


def entries_to_tell() -> Iterator[bytes]:
    for entry in one_of_each():
        known = replace(entry, asset=chains.EUR, to_asset=chains.USD)
        yield known.encode()
        yield replace(known, to_asset=0, outcome=Outcome.ACCEPT, flags=known.flags & ~1).encode()
        yield entry.encode()
    plain = replace(one_of_each()[0], asset=chains.JPY, signature=b"")
    yield from (replace(plain, flags=flag).encode() for flag in Flag if flag != Flag.SIGNED)
    for kind in Kind:
        if kind > Kind.SWEEP:
            yield replace(plain, kind=kind, units=()).encode()
    for act in range(len(ControlAct) + 2):
        yield replace(plain, kind=Kind.CONTROL_ASSET, purpose=act, units=()).encode()
    for key in (public_key(chains.SPARE), bytes(32)):
        yield replace(plain, kind=Kind.SET_AUTHORITY, units=(key + bytes(32),)).encode()
    yield bytes([1, 0]) + bytes(190)
    yield bytes([1, 0]) + bytes(191)
    yield bytes([1, 1, 0, 0, 2]) + bytes(91)
    yield bytes([1, 1, 0, 0, 2]) + bytes(90)
    yield bytes([1, 200])


def ends_to_tell() -> Iterator[tuple[bytes, Result]]:
    """Results that no kernel of this version writes, and entries that bring out a word each."""
    plain = replace(one_of_each()[0], asset=chains.JPY, units=(), signature=b"")
    for code in (0, 24, 46, 999, 2**16 - 1):
        for flags in (0, 1, 2, 2**15):
            yield plain.encode(), Result(Kind.PAYMENT, code, flags, height=2**64 - 1)
    done = Result(Kind.PAYMENT)
    for kind in (Kind.REDEEM, Kind.PAYMENT, Kind.ISSUE):
        for flag in (Flag.BALANCING_PAYER, Flag.BALANCING_PAYEE, Flag.PENDING):
            yield replace(plain, kind=kind, flags=flag).encode(), done
    for kind in Kind:
        if kind > Kind.SWEEP:  # a word of one sentence is not in another's
            flags = sum(Flag) & ~Flag.SIGNED
            yield replace(plain, kind=kind, flags=flags, outcome=Outcome.REVIEW).encode(), done
    for name in (b" !A~\x7f\x80\xff", b"A\0B", b"\0A", b"", b"ABCDEFGHIJKLMNOP"):
        unit = asset_unit(name, 2)
        yield replace(plain, kind=Kind.REGISTER_ASSET, units=unit).encode(), done
    key = (bytes(range(64)), bytes(64))
    yield replace(plain, kind=Kind.REGISTER_KEY, units=key).encode(), done
    for asset in (0, len(MAIN["assets"]), len(MAIN["assets"]) + 1, 2**32 - 1):
        yield replace(plain, asset=asset, to_asset=chains.USD, amount_minor=0).encode(), done
    signed = replace(plain, kind=Kind.OPEN_ACCOUNT, flags=Flag.SIGNED, signature=bytes(64))
    yield signed.encode(), done


# --- geneses ------------------------------------------------------------------------------------


def all_bad_geneses() -> Iterator[tuple[str, str, str]]:
    for name, (text, verdict) in bad_geneses(GENESES["main"]).items():
        yield name, text, verdict


def long_geneses(good: str) -> Iterator[dict[str, Any]]:
    """As long as may be, and one byte longer."""
    for name, size in (
        ("good: a file as long as may be", MEBI16),
        ("bad: a file too long", MEBI16 + 1),
    ):
        fill = ["@", " ", size - len(good.encode())]
        yield {"name": name, "text": good + "@", "fill": fill}


def receipts_under_geneses(stories: dict[str, chains.Story]) -> Iterator[dict[str, Any]]:
    receipt = stories["main"].receipt(2, 2)
    for name in (*other_geneses(MAIN), "a file as long as may be"):
        yield case(f"under a genesis with {name}", f"good: {name}", receipt)
    for index in (0, 60, len(stories["wide"].blocks[0].entries) - 1):
        yield case(f"entry {index} of a wide genesis", "wide", stories["wide"].receipt(0, index))
    long = ("a file too long", "", f"file: has more than {MEBI16} bytes")
    for name, _text, verdict in (*all_bad_geneses(), long):
        made = case(f"under a genesis with {name}", f"bad: {name}", receipt, f"genesis: {verdict}")
        yield made


# --- ranges -------------------------------------------------------------------------------------


def range_bases(stories: dict[str, chains.Story]) -> dict[str, list[bytes]]:
    main = stories["main"].records()
    return {
        "main": main,
        "late": main[stories["main"].rotated :],
        "middle": main[2:4],
        "small": stories["small"].records(),
        "edge": stories["edge"].records(),
        "strange": chains.strange().records(),
        "wide": stories["wide"].records(),
        "empty": stories["empty"].records(),
    }


def good_ranges() -> Iterator[dict[str, Any]]:
    for base in ("main", "middle", "small", "edge", "strange", "wide", "empty"):
        yield {"name": f"all of {base}", "genesis": base if base != "middle" else "main",
               "base": base, "verdict": None}  # fmt: skip
    yield {
        "name": "after the rotation, with its key named",
        "genesis": "main",
        "base": "late",
        "trust_keys": [public_key(chains.SPARE).hex()],
        "verdict": None,
    }
    main = chains.story("main")
    yield {
        "name": "with its first block named",
        "genesis": "main",
        "base": "middle",
        "trust_block": main.blocks[2].hash().hex(),
        "verdict": None,
    }


def bad_ranges(stories: dict[str, chains.Story]) -> Iterator[dict[str, Any]]:
    main = stories["main"]
    records = main.records()
    whole = b"".join(records)
    starts = [len(b"".join(records[:height])) for height in range(len(records) + 1)]

    def cut(
        name: str, at: int, removed: int, put: str, verdict: str, **more: Any
    ) -> dict[str, Any]:
        return {
            "name": name,
            "genesis": "main",
            "base": "main",
            "edits": [[at, removed, put]],
            "verdict": f"NOT VERIFIED: {verdict}",
            **more,
        }

    end = len(whole)
    yield cut("no block at all", 0, end, "", "range: has no blocks")
    begins = "record: does not begin as one of the block log"
    yield cut("text", 0, end, b"hello".hex(), begins)
    yield cut("another magic", 0, 4, b"CWB2".hex(), begins)
    yield cut("another magic later", starts[2], 4, b"CWB2".hex(), f"block 2: {begins}")
    yield cut("a byte behind", end, 0, "00", f"block {len(records)}: {begins}")
    last = len(records) - 1
    yield cut("the end cut", end - 1, 1, "", f"block {last}: record: is cut short")
    yield cut("the first record cut", starts[0] + 60, end, "", "block 0: record: is cut short")
    yield cut("the first head cut", starts[0] + 47, end, "", begins)
    yield cut("a head cut", starts[1] + 20, end, "", f"block 1: {begins}")
    yield cut(
        "one block left out", starts[3], len(records[3]), "", "block 3: record: is of height 4"
    )
    yield cut("one block twice", starts[3], 0, records[3].hex(), "block 4: record: is of height 3")
    checksum = "checksum: is not that of the record"
    yield cut("a byte of a payload", starts[2] + 300, 1, "ff", f"block 2: {checksum}")
    yield cut("a byte of a checksum", starts[2] + 30, 1, "ff", f"block 2: {checksum}")
    yield cut("a greater height", starts[0] + 8, 1, "01", f"block 1: {checksum}")

    for change in CHANGES:
        at, count = starts[change.height], len([*records, b""][change.height])
        verdict = f"block {change.bad}: {change.verdict}"
        yield cut(change.name, at, count, change.record(main).hex(), verdict)

    yield {
        "name": "after the rotation, with nobody named",
        "genesis": "main",
        "base": "late",
        "verdict": f"NOT VERIFIED: block {main.rotated}: "
        "finality.key: is not a sequencer known before this block",
    }
    yield {
        "name": "with another first block named",
        "genesis": "main",
        "base": "middle",
        "trust_block": main.blocks[3].hash().hex(),
        "verdict": "NOT VERIFIED: block 2: header: is not the block that is trusted",
    }
    yield {
        "name": "another genesis",
        "genesis": "small",
        "base": "main",
        "verdict": "NOT VERIFIED: block 0: header: belongs to another chain",
    }


# --- every digit and every byte -----------------------------------------------------------------


def flips(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Each rule changes one place after another of one file; the verdicts, one a line, have this
    SHA-256; how often each of them came, with its numbers masked, helps to find the one that differs.
    A changed receipt or range is always refused; of a genesis only names may change."""
    rows = []
    for file, rule, genesis, subject in (
        ("receipt", "byte", "small", "small"),
        ("receipt", "digit", "small", "small"),
        ("range", "byte", "small", "small"),
        ("range", "resealed", "small", "small"),
        ("genesis", "byte", "main", "start"),
        ("genesis", "digit", "small", "small"),
    ):
        lines = list(flip_verdicts(found["bases"], file, rule, genesis, subject))
        accepted = sum(line.startswith("VERIFIED: ") for line in lines)
        assert (accepted == 0) is (file != "genesis")
        text = "\n".join(lines).encode()
        rows.append(
            {
                "file": file,
                "rule": rule,
                "genesis": genesis,
                "subject": subject,
                "count": len(lines),
                "accepted": accepted,
                "sha256": hashlib.sha256(text).hexdigest(),
                "lines": dict(Counter(masked(line) for line in lines)),
            }
        )
    return rows


def masked(line: str) -> str:
    """With N for each number and HEX for each hash."""
    return re.sub("[0-9]+", "N", re.sub("(0x)?[0-9a-f]{32,}", "HEX", line))


def flip_verdicts(
    bases: dict[str, Any], file: str, rule: str, genesis: str, subject: str
) -> Iterator[str]:
    trusted = bases["geneses"][genesis].encode()
    if file == "range":
        data = bytes.fromhex(bases["ranges"][subject])
        yield from (range_verdict(changed, trusted) for changed in flipped(rule, data))
        return
    receipt = bases["receipts"][subject].encode()
    if file == "receipt":
        yield from (receipt_verdict(changed, trusted) for changed in flipped(rule, receipt))
    else:
        yield from (receipt_verdict(receipt, changed) for changed in flipped(rule, trusted))


def flipped(rule: str, data: bytes) -> Iterator[bytes]:
    """byte: each byte XOR 1. digit: each of 0-9 and a-f, wherever it stands, becomes the next one
    (9 → a, f → 0). resealed: each byte of each payload XOR 1, with the checksum made right."""
    if rule == "resealed":
        yield from resealed(data)
        return
    digits = b"0123456789abcdef"
    for at, byte in enumerate(data):
        if rule == "byte":
            yield data[:at] + bytes([byte ^ 1]) + data[at + 1 :]
        elif byte in digits:
            after = digits[(digits.index(byte) + 1) % 16]
            yield data[:at] + bytes([after]) + data[at + 1 :]


def main() -> None:
    FILE.write_text(json.dumps(verdicts(), indent=1) + "\n")


if __name__ == "__main__":
    main()
