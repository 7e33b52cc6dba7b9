"""What was pending stands in the past as the ledger had it: after every block, and every entry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearway.payment.records import (
    AccountFlag,
    Flag,
    Kind,
    Outcome,
    pack_account_units,
)
from clearway.payment.terms import AskedBy, Party, Share, Stream, Terms
from clearway.store.projections import Projections
from tests.chains import ETH, EUR, HOUR_NS, SECOND_NS, USD, Chain, Entry, address_of, busy_chain
from tests.store.test_escrows import ALICE, BOB, CAROL, DORA, cancel, escrow, release
from tests.store.test_projections import dump, project

SUB, DESK = address_of("carol 1"), address_of("desk")
NAMES = ("alice", "bob", "carol", "dora", "carol 1", "fees", "desk", "nostro")
PEOPLE = tuple(address_of(name) for name in NAMES)
Held = dict[tuple[bytes, int], tuple[int, int, int]]
"""(address, asset) → posted, pending_in, pending_out."""


class Watched(Chain):
    """A chain that remembers the ledger's own balances after each block."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[int, Held] = {0: {}}

    def order_envelopes(self, envelopes: Sequence[bytes], pass_ns: int = SECOND_NS):  # type: ignore[no-untyped-def]
        block = super().order_envelopes(envelopes, pass_ns)
        self.seen[block.height] = {
            (person, asset): (posted, pending_in, pending_out)
            for person in PEOPLE
            if self.book.account(person) is not None
            for asset, posted, pending_in, pending_out in self.book.balances(person)
        }
        return block


def town() -> Watched:
    chain = Watched()
    chain.open("alice", "bob", "carol", "dora")
    units = pack_account_units(flags=AccountFlag.SUB)
    chain.order(chain.entry(Kind.OPEN_ACCOUNT, payer=SUB, payee=CAROL, units=units))
    chain.order(
        *(chain.issue(one, 5_000, asset) for one in (ALICE, BOB, CAROL) for asset in (EUR, USD)),
        chain.issue(DESK, 10**6, USD),
    )
    return chain


def check_past(chain: Watched, projections: Projections) -> None:
    """Whatever the height: the balances as they were then, and the history that leads there."""
    for height, held in chain.seen.items():
        for person in {person for person, _ in held}:
            then = projections.balances_at(person, height)
            assert then == [(asset, *held[person, asset]) for asset, *_ in then]
    for person in PEOPLE:
        rows = list(reversed(projections.balances(person, limit=1_000)))
        assert len(rows) < 1_000
        last: dict[int, tuple[int, int, int]] = {}
        for height, held in list(chain.seen.items()):
            for row in (row for row in rows if row.height == height):
                last[row.asset] = (row.posted_minor, row.pending_in_minor, row.pending_out_minor)
            for (who, asset), balance in held.items():
                if who == person:  # no change without a row
                    assert last.get(asset, (0, 0, 0)) == balance, (height, person)


CONTRACTS = st.sampled_from(
    [
        Terms(release=AskedBy(Party.PAYEE), payer_may_cancel=True),
        Terms(release=AskedBy(Party.PAYEE), whole=3, shares=(Share(CAROL, 1), Share(SUB, 2))),
        Terms(release=AskedBy(Party.PAYEE), stream=Stream(7, SECOND_NS, 0), payer_may_cancel=True),
        Terms(release=AskedBy(Party.PAYEE), free_payee=True),
        Terms(pay_at_deadline=True, whole=2, shares=(Share(DORA, 1),)),
    ]
)
ACTS = st.sampled_from(
    [
        "pay", "hold", "hold", "legs", "review", "closing", "escrow",
        "post", "part", "void", "release", "cancel", "mandate",
    ]
)  # fmt: skip
PAIRS = st.sampled_from(
    [(ALICE, BOB), (BOB, ALICE), (BOB, CAROL), (ALICE, SUB), (SUB, DORA), (CAROL, ALICE)]
)


def held_with_legs(chain: Chain, payer: bytes, payee: bytes, amount_minor: int) -> Entry:
    made = chain.exchange(payer, payee, amount_minor, amount_minor, 2)
    more = {"to_asset": USD, "to_amount_minor": amount_minor, "bound_minor": 2}
    return chain.hold(payer, payee, amount_minor, units=made.units, **more)


def mandate(chain: Chain) -> Entry:
    """Says what may be pulled, and puts nothing aside."""
    unit = HOUR_NS.to_bytes(8, "little") + chain.now_ns.to_bytes(8, "little") + bytes(48)
    return chain.entry(
        Kind.MANDATE, payer=ALICE, payee=BOB, asset=EUR, amount_minor=50, to_amount_minor=50,
        bound_minor=500, expires_ns=chain.now_ns + HOUR_NS, outcome=Outcome.ACCEPT, units=unit,
    )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_past_is_the_ledgers_after_every_block(data: st.DataObject) -> None:
    chain = town()
    holds: list[tuple[Entry, bytes, bytes, int]] = []
    contracts: list[tuple[Entry, int]] = []
    for _ in range(data.draw(st.integers(2, 6))):
        entries: list[Entry] = []
        for _ in range(data.draw(st.integers(0, 8))):
            act, (payer, payee) = data.draw(ACTS), data.draw(PAIRS)
            amount_minor = data.draw(st.integers(1, 900))
            if act == "pay":
                entries.append(chain.pay(payer, payee, amount_minor))
            elif act == "mandate":
                entries.append(mandate(chain))
            elif act == "escrow":
                entries.append(escrow(chain, data.draw(CONTRACTS), amount_minor))
                contracts.append((entries[-1], amount_minor))
            elif act in ("hold", "legs", "review", "closing"):
                entries.append(_hold(chain, act, payer, payee, amount_minor, data))
                holds.append((entries[-1], payer, payee, amount_minor))
            elif act in ("post", "part", "void") and holds:
                hold, payer, payee, whole_minor = data.draw(st.sampled_from(holds))
                amount_minor = min(amount_minor, whole_minor) if act == "part" else whole_minor
                post = chain.post(hold, payer, payee, amount_minor)
                entries.append(chain.void(hold) if act == "void" else post)
            elif act in ("release", "cancel") and contracts:
                opened, whole_minor = data.draw(st.sampled_from(contracts))
                part_minor = data.draw(st.sampled_from([whole_minor, 1, amount_minor]))
                one = release(chain, opened, part_minor)
                entries.append(cancel(chain, opened) if act == "cancel" else one)
        chain.order(*entries, pass_ns=data.draw(st.sampled_from([SECOND_NS, HOUR_NS // 2])))
    chain.order(pass_ns=2 * HOUR_NS)
    with TemporaryDirectory() as folder:
        projections = project(Path(folder) / "p.db", chain, group=data.draw(st.integers(1, 9)))
        check_past(chain, projections)
        projections.stop()
        project(Path(folder) / "q.db", chain).stop()
        assert dump(Path(folder) / "p.db") == dump(Path(folder) / "q.db")


def _hold(
    chain: Chain, act: str, payer: bytes, payee: bytes, amount_minor: int, data: st.DataObject
) -> Entry:
    if act == "legs":
        return held_with_legs(chain, payer, payee, amount_minor)
    for_ns = data.draw(st.sampled_from([HOUR_NS, 10 * SECOND_NS]))
    if act == "closing":
        flags = Flag.PENDING | Flag.CLOSING_PAYEE
        return chain.pay(payer, payee, amount_minor, flags=flags, expires_ns=chain.now_ns + for_ns)
    outcome = Outcome.REVIEW if act == "review" else Outcome.ACCEPT
    return chain.hold(payer, payee, amount_minor, outcome=outcome, for_ns=for_ns)


def history(projections: Projections, address: bytes, asset: int = EUR) -> list[tuple[int, ...]]:
    """Oldest first: posted, pending in, pending out."""
    rows = projections.balances(address, limit=100, asset=asset)
    return [
        (row.posted_minor, row.pending_in_minor, row.pending_out_minor) for row in reversed(rows)
    ]


@pytest.fixture
def chain() -> Watched:
    return town()


def test_every_entry_that_changes_what_is_pending_has_a_row(chain: Watched, tmp_path: Path) -> None:
    captured, voided, lapsed = (
        chain.hold(ALICE, BOB, 300),
        chain.hold(ALICE, BOB, 70),
        chain.hold(ALICE, BOB, 5, for_ns=10 * SECOND_NS),
    )
    refused = chain.hold(ALICE, BOB, 10**6)
    chain.order(captured, voided, refused, lapsed)
    chain.order(chain.void(voided), chain.post(captured, ALICE, BOB, 100), captured)
    chain.order(chain.pay(ALICE, BOB, 1), pass_ns=HOUR_NS)
    projections = project(tmp_path / "p.db", chain)
    assert history(projections, ALICE) == [
        (5_000, 0, 0),
        (5_000, 0, 300),
        (5_000, 0, 370),
        (5_000, 0, 375),
        (5_000, 0, 305),
        (4_900, 0, 5),
        (4_900, 0, 0),
        (4_899, 0, 0),
    ]
    assert history(projections, BOB)[-3:] == [(5_100, 5, 0), (5_100, 0, 0), (5_101, 0, 0)]
    check_past(chain, projections)
    projections.stop()


def test_an_escrow_is_pending_until_it_is_released_or_goes_back(
    chain: Watched, tmp_path: Path
) -> None:
    opened = escrow(chain, Terms(release=AskedBy(Party.PAYEE), free_payee=True), 100)
    chain.order(opened)
    # Whoever is paid, it was pending for the payee.
    chain.order(release(chain, opened, 30, to=CAROL), release(chain, opened, 101))
    chain.order(pass_ns=2 * HOUR_NS)
    projections = project(tmp_path / "p.db", chain)
    assert history(projections, ALICE)[1:] == [(5_000, 0, 100), (4_970, 0, 70), (4_970, 0, 0)]
    assert history(projections, BOB)[1:] == [(5_000, 100, 0), (5_000, 70, 0), (5_000, 0, 0)]
    assert history(projections, CAROL)[1:] == [(5_030, 0, 0)]
    check_past(chain, projections)
    projections.stop()


def test_a_cancelled_stream_leaves_nothing_pending(chain: Watched, tmp_path: Path) -> None:
    stream = Stream(10, SECOND_NS, chain.now_ns + SECOND_NS)
    opened = escrow(chain, Terms(release=AskedBy(Party.PAYEE), stream=stream), 1_000)
    chain.order(opened)
    chain.order(release(chain, opened, 20), pass_ns=10 * SECOND_NS)
    chain.order(cancel(chain, opened), pass_ns=10 * SECOND_NS)
    projections = project(tmp_path / "p.db", chain)
    assert history(projections, ALICE)[1:] == [(5_000, 0, 1_000), (4_980, 0, 980), (4_800, 0, 0)]
    check_past(chain, projections)
    projections.stop()


def test_a_sub_account_has_its_parents_past(chain: Watched, tmp_path: Path) -> None:
    chain.order(chain.hold(ALICE, SUB, 20), chain.hold(CAROL, BOB, 3))
    projections = project(tmp_path / "p.db", chain)
    assert history(projections, SUB) == history(projections, CAROL)
    assert history(projections, CAROL)[-1] == (5_000, 20, 3)
    projections.stop()


def test_pages_join_and_keep_to_their_blocks(chain: Watched, tmp_path: Path) -> None:
    for amount_minor in range(1, 7):
        hold = held_with_legs(chain, ALICE, BOB, amount_minor)
        chain.order(hold, chain.pay(ALICE, BOB, 1), chain.pay(BOB, ALICE, 1, asset=USD))
        chain.order(chain.post(hold, ALICE, BOB, amount_minor))
    projections = project(tmp_path / "p.db", chain)
    whole = projections.balances(DESK, limit=1_000)
    places = [(row.height, row.index) for row in whole]
    assert len(set(places)) < len(places), "an entry changes both assets of the desk"
    for limit in (1, 3, 7):
        paged, after = [], None
        while page := projections.balances(DESK, limit=limit, starting_after=after):
            assert len(page) <= limit
            paged += page
            after = (page[-1].height, page[-1].index, page[-1].asset)
        assert paged == whole
    some = range(5, 9)
    assert projections.balances(DESK, limit=1_000, heights=some) == [
        row for row in whole if row.height in some
    ]
    assert projections.balances(DESK, limit=1_000, asset=USD) == [
        row for row in whole if row.asset == USD
    ]
    assert projections.balances(address_of("nobody"), limit=5) == []
    projections.stop()


def test_pending_amounts_beyond_64_bits_are_exact(chain: Watched, tmp_path: Path) -> None:
    chain.order(chain.issue(ALICE, 3 * 2**64, ETH))
    first, second = (chain.hold(ALICE, BOB, 2**64 + 1, asset=ETH) for _ in range(2))
    chain.order(first, second)
    chain.order(chain.void(first))
    projections = project(tmp_path / "p.db", chain)
    assert [row[2] for row in history(projections, ALICE, ETH)] == [
        0,
        2**64 + 1,
        2**65 + 2,
        2**64 + 1,
    ]
    check_past(chain, projections)
    projections.stop()


def test_a_rebuild_gives_the_same_past(tmp_path: Path) -> None:
    chain = busy_chain()
    projections = project(tmp_path / "p.db", chain, group=3)
    before = dump(tmp_path / "p.db")
    assert sum('INSERT INTO "pending"' in line for line in before) > 10
    projections.rebuild()
    for block in chain.book.blocks(0):
        projections.apply([block])
    assert dump(tmp_path / "p.db") == before
    projections.stop()
