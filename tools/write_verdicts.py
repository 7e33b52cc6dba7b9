"""Writes docs/vectors/verdicts-v1.json: receipts and ranges of blocks, and the verdict on each.

Run `python -m tools.write_verdicts` after a change of the format or of a verdict's words. The bytes
come from spec/. A refusal's words stand here, written by hand; what an accepted record is told as
comes from clearway.ledger, whose own tests hold its sentences.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from clearway.ledger.block_range import check_range
from clearway.ledger.entry import describe_entry, describe_result, tell_entry
from clearway.ledger.genesis import parse_genesis
from clearway.ledger.receipt import check_receipt, parse_receipt
from spec.codes import CODES
from spec.ed25519 import public_key
from spec.hashing import hash_bytes
from spec.records import ControlAct, Flag, Kind, Outcome, Result
from tools import verdict_chains as chains
from tools.edge_signatures import MIXED_KEY, SMALL_ORDER, edge_signatures, sign_mixed
from tools.verdict_blocks import CHANGES, resealed
from tools.verdict_chains import GENESES
from tools.verdict_geneses import bad_geneses
from tools.write_vectors import one_of_each

FILE: Final = Path(__file__).parent.parent / "docs" / "vectors" / "verdicts-v1.json"
LONG: Final = 64 * 1024 + 1  # bytes, one more than a receipt's field may have


def verdicts() -> dict[str, Any]:
    stories = {name: chains.story(name) for name in ("main", "small", "edge")}
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
        *({"name": f"bad: {name}", "text": text} for name, text, _ in all_bad_geneses()),
    ]
    receipts = [*good_receipts(stories), *bad_receipts(stories), *edge_receipts(stories["edge"])]
    receipts += [*texts_that_are_no_receipt(stories["small"]), *receipts_under_bad_geneses(stories)]
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
        "ranges": [*good_ranges(), *bad_ranges(stories)],
    }
    for case in (*found["receipts"], *found["ranges"]):
        if case["verdict"] is None:
            case["verdict"] = told(case, found)
    return {**found, "flips": flips(found)}


def compact(receipt: Any) -> str:
    return json.dumps(receipt, separators=(",", ":"))


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
    for number, entry in enumerate(entries_to_tell()):
        result = ends[number % len(ends)].encode()
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


# --- receipts -----------------------------------------------------------------------------------


def case(name: str, genesis: str, receipt: Any, verdict: str | None = None) -> dict[str, Any]:
    text = receipt if isinstance(receipt, str) else compact(receipt)
    if verdict is not None:
        verdict = f"NOT VERIFIED: {verdict}"
    return {"name": name, "genesis": genesis, "text": text, "verdict": verdict}


def good_receipts(stories: dict[str, chains.Story]) -> Iterator[dict[str, Any]]:
    """The first entry of every kind, every refusal and every result that is special."""
    seen = set()
    for height, block in enumerate(stories["main"].blocks):
        if block.finality[2:34] == public_key(chains.SPARE):
            continue  # which genesis does not know
        for index, (entry, result) in enumerate(zip(block.entries, block.results, strict=True)):
            what = (entry[1], entry[2], bytes(result[2:6]))
            if what not in seen:
                seen.add(what)
                receipt = stories["main"].receipt(height, index)
                yield case(f"block {height}, entry {index}", "main", receipt)
    yield case("an exchange", "main", stories["main"].receipt(2, 2))
    yield case("an exchange held for review", "main", stories["main"].receipt(3, 5))
    yield case("a small one", "small", stories["small"].receipt(1, 1))
    spaced = json.dumps(stories["small"].receipt(1, 1), indent=3)
    yield case("with white space", "small", spaced)
    backwards = dict(reversed(list(stories["small"].receipt(1, 1).items())))
    yield case("with its keys in another order", "small", backwards)
    escaped = json.dumps(stories["small"].receipt(1, 1)).replace('"object"', '"\\u006fbject"')
    yield case("with an escaped letter", "small", escaped)
    for height, name in enumerate(("an unknown kind", "an unknown code", "no unit"), 1):
        yield case(f"an entry with {name}", "strange", chains.strange().receipt(height, 1))


def bad_receipts(stories: dict[str, chains.Story]) -> Iterator[dict[str, Any]]:
    main, good = stories["main"], stories["main"].receipt(2, 2)
    size, chain_id = good["size"], good["chain_id"]

    def changed(path: str, value: Any, verdict: str, *, of: Any = None) -> dict[str, Any]:
        receipt = copy.deepcopy(of or good)
        node, parts = receipt, path.split(".")
        for part in parts[:-1]:
            node = node[int(part)] if part.isdigit() else node[part]
        node[int(parts[-1]) if parts[-1].isdigit() else parts[-1]] = value
        return case(f"{path} is {str(value)[:40]}", "main", receipt, verdict)

    for key in good:
        without = {name: value for name, value in good.items() if name != key}
        yield case(f"without {key}", "main", without, f"receipt: '{key}' is missing")
    for key in good["finality"]:
        lacking = {name: value for name, value in good["finality"].items() if name != key}
        yield changed("finality", lacking, f"finality: '{key}' is missing")
    alien = "has a key that does not belong there"
    yield changed("more", 1, f"receipt: {alien}")
    yield changed("finality.more", "", f"finality: {alien}")
    yield changed("object", "payment", "object: is not 'receipt'")
    yield changed("object", None, "object: is not 'receipt'")
    for version in (2, 0, True, "1", 1.0, None):
        yield changed("version", version, "version: is not 1")
    no_hex = "is not lower-case hex"
    for field in ("chain_id", "header", "entry", "result"):
        yield changed(field, good[field].upper(), f"{field}: {no_hex}")
        yield changed(field, good[field][:-1], f"{field}: {no_hex}")
        yield changed(field, "0x" + good[field], f"{field}: {no_hex}")
        yield changed(field, None, f"{field}: {no_hex}")
        yield changed(field, 7, f"{field}: {no_hex}")
        long = changed(field, "@", f"{field}: has more than 65536 bytes")
        yield long | {"name": f"{field} too long", "fill": ["@", "00", LONG]}
    yield changed("chain_id", "00" * 31, "chain_id: has 31 bytes, not 32")
    wrong_chain = f"chain_id: is not that of the trusted genesis, {chain_id}"
    yield changed("chain_id", "00" * 32, wrong_chain)
    yield changed("header", good["header"][:-2], "header: has 191 bytes, not 192")
    yield changed("header", "02" + good["header"][2:], "header: is not a header of version 1")
    yield changed("header", put(good["header"], 24, "01"), "header: is not a header of version 1")
    yield changed("header", put(good["header"], 32, "00"), "header: belongs to another chain")
    for at, what in ((8, "height"), (16, "time"), (64, "previous"), (96, "root"), (191, "state")):
        flipped = put(good["header"], at, f"{int(good['header'][2 * at :][:2], 16) ^ 1:02x}")
        wrong = "finality.signature: is not over this header by this key"
        yield changed("header", flipped, wrong) | {"name": f"another {what} in the header"}
    yield changed("finality", None, "finality: is missing, and block 2 needs it")
    for value in ([], "", 1, False):
        yield changed("finality", value, "finality: is not an object")
    yield changed("finality.kind", "validators", "finality.kind: is not 'sequencer'")
    yield changed("finality.kind", 1, "finality.kind: is not 'sequencer'")
    yield changed("finality.key", "00", "finality.key: has 1 bytes, not 32")
    stranger = "finality.key: is not a sequencer of the trusted genesis"
    yield changed("finality.key", "00" * 32, stranger)
    yield changed("finality.key", public_key(chains.BANK).hex(), stranger)
    yield changed("finality.signature", "00" * 63, "finality.signature: has 63 bytes, not 64")
    unsigned = "finality.signature: is not over this header by this key"
    yield changed("finality.signature", "00" * 64, unsigned)
    other = main.receipt(3, 1)["finality"]["signature"]
    yield changed("finality.signature", other, unsigned) | {"name": "another block's signature"}
    for value in (size - 1, size + 1, 2**32 - 1):
        yield changed("size", value, f"size: is not the header's count, {size}")
    whole = "is not a whole number"
    for value in (-1, 2**32, 10**30, 1.0, True, "1", None, [1]):
        yield changed("size", value, f"size: {whole}")
        yield changed("index", value, f"index: {whole}")
    for value in (size, size + 1, 2**32 - 1):
        yield changed("index", value, f"index: is not below size, {size}")
    lead = "it, its index and {0}_path do not lead to the {1}"
    entry_differs = "entry: " + lead.format("entry", "transactions_root")
    result_differs = "result: " + lead.format("result", "results_root")
    yield changed("index", 3, entry_differs)
    yield changed("entry", "", entry_differs)
    yield changed("entry", good["entry"] + "00", entry_differs)
    yield changed("entry", main.receipt(2, 1)["entry"], entry_differs) | {"name": "another entry"}
    yield changed("result", "00", "result: has 1 bytes, not 32")
    yield changed("result", put(good["result"], 2, "2e"), result_differs) | {"name": "a refusal"}
    for which in ("entry", "result"):
        path, differs = good[f"{which}_path"], entry_differs if which == "entry" else result_differs
        field, count = f"{which}_path", len(good[f"{which}_path"])
        for value in ({}, "", None, ["00" * 32] * 33):
            yield changed(field, value, f"{field}: is not a list of at most 32 hashes")
        for value in (path[:-1], [*path, "00" * 32], []):
            needs = f"has {len(value)} hashes, leaf 2 of {size} has {count}"
            yield changed(field, value, f"{field}: {needs}")
        yield changed(field, path[::-1], differs) | {"name": f"{field} upside down"}
        yield changed(f"{field}.0", "00" * 32, differs)
        yield changed(f"{field}.1", "00", f"{field}[1]: has 1 bytes, not 32")
        yield changed(f"{field}.1", 7, f"{field}[1]: {no_hex}")
    swapped = {"entry_path": good["result_path"], "result_path": good["entry_path"]}
    yield case("swapped paths", "main", {**good, **swapped}, entry_differs)
    crossed = {"entry": good["result"], "result": good["entry"][:64]}
    yield case("entry and result exchanged", "main", {**good, **crossed}, entry_differs)

    yield case("under another genesis", "small", good, wrong_for("small", stories))
    forged = {**good, "chain_id": stories["small"].ledger.chain_id.hex()}
    yield case("renamed for another genesis", "small", forged, "header: belongs to another chain")
    rotated = main.receipt(main.rotated, 0)
    yield case("a block of the rotated key", "main", rotated, stranger)
    edge = stories["edge"]
    early = {**edge.receipt(1, 1), "finality": finality_fields(edge.blocks[1].header)}
    yield case("a key before its activation", "edge", early, stranger)

    first = main.receipt(0, 1)
    signed = {**first, "finality": good["finality"]}
    carries = "finality: stands on the genesis block, which carries none"
    yield case("block 0 with a signature", "main", signed, carries)
    for at in (4, 16, 64, 191):
        value = put(first["header"], at, f"{int(first['header'][2 * at :][:2], 16) ^ 1:02x}")
        other_start = "header: is not the block that the trusted genesis makes"
        yield changed("header", value, other_start, of=first) | {"name": f"block 0, byte {at}"}
    yield changed("index", 2, entry_differs, of=first) | {"name": "block 0, another index"}


def finality_fields(header: bytes) -> dict[str, str]:
    """By the key of `edge` that becomes active later."""
    made = chains.finality_of(header, chains.SPARE)
    return {"kind": "sequencer", "key": made[2:34].hex(), "signature": made[34:].hex()}


def put(text: str, at: int, byte: str) -> str:
    return text[: 2 * at] + byte + text[2 * at + 2 :]


def wrong_for(name: str, stories: dict[str, chains.Story]) -> str:
    return f"chain_id: is not that of the trusted genesis, {stories[name].ledger.chain_id.hex()}"


def edge_receipts(story: chains.Story) -> Iterator[dict[str, Any]]:
    """Signatures on which a cofactorless verifier, or one that wants canonical points, differs."""
    receipt = story.receipt(1, 1)
    digest = hash_bytes("header", bytes.fromhex(receipt["header"]))

    def final(key: bytes, signature: bytes, name: str, verdict: str | None) -> dict[str, Any]:
        fields = {"kind": "sequencer", "key": key.hex(), "signature": signature.hex()}
        return case(name, "edge", {**receipt, "finality": fields}, verdict)

    for number, key in enumerate(SMALL_ORDER):
        r = SMALL_ORDER[-number]
        yield final(key, r + bytes(32), f"key of small order {number}", None)
    yield final(MIXED_KEY, sign_mixed(digest), "a key with a part of small order", None)
    wrong = "finality.signature: is not over this header by this key"
    order = 2**252 + 27742317777372353535851937790883648493
    high = order.to_bytes(32, "little")
    yield final(SMALL_ORDER[0], SMALL_ORDER[0] + high, "S at the order", wrong)
    mixed = sign_mixed(digest)
    s = (int.from_bytes(mixed[32:], "little") + order).to_bytes(32, "little")
    yield final(MIXED_KEY, mixed[:32] + s, "S above the order", wrong)
    no_point = (2).to_bytes(32, "little")
    yield final(SMALL_ORDER[0], no_point + bytes(32), "R that is no point", wrong)
    yield final(no_point, SMALL_ORDER[0] + bytes(32), "a key that is no point", wrong)


NOT_JSON: Final = "receipt: is not JSON of distinct keys in UTF-8"


def texts_that_are_no_receipt(story: chains.Story) -> Iterator[dict[str, Any]]:
    """`text` may hold bytes that are no UTF-8, each as a lone surrogate U+DC80 to U+DCFF, as
    Python's surrogateescape writes them."""
    good = json.dumps(story.receipt(1, 1), separators=(",", ":"))
    numbered = good.replace('"index":1', '"index":{}')
    assert numbered != good
    bad = {
        "nothing": "",
        "white space": " \n",
        "no end": good[:-1],
        "more than one": good + good,
        "something behind it": good + ",",
        "a comma too much": good[:-1] + ",}",
        "a comma too few": good.replace(",", " ", 1),
        "a comment": good + "//",
        "single quotes": good.replace('"', "'"),
        "a byte order mark": "\ufeff" + good,
        "a form feed": good + "\f",
        "a no-break space": good + "\u00a0",
        "a control character in a text": good.replace('"receipt"', '"re\tceipt"'),
        "bytes that are no UTF-8": good.replace('"receipt"', '"re\udcff"'),
        "an overlong letter": good.replace('"receipt"', '"\udcc1\udc81"'),
        "a surrogate in UTF-8": good.replace('"receipt"', '"\udced\udca0\udc80"'),
        "half a surrogate pair": good.replace('"receipt"', '"\\ud83d"'),
        "the other half": good.replace('"receipt"', '"\\ude00x"'),
        "the wrong way round": good.replace('"receipt"', '"\\ude00\\ud83d"'),
        "an unknown escape": good.replace('"receipt"', '"\\x72eceipt"'),
        "a short escape": good.replace('"receipt"', '"\\u006"'),
        "a sign in an escape": good.replace('"receipt"', '"\\u+06f"'),
        "a key twice": good[:-1] + ',"index":1}',
        "a key twice, once escaped": good[:-1] + ',"\\u0069ndex":1}',
        "a key twice inside": good.replace('"kind":', '"kind":"x","kind":'),
        "NaN": numbered.replace("{}", "NaN", 1),
        "Infinity": numbered.replace("{}", "-Infinity", 1),
        "a leading zero": numbered.replace("{}", "01", 1),
        "a plus": numbered.replace("{}", "+1", 1),
        "a bare point": numbered.replace("{}", "1.", 1),
        "no digit before the point": numbered.replace("{}", ".1", 1),
        "an empty exponent": numbered.replace("{}", "1e", 1),
        "hex": numbered.replace("{}", "0x1", 1),
        "a lone minus": numbered.replace("{}", "-", 1),
        "True": numbered.replace("{}", "True", 1),
        "other digits": numbered.replace("{}", "\u0661", 1),
        "17 levels": "[" * 17 + "]" * 17,
        "no end of many levels": "[" * 999,
    }
    for name, text in bad.items():
        yield case(name, "small", text, NOT_JSON)
    for name, text in {
        "a list": "[]",
        "a text": '"receipt"',
        "a number": "1",
        "null": "null",
        "16 levels": "[" * 16 + "]" * 16,
    }.items():
        yield case(name, "small", text, "receipt: is not an object")
    yield case("an emoji", "small", good.replace('"receipt"', '"\\ud83d\\ude00"'),
               "object: is not 'receipt'")  # fmt: skip
    for text in ("-0", "1.0", "1e0", "10e-1", "99999999999999999999999", "1e999", "9" * 500):
        yield case(f"index {text[:30]}", "small", numbered.replace("{}", text, 1),
                   "index: is not a whole number")  # fmt: skip
    long = case("a file too long", "small", good + "@", "receipt: has more than 1048576 bytes")
    yield long | {"fill": ["@", " ", 1024 * 1024 + 1 - len(good)]}


# --- geneses ------------------------------------------------------------------------------------


def all_bad_geneses() -> Iterator[tuple[str, str, str]]:
    for name, (text, verdict) in bad_geneses(GENESES["main"]).items():
        yield name, text, verdict


def receipts_under_bad_geneses(stories: dict[str, chains.Story]) -> Iterator[dict[str, Any]]:
    receipt = stories["main"].receipt(2, 2)
    for name, _text, verdict in all_bad_geneses():
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
    }


def good_ranges() -> Iterator[dict[str, Any]]:
    for base in ("main", "middle", "small", "edge", "strange"):
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
    SHA-256. A changed receipt or range is always refused; of a genesis only names may change."""
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
            }
        )
    return rows


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
