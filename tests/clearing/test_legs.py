"""Legs: what a payment is made of, and who keeps the remainder when it is captured in part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.clearing.legs import HouseAccounts, capture_legs, payment_legs
from clearway.payment.errors import Refusal
from clearway.payment.records import Kind, Role, pack_head, u128, view_heads, view_legs

PAYER, PAYEE = b"p" * 20, b"q" * 20


def HOUSE(asset: int) -> HouseAccounts:
    return HouseAccounts(liquidity=b"l" * 20, fees=b"f" * 20)


def head(amount_minor: int, to_asset: int = 0, to_amount_minor: int = 0):  # type: ignore[no-untyped-def]
    packed = pack_head(
        kind=Kind.PAYMENT,
        id=bytes(16),
        valid_until_ns=0,
        asset=1,
        to_asset=to_asset,
        amount_minor=amount_minor,
        to_amount_minor=to_amount_minor,
        payer=PAYER,
        payee=PAYEE,
    )
    return view_heads(packed)[0]


def told(legs: bytes) -> list[tuple[bytes, bytes, int, Role, int]]:
    return [
        (
            leg["from"].tobytes()[:1],
            leg["to"].tobytes()[:1],
            int(leg["asset"]),
            Role(int(leg["role"])),
            u128(leg, "amount"),
        )
        for leg in view_legs(legs)
    ]


def test_a_plain_payment_needs_no_legs() -> None:
    assert payment_legs(head(100), HOUSE, fee_minor=0) == b""


def test_a_fee_is_a_leg_of_its_own() -> None:
    assert told(payment_legs(head(100), HOUSE, fee_minor=3)) == [
        (b"p", b"q", 1, Role.PRINCIPAL, 100),
        (b"p", b"f", 1, Role.FEE, 3),
    ]


def test_an_exchange_goes_through_liquidity() -> None:
    assert told(payment_legs(head(100, 2, 90), HOUSE, fee_minor=3)) == [
        (b"p", b"l", 1, Role.EXCHANGE, 100),
        (b"l", b"q", 2, Role.PRINCIPAL, 90),
        (b"p", b"f", 1, Role.FEE, 3),
    ]


amounts = st.integers(1, 2**126 - 1)


@given(held=amounts, to=amounts, fee=st.integers(0, 10**9), part=st.integers(1, 10**9))
def test_a_part_never_moves_more_than_its_share(held: int, to: int, fee: int, part: int) -> None:
    captured = max(1, held * part // 10**9)
    legs = payment_legs(head(held, 2, to), HOUSE, fee_minor=fee)
    try:
        shares = told(capture_legs(legs, PAYER, held_minor=held, captured_minor=captured) or legs)
    except Refusal:
        assert to * captured < held  # the payee's part is less than one minor unit
        return
    assert shares[0][4] == captured
    assert shares[1][4] * held <= to * captured < (shares[1][4] + 1) * held
    if fee:
        assert (shares[2][4] - 1) * held < fee * captured <= shares[2][4] * held
        assert shares[2][4] <= fee


def test_a_whole_capture_and_a_hold_of_one_leg_need_no_legs() -> None:
    legs = payment_legs(head(100, 2, 90), HOUSE, fee_minor=3)
    assert capture_legs(legs, PAYER, held_minor=100, captured_minor=100) == b""
    assert capture_legs(legs[:64], PAYER, held_minor=100, captured_minor=50) == b""


def test_a_part_that_is_worth_nothing_is_refused() -> None:
    legs = payment_legs(head(100, 2, 9), HOUSE, fee_minor=0)
    with pytest.raises(Refusal, match="not_positive"):
        capture_legs(legs, PAYER, held_minor=100, captured_minor=11)
