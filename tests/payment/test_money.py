"""Amounts: what is an amount, what is refused, and that formatting gives parsing back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.payment.errors import Refusal
from clearway.payment.money import (
    AMOUNT_MINOR_MAX,
    Asset,
    div_ceil,
    div_floor,
    format_amount,
    parse_amount,
    parse_asset_code,
    share_bps,
)

EUR = Asset(1, "EUR/2", 2)
JPY = Asset(2, "JPY/0", 0)
ETH = Asset(3, "ETH/18", 18)


@pytest.mark.parametrize(
    ("text", "asset", "amount_minor"),
    [
        ("12.34", EUR, 1234),
        ("12.3", EUR, 1230),
        ("12", EUR, 1200),
        ("0.01", EUR, 1),
        ("007", JPY, 7),
        ("0.000000000000000001", ETH, 1),
    ],
)
def test_a_decimal_text_becomes_minor_units(text: str, asset: Asset, amount_minor: int) -> None:
    assert parse_amount(text, asset) == amount_minor


@pytest.mark.parametrize(
    ("text", "asset", "code"),
    [
        ("0", EUR, "amount.not_positive"),
        ("0.00", EUR, "amount.not_positive"),
        ("-1", EUR, "amount.not_positive"),
        ("0.001", EUR, "amount.too_precise"),
        ("1.0", JPY, "amount.too_precise"),
        ("NaN", EUR, "amount.malformed"),
        ("Infinity", EUR, "amount.malformed"),
        ("1e3", EUR, "amount.malformed"),
        ("1,000", EUR, "amount.malformed"),
        (" 1", EUR, "amount.malformed"),
        ("1.", EUR, "amount.malformed"),
        (".5", EUR, "amount.malformed"),
        ("", EUR, "amount.malformed"),
        ("١", EUR, "amount.malformed"),
        (12.34, EUR, "amount.malformed"),
        (12, EUR, "amount.malformed"),
        (True, EUR, "amount.malformed"),
        (None, EUR, "amount.malformed"),
        (str(2**126), JPY, "amount.too_large"),
        ("9" * 48, JPY, "amount.too_large"),
        ("9" * 49, JPY, "amount.malformed"),
    ],
)
def test_anything_else_is_refused_with_its_code(text: object, asset: Asset, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_amount(text, asset)
    assert refusal.value.code == code


@given(st.integers(1, AMOUNT_MINOR_MAX), st.integers(0, 30).map(lambda s: Asset(1, f"X/{s}", s)))
def test_formatting_and_parsing_are_inverse(amount_minor: int, asset: Asset) -> None:
    text = format_amount(amount_minor, asset)
    assert len(text.partition(".")[2]) == asset.scale
    assert parse_amount(text, asset) == amount_minor
    assert format_amount(-amount_minor, asset) == "-" + text


def test_zero_has_its_decimals() -> None:
    assert format_amount(0, EUR) == "0.00"


@given(st.integers(0, 2**127), st.integers(1, 2**64))
def test_both_divisions_name_their_remainder(dividend: int, divisor: int) -> None:
    floor, ceil = div_floor(dividend, divisor), div_ceil(dividend, divisor)
    assert floor * divisor <= dividend <= ceil * divisor
    assert ceil - floor == (dividend % divisor != 0)


@given(st.integers(1, 2**126), st.integers(1, 10_000))
def test_a_fee_is_never_above_the_amount_and_never_zero(amount_minor: int, bps: int) -> None:
    assert 1 <= share_bps(amount_minor, bps) <= amount_minor


@pytest.mark.parametrize("code", ["EUR", "EUR/", "eur/2", "EUR/31", "EUR/2 ", "/2", "1EU/2"])
def test_an_asset_code_carries_its_scale(code: str) -> None:
    assert parse_asset_code("USDT/6") == ("USDT", 6)
    with pytest.raises(Refusal, match=r"asset\.unknown"):
        parse_asset_code(code)
