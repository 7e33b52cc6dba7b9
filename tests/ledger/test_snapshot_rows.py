"""What rows of the state keep, they keep through a snapshot."""

from __future__ import annotations

from pathlib import Path

import clearway_kernel
from spec import compose
from spec.records import Flag, Kind
from tests.ledger.authority_examples import CARD, by, propose, set_authority, signer, with_policy
from tests.ledger.mandate_examples import granted, pull, revoke
from tests.ledger.town import DAY, EUR, EURO, HOUR, SECOND, Town, address


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


def test_what_a_hold_closes_and_what_a_key_imported(tmp_path: Path) -> None:
    town = Town.funded()
    closing = Flag.PENDING | Flag.CLOSING_PAYER | Flag.CLOSING_PAYEE
    held = town.hold("ann", "bob", flags=closing)
    imported = town.pay("cyd", "fees1", flags=Flag.IMPORTED, created_ns=1_234)
    assert town.apply(held, imported) == [0, 0]
    opened = reopened(town, tmp_path)
    hold = opened.hold(1, held.id)
    assert hold is not None
    assert hold.closes == 3
    keys = opened.keys()
    assert len(keys) == len(town.both.kernel.keys())
    assert [row[6] for row in keys] == [1_234] + [0] * (len(keys) - 1)


def test_what_is_used_of_a_mandate(tmp_path: Path) -> None:
    town = Town.funded()
    ended, entry = granted(town), granted(town, flags=1, payments_max=2)
    town.block(after_ns=3 * HOUR)
    assert town.apply(pull(town, entry, 10 * EURO), revoke(town, ended)) == [0, 0]
    opened = reopened(town, tmp_path)
    row = opened.mandate(1, entry.id)
    assert row is not None
    assert (row.period, row.payments_used, row.used_total_minor) == (3, 1, 10 * EURO)
    assert opened.next_expiry_ns() == entry.expires_ns


def test_policies_what_spend_keys_used_and_recoveries(tmp_path: Path) -> None:
    town = Town.funded()
    with_policy(town, compose.policy_units(signer("ada", 1)), name="ann")  # the lowest slot
    with_policy(town)
    assert town.apply(by(town, town.pay("own", "bob", 7 * EURO), CARD), propose(town)) == [0, 0]
    custodial = set_authority(town, "ann", compose.key_name_unit(bytes(32)))
    assert town.apply(town.together(custodial, {1: "ada"})) == [0]  # a free slot comes before
    opened = reopened(town, tmp_path)
    found, kept = opened.policy(address("own")), town.both.kernel.policy(address("own"))
    assert found is not None
    assert kept is not None
    assert (found.units, found.spends) == (kept.units, kept.spends)
    assert (found.recovery_key, found.recover_at_ns) == (kept.recovery_key, kept.recover_at_ns)
    assert found.spends == [(6, 7 * EURO, town.now_ns // DAY)]
    assert opened.policy(address("ann")) is None
    sealed = [town.seal([by(town, town.pay("own", "bob", 4 * EURO), CARD)])]
    staged = opened.stage(time_ns=town.now_ns + SECOND, envelopes=sealed)
    assert staged.results[32 + 2] == 40  # the day goes on
