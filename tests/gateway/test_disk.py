"""A disk that failed a sync: nothing more is accepted until a restart, and reads go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clearway.payment.errors import Fault
from tests.gateway.api import Api
from tests.gateway.conftest import serve


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Api]:
    """A node that no other test has."""
    yield from serve(tmp_path / "node", review="10000", decline="10000")


def test_after_a_failed_sync_nothing_is_accepted_and_reads_go_on(
    own: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer, payee = own.account(funded="10.00"), own.account()
    paid = own.pay(payer, payee, "1.00").json()

    def commit(finality: bytes) -> None:
        raise Fault("node.disk_failed")

    monkeypatch.setattr(own.node.book, "commit", commit)
    lost = own.pay(payer, payee, "2.00", key="lost")
    assert (lost.status_code, lost.json()["code"]) == (503, "payment.outcome_unknown")
    monkeypatch.undo()  # the disk takes it now, and must not be believed
    for answer in (
        own.get("/readyz"),
        own.pay(payer, payee, "3.00"),
        own.post("/v1/accounts", {"id": "eve", "assets": ["EUR/2"]}),
    ):
        problem = answer.json()
        found = (answer.status_code, problem["code"], problem["retryable"])
        assert found == (503, "node.disk_failed", True)
    assert own.get(f"/v1/payments/{paid['id']}").json() == paid
    assert own.available(payer) == "9.00"
    assert own.get("/v1/blocks").status_code == 200
