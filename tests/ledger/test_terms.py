"""Terms in Python and in the kernel: the same bytes are terms, and the same shares come out."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from clearway.ledger.terms import check_terms
from clearway.payment.terms import Terms, TermsError, pack_terms, parse_terms
from tests.payment.test_terms import any_terms


def accepts(units: bytes) -> bool:
    with contextlib.suppress(ValueError):
        check_terms(units)
        return True
    return False


def reads(units: bytes) -> bool:
    with contextlib.suppress(TermsError):
        parse_terms(units)
        return True
    return False


@given(any_terms())
def test_what_is_packed_the_ledger_takes(terms: Terms) -> None:
    check_terms(pack_terms(terms))


@given(any_terms(), st.data())
@settings(max_examples=500)
def test_changed_bytes_are_terms_for_both_or_for_neither(terms: Terms, data: st.DataObject) -> None:
    units = bytearray(pack_terms(terms))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(units) - 1))
        units[at] = data.draw(st.sampled_from((0, 1, 2, 3, 10, 13, 15, 19, 20, 60, 61, 255)))
    assert reads(bytes(units)) is accepts(bytes(units))


@given(st.binary(max_size=256).map(lambda data: data + bytes(-len(data) % 64)))
def test_arbitrary_units_are_terms_for_both_or_for_neither(units: bytes) -> None:
    assert reads(units) is accepts(units)
