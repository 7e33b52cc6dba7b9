"""Alerts follow the chain: off its path, in its order, once; also on a chain that was restored."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearway.app.backup import back_up, restore
from clearway.cases.states import Decision
from clearway.lifecycle.watch import Watch
from clearway.payment.records import Outcome
from clearway.store.case_rows import Op
from tests.lifecycle.test_sub_accounts import open_below
from tests.lifecycle.town import Town, build_town, rows_of

WAIT_S = 10.0


def start(folder: Path) -> Town:
    folder.mkdir(exist_ok=True)
    town = build_town(folder)
    town.verdicts.by_amount[66.60] = Outcome.REVIEW
    town.verdicts.by_amount[99.90] = Outcome.DECLINE
    town.node.start()
    return town


def begin(folder: Path, funds_minor: int = 100_000) -> Town:
    """Two people, and money."""
    town = start(folder)
    town.open("payer")
    town.open("payee")
    town.fund("payer", funds_minor)
    return town


def alerts(town: Town) -> list[tuple[str, int]]:
    """(typology, amount) of every alert, by case and in order."""
    town.node.cases.catch_up(town.node.book.height, WAIT_S)
    store = town.node.cases.store
    cases = sorted(store.cases(town.node.institution, limit=100), key=lambda one: one.number)
    return [
        (kept.alert.typology, kept.alert.amount_eur_minor)
        for case in cases
        for kept in store.alerts_of(case)
    ]


def test_what_is_stopped_is_an_alert_and_what_is_paid_is_not(tmp_path: Path) -> None:
    town = begin(tmp_path)
    for amount_minor in (100, 6_660, 9_990, 200):
        town.pay("payer", "payee", amount_minor)
    assert [amount for _, amount in alerts(town)] == [6_660, 9_990]
    town.node.stop()


def test_a_sub_accounts_alert_is_its_parents(tmp_path: Path) -> None:
    town = start(tmp_path)
    town.open("payer")
    town.open("payee")
    open_below(town, "line", "payer")
    town.fund("payer", 100_000)
    for payer in ("payer", "line"):
        town.pay(payer, "payee", 6_660)
    assert len(alerts(town)) == 2
    cases = town.node.cases.store.cases(town.node.institution, limit=10)
    assert [(case.entity, case.alerts) for case in cases] == [(town.address("payer"), 2)]
    town.node.stop()


def test_after_a_restart_nothing_is_taken_in_again(tmp_path: Path) -> None:
    town = begin(tmp_path)
    town.pay("payer", "payee", 6_660)
    before = alerts(town)
    town.node.stop()
    town = start(tmp_path)
    assert alerts(town) == before
    town.pay("payer", "payee", 9_990, key="another")
    assert len(alerts(town)) == len(before) + 1
    assert town.node.cases.store.verify().ok
    town.node.stop()


def test_a_file_of_cases_that_is_new_takes_in_the_whole_chain(tmp_path: Path) -> None:
    town = begin(tmp_path)
    town.pay("payer", "payee", 6_660)
    town.pay("payer", "payee", 9_990)
    before = alerts(town)
    town.node.stop()
    for path in (tmp_path / "data").glob("cases.sqlite*"):
        path.unlink()
    town = start(tmp_path)
    assert alerts(town) == before
    town.node.stop()


def test_on_a_chain_that_was_restored_new_blocks_are_looked_at(tmp_path: Path) -> None:
    """Cases that know more than the chain: its other blocks at the same heights are not missed."""
    town = begin(tmp_path / "first")
    height = town.node.book.height
    town.pay("payer", "payee", 6_660)
    assert len(alerts(town)) == 1
    town.node.stop()
    back_up(tmp_path / "first" / "data", to=tmp_path / "kept")
    restore(tmp_path / "kept", data=tmp_path / "second" / "data", height=height, at=None)
    town = start(tmp_path / "second")
    assert len(alerts(town)) == 1  # what people know of is not forgotten
    town.pay("payer", "payee", 9_990, key="another")
    assert [amount for _, amount in alerts(town)] == [6_660, 9_990]
    town.node.stop()


def test_many_alerts_come_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clearway.lifecycle.watch.ALERTS_AT_ONCE", 3)
    town = begin(tmp_path, 1_000_000)
    for _ in range(10):
        town.pay("payer", "payee", 6_660)
    assert len(alerts(town)) == 10
    town.node.stop()


def test_a_decision_is_feedback_of_its_payments_once(tmp_path: Path) -> None:
    town = begin(tmp_path)
    id = rows_of(town.pay("payer", "payee", 6_660))[0]["id"].tobytes()
    alerts(town)
    node, store = town.node, town.node.cases.store
    node.cases.watch.stop()  # as if it was killed before it could say so
    [case] = store.cases(node.institution, limit=10)

    def op(number: int, who: str) -> Op:
        return Op(bytes([number]) * 16, b"", who, "key", town.clock())

    node.cases.assign(op(1, "ann"), case.id, assignee="ann", check=lambda: None)
    node.cases.propose(op(2, "ann"), case.id, decision=Decision.HONEST, text="It is rent.")
    confirmed = node.cases.confirm(op(3, "ben"), case.id, text=None, evidence=None)
    assert node.vault.feedback.of(node.institution, id) == []
    [label] = store.labels_untold(10)
    watch = Watch(node.rooms, store, deadline_ns=1)
    watch._tell(label)  # and killed between this and its note that it was told
    watch.tell_labels()
    watch.tell_labels()
    [said] = node.vault.feedback.of(node.institution, id)
    assert (said.verdict, said.known_ns, said.by) == ("confirmed_honest", confirmed.time_ns, "ben")
    assert store.labels_untold(10) == []
    # Somebody else's word afterwards, and the case again: what was said last holds.
    node.cases.reopen(op(4, "ben"), case.id, text="The payer complains.")
    node.cases.assign(op(5, "ann"), case.id, assignee="ann", check=lambda: None)
    node.cases.propose(op(6, "ann"), case.id, decision=Decision.FRAUD, text="It is not.")
    node.cases.confirm(op(7, "ben"), case.id, text=None, evidence=None)
    watch.tell_labels()
    said_all = node.vault.feedback.of(node.institution, id)
    assert [one.verdict for one in said_all] == ["confirmed_honest", "confirmed_fraud"]
    town.node.stop()
