"""Terms and witnesses: bytes → data → bytes is the identity, and nothing else is read."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearway.payment.terms import (
    UNITS_MAX,
    After,
    Approver,
    AskedBy,
    Before,
    Comparison,
    Condition,
    Delivery,
    Fact,
    Party,
    PayeeCategory,
    PayeeIs,
    Preimage,
    Share,
    Stream,
    Terms,
    TermsError,
    Threshold,
    UpTo,
    pack_terms,
    parse_terms,
    share_out,
    walk,
)
from clearway.payment.terms_text import Words, render_nodes, render_terms
from clearway.payment.witnesses import (
    Approval,
    ApprovalMessage,
    Deliver,
    Secret,
    SignedFact,
    WitnessError,
    pack_approval_message,
    pack_witnesses,
    parse_approval_message,
    parse_witnesses,
)

U64, U128 = st.integers(0, 2**64 - 1), st.integers(0, 2**128 - 1)
I64 = st.integers(-(2**63), 2**63 - 1)


def fixed(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(After, U64),
    st.builds(Before, U64),
    st.builds(Preimage, fixed(32), st.integers(1, 60)),
    st.builds(Approver, fixed(32)),
    st.builds(Fact, fixed(32), fixed(16), st.sampled_from(Comparison), I64),
    st.builds(PayeeIs, fixed(20)),
    st.builds(PayeeCategory, st.integers(1, 2**32 - 1)),
    st.builds(AskedBy, st.sampled_from(Party)),
    st.builds(UpTo, U128),
)
DELIVERY = st.builds(
    Delivery, st.integers(1, 2**32 - 1), st.integers(1, 2**126 - 1), fixed(20), fixed(20)
).filter(lambda delivery: delivery.from_ != delivery.to)


@st.composite
def conditions(draw: st.DrawFn, nodes: int) -> Condition:
    """A tree of at most that many nodes."""
    if nodes < 2 or draw(st.booleans()):
        return draw(LEAVES)
    children: list[Condition] = []
    left = nodes - 1
    while left and (not children or draw(st.booleans())):
        child = draw(conditions(left))
        children.append(child)
        left -= sum(1 for _ in walk(child))
    return Threshold(draw(st.integers(1, len(children))), tuple(children))


@st.composite
def shares(draw: st.DrawFn) -> tuple[int, tuple[Share, ...]]:
    addresses = draw(st.lists(fixed(20), unique=True, max_size=4))
    if draw(st.booleans()):
        if not addresses:
            return 0, ()
        whole = draw(st.integers(len(addresses), 2**32 - 1))
        part = st.integers(1, whole // len(addresses))
        return whole, tuple(Share(to, part=draw(part)) for to in addresses)
    cap = st.integers(1, 2**128 - 1)
    return 0, tuple(Share(to, cap_minor=draw(cap)) for to in addresses)


STREAM = st.builds(Stream, st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), U64)


@st.composite
def any_terms(draw: st.DrawFn) -> Terms:
    whole, shared = draw(shares())
    release: Condition | None = None
    if draw(st.booleans()):
        release = draw(conditions(UNITS_MAX - 3 - len(shared)))
        if draw(st.booleans()):
            release = Threshold(1, (release, draw(DELIVERY)))
    return Terms(
        release=release,
        pay_at_deadline=draw(st.booleans()),
        payer_may_cancel=draw(st.booleans()),
        free_payee=not shared and draw(st.booleans()),
        stream=draw(st.none() | STREAM),
        whole=whole,
        shares=shared,
    )


WORDS = Words(
    payer="alice",
    payee="bob",
    asset=1,
    deadline_ns=1_798_113_600 * 10**9,
    name=lambda address: "0x" + address.hex(),
    money=lambda asset, amount_minor: f"{amount_minor} of asset {asset}",
)


@given(any_terms())
def test_terms_read_back_as_they_were_written(terms: Terms) -> None:
    units = pack_terms(terms)
    assert len(units) % 64 == 0
    assert parse_terms(units) == terms
    assert pack_terms(parse_terms(units)) == units


@given(any_terms())
def test_every_contract_is_said_in_english(terms: Terms) -> None:
    text = render_terms(terms, WORDS)
    assert text.endswith(".")
    assert "  " not in text
    assert "24 December 2026 12:00 UTC" in text
    assert all(render_nodes(terms, WORDS))
    assert len(render_nodes(terms, WORDS)) == sum(1 for _ in walk(terms.release))


@given(st.binary(max_size=1_200))
def test_arbitrary_bytes_are_read_exactly_or_refused(data: bytes) -> None:
    try:
        terms = parse_terms(data)
    except TermsError:
        return
    assert pack_terms(terms) == data


@given(any_terms(), st.data())
@settings(max_examples=300)
def test_no_changed_byte_reads_the_same(terms: Terms, data: st.DataObject) -> None:
    units = bytearray(pack_terms(terms))
    at = data.draw(st.integers(0, len(units) - 1))
    units[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(TermsError):
        assert parse_terms(bytes(units)) != terms


KEY, ADDRESS, OTHER = b"k" * 32, b"a" * 20, b"b" * 20


@pytest.mark.parametrize(
    ("terms", "what"),
    [
        (Terms(release=Threshold(0, (After(1),))), "at least 0 of 1"),
        (Terms(release=Threshold(2, (After(1),))), "at least 2 of 1"),
        (Terms(release=Threshold(1, ())), "at least 1 of 0"),
        (Terms(release=Threshold(1, (After(1),) * 15)), "15 shares and conditions"),
        (Terms(release=Preimage(b"h" * 32, 0)), "1 to 60 bytes"),
        (Terms(release=Preimage(b"h" * 32, 61)), "1 to 60 bytes"),
        (Terms(release=Preimage(b"h" * 31, 32)), "sha256 has 32 bytes"),
        (Terms(release=PayeeCategory(0)), "category 0"),
        (Terms(release=Threshold(1, (Delivery(1, 1, ADDRESS, OTHER),) * 2)), "one delivery"),
        (Terms(free_payee=True, shares=(Share(ADDRESS, cap_minor=1),)), "not shared"),
        (Terms(whole=2, shares=(Share(ADDRESS, 1), Share(ADDRESS, 1))), "shares twice"),
        (Terms(whole=2, shares=(Share(ADDRESS, 2), Share(OTHER, 1))), "more than the whole"),
        (Terms(whole=2, shares=(Share(ADDRESS, 1, 1),)), "no cap"),
        (Terms(shares=(Share(ADDRESS, cap_minor=0),)), "cap above zero"),
        (Terms(shares=(Share(ADDRESS, 1, 1),)), "no part"),
        (Terms(stream=Stream(1, 0, 0)), "a rate and a period"),
        (Terms(stream=Stream(0, 1, 0)), "a rate and a period"),
        (Terms(whole=2), "has shares"),
        (Terms(whole=2, shares=(Share(ADDRESS, 0),)), "part above zero"),
        (Terms(release=Delivery(1, 0, ADDRESS, OTHER)), "of an amount"),
        (Terms(release=Delivery(1, 1, OTHER, OTHER)), "one account to another"),
        (Terms(release=UpTo(2**128)), "does not fit"),
        (Terms(release=After(-1)), "does not fit"),
    ],
)
def test_terms_that_cannot_be_are_refused_with_the_reason(terms: Terms, what: str) -> None:
    with pytest.raises(TermsError, match=what):
        pack_terms(terms)


@given(
    any_terms().filter(lambda terms: bool(terms.shares)),
    st.lists(st.integers(1, 2**100), min_size=1, max_size=6),
)
def test_shares_do_not_depend_on_how_often_is_released(terms: Terms, steps: list[int]) -> None:
    total = [0] * len(terms.shares)
    released = 0
    for step in steps:
        parts, rest = share_out(terms, released_minor=released, amount_minor=step)
        assert min(*parts, rest) >= 0
        assert sum(parts) + rest == step
        total = [old + new for old, new in zip(total, parts, strict=True)]
        released += step
    assert tuple(total) == share_out(terms, released_minor=0, amount_minor=released)[0]


def test_what_contracts_sound_like() -> None:
    approvers = tuple(Approver(bytes([n]) * 32) for n in (1, 2, 3))
    assert render_terms(Terms(release=Threshold(2, approvers)), WORDS) == (
        "Released to bob when at least 2 of the 3 approvers (01010101…, 02020202…, 03030303…) "
        "sign, in one or more parts; what is left on 24 December 2026 12:00 UTC goes back to "
        "alice. bob may send what is left back to alice at any time."
    )
    assert render_terms(Terms(pay_at_deadline=True, payer_may_cancel=True), WORDS) == (
        "Nothing is released before 24 December 2026 12:00 UTC; then all of it goes to bob. "
        "alice or bob may send what is left back to alice at any time."
    )


WITNESSES = st.one_of(
    st.builds(Secret, st.integers(0, 255), st.binary(max_size=60)),
    st.builds(Approval, st.integers(0, 255), U128, fixed(64)),
    st.builds(SignedFact, st.integers(0, 255), I64, U64, fixed(64)),
    st.builds(Deliver, st.integers(0, 255)),
)


@given(st.lists(WITNESSES, max_size=8).map(tuple))
def test_witnesses_read_back_as_they_were_written(witnesses: tuple[Secret, ...]) -> None:
    assert parse_witnesses(pack_witnesses(witnesses)) == witnesses


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_witnesses_or_refused(data: bytes) -> None:
    try:
        witnesses = parse_witnesses(data)
    except WitnessError:
        return
    assert pack_witnesses(witnesses) == data


@given(
    st.builds(
        ApprovalMessage,
        fixed(32),
        fixed(32),
        st.integers(0, 2**32 - 1),
        U64,
        fixed(16),
        U128,
        fixed(20),
    )
)
def test_an_approvals_message_reads_back(message: ApprovalMessage) -> None:
    data = pack_approval_message(message)
    assert parse_approval_message(data) == message
    with pytest.raises(WitnessError):
        parse_approval_message(data[:-1] + b"\1")
