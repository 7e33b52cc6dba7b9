"""Receipts, good and made wrong, each with the verdict that it must get; None for one that is good."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from spec.ed25519 import public_key
from spec.hashing import hash_bytes
from tools import verdict_chains as chains
from tools.edge_signatures import MIXED_KEY, SMALL_ORDER, sign_mixed
from tools.verdict_faults import receipts_of_two_faults, with_faults

LONG: Final = 64 * 1024 + 1  # bytes, one more than a receipt's field may have


def compact(receipt: Any) -> str:
    return json.dumps(receipt, separators=(",", ":"))


def case(name: str, genesis: str, receipt: Any, verdict: str | None = None) -> dict[str, Any]:
    text = receipt if isinstance(receipt, str) else compact(receipt)
    if verdict is not None:
        verdict = f"NOT VERIFIED: {verdict}"
    return {"name": name, "genesis": genesis, "text": text, "verdict": verdict}


def good_receipts(stories: dict[str, chains.Story]) -> Iterator[dict[str, Any]]:
    """The first entry of every kind, every refusal and every result that is special; and those
    whose entry and result are odd, of which some are refused."""
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
    for height, (entry, _, line) in enumerate(chains.ODD, 1):
        name = f"odd block {height}, an entry of {len(entry)} bytes"
        yield case(name, "small", chains.odd().receipt(height, 1), line)
    full = case("a file as long as may be", "small", stories["small"].receipt(1, 1))
    text = full["text"] + "@"
    yield full | {"text": text, "fill": ["@", " ", 1024 * 1024 + 1 - len(text)]}


def bad_receipts(stories: dict[str, chains.Story]) -> Iterator[dict[str, Any]]:
    main, good = stories["main"], stories["main"].receipt(2, 2)
    size, chain_id = good["size"], good["chain_id"]

    def changed(path: str, value: Any, verdict: str, *, of: Any = None) -> dict[str, Any]:
        receipt = with_faults(of or good, ((path, value),))
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
    value: Any  # of whatever type a file may have there
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
    for name, receipt, line in receipts_of_two_faults(
        good, stories["small"].receipt(1, 1)["chain_id"]
    ):
        yield case(name, "main", receipt, line)

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
