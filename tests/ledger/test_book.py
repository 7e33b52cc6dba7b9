"""The typed face of the kernel: views of the right shape, errors of our own kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clearway.ledger.book import Book, CorruptBook, Standing, sign_finality
from clearway.ledger.crypto import hash_bytes, hash_rows, prf_rows, tree_root
from clearway.ledger.verify import verify_chain
from clearway.payment.batch import NOT_AN_ACCOUNT
from clearway.payment.errors import CATALOGUE
from clearway.payment.records import Kind
from tests.chains import EUR, SEQUENCER_SEED, Chain, busy_chain, make_genesis


def test_a_staged_block_reads_as_the_recorded_one() -> None:
    chain = Chain()
    alice, bob = chain.open("alice", "bob")
    chain.order(chain.issue(alice, 1_000))
    envelope = chain.seal([chain.pay(alice, bob, 10), chain.pay(bob, alice, 99)])
    staged = chain.book.stage(time_ns=chain.now_ns + 1, envelopes=[envelope])
    finality = sign_finality(SEQUENCER_SEED, staged.hash)
    chain.book.commit(finality)
    block = chain.book.block(staged.height)
    assert (block.header, block.hash, block.count) == (staged.header, staged.hash, 3)
    assert block.finality == finality
    assert np.array_equal(block.heads, staged.heads)
    assert np.array_equal(block.results, staged.results)
    assert block.heads["kind"].tolist() == [Kind.ENVELOPE, Kind.PAYMENT, Kind.PAYMENT]
    assert Book.refusal_code(int(block.results["code"][2])) == "ledger.exceeds_available"
    assert block.entry(1) == block.heads[1].tobytes()
    assert block.state_root == chain.book.state_root


def test_a_discarded_block_leaves_no_trace() -> None:
    chain = Chain()
    alice, bob = chain.open("alice", "bob")
    chain.order(chain.issue(alice, 1_000))
    before = (chain.book.height, chain.book.state_root, chain.book.balance(alice, EUR))
    envelope = chain.seal([chain.pay(alice, bob, 10)])
    chain.book.stage(time_ns=chain.now_ns + 1, envelopes=[envelope])
    assert chain.book.balance(alice, EUR) == (990, 0, 0)
    chain.book.discard()
    assert (chain.book.height, chain.book.state_root, chain.book.balance(alice, EUR)) == before


def test_account_numbers_take_bytes_and_arrays() -> None:
    chain = Chain()
    alice, bob = chain.open("alice", "bob")
    rows = alice + bytes(20) + bob
    numbers = chain.book.account_numbers(rows)
    assert numbers.tolist() == [4, NOT_AN_ACCOUNT, 5]
    array = np.frombuffer(rows, np.uint8).reshape(3, 20)
    strided = np.concatenate([array, array], axis=1)[:, :20]
    assert np.array_equal(chain.book.account_numbers(strided), numbers)
    assert chain.book.account_flags(numbers[::2]).tolist() == [0, 0]


def test_the_standing_of_parties() -> None:
    chain = Chain()
    alice, bob = chain.open("alice", "bob")
    known = Standing.KNOWN | Standing.HOLDS
    parties = alice + bytes(20) + bob
    assert chain.book.standings(parties, (EUR, EUR, EUR)) == bytes([known, 0, known])
    assert chain.book.standings(alice, (99,)) == bytes([Standing.KNOWN])
    assert chain.book.standings(b"", ()) == b""
    with pytest.raises(ValueError, match="one row each"):
        chain.book.standings(parties, (EUR,))
    with pytest.raises(ValueError, match="rows of 20 bytes"):
        chain.book.standings(alice[:-1], (EUR,))


def test_a_book_is_opened_only_under_its_own_genesis(tmp_path: Path) -> None:
    chain = busy_chain(tmp_path / "chain")
    height, root = chain.book.height, chain.book.state_root
    chain.book.close()
    with pytest.raises(ValueError, match="not of this genesis"):
        Book.open(tmp_path / "chain", replace(chain.genesis, time_ns=1))
    book = Book.open(tmp_path / "chain", chain.genesis)
    assert (book.height, book.state_root) == (height, root)
    book.close()
    with pytest.raises(FileExistsError):
        Book.create(tmp_path / "chain", chain.genesis)


def test_a_damaged_log_is_reported_with_its_height(tmp_path: Path) -> None:
    chain = busy_chain(tmp_path / "chain")
    chain.book.close()
    segment = tmp_path / "chain" / "0000000000000000.log"
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    with pytest.raises(CorruptBook) as caught:
        Book.open(tmp_path / "chain", chain.genesis)
    found = verify_chain(tmp_path / "chain", chain.genesis)
    assert not found.ok
    assert found.first_bad == caught.value.height > 0
    assert found.what


def test_verification_recomputes_the_chain_and_trusts_one_genesis(tmp_path: Path) -> None:
    chain = busy_chain(tmp_path / "chain")
    found = verify_chain(tmp_path / "chain", chain.genesis)  # beside the open book
    assert (found.ok, found.height, found.root) == (True, chain.book.height, chain.book.state_root)
    assert found.entries == sum(block.count for block in chain.book.blocks(0))
    other = verify_chain(tmp_path / "chain", replace(make_genesis(), time_ns=1))
    assert (other.ok, other.first_bad) == (False, 0)
    assert "another genesis" in other.what
    with pytest.raises(FileNotFoundError):
        verify_chain(tmp_path / "nothing", chain.genesis)


def test_every_refusal_of_the_kernel_is_in_the_catalogue() -> None:
    names = [name for number, name in _codes() if number]
    assert names
    assert set(names) <= set(CATALOGUE)


def _codes() -> list[tuple[int, str]]:
    found = []
    for number in range(100):
        try:
            found.append((number, Book.refusal_code(number)))
        except KeyError:
            continue
    return found


def test_hashes_of_rows_take_arrays() -> None:
    rows = np.arange(128, dtype=np.uint8).reshape(2, 64)
    both = hash_rows("leaf", rows, 64)
    assert both == hash_bytes("leaf", rows[0]) + hash_bytes("leaf", rows[1])
    assert hash_rows("leaf", rows[:, ::-1], 64) != both
    assert prf_rows(bytes(32), rows, 64) != prf_rows(bytes([1]) * 32, rows, 64)
    assert tree_root(both) == hash_bytes("node", both)
