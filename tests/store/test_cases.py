"""The store of cases: what is written stays as it was, or is found out; nothing comes twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearway.payment.alert import Alert, alert_id
from clearway.payment.errors import Refusal
from clearway.store.case_rows import CaseRow, Change, Found, Op, Progress
from clearway.store.cases import CaseStore

NOW_NS = 1_793_000_000_000_000_000
WHO = Op(b"o" * 16, b"r" * 32, "ann", "key1", NOW_NS)


def found(number: int, *, entity: bytes = bytes(20), loss: int = 100) -> Found:
    alert = Alert(
        id=alert_id("test", number.to_bytes(4, "little")),
        payment=number.to_bytes(16, "little"),
        entity=entity,
        typology="fraud.payer",
        score_bps=1_000,
        amount_eur_minor=10 * loss,
        expected_loss_eur_minor=loss,
        reasons=("risk.fan_in", "risk.velocity_payee"),
        height=number,
        index=1,
        time_ns=NOW_NS + number,
    )
    return Found(1, alert, b'{"number":%d}' % number)


def take_in(store: CaseStore, *alerts: Found, height: int = 1) -> int:
    return store.take_in(
        alerts,
        progress=Progress("test", height << 24, height, b"h" * 32),
        joins=lambda _found, case: case.status == "open",
        opens=lambda one: (one.alert.time_ns + 10**9, "open"),
        now_ns=NOW_NS,
    )


def noted(_case: CaseRow) -> Change:
    return Change("note", "open", note=b"sealed words")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CaseStore]:
    store = CaseStore(tmp_path / "cases.sqlite")
    yield store
    store.close()


def test_alerts_make_one_case_of_an_account_and_are_taken_in_once(store: CaseStore) -> None:
    other = b"e" * 20
    assert take_in(store, found(1), found(2), found(3, entity=other)) == 3
    assert take_in(store, found(2), found(4), height=2) == 1
    first, second = sorted(store.cases(1, limit=10), key=lambda one: one.number)
    assert (first.alerts, first.loss_eur_minor, first.last_ns) == (3, 300, NOW_NS + 4)
    assert (second.entity, second.alerts) == (other, 1)
    assert [kept.alert for kept in store.alerts_of(first)] == [
        found(number).alert for number in (1, 2, 4)
    ]
    assert store.progress("test") == ("test", 2 << 24, 2, b"h" * 32)
    assert store.progress("another source") is None


def test_another_institution_sees_none_of_it(store: CaseStore) -> None:
    take_in(store, found(1))
    [case] = store.cases(1, limit=10)
    assert store.cases(2, limit=10) == []
    assert store.case(2, case.id) is None


def test_an_act_that_is_refused_leaves_no_trace(store: CaseStore) -> None:
    take_in(store, found(1))
    [case] = store.cases(1, limit=10)

    def refuse(_case: CaseRow) -> Change:
        raise Refusal("case.wrong_state", status="open", act="confirmed", first="proposed")

    with pytest.raises(Refusal):
        store.act(WHO, case.id, refuse)
    with pytest.raises(Refusal) as unknown:
        store.act(WHO, b"x" * 16, noted)
    assert unknown.value.code == "case.unknown"
    assert [act.act for act in store.acts_of(case)] == ["alert"]
    assert store.act(WHO, case.id, noted).n == 2  # its key is unused


def test_the_same_op_is_done_once(store: CaseStore) -> None:
    take_in(store, found(1))
    [case] = store.cases(1, limit=10)
    first = store.act(WHO, case.id, noted)
    assert store.act(WHO, case.id, noted) == first
    other = Op(WHO.id, b"q" * 32, "ann", "key1", NOW_NS)
    with pytest.raises(Refusal) as refused:
        store.act(other, case.id, noted)
    assert refused.value.code == "idempotency.body_differs"


def test_it_reads_the_same_after_a_restart(tmp_path: Path) -> None:
    store = CaseStore(tmp_path / "cases.sqlite")
    take_in(store, found(1), found(2))
    [case] = store.cases(1, limit=10)
    act = store.act(WHO, case.id, noted)
    store.close()
    store = CaseStore(tmp_path / "cases.sqlite")
    assert store.acts_of(case)[-1] == act
    assert store.verify().ok
    assert store.verify().acts == 3
    store.close()


TAMPERED = {
    "a fact": ("UPDATE case_acts SET facts = replace(facts, '100', '900') WHERE n = 2", 2),
    "who did it": ("UPDATE case_acts SET who = 'ben' WHERE n = 4", 4),
    "when": ("UPDATE case_acts SET time_ns = time_ns + 1 WHERE n = 3", 3),
    "its case": ("UPDATE case_acts SET case_number = 2 WHERE n = 2", 2),
    "its hash": ("UPDATE case_acts SET hash = zeroblob(32) WHERE n = 1", 1),
    "a record is gone": ("DELETE FROM case_acts WHERE n = 2", 2),
    "evidence": ("UPDATE evidence SET body = x'7b7d' WHERE n = 3", 3),
    "evidence is gone": ("DELETE FROM evidence WHERE n = 2", 2),
    "evidence came later": ("INSERT INTO evidence VALUES (4, zeroblob(32), x'7b7d')", 4),
    "a note": ("UPDATE notes SET sealed = x'00' WHERE n = 4", 4),
    "a note is gone": ("DELETE FROM notes WHERE n = 4", 4),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_whatever_is_changed_is_found(tmp_path: Path, what: str) -> None:
    statement, first_bad = TAMPERED[what]
    path = tmp_path / "cases.sqlite"
    store = CaseStore(path)
    take_in(store, found(1), found(2), found(3, entity=b"e" * 20))
    first = min(store.cases(1, limit=10), key=lambda one: one.number)
    store.act(WHO, first.id, noted)
    assert store.verify().ok
    store.close()
    with sqlite3.connect(path) as file:
        assert file.execute(statement).rowcount == 1
    file.close()
    store = CaseStore(path)
    found_out = store.verify()
    assert (found_out.ok, found_out.first_bad) == (False, first_bad), found_out
    store.close()


def test_the_queue_has_the_overdue_first_then_the_largest_loss(store: CaseStore) -> None:
    for number, loss in enumerate((500, 100, 900, 100), 1):
        take_in(store, found(number, entity=bytes([number]) * 20, loss=loss))
    assert [case.loss_eur_minor for case in store.cases(1, limit=10)] == [900, 500, 100, 100]
    small = store.cases(1, limit=10)[-1]
    store.act(WHO, small.id, lambda _case: Change("escalate", "open", {"overdue": True}))
    listed = store.cases(1, limit=10)
    assert [case.id == small.id for case in listed] == [True, False, False, False]
    places = [store.queue_place(case) for case in listed]
    assert [one.place for one in places] == [1, 2, 3, 4]
    assert store.queue_length(1) == 4
    for at, one in enumerate(places):
        assert one.before == (listed[at - 1] if at else None)
        assert one.after == (listed[at + 1] if at < 3 else None)
    paged = []
    last = None
    while page := store.cases(1, limit=1, starting_after=last):
        paged += page
        last = page[-1].id
    assert paged == listed


def test_the_queue_is_asked_by_its_index(store: CaseStore) -> None:
    """However many cases there are, a page and a place in the queue are ranges of an index."""
    take_in(store, found(1))
    [case] = store.cases(1, limit=1)
    asked: list[str] = []
    store._database.reader().set_trace_callback(asked.append)
    store.cases(1, limit=50)
    store.cases(1, limit=50, status="open")
    store.queue_place(case)
    store.queue_length(1)
    store._database.reader().set_trace_callback(None)
    assert len(asked) > 8
    for query in asked:
        plan = store._database.reader().execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
        assert all("INDEX cases_" in row[-1] for row in plan), (query, plan)
