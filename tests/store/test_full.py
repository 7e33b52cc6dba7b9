"""A full disk under the stores: nothing half written, and the next act goes through with room."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clearway.payment.errors import Fault
from clearway.store.audit import Audit
from clearway.store.projections import Projections
from clearway.store.vault import Vault
from tests.chains import Chain


@contextmanager
def no_room() -> Iterator[None]:
    """No file may grow beyond a byte. (Python ignores the signal that comes with it.)"""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_vault_takes_back_what_had_no_room(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault.sqlite", bytes(32))
    vault.save_setting("one", b"1")
    with no_room(), pytest.raises(Fault, match="disk_full"):
        vault.save_batch(key=bytes(32), sequence=1, decisions=b"", request_hashes=b"")
    assert (vault.setting("one"), vault.last_sequence(bytes(32))) == (b"1", 0)
    vault.save_batch(key=bytes(32), sequence=2, decisions=b"", request_hashes=b"")
    assert vault.last_sequence(bytes(32)) == 2
    vault.close()


def test_the_audit_log_takes_back_what_had_no_room(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit.log")
    audit.append(who="ann", what="one", facts={})
    with no_room(), pytest.raises(Fault, match="disk_full"):
        audit.append(who="ann", what="two", facts={})
    audit.append(who="ann", what="three", facts={})
    assert audit.verify().ok
    assert [record.what for record in audit.records(limit=9)] == ["three", "one"]
    audit.close()


def test_the_projections_wait_for_room_and_then_catch_up(tmp_path: Path) -> None:
    chain = Chain()
    projections = Projections(tmp_path / "projections.sqlite", chain.book.account_numbers)
    projections.start(chain.book)
    ann, bob = chain.open("ann", "bob")
    projections.notify(chain.book.height)
    assert projections.wait_for(chain.book.height, 10)
    before = chain.book.height
    with no_room():
        chain.order(chain.issue(ann, 100))
        projections.notify(chain.book.height)
        assert not projections.wait_for(chain.book.height, 10)
        assert projections.is_full
        assert (projections.height, projections.failure) == (before, None)
    chain.order(chain.pay(ann, bob, 30))
    projections.notify(chain.book.height)
    while projections.is_full:
        projections.wait_for(chain.book.height, 10)
    assert projections.wait_for(chain.book.height, 10)
    projections.stop()
