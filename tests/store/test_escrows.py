"""Conditional money in the projections: who got what is what the ledger booked."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearway.ledger.crypto import hash_bytes
from clearway.payment.records import (
    AccountFlag,
    Control,
    ControlAct,
    Flag,
    Kind,
    Outcome,
    as_amounts,
    pack_account_units,
    pack_asset_unit,
)
from clearway.payment.state import Status
from clearway.payment.terms import (
    AskedBy,
    Delivery,
    Party,
    PayeeIs,
    Share,
    Stream,
    Terms,
    Threshold,
    pack_terms,
    parse_terms,
)
from clearway.payment.witnesses import Deliver, pack_witnesses
from clearway.store.projections import Projections
from tests.chains import EUR, HOUR_NS, SECOND_NS, USD, Chain, Entry, address_of
from tests.store.test_projections import catch_up, dump, project

NAMES = ("alice", "bob", "carol", "dora")
ALICE, BOB, CAROL, DORA = (address_of(name) for name in NAMES)


def escrow(chain: Chain, terms: Terms, amount_minor: int, *, asset: int = EUR) -> Entry:
    """From alice to bob, for an hour."""
    units = pack_terms(terms)
    low, high = as_amounts(hash_bytes("terms", units))
    return chain.entry(
        Kind.ESCROW,
        payer=ALICE,
        payee=BOB,
        asset=asset,
        amount_minor=amount_minor,
        to_amount_minor=low,
        bound_minor=high,
        expires_ns=chain.now_ns + HOUR_NS,
        outcome=Outcome.ACCEPT,
        units=units,
    )


def release(
    chain: Chain,
    opened: Entry,
    amount_minor: int,
    *,
    by: bytes = BOB,
    to: bytes = BOB,
    units: bytes = b"",
    named: bool = True,
) -> Entry:
    low, high = as_amounts(hash_bytes("terms", opened.units)) if named else (0, 0)
    return chain.entry(
        Kind.RELEASE,
        target=opened.id,
        purpose=1,
        payer=by,
        payee=to,
        asset=EUR,
        amount_minor=amount_minor,
        to_amount_minor=low,
        bound_minor=high,
        outcome=Outcome.ACCEPT,
        units=units,
    )


def cancel(chain: Chain, opened: Entry, *, by: bytes = BOB) -> Entry:
    return chain.entry(Kind.CANCEL, target=opened.id, purpose=1, payer=by)


def town() -> Chain:
    chain = Chain()
    chain.open(*NAMES)
    chain.order(chain.issue(ALICE, 10**9), chain.issue(BOB, 10**6, USD))
    return chain


def check_books(chain: Chain, projections: Projections) -> None:
    """Every balance follows from the entries, every escrow is as the ledger has it."""
    for name in NAMES:
        for asset, posted, _, _ in chain.book.balances(address_of(name)):
            entries = projections.entries(address_of(name), limit=1_000, asset=asset)
            assert (entries[0].balance_after_minor if entries else 0) == posted, name
    for row in projections.payments(institution=1, limit=1_000):
        if row.kind != Kind.ESCROW or row.code:
            continue
        known = chain.book.escrow(1, row.id)
        assert (known is not None) == (row.status is Status.HELD)
        if known is not None:
            assert (known.released_minor, known.terms) == (row.captured_minor, row.legs)
            assert known.terms_hash == row.terms_hash


BY_PAYEE = AskedBy(Party.PAYEE)
GOODS = Delivery(USD, 700, BOB, ALICE)
CONTRACTS = st.sampled_from(
    [
        Terms(release=BY_PAYEE),
        Terms(release=BY_PAYEE, pay_at_deadline=True, payer_may_cancel=True),
        Terms(release=BY_PAYEE, whole=191, shares=(Share(CAROL, 53), Share(DORA, 70))),
        Terms(release=BY_PAYEE, shares=(Share(CAROL, cap_minor=100), Share(DORA, cap_minor=250))),
        Terms(
            release=BY_PAYEE,
            whole=3,
            shares=(Share(CAROL, 1), Share(DORA, 2)),
            pay_at_deadline=True,
        ),
        Terms(
            release=BY_PAYEE,
            stream=Stream(7, SECOND_NS, 0),
            payer_may_cancel=True,
            shares=(Share(CAROL, cap_minor=3),),
        ),
        Terms(release=Threshold(1, (BY_PAYEE, PayeeIs(CAROL))), free_payee=True),
        Terms(release=GOODS),
        Terms(release=Threshold(1, (GOODS, BY_PAYEE))),
        Terms(pay_at_deadline=True, whole=2, shares=(Share(CAROL, 1),)),
        Terms(),
    ]
)
ACTS = st.tuples(
    st.integers(0, 3),  # which escrow
    st.sampled_from(
        ["release", "release", "deliver", "unnamed", "cancel", "freeze", "unfreeze", "wait"]
    ),
    st.one_of(st.just(0), st.integers(1, 400)),  # 0: the whole
    st.sampled_from([BOB, BOB, BOB, ALICE, CAROL]),
    st.sampled_from([BOB, BOB, CAROL]),
)


@given(
    st.lists(st.tuples(CONTRACTS, st.integers(1, 1_000)), min_size=4, max_size=4),
    st.lists(ACTS, min_size=6, max_size=20),
    st.integers(1, 5),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_the_projections_are_the_ledgers(
    contracts: list[tuple[Terms, int]], acts: list[tuple[int, str, int, bytes, bytes]], group: int
) -> None:
    chain = town()
    opened = [escrow(chain, terms, amount_minor) for terms, amount_minor in contracts]
    chain.order(*opened)
    for which, act, amount_minor, by, to in acts:
        one = opened[which]
        if act == "wait":
            chain.order(pass_ns=HOUR_NS // 6)
        elif act == "cancel":
            chain.order(cancel(chain, one, by=by))
        elif act in ("freeze", "unfreeze"):
            chain.order(chain.entry(Kind[act.upper()], payer=CAROL))
        else:
            units = pack_witnesses([Deliver(_delivery_node(one))]) if act != "release" else b""
            named = act != "unnamed"
            amount_minor = amount_minor or contracts[which][1]
            chain.order(release(chain, one, amount_minor, by=by, to=to, units=units, named=named))
    chain.order(pass_ns=HOUR_NS)
    with TemporaryDirectory() as folder:
        projections = project(Path(folder) / "p.db", chain, group=group)
        check_books(chain, projections)
        projections.stop()
        project(Path(folder) / "q.db", chain).stop()
        assert dump(Path(folder) / "p.db") == dump(Path(folder) / "q.db")


def _delivery_node(opened: Entry) -> int:
    return 1 if isinstance(parse_terms(opened.units).release, Threshold) else 0


def test_a_deadline_pays_and_a_frozen_share_goes_to_the_payee(tmp_path: Path) -> None:
    chain = town()
    terms = Terms(pay_at_deadline=True, whole=4, shares=(Share(CAROL, 1), Share(DORA, 1)))
    opened = escrow(chain, terms, 400)
    chain.order(opened)
    chain.order(chain.entry(Kind.FREEZE, payer=CAROL))
    chain.order(pass_ns=2 * HOUR_NS)
    projections = project(tmp_path / "p.db", chain)
    row = projections.payment(1, opened.id)
    assert row is not None
    assert (row.status, row.captured_minor) == (Status.SETTLED, 400)
    assert projections.entries(CAROL, limit=5) == []
    assert [one.amount_minor for one in projections.entries(BOB, limit=5, asset=EUR)] == [300]
    assert [one.amount_minor for one in projections.entries(DORA, limit=5)] == [100]
    (act,) = projections.acts_on(1, opened.id)
    assert (act.kind, act.id, act.status, act.captured_minor) == (
        Kind.SWEEP, None, Status.SETTLED, 400,
    )  # fmt: skip
    check_books(chain, projections)
    projections.stop()


def moved(projections: Projections, address: bytes, asset: int = EUR) -> list[int]:
    """What moved on an account, oldest first."""
    rows = projections.entries(address, limit=100, asset=asset)
    return [row.amount_minor for row in reversed(rows)]


def test_a_delivery_is_booked_once_it_makes_its_condition_true(tmp_path: Path) -> None:
    chain = town()
    either = Terms(release=Threshold(1, (GOODS, BY_PAYEE)))
    one, two, three = (escrow(chain, either, 100) for _ in range(3))
    chain.order(one, two, three)
    deliver = pack_witnesses([Deliver(1)])
    chain.order(release(chain, one, 100, units=deliver))
    # Who delivers must name the terms, and take everything; the payee may ask without.
    chain.order(release(chain, two, 100, units=deliver, named=False))
    chain.order(release(chain, three, 99, units=deliver))
    projections = project(tmp_path / "p.db", chain)
    assert moved(projections, BOB) == [100, 100, 99]
    assert moved(projections, BOB, USD) == [10**6, -700]
    assert moved(projections, ALICE, USD) == [700]
    check_books(chain, projections)
    projections.stop()


def test_a_cancelled_stream_pays_what_has_accrued_to_all(tmp_path: Path) -> None:
    chain = town()
    stream = Stream(10, SECOND_NS, chain.now_ns + SECOND_NS)
    terms = Terms(release=BY_PAYEE, stream=stream, whole=4, shares=(Share(CAROL, 1),))
    opened = escrow(chain, terms, 1_000)
    chain.order(opened)
    chain.order(release(chain, opened, 20), pass_ns=10 * SECOND_NS)
    chain.order(cancel(chain, opened), pass_ns=10 * SECOND_NS)
    projections = project(tmp_path / "p.db", chain)
    row = projections.payment(1, opened.id)
    assert row is not None
    assert (row.status, row.captured_minor) == (Status.RETURNED, 200)
    assert (moved(projections, BOB), moved(projections, CAROL)) == ([15, 135], [5, 45])
    assert moved(projections, ALICE) == [10**9, -5, -15, -45, -135]
    check_books(chain, projections)
    projections.stop()


def test_a_stream_that_has_run_out_is_settled_by_a_cancel(tmp_path: Path) -> None:
    chain = town()
    terms = Terms(release=BY_PAYEE, stream=Stream(10, SECOND_NS, 0))
    opened = escrow(chain, terms, 100)
    chain.order(opened)
    chain.order(cancel(chain, opened))
    projections = project(tmp_path / "p.db", chain)
    row = projections.payment(1, opened.id)
    assert row is not None
    assert (row.status, row.captured_minor) == (Status.SETTLED, 100)
    assert moved(projections, BOB) == [100]
    projections.stop()


def barred_share(chain: Chain, asset: int = EUR) -> Entry:
    """An escrow that pays carol a quarter at its deadline, in an hour."""
    terms = Terms(pay_at_deadline=True, whole=4, shares=(Share(CAROL, 1),))
    opened = escrow(chain, terms, 400, asset=asset)
    chain.order(opened)
    return opened


def check_paid(chain: Chain, path: Path, expected: list[int], asset: int = EUR) -> None:
    """What carol and bob got at the deadline."""
    projections = project(path, chain)
    assert [sum(moved(projections, to, asset)) for to in (CAROL, BOB)] == expected
    check_books(chain, projections)
    projections.stop()


@pytest.mark.parametrize(
    ("ends", "expected"),
    [(None, [0, 400]), ("void", [100, 300]), ("post", [1, 400]), ("due", [100, 300])],
)
def test_a_share_that_a_hold_closed_gets_nothing_until_it_is_open_again(
    tmp_path: Path, ends: str | None, expected: list[int]
) -> None:
    chain = town()
    barred_share(chain)
    # What ends earlier in the sweep opens the account for what ends later in it.
    for_ns = HOUR_NS // 2 if ends == "due" else 10 * HOUR_NS
    closing = Flag.PENDING | Flag.CLOSING_PAYEE
    hold = chain.pay(ALICE, CAROL, 1, flags=closing, expires_ns=chain.now_ns + for_ns)
    chain.order(hold, pass_ns=1)
    if ends == "void":
        chain.order(chain.void(hold), pass_ns=1)
    elif ends == "post":
        chain.order(chain.post(hold, ALICE, CAROL, 1), pass_ns=1)
    projections = project(tmp_path / "before.db", chain)
    carol, known = projections.account(CAROL), chain.book.account(CAROL)
    assert carol is not None
    assert known is not None
    assert carol.flags == known.flags
    projections.stop()
    chain.order(pass_ns=2 * HOUR_NS)
    check_paid(chain, tmp_path / "after.db", expected)


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        ([], [0, 400]),
        ([ControlAct.ALLOW], [100, 300]),
        ([ControlAct.ALLOW, ControlAct.DISALLOW], [0, 400]),
        ([ControlAct.ALLOW, ControlAct.HOLD_BACK], [0, 400]),
        ([ControlAct.ALLOW, ControlAct.HOLD_BACK, ControlAct.LET_GO], [100, 300]),
    ],
)
def test_a_share_that_the_issuer_bars_gets_nothing(
    tmp_path: Path, acts: list[ControlAct], expected: list[int]
) -> None:
    chain, bond = Chain(), 5
    controls = Control.ALLOW_LIST | Control.FREEZE
    unit = pack_asset_unit("BOND/0", 0, controls=controls, issuer=1)
    chain.order(chain.entry(Kind.REGISTER_ASSET, asset=bond, units=unit))
    chain.open("alice", "bob", "carol", "dora", assets=[bond])
    nostro = pack_account_units(flags=AccountFlag.NOSTRO, assets=[bond])
    mint = address_of("mint")
    chain.order(chain.entry(Kind.OPEN_ACCOUNT, payer=mint, units=nostro))

    def control(act: ControlAct, holder: bytes) -> Entry:
        return chain.entry(Kind.CONTROL_ASSET, asset=bond, purpose=act, payer=holder)

    chain.order(*(control(ControlAct.ALLOW, holder) for holder in (ALICE, BOB)))
    issue = chain.entry(Kind.ISSUE, payer=mint, payee=ALICE, asset=bond, amount_minor=1_000)
    chain.order(issue)
    barred_share(chain, bond)
    for act in acts:
        chain.order(control(act, CAROL), pass_ns=1)
    chain.order(pass_ns=2 * HOUR_NS)
    check_paid(chain, tmp_path / "p.db", expected, bond)


@pytest.mark.parametrize(("acts", "expected"), [([], [100, 300]), ([Kind.FREEZE], [0, 400])])
def test_a_share_that_is_a_sub_account_is_its_parents(
    tmp_path: Path, acts: list[Kind], expected: list[int]
) -> None:
    chain, sub = town(), address_of("carol 1")
    units = pack_account_units(flags=AccountFlag.SUB)
    chain.order(chain.entry(Kind.OPEN_ACCOUNT, payer=sub, payee=CAROL, units=units))
    terms = Terms(pay_at_deadline=True, whole=4, shares=(Share(sub, 1),))
    chain.order(escrow(chain, terms, 400))
    for kind in acts:
        chain.order(chain.entry(kind, payer=CAROL), pass_ns=1)
    chain.order(pass_ns=2 * HOUR_NS)
    check_paid(chain, tmp_path / "p.db", expected)
    projections = project(tmp_path / "again.db", chain)
    known = projections.account(sub)
    assert known is not None
    assert known.assets == tuple(asset for asset, *_ in chain.book.balances(CAROL))
    assert moved(projections, sub) == moved(projections, CAROL) == [100][: bool(expected[0])]
    assert {row.sub for row in projections.entries(CAROL, limit=9)} <= {sub}
    height = chain.book.height
    assert projections.balances_at(sub, height) == projections.balances_at(CAROL, height)
    projections.stop()


def test_a_refused_release_changes_nothing(tmp_path: Path) -> None:
    chain = town()
    opened = escrow(chain, Terms(release=BY_PAYEE), 100)
    chain.order(opened)
    wrong = release(chain, opened, 101)
    chain.order(wrong)
    projections = project(tmp_path / "p.db", chain)
    row, act = projections.payment(1, opened.id), projections.act(1, wrong.id)
    assert row is not None
    assert act is not None
    assert (row.status, row.captured_minor) == (Status.HELD, 0)
    assert (act.code, act.status, act.payment, act.account) == (88, None, None, BOB)
    projections.stop()


def test_changes_tell_each_part_as_of_then(tmp_path: Path) -> None:
    chain = town()
    opened = escrow(chain, Terms(release=BY_PAYEE), 100)
    chain.order(opened)
    chain.order(release(chain, opened, 30), release(chain, opened, 20))
    chain.order(cancel(chain, opened))
    projections = project(tmp_path / "p.db", chain)
    told = [
        (one.kind, one.status, one.payment.captured_minor)
        for one in projections.changes((0, 0, 0), 100)
        if one.payment.id == opened.id
    ]
    assert told == [
        (Kind.ESCROW, Status.HELD, 0),
        (Kind.RELEASE, Status.HELD, 30),
        (Kind.RELEASE, Status.HELD, 50),
        (Kind.CANCEL, Status.RETURNED, 50),
    ]
    catch_up(projections, chain)
    projections.stop()


def test_an_escrow_is_no_hold(tmp_path: Path) -> None:
    chain = town()
    opened, hold = escrow(chain, Terms(), 100), chain.hold(ALICE, BOB, 5)
    chain.order(opened, hold)
    projections = project(tmp_path / "p.db", chain)
    assert [row.id for row in projections.holds(1, limit=5)] == [hold.id]
    projections.stop()
