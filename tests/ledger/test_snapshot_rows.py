"""What rows of the state keep, they keep through a snapshot."""

from __future__ import annotations

from pathlib import Path

import clearway_kernel
from spec import compose
from spec.records import Kind
from tests.ledger.town import EUR, Town, address


def reopened(town: Town, folder: Path) -> clearway_kernel.Ledger:
    """The town's chain, opened from a snapshot of its last block."""
    ledger = town.both.write_to(folder)
    ledger.snapshot()
    ledger.close()
    opened = clearway_kernel.Ledger.open(str(folder))
    assert opened.snapshot_height == town.both.kernel.height
    assert opened.subroots() == town.both.kernel.subroots()
    return opened


def test_the_category_of_an_account(tmp_path: Path) -> None:
    town = Town()
    units = compose.opening_units(assets=[EUR])
    assert town.apply(town.entry(Kind.OPEN_ACCOUNT, "zoe", to_asset=5_411, units=units)) == [0]
    opened = reopened(town, tmp_path)
    zoe, ann = (opened.account(address(name)) for name in ("zoe", "ann"))
    assert zoe is not None
    assert zoe.category == 5_411
    assert ann is not None
    assert ann.category == 0
