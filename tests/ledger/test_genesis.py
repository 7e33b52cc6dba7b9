"""genesis.json says what a chain starts from, strictly, and its chain id covers what matters."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from clearway.ledger.book import Book
from clearway.ledger.crypto import public_key
from clearway.ledger.genesis import Genesis, GenesisError, dump_genesis, parse_genesis
from clearway.payment.money import Asset
from clearway.payment.records import AccountFlag, Kind, Purpose, pack_key_unit
from tests.chains import Chain, make_genesis


def parse(value: object) -> Genesis:
    return parse_genesis(json.dumps(value).encode())


def fields() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(dump_genesis(make_genesis()))
    return parsed


def test_what_is_written_is_read_back() -> None:
    genesis = make_genesis()
    account = replace(genesis.accounts[0], id="own", address=bytes(20), owner=b"\7" * 32)
    genesis = replace(
        genesis, accounts=(*genesis.accounts, account), time_ns=genesis.time_ns + 123_456_789
    )
    assert parse_genesis(dump_genesis(genesis).encode()) == genesis


def test_the_kernel_starts_the_chain_that_the_file_names() -> None:
    genesis = make_genesis()
    book = Book.create(None, genesis)
    assert book.chain_id == genesis.chain_id()
    assert book.assets() == list(genesis.assets)
    registered = book.keys()
    assert [row[:4] for row in registered] == [
        (row.key, row.institution, int(row.purposes), row.activation_height) for row in genesis.keys
    ]
    for row in genesis.accounts:
        account = book.account(row.address)
        assert account is not None
        assert (account.institution, account.flags) == (row.institution, int(row.flags))
        assert [held for held, *_ in book.balances(row.address)] == [
            genesis.asset(code).number for code in row.assets
        ]
    limit = genesis.limits[0]
    assert book.limits() == [(limit.key, 1, limit.payment_minor_max, limit.day_minor_max, 0, 0)]


@pytest.mark.parametrize(
    "change",
    [
        lambda g: replace(g, time_ns=g.time_ns + 1),
        lambda g: replace(g, assets=(*g.assets[:-1], Asset(4, "BTC/8", 8))),
        lambda g: replace(g, keys=g.keys[::-1]),
        lambda g: replace(g, accounts=g.accounts[:-1]),
        lambda g: replace(g, limits=()),
    ],
    ids=["time", "asset", "order of keys", "account", "limit"],
)
def test_whatever_the_ledger_sees_makes_another_chain(change: Callable[[Genesis], Genesis]) -> None:
    genesis = make_genesis()
    accounts = tuple(replace(row, assets=("EUR/2",)) for row in genesis.accounts)
    genesis = replace(genesis, accounts=accounts)
    assert change(genesis).chain_id() != genesis.chain_id()


def test_names_for_people_are_not_part_of_the_chain() -> None:
    genesis = make_genesis()
    accounts = tuple(replace(row, id=row.id + "-renamed") for row in genesis.accounts)
    renamed = replace(genesis, name="other", accounts=accounts)
    assert renamed.chain_id() == genesis.chain_id()


def test_only_keys_for_sequencing_make_a_block_final() -> None:
    genesis = make_genesis()
    pay, _, sequence = (row.key for row in genesis.keys)
    assert genesis.sequence_key(sequence, 1)
    assert not genesis.sequence_key(pay, 1)
    later = replace(genesis, keys=(replace(genesis.keys[2], activation_height=10),))
    assert not later.sequence_key(sequence, 9)
    assert later.sequence_key(sequence, 10)


def _set(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(root: dict[str, Any]) -> None:
        node: Any = root
        *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        for part in parents:
            node = node[part]
        node[last] = value

    return change


BAD = {
    "another format": (_set("format", "clearway genesis 2"), "format"),
    "an unknown key": (_set("colour", "red"), "file"),
    "an unknown key of an account": (_set("accounts.0.colour", "red"), "accounts[0]"),
    "a time without nanoseconds": (_set("time", "2026-01-01T00:00:00Z"), "time"),
    "a time that is none": (_set("time", "2026-13-01T00:00:00.000000000Z"), "time"),
    "a time before 1970": (_set("time", "1969-01-01T00:00:00.000000000Z"), "time"),
    "institution 0": (_set("institutions.0.number", 0), "institutions[0].number"),
    "an institution twice": (_set("institutions.1.number", 1), "institutions[1]"),
    "a number that is true": (_set("institutions.0.number", True), "institutions[0].number"),
    "an asset without scale": (_set("assets.0", "EUR"), "assets[0]"),
    "an asset twice": (_set("assets.1", "EUR/2"), "assets[1]"),
    "a short key": (_set("keys.0.key", "00"), "keys[0].key"),
    "an upper-case key": (_set("keys.0.key", "AB" * 32), "keys[0].key"),
    "an unknown purpose": (_set("keys.0.purposes", ["rule"]), "keys[0].purposes"),
    "a key of nobody": (_set("keys.0.institution", 9), "keys[0]"),
    "an account flag that only the ledger sets": (
        _set("accounts.0.flags", ["frozen"]),
        "accounts[0].flags",
    ),
    "an account's bad id": (_set("accounts.0.id", "a b"), "accounts[0].id"),
    "an account id twice": (_set("accounts.1.id", "nostro"), "accounts[1]"),
    "an unknown asset of an account": (_set("accounts.0.assets", ["XAU/4"]), "accounts[0].assets"),
    "an asset twice in an account": (
        _set("accounts.0.assets", ["EUR/2", "EUR/2"]),
        "accounts[0].assets[1]",
    ),
    "a limit of an unknown key": (_set("limits.0.key", "00" * 32), "limits[0].key"),
    "a limit with too many decimals": (_set("limits.0.payment_max", "1.001"), "limits[0]"),
    "a limit as a number": (_set("limits.0.payment_max", 1), "limits[0]"),
}


@pytest.mark.parametrize(("change", "where"), BAD.values(), ids=BAD.keys())
def test_a_doubtful_file_is_refused_with_its_place(
    change: Callable[[dict[str, Any]], None], where: str
) -> None:
    root = fields()
    change(root)
    with pytest.raises(GenesisError) as caught:
        parse(root)
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("path", "where", "what"),
    [
        ("institutions.0.number", "institutions[0].number", "is 0; institutions count from 1"),
        ("keys.0.institution", "keys[0]", "there is no institution 0"),
        ("accounts.0.institution", "accounts[0]", "there is no institution 0"),
    ],
)
def test_nobody_is_the_network(path: str, where: str, what: str) -> None:
    """Institution 0 governs everybody's keys: no genesis gives that to one key."""
    root = fields()
    _set(path, 0)(root)
    with pytest.raises(GenesisError) as caught:
        parse(root)
    assert (caught.value.where, caught.value.what) == (where, what)


def test_no_institution_registers_a_key_of_the_network() -> None:
    chain = Chain()
    key = public_key(bytes([8]) * 32)
    unit = pack_key_unit(key=key, institution=0, purposes=Purpose.GOVERN, activation_height=0)
    block = chain.order(chain.entry(Kind.REGISTER_KEY, units=unit))
    assert block.results["code"].tolist() == [0, 77]


@pytest.mark.parametrize("name", fields().keys())
def test_a_missing_key_is_refused(name: str) -> None:
    root = fields()
    del root[name]
    with pytest.raises(GenesisError, match=name):
        parse(root)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"format":1,"format":2}', b"\xff", b"[" * 9999]
)
def test_what_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(GenesisError):
        parse_genesis(data)


def test_account_flags_are_written_by_name() -> None:
    accounts = fields()["accounts"]
    assert accounts[0]["flags"] == ["nostro"]
    assert accounts[1]["flags"] == [AccountFlag.OPERATING.name.lower()]
