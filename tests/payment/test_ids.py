"""Ids and addresses tell nothing about the names they come from, and are parsed strictly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.payment import ids
from clearway.payment.errors import Refusal

SECRET = b"s" * 32


def test_the_same_key_gives_the_same_id_on_every_node() -> None:
    one = ids.payment_id(SECRET, principal="p", idempotency_key="k")
    assert one == ids.payment_id(SECRET, principal="p", idempotency_key="k")
    assert one != ids.payment_id(b"t" * 32, principal="p", idempotency_key="k")


@given(st.text(), st.text(), st.text(), st.text())
def test_parts_never_run_together(a: str, b: str, c: str, d: str) -> None:
    same = (a, b) == (c, d)
    first = ids.payment_id(SECRET, principal=a, idempotency_key=b)
    assert (first == ids.payment_id(SECRET, principal=c, idempotency_key=d)) == same


@given(st.binary(min_size=16, max_size=16))
def test_printed_ids_parse_back(id: bytes) -> None:
    assert ids.parse_payment(ids.format_payment(id)) == id
    assert ids.parse_quote(ids.format_quote(id)) == id


@pytest.mark.parametrize("text", ["", "pay_", "pay_" + "g" * 32, "PAY_" + "0" * 32, "qte_1"])
def test_other_texts_are_unknown_payments(text: str) -> None:
    with pytest.raises(Refusal, match=r"payment\.unknown"):
        ids.parse_payment(text)
