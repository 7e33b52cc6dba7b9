"""Domains and trees of the specification."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from spec import hashing

FORMAT = Path(__file__).parents[2] / "docs/format.md"


def leaves(count: int) -> list[bytes]:
    return [hashing.leaf(bytes([number])) for number in range(count)]


def rfc_6962_root(rows: list[bytes]) -> bytes:
    """The same tree from the top: RFC 6962 splits at the largest power of two below the size."""
    if len(rows) <= 1:
        return rows[0] if rows else bytes(32)
    split = 1 << (len(rows) - 1).bit_length() - 1
    left, right = rfc_6962_root(rows[:split]), rfc_6962_root(rows[split:])
    return hashing.hash_bytes("node", left + right)


def test_domains_are_those_of_the_format() -> None:
    text = FORMAT.read_text().split("## Hashes")[1].split("**Tree.**")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == hashing.DOMAINS


def test_every_domain_has_its_own_key() -> None:
    assert len({hashing.domain_key(domain) for domain in hashing.DOMAINS}) == len(hashing.DOMAINS)
    key = blake3(b"", derive_key_context="clearway v1 leaf").digest()
    assert hashing.hash_bytes("leaf", b"x") == blake3(b"x", key=key).digest()


def test_an_unknown_domain_is_an_error() -> None:
    with pytest.raises(ValueError, match="no such domain"):
        hashing.hash_bytes("leaves", b"")


@pytest.mark.parametrize("count", range(34))
def test_the_root_is_that_of_rfc_6962(count: int) -> None:
    assert hashing.tree_root(leaves(count)) == rfc_6962_root(leaves(count))


@pytest.mark.parametrize("size", range(1, 18))
def test_every_path_checks_at_its_place_only(size: int) -> None:
    rows = leaves(size)
    root = hashing.tree_root(rows)
    for index in range(size):
        path = hashing.tree_path(rows, index)
        for place in range(-1, size + 1):
            good = hashing.check_path(
                leaf_hash=rows[index], index=place, size=size, path=path, root=root
            )
            assert good == (place == index)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(1, 20), st.data())
def test_a_changed_path_does_not_check(size: int, data: st.DataObject) -> None:
    rows = leaves(size)
    root = hashing.tree_root(rows)
    index = data.draw(st.integers(0, size - 1))
    path = hashing.tree_path(rows, index)
    longer = [*path, rows[0]]
    assert not hashing.check_path(
        leaf_hash=rows[index], index=index, size=size, path=longer, root=root
    )
    if path:
        assert not hashing.check_path(
            leaf_hash=rows[index], index=index, size=size, path=path[:-1], root=root
        )
        at = data.draw(st.integers(0, len(path) - 1))
        path[at] = bytes(32)
        assert not hashing.check_path(
            leaf_hash=rows[index], index=index, size=size, path=path, root=root
        )
