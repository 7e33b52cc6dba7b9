"""A rehearsal is what the next block would be, and nobody ever sees it."""

from __future__ import annotations

import threading
from dataclasses import replace

from clearway.ledger.book import Book
from clearway.ledger.crypto import public_key
from clearway.payment.records import Flag, Kind, pack_account_units
from tests.chains import EUR, Chain, address_of


def test_a_rehearsal_is_what_staging_gives_and_changes_nothing() -> None:
    chain = Chain()
    alice, bob = chain.open("alice", "bob")
    chain.order(chain.issue(alice, 1_000))
    envelope = chain.seal([chain.pay(alice, bob, 400), chain.pay(alice, bob, 601)])
    before = (chain.book.height, chain.book.state_root, chain.book.balances(alice))
    time_ns = chain.now_ns + 1
    rehearsed = chain.book.rehearse(time_ns=time_ns, envelopes=[envelope])
    assert (chain.book.height, chain.book.state_root, chain.book.balances(alice)) == before
    staged = chain.book.stage(time_ns=time_ns, envelopes=[envelope])
    assert (rehearsed.header, rehearsed.hash) == (staged.header, staged.hash)
    assert rehearsed.results["code"].tolist() == [0, 0, 46]
    chain.book.discard()


def test_a_rehearsal_presumes_no_signature_unless_asked() -> None:
    chain, seed = Chain(), bytes([7]) * 32
    (bob,) = chain.open("bob")
    alice = address_of("alice")
    units = pack_account_units(owner=public_key(seed), assets=[EUR])
    chain.order(chain.entry(Kind.OPEN_ACCOUNT, payer=alice, units=units))
    chain.order(chain.issue(alice, 1_000))
    unsigned = replace(chain.pay(alice, bob, 400, flags=Flag.SIGNED), signature=bytes(64))
    bare = chain.pay(alice, bob, 400)
    envelope = chain.seal([unsigned, bare])
    when = {"time_ns": chain.now_ns + 1, "envelopes": [envelope]}
    assert chain.book.rehearse(**when).results["code"].tolist() == [0, 38, 38]
    presumed = chain.book.rehearse(**when, presume_signed=True)
    assert presumed.results["code"].tolist() == [0, 0, 38]  # that nobody is said to have signed
    # Nothing of it stays: the same envelope is refused when it is meant.
    staged = chain.book.stage(**when)
    assert staged.results["code"].tolist() == [0, 38, 38]
    chain.book.discard()


def test_no_reader_sees_a_rehearsal() -> None:
    chain = Chain()
    alice, bob = chain.open("alice", "bob")
    chain.order(chain.issue(alice, 1_000))
    envelope = chain.seal([chain.pay(alice, bob, 400)])
    seen: set[int] = set()
    done = threading.Event()

    def read(book: Book) -> None:
        while not done.is_set():
            balance = book.balance(address_of("bob"), EUR)
            assert balance is not None
            seen.add(balance[0])

    readers = [threading.Thread(target=read, args=(chain.book,)) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(300):
        chain.book.rehearse(time_ns=chain.now_ns + 1, envelopes=[envelope])
    done.set()
    for reader in readers:
        reader.join()
    assert seen == {0}
