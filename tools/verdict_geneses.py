"""genesis.json made wrong, each in one way or in two, with the verdict that it must get; and made
otherwise, but not wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from tools.verdict_faults import (
    NO_FLAG,
    NUMBER,
    TEXT,
    TWICE,
    Fault,
    geneses_of_two_faults,
    with_faults,
)

Put = Callable[[str, str, Any, str], None]
"""Name, path, value and verdict of a change."""
EMOJI: Final = "\U0001f600"


def bad_geneses(good: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Name → text and verdict, without its `genesis: `."""
    found: dict[str, tuple[str, str]] = {}

    def put(name: str, path: str, value: Any, verdict: str) -> None:
        assert name not in found, name
        found[name] = (json.dumps(with_faults(good, ((path, value),)), indent=1), verdict)

    found["no JSON"] = ("{", "file: is not JSON of distinct keys in UTF-8")
    found["a list"] = ("[]", "file: is not an object")
    found["nothing in it"] = ("{}", "file: 'format' is missing")
    alien = "has a key that does not belong there"
    put("another key", "more", 1, f"file: {alien}")
    put("another format", "format", "clearway genesis 2", "format: is not 'clearway genesis 1'")
    put("no name", "name", "", f"name: {TEXT}")
    put("a name of 257", "name", "x" * 257, f"name: {TEXT}")
    put("a name of 257 emoji", "name", "\U0001f600" * 257, f"name: {TEXT}")
    value: Any  # in every loop of another type, as a file may have it
    time = "time: is not a time such as 2026-01-01T00:00:00.000000000Z"
    for value in (
        "2026-01-01T00:00:00Z", "2026-13-01T00:00:00.000000000Z", "2026-02-29T00:00:00.000000000Z",
        "2026-01-01T24:00:00.000000000Z", "2026-01-01T00:00:60.000000000Z", "0000-01-01T00:00:00.000000000Z",
        "1969-12-31T23:59:59.999999999Z", "2100-02-29T00:00:00.000000000Z", "", 1,
    ):  # fmt: skip
        put(f"time {value}", "time", value, time)
    put("a late time", "time", "2554-07-21T23:34:33.709551616Z", "time: is too late")
    number = "is not a whole number from 0 to {}"
    for value in (-1, 2**32, 1.0, "1", True, None):
        verdict = f"institutions[0].number: {number.format(2**32 - 1)}"
        put(f"institution {value!r}", "institutions.0.number", value, verdict)
    put("institution 0", "institutions.0.number", 0,
        "institutions[0].number: is 0; institutions count from 1")  # fmt: skip
    put("a list of institutions that is none", "institutions", {}, "institutions: is not a list")
    put("an institution that is none", "institutions.1", 7, "institutions[1]: is not an object")
    put("an institution without a name", "institutions.1", {"number": 7},
        "institutions[1]: 'name' is missing")  # fmt: skip
    put("an institution twice", "institutions.1.number", 1, "institutions[1]: stands twice")
    for code in (
        "EUR",
        "eur/2",
        "EUR/31",
        "EUR/123",
        "ABCDEFGHIJKLM/2",
        "/2",
        "EUR/",
        "1UR/2",
        "EUR/2 ",
    ):
        put(f"asset {code}", "assets.1", code, "assets[1]: is not an asset's code, such as EUR/2")
    put("an asset that is no text", "assets.1", 2, f"assets[1]: {TEXT}")
    put("an asset twice", "assets.1", "EUR/2", "assets[1]: stands twice")
    row = good["assets"][-1]
    place = len(good["assets"]) - 1
    for name, change, verdict in (
        (
            "no controls",
            {"controls": []},
            "has no controls or no issuer; then its code alone is due",
        ),
        ("no issuer", {"issuer": 0}, "has no controls or no issuer; then its code alone is due"),
        ("an issuer of nowhere", {"issuer": 9}, "there is no institution 9"),
        ("another key", {"more": 1}, "has a key that does not belong there"),
    ):
        put(
            f"an asset with {name}",
            f"assets.{place}",
            {**row, **change},
            f"assets[{place}]: {verdict}",
        )
    controls = "mint_burn, freeze, allow_list, clawback, pause, two_person"
    put("an asset's unknown control", f"assets.{place}", {**row, "controls": ["rule"]},
        f"assets[{place}].controls: has one that is none of {controls}")  # fmt: skip
    put(
        "an asset in an asset",
        f"assets.{place}",
        {**row, "code": row},
        f"assets[{place}].code: {TEXT}",
    )
    put("an asset that is no code inside", f"assets.{place}", {**row, "code": "EUR"},
        f"assets[{place}].code: is not an asset's code, such as EUR/2")  # fmt: skip
    digits = "is not {} lower-case hex digits"
    for value in ("00", "AB" * 32, None, "0" * 65):
        put(f"key {value}", "keys.1.key", value, f"keys[1].key: {digits.format(64)}")
    put("a late key", "keys.1.activation_height", 2**63,
        f"keys[1].activation_height: {number.format(2**63 - 1)}")  # fmt: skip
    put("a key twice", "keys.1.key", good["keys"][0]["key"], "keys[1]: stands twice")
    put("a key of nobody", "keys.1.institution", 9, "keys[1]: there is no institution 9")
    none_of = "has one that is none of pay, issue, compliance, govern, sequence, import"
    put("a purpose unknown", "keys.1.purposes", ["rule"], f"keys[1].purposes: {none_of}")
    put("a purpose twice", "keys.1.purposes", ["pay", "pay"], "keys[1].purposes[1]: stands twice")
    put("no purpose", "keys.1.purposes", [], "keys[1].purposes: are none")
    put("an account's bad id", "accounts.0.id", "a b", "accounts[0].id: is not an account's id")
    put("an account's id twice", "accounts.1.id", "nostro", "accounts[1]: stands twice")
    put("an address twice", "accounts.1.address", good["accounts"][0]["address"],
        "accounts[1]: stands twice")  # fmt: skip
    put("a short address", "accounts.0.address", "00", f"accounts[0].address: {digits.format(40)}")
    put("an account that is frozen", "accounts.0.flags", ["frozen"],
        "accounts[0].flags: only nostro and operating may be set")  # fmt: skip
    put("an account's unknown flag", "accounts.0.flags", ["big"], f"accounts[0].flags: {NO_FLAG}")
    put(
        "an account of nobody",
        "accounts.0.institution",
        9,
        "accounts[0]: there is no institution 9",
    )
    put("an account's unknown asset", "accounts.0.assets", ["XAU/4"],
        "accounts[0].assets: name an asset that is not there")  # fmt: skip
    put("an account's asset twice", "accounts.0.assets", ["EUR/2", "EUR/2"],
        "accounts[0].assets[1]: stands twice")  # fmt: skip
    put("an account of 56 assets", "accounts.0.assets", [f"A{n}/2" for n in range(56)],
        "accounts[0].assets: are more than 55")  # fmt: skip
    put("a short owner", "accounts.0.owner", "00", f"accounts[0].owner: {digits.format(64)}")
    put(
        "a limit of nobody",
        "limits.0.key",
        "00" * 32,
        "limits[0].key: is not a key of this genesis",
    )
    put("a limit of an unknown asset", "limits.0.asset", "XAU/4",
        "limits[0].asset: names an asset that is not there")  # fmt: skip
    refused = "limits[0]: has an amount that is refused as amount.{}"
    for value, why in (
        ("1.001", "too_precise"), ("1.", "malformed"), (1, "malformed"), ("-1", "not_positive"),
        ("0.00", "not_positive"), ("+1", "malformed"), ("1" * 48, "too_large"), ("1" * 49, "malformed"),
        ("-1.001", "too_precise"), ("-" + "1" * 48, "not_positive"), (".5", "malformed"), ("1e3", "malformed"),
    ):  # fmt: skip
        put(f"a limit of {value}", "limits.0.payment_max", value, refused.format(why))
    for value, why in (
        (None, "malformed"), (["1"], "malformed"), ("", "malformed"), ("1.0 ", "malformed"),
        ("0." + "0" * 48, "too_precise"), ("0." + "0" * 49, "malformed"), ("-0", "not_positive"),
        ("850705917302346158658436518579420528.64", "too_large"),
    ):  # fmt: skip
        put(f"a limit of {str(value)[:40]}, {why}", "limits.0.day_max", value, refused.format(why))
    put("a limit of 1.0 without decimals", "limits.1.payment_max", "1.0",
        "limits[1]: has an amount that is refused as amount.too_precise")  # fmt: skip
    put_lists(put, good)
    for name, faults, verdict in geneses_of_two_faults(good):
        assert name not in found, name
        found[name] = (json.dumps(with_faults(good, faults), indent=1), verdict)
    return found


def put_lists(put: Put, good: dict[str, Any]) -> None:
    """Names and texts, each where it stands."""
    place = len(good["assets"]) - 1
    row = good["assets"][place]
    twice = {**row, "controls": ["pause", "freeze", "pause"]}
    put("a control twice", f"assets.{place}", twice, f"assets[{place}].controls[2]: {TWICE}")
    value: Any  # of whatever type a file may have there
    for value in ("pause", [7]):
        what = "controls[0]: " + TEXT if value == [7] else "controls: is not a list"
        put(f"controls {value}", f"assets.{place}", {**row, "controls": value},
            f"assets[{place}].{what}")  # fmt: skip
    for value in ("1", 2**32, None):
        put(f"an issuer {value}", f"assets.{place}", {**row, "issuer": value},
            f"assets[{place}].issuer: {NUMBER}")  # fmt: skip
    for value in ("", "x" * 257, 7, None, []):
        put(f"an institution named {str(value)[:9]} {type(value).__name__}",
            "institutions.1.name", value, f"institutions[1].name: {TEXT}")  # fmt: skip
    for path, where in (
        ("name", "name"), ("accounts.0.id", "accounts[0].id"), ("limits.0.asset", "limits[0].asset"),
        ("accounts.0.assets.0", "accounts[0].assets[0]"), ("accounts.0.flags.0", "accounts[0].flags[0]"),
        ("keys.0.purposes.0", "keys[0].purposes[0]"),
    ):  # fmt: skip
        put(f"{path} that is no text", path, 7, f"{where}: {TEXT}")
        put(f"{path} that is empty", path, "", f"{where}: {TEXT}")
    for path, where in (
        ("assets", "assets"), ("keys", "keys"), ("accounts", "accounts"), ("limits", "limits"),
        ("keys.0.purposes", "keys[0].purposes"), ("accounts.0.flags", "accounts[0].flags"),
        ("accounts.0.assets", "accounts[0].assets"),
    ):  # fmt: skip
        put(f"{path} that are no list", path, {}, f"{where}: is not a list")
    for path, where in (
        ("keys.0", "keys[0]"),
        ("accounts.0", "accounts[0]"),
        ("limits.0", "limits[0]"),
    ):
        put(f"{path} that is no object", path, [], f"{where}: is not an object")
        put(f"{path} with nothing in it", path, {},
            f"{where}: '{ {'k': 'key', 'a': 'id', 'l': 'key'}[path[0]] }' is missing")  # fmt: skip
        put(f"{path} with another key", f"{path}.more", 1,
            f"{where}: has a key that does not belong there")  # fmt: skip
    put("a flag twice", "accounts.0.flags", ["nostro", "nostro"], f"accounts[0].flags[1]: {TWICE}")
    put("an account that is a sub-account", "accounts.0.flags", ["operating", "sub"],
        "accounts[0].flags: only nostro and operating may be set")  # fmt: skip
    put("an id of 65 letters", "accounts.0.id", "a" * 65, "accounts[0].id: is not an account's id")
    put("an account's asset that is no code", "accounts.0.assets", ["eur"],
        "accounts[0].assets: name an asset that is not there")  # fmt: skip
    put("an asset with leading zeros of its scale", "accounts.0.assets", ["EUR/02"],
        "accounts[0].assets: name an asset that is not there")  # fmt: skip
    put("a key of institution 0", "keys.1.institution", 0, "keys[1]: there is no institution 0")
    for value in (2**63, 10**20, 10**21, -1, 1.0):
        put(f"a height of {value}, too", "keys.0.activation_height", value,
            "keys[0].activation_height: is not a whole number from 0 to 9223372036854775807")  # fmt: skip


def other_geneses(good: dict[str, Any]) -> dict[str, str]:
    """Name → text of files that make the same chain as `good`."""
    changes: dict[str, tuple[Fault, ...]] = {
        "an owner of null": (("accounts.0.owner", None),),
        "an owner of zeros": (("accounts.0.owner", "00" * 32),),
        "a name of 129 emoji": (("name", EMOJI * 129),),
        "a name of 256 emoji": (("name", EMOJI * 256),),
        "names of 1 and 256 letters": (
            ("institutions.0.name", " "),
            ("institutions.1.name", "\0" * 256),
            ("accounts.1.id", "-_" * 32),
        ),
        "purposes in another order": (("keys.0.purposes", good["keys"][0]["purposes"][::-1]),),
        "amounts with zeros before and behind": (
            ("limits.0.payment_max", "0" * 44 + "1000.00"),
            ("limits.1.day_max", "0001"),
        ),
    }
    return {
        name: json.dumps(with_faults(good, faults), indent=1) for name, faults in changes.items()
    }
