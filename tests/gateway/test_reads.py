"""What a client reads is durable: a power cut cannot take it back."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clearway.payment.errors import Fault
from tests.gateway.api import Api
from tests.gateway.conftest import serve


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Api]:
    yield from serve(tmp_path, review="10000", decline="10000")


def test_a_block_that_is_not_on_disk_is_shown_to_nobody(
    own: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer, payee = own.account(funded="10.00"), own.account()
    staged, lost = threading.Event(), threading.Event()

    def commit(finality: bytes) -> None:
        staged.set()
        assert lost.wait(20)
        own.node.book.durable.failed()
        raise Fault("node.disk_failed")

    monkeypatch.setattr(own.node.book, "commit", commit)
    found: dict[str, Any] = {}
    paying = threading.Thread(target=lambda: found.update(paid=own.pay(payer, payee, "10.00")))
    paying.start()
    assert staged.wait(20)
    paths = (f"/v1/accounts/{payer}/balances", "/v1/trial-balance", f"/v1/accounts/{payer}")
    reading = [
        threading.Thread(target=lambda path=path: found.update({path: own.get(path)}))
        for path in paths
    ]
    for thread in reading:
        thread.start()
    for thread in reading:
        thread.join(0.3)  # time to tell what must not be told
    lost.set()
    for thread in (paying, *reading):
        thread.join()
    assert found["paid"].json()["code"] == "payment.outcome_unknown"
    assert [found[path].json().get("code") for path in paths] == ["node.disk_failed"] * 3
