"""Files with two faults each: the check that comes first says its line."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Final

TEXT: Final = "is not a text of 1 to 256 characters"
NUMBER: Final = "is not a whole number from 0 to 4294967295"
TWICE: Final = "stands twice"
NO_FLAG: Final = "has one that is none of nostro, operating, sub, frozen, closed, policy"
Fault = tuple[str, Any]
"""A path such as `finality.key` or `keys.0.institution`, and the value that is set there."""


def set_at(file: Any, path: str, value: Any) -> None:
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in parents:
        file = file[part]
    if isinstance(file, list) and last == len(file):
        file.append(value)
    else:
        file[last] = value


def with_faults(good: dict[str, Any], faults: tuple[Fault, ...]) -> dict[str, Any]:
    made = copy.deepcopy(good)
    for path, value in faults:
        set_at(made, path, value)
    return made


def receipts_of_two_faults(
    good: dict[str, Any], other_chain: str
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Name, receipt, line. good: one with finality, from a block of some entries."""
    header, size, chain_id = good["header"], good["size"], good["chain_id"]
    count = len(good["entry_path"])
    foreign = header[:64] + other_chain + header[128:]
    no_hex = "is not lower-case hex"
    entry_differs = "entry: it, its index and entry_path do not lead to the transactions_root"
    where = f"leaf {good['index']} of {size} has {count}"
    cases: tuple[tuple[Fault, Fault, str], ...] = (
        (("more", 1), ("object", 1), "receipt: has a key that does not belong there"),
        (("object", 1), ("version", 2), "object: is not 'receipt'"),
        (("version", 2), ("chain_id", 1), "version: is not 1"),
        (("chain_id", 1), ("header", 1), f"chain_id: {no_hex}"),
        (("chain_id", other_chain), ("header", 1),
         f"chain_id: is not that of the trusted genesis, {chain_id}"),
        (("header", 1), ("finality", None), f"header: {no_hex}"),
        (("header", "02" + foreign[2:]), ("finality", None), "header: is not a header of version 1"),
        (("header", foreign), ("finality", None), "header: belongs to another chain"),
        (("finality", None), ("size", "x"), "finality: is missing, and block 2 needs it"),
        (("finality", []), ("size", "x"), "finality: is not an object"),
        (("finality.more", 1), ("finality.kind", 1), "finality: has a key that does not belong there"),
        (("finality.kind", 1), ("finality.key", 1), "finality.kind: is not 'sequencer'"),
        (("finality.key", 1), ("finality.signature", 1), f"finality.key: {no_hex}"),
        (("finality.key", "00" * 32), ("finality.signature", 1),
         "finality.key: is not a sequencer of the trusted genesis"),
        (("finality.key", "00" * 32), ("finality.signature", "00"),
         "finality.key: is not a sequencer of the trusted genesis"),
        (("finality.signature", "00"), ("size", "x"), "finality.signature: has 1 bytes, not 64"),
        (("finality.signature", "00" * 64), ("size", "x"),
         "finality.signature: is not over this header by this key"),
        (("size", "x"), ("index", "x"), "size: is not a whole number"),
        (("size", size + 1), ("index", "x"), f"size: is not the header's count, {size}"),
        (("size", size + 1), ("index", size + 1), f"size: is not the header's count, {size}"),
        (("index", "x"), ("entry", 1), "index: is not a whole number"),
        (("index", size), ("entry", 1), f"index: is not below size, {size}"),
        (("entry", 1), ("result", 1), f"entry: {no_hex}"),
        (("result", "00"), ("entry_path", {}), "result: has 1 bytes, not 32"),
        (("entry_path", {}), ("entry", "00"), "entry_path: is not a list of at most 32 hashes"),
        (("entry_path", {}), ("result_path", {}), "entry_path: is not a list of at most 32 hashes"),
        (("entry", "00"), ("result_path", {}), entry_differs),
        (("entry", "00"), ("result_path", good["result_path"][:-1]), entry_differs),
        (("result_path", {}), ("result", "00" * 32),
         "result_path: is not a list of at most 32 hashes"),
        (("entry_path.0", 1), ("entry_path.1", "00"), f"entry_path[0]: {no_hex}"),
        (("entry_path", [1]), ("result_path", {}), f"entry_path: has 1 hashes, {where}"),
        (("entry_path", [1] * 33), ("result_path", {}),
         "entry_path: is not a list of at most 32 hashes"),
    )  # fmt: skip
    for number, (*faults, line) in enumerate(cases):
        named = " and ".join(path for path, _ in faults)
        yield f"two faults {number}, {named}", with_faults(good, tuple(faults)), line
    lacking = {name: value for name, value in good.items() if name not in ("version", "finality")}
    yield (
        "two keys missing and one too many",
        {**lacking, "more": 1},
        "receipt: 'version' is missing",
    )


def geneses_of_two_faults(
    good: dict[str, Any],
) -> Iterator[tuple[str, tuple[Fault, ...], str]]:
    """Name, faults and verdict: of the file's parts, of a row's fields, and of what is seen last."""
    keys, accounts = good["keys"], good["accounts"]
    place = len(good["assets"]) - 1
    asset = good["assets"][place]
    no_hex = "is not {} lower-case hex digits"
    alien = "has a key that does not belong there"
    more = {"more": 1}
    many = [f"A{n}/2" for n in range(55)]
    twice = {
        "institutions": ("institutions.1.number", 1),
        "assets": ("assets.1", "EUR/2"),
        "keys": ("keys.1.key", keys[0]["key"]),
        "ids": ("accounts.3.id", accounts[0]["id"]),
        "addresses": ("accounts.1.address", accounts[0]["address"]),
    }
    nowhere = {
        "of keys": ("keys.0.institution", 8),
        "of accounts": ("accounts.0.institution", 8),
        "of assets": (f"assets.{place}", {**asset, "issuer": 8}),
        "keys of limits": ("limits.0.key", "00" * 32),
        "assets of accounts": ("accounts.0.assets", ["XAU/4"]),
    }
    nobody = "there is no institution 8"
    cases: tuple[tuple[Fault, Fault, str], ...] = (
        # The parts of the file.
        (("more", 1), ("format", 1), f"file: {alien}"),
        (("format", 1), ("assets", 1), "format: is not 'clearway genesis 1'"),
        (("assets", 1), ("name", 1), "assets: is not a list"),
        (("name", 1), ("time", 1), f"name: {TEXT}"),
        (("time", 1), ("institutions", 1),
         "time: is not a time such as 2026-01-01T00:00:00.000000000Z"),
        (("institutions", 1), ("keys", 1), "institutions: is not a list"),
        (("keys", 1), ("accounts", 1), "keys: is not a list"),
        (("accounts", 1), ("limits", 1), "accounts: is not a list"),
        (("limits", 1), twice["institutions"], "limits: is not a list"),
        # The fields of a row.
        (("institutions.0", {"number": 0, **more}), ("institutions.1", 1),
         "institutions[0]: 'name' is missing"),
        (("institutions.0.more", 1), ("institutions.0.number", "x"), f"institutions[0]: {alien}"),
        (("institutions.0.number", 0), ("institutions.0.name", 1),
         "institutions[0].number: is 0; institutions count from 1"),
        (("keys.0.key", 1), ("keys.0.institution", "x"), f"keys[0].key: {no_hex.format(64)}"),
        (("keys.0.institution", "x"), ("keys.0.purposes", []), f"keys[0].institution: {NUMBER}"),
        (("keys.0.purposes", []), ("keys.0.activation_height", "x"), "keys[0].purposes: are none"),
        (("accounts.0.id", "a b"), ("accounts.0.flags", ["sub"]),
         "accounts[0].id: is not an account's id"),
        (("accounts.0.flags", ["sub"]), ("accounts.0.assets", {}),
         "accounts[0].flags: only nostro and operating may be set"),
        (("accounts.0.assets", {}), ("accounts.0.address", 1),
         "accounts[0].assets: is not a list"),
        (("accounts.0.address", 1), ("accounts.0.institution", "x"),
         f"accounts[0].address: {no_hex.format(40)}"),
        (("accounts.0.institution", "x"), ("accounts.0.owner", 1),
         f"accounts[0].institution: {NUMBER}"),
        (("accounts.0.owner", 1), ("accounts.1.id", 1),
         f"accounts[0].owner: {no_hex.format(64)}"),
        ((f"assets.{place}", {**asset, "controls": {}, "issuer": "x"}), ("name", 1),
         f"assets[{place}].controls: is not a list"),
        ((f"assets.{place}", {"code": 1, "controls": [], "issuer": "x"}), ("name", 1),
         f"assets[{place}].issuer: {NUMBER}"),
        ((f"assets.{place}", {"code": 1, "controls": [], "issuer": 1}), ("name", 1),
         f"assets[{place}]: has no controls or no issuer; then its code alone is due"),
        ((f"assets.{place}", {**asset, "code": 1}), ("name", 1), f"assets[{place}].code: {TEXT}"),
        (("limits.0.asset", "XAU/4"), ("limits.0.payment_max", "x"),
         "limits[0].asset: names an asset that is not there"),
        (("limits.0.payment_max", "x"), ("limits.0.day_max", "0"),
         "limits[0]: has an amount that is refused as amount.malformed"),
        (("limits.0.day_max", "0"), ("limits.0.key", 1),
         "limits[0]: has an amount that is refused as amount.not_positive"),
        (("limits.0.key", 1), ("limits.1.asset", 1), f"limits[0].key: {no_hex.format(64)}"),
        # Lists of names.
        (("keys.0.purposes", ["rule", "rule"]), ("keys.0.activation_height", "x"),
         f"keys[0].purposes[1]: {TWICE}"),
        (("accounts.0.flags", ["frozen", "big"]), ("accounts.0.assets", {}),
         f"accounts[0].flags: {NO_FLAG}"),
        (("accounts.0.assets", [*many, 7, many[0]]), ("accounts.0.address", 1),
         f"accounts[0].assets[55]: {TEXT}"),
        (("accounts.0.assets", [*many, many[0]]), ("accounts.0.address", 1),
         "accounts[0].assets: are more than 55"),
        (("accounts.0.assets", ["XAU/4", "XAU/4"]), ("accounts.0.address", 1),
         f"accounts[0].assets[1]: {TWICE}"),
        # What is seen last.
        (("limits.0.asset", "XAU/4"), nowhere["assets of accounts"],
         "limits[0].asset: names an asset that is not there"),
        (twice["institutions"], twice["assets"], f"institutions[1]: {TWICE}"),
        (twice["assets"], twice["keys"], f"assets[1]: {TWICE}"),
        (twice["keys"], twice["ids"], f"keys[1]: {TWICE}"),
        (twice["ids"], twice["addresses"], f"accounts[3]: {TWICE}"),
        (twice["addresses"], nowhere["of keys"], f"accounts[1]: {TWICE}"),
        (nowhere["of keys"], nowhere["of accounts"], f"keys[0]: {nobody}"),
        (nowhere["of accounts"], nowhere["of assets"], f"accounts[0]: {nobody}"),
        (nowhere["of assets"], nowhere["keys of limits"], f"assets[{place}]: {nobody}"),
        (nowhere["keys of limits"], nowhere["assets of accounts"],
         "limits[0].key: is not a key of this genesis"),
    )  # fmt: skip
    for number, (*faults, verdict) in enumerate(cases):
        named = " and ".join(path for path, _ in faults)
        yield f"two faults {number}, {named}", tuple(faults), verdict
