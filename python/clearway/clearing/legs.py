"""Legs: the transfers that one payment is made of. All of them happen, or none.

| payment | legs |
| --- | --- |
| one asset, no fee | none: the ledger moves payer → payee by itself |
| one asset, a fee | payer → payee principal; payer → fees |
| another asset | payer → liquidity exchange; liquidity → payee principal; payer → fees |
| refund of the latter | as a payment in the other direction, without a fee |
| capture of a part of a hold | the hold's legs, each in proportion |

Remainders: the payee's part of a capture is rounded down (liquidity keeps the remainder), a fee's
part is rounded up (the institution is paid), and never above what was held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from clearway.payment.errors import Refusal
from clearway.payment.money import div_ceil, div_floor
from clearway.payment.records import Role, pack_leg, set_u128, u128, view_legs


@dataclass(frozen=True, slots=True)
class HouseAccounts:
    """Addresses of the institution's own accounts that legs of an asset go through."""

    liquidity: bytes
    fees: bytes


def payment_legs(head: Any, house: Callable[[int], HouseAccounts], *, fee_minor: int) -> bytes:
    """The legs of one HEAD row of kind PAYMENT or REFUND; empty when the ledger needs none. house:
    the accounts of an asset."""
    payer, payee = head["payer"].tobytes(), head["payee"].tobytes()
    asset, to_asset = int(head["asset"]), int(head["to_asset"])
    amount_minor = u128(head, "amount")
    if to_asset == 0 and fee_minor == 0:
        return b""
    if to_asset == 0:
        legs = pack_leg(
            payer=payer, payee=payee, asset=asset, role=Role.PRINCIPAL, amount_minor=amount_minor
        )
    else:
        legs = pack_leg(
            payer=payer,
            payee=house(asset).liquidity,
            asset=asset,
            role=Role.EXCHANGE,
            amount_minor=amount_minor,
        ) + pack_leg(
            payer=house(to_asset).liquidity,
            payee=payee,
            asset=to_asset,
            role=Role.PRINCIPAL,
            amount_minor=u128(head, "to_amount"),
        )
    if fee_minor:
        legs += pack_leg(
            payer=payer, payee=house(asset).fees, asset=asset, role=Role.FEE, amount_minor=fee_minor
        )
    return legs


def capture_legs(held: bytes, payer: bytes, *, held_minor: int, captured_minor: int) -> bytes:
    """The legs of a hold (64 bytes each) in proportion captured / held.

    Empty when everything is captured, or when the hold has one leg: the ledger needs none then.
    Refuses amount.not_positive when the payee's part would be nothing.
    """
    if captured_minor == held_minor or len(held) == 64:
        return b""
    legs = np.array(view_legs(held))
    for leg in legs:
        part = u128(leg, "amount") * captured_minor
        if leg["role"] == Role.FEE:
            share = div_ceil(part, held_minor)
        elif leg["from"].tobytes() == payer:
            share = _exact_share(part, held_minor)
        else:
            share = div_floor(part, held_minor)
            if share == 0:
                raise Refusal("amount.not_positive")
        set_u128(leg, "amount", share)
    return legs.tobytes()


def _exact_share(part: int, held_minor: int) -> int:
    """The payer's principal is one leg of the whole amount, so its share is the captured amount."""
    share, remainder = divmod(part, held_minor)
    assert remainder == 0, "invariant: a hold has one leg of principal from its payer"
    return share
