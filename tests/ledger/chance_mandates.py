"""Random mandates, and payments under them: within their bounds mostly, and at their edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spec import compose
from spec.records import Entry, Kind, Outcome
from tests.ledger.both import live
from tests.ledger.town import DAY, EURO, HOUR, SECOND

if TYPE_CHECKING:
    from tests.ledger.chance import Chance


def mandate(chance: Chance) -> Entry:
    own = chance.accounts_of(chance.institution)
    payer = chance.mostly(chance.pick(own), chance.everyone())
    asset = chance.asset_of(payer)
    payee = chance.holder_of(asset, [name for name in chance.clients() if name != payer])
    payment_max = chance.random.randint(1, 20 * EURO)
    bounds = [payment_max, payment_max * chance.pick([1, 2, 5]), payment_max * 6]
    if chance.percent(4):
        bounds = [chance.pick([0, 1, 7, 2**126 - 1]) for _ in bounds]
    unit = compose.mandate_unit(
        period_ns=chance.mostly(chance.pick([SECOND, HOUR, DAY]), [0, 1, 2**64 - 1], 5),
        start_ns=chance.mostly(chance.at_ns, [0, chance.at_ns + HOUR, 2**64 - 1], 10),
        payments_max=chance.pick([0, 0, 1, 2]),
        flags=chance.mostly(chance.pick([0, 1]), [2, 3, 2**31], 3),
    )
    ends = [chance.at_ns + DAY] * 3 + [chance.at_ns + SECOND, chance.at_ns + 9 * DAY]
    return chance.base(
        Kind.MANDATE,
        payer,
        payee,
        asset=asset,
        amount_minor=bounds[0],
        to_amount_minor=bounds[1],
        bound_minor=bounds[2],
        expires_ns=chance.mostly(chance.pick(ends), [0, chance.at_ns], 4),
        units=unit,
    )


def revoke_mandate(chance: Chance) -> Entry:
    rows = live(chance.state().mandates)
    if not rows:
        return chance.base(Kind.REVOKE_MANDATE, target=b"m" * 16, purpose=1)
    row = chance.pick(rows)
    accounts = list(chance.state().accounts.values())
    asker = accounts[chance.mostly(chance.pick([row.payer, row.payee]), range(len(accounts)))]
    return chance.base(Kind.REVOKE_MANDATE, asker.address, target=row.id, purpose=row.institution)


def pull(chance: Chance) -> Entry:
    rows = live(chance.state().mandates)
    if not rows:
        return mandate(chance)
    row = chance.pick(rows)
    accounts = list(chance.state().accounts.values())
    most = row.payment_minor_max
    amounts = [most] * 6 + [max(most // 2, 1), most + 1, row.period_minor_max]
    fields: dict[str, Any] = {
        "target": row.id,
        "purpose": chance.mostly(row.institution, [0, 1, 2], 3),
        "asset": chance.mostly(row.asset, [1, 2, 3], 3),
        "amount_minor": chance.pick(amounts),
        "outcome": chance.mostly(Outcome.ACCEPT, [*Outcome], 3),
    }
    payer, payee = accounts[row.payer].address, accounts[row.payee].address
    if chance.percent(3):
        payer, payee = payee, payer
    return chance.base(Kind.PULL, payer, payee, **fields)
