"""What is shown of terms is what could have been asked: JSON → terms → JSON → terms."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from clearway.gateway.condition_answers import show_conditions, words_of
from clearway.gateway.conditions import parse_conditions
from clearway.gateway.directory import Directory
from clearway.gateway.payment_schemas import PaymentRequest
from clearway.gateway.render import to_json
from clearway.payment.money import AMOUNT_MINOR_MAX, Asset
from clearway.payment.terms import (
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
    Threshold,
    UpTo,
    pack_terms,
)
from tests.payment.test_terms import I64, fixed

EUR, USD = Asset(1, "EUR/2", 2), Asset(2, "USD/2", 2)
SECOND_NS = 10**9
NOW_NS = 1_798_000_000 * SECOND_NS
DEADLINE_NS = NOW_NS + 10**6 * SECOND_NS


class Names:
    """Accounts are called as their addresses; all of them are open and hold everything."""

    def address(self, account: str) -> bytes:
        return bytes.fromhex(account[2:])

    open_address = address

    def name(self, address: bytes) -> str:
        return "0x" + address.hex()

    def check_held(self, address: bytes, account: str, asset: Asset) -> None:
        pass

    def asset(self, number: int) -> Asset:
        return {1: EUR, 2: USD}[number]

    def asset_of_code(self, code: str) -> Asset:
        return {"EUR/2": EUR, "USD/2": USD}[code]


DIRECTORY = cast(Directory, Names())
PAYER, PAYEE = b"p" * 20, b"q" * 20
TIMES = st.integers(0, 9 * 10**15).map(lambda us: us * 1_000)
AMOUNTS = st.integers(1, AMOUNT_MINOR_MAX)
ADDRESSES = fixed(20).filter(lambda address: address not in (PAYER, PAYEE))
LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(After, TIMES),
    st.builds(Before, TIMES),
    st.builds(Preimage, fixed(32), st.integers(1, 60)),
    st.builds(Approver, fixed(32)),
    st.builds(Fact, fixed(32), fixed(16), st.sampled_from(Comparison), I64),
    st.builds(PayeeIs, fixed(20)),
    st.builds(PayeeCategory, st.integers(1, 9_999)),
    st.builds(AskedBy, st.sampled_from(Party)),
    st.builds(UpTo, AMOUNTS),
)
TREES = st.recursive(
    LEAVES,
    lambda child: st.lists(child, min_size=1, max_size=3).flatmap(
        lambda of: st.integers(1, len(of)).map(lambda k: Threshold(k, tuple(of)))
    ),
    max_leaves=5,
)


@st.composite
def askable(draw: st.DrawFn) -> Terms:
    release = draw(st.none() | TREES)
    if release is not None and draw(st.booleans()):
        goods = Delivery(2, draw(AMOUNTS), b"f" * 20, b"t" * 20)
        release = Threshold(1, (release, goods))
    addresses = draw(st.lists(ADDRESSES, unique=True, max_size=3))
    whole, shares = 0, tuple(Share(to, cap_minor=draw(AMOUNTS)) for to in addresses)
    if addresses and draw(st.booleans()):
        whole = draw(st.integers(3, 2**32 - 1))
        shares = tuple(Share(to, part=draw(st.integers(1, whole // 3))) for to in addresses)
    seconds = st.integers(1, 366 * 86_400).map(lambda s: s * SECOND_NS)
    return Terms(
        release=release,
        pay_at_deadline=draw(st.booleans()),
        payer_may_cancel=draw(st.booleans()),
        free_payee=not shares and draw(st.booleans()),
        stream=draw(st.none() | st.builds(Stream, AMOUNTS, seconds, TIMES)),
        whole=whole,
        shares=shares,
    )


def without_words(shown: Any) -> Any:
    """As a client would have sent it."""
    if isinstance(shown, dict):
        said = {name: without_words(value) for name, value in shown.items()}
        return {name: value for name, value in said.items() if name not in ("text", "node")}
    if isinstance(shown, list):
        return [without_words(one) for one in shown]
    return shown


@given(askable())
def test_what_is_shown_asks_for_the_same(terms: Terms) -> None:
    words = words_of(
        payer=PAYER, payee=PAYEE, asset=1, deadline_ns=DEADLINE_NS, directory=DIRECTORY
    )
    shown = msgspec.json.decode(to_json(show_conditions(pack_terms(terms), words, DIRECTORY)))
    body = {
        "from": DIRECTORY.name(PAYER),
        "to": DIRECTORY.name(PAYEE),
        "amount": "1.00",
        "asset": "EUR/2",
        "conditions": without_words(shown),
    }
    asked = msgspec.json.decode(msgspec.json.encode(body), type=PaymentRequest)
    read, deadline_ns = parse_conditions(asked, directory=DIRECTORY, asset=EUR, now_ns=NOW_NS)
    assert (read, deadline_ns) == (terms, DEADLINE_NS)


def test_terms_that_no_request_could_ask_for_are_shown_all_the_same() -> None:
    goods = Delivery(999, 5, b"f" * 20, b"t" * 20)
    terms = Terms(release=goods, stream=Stream(1, SECOND_NS // 2, 7))
    words = words_of(
        payer=PAYER, payee=PAYEE, asset=1, deadline_ns=DEADLINE_NS, directory=DIRECTORY
    )
    shown = msgspec.json.decode(to_json(show_conditions(pack_terms(terms), words, DIRECTORY)))
    assert shown["release"]["delivery"]["asset"] == "units of asset 999"
    assert shown["stream"]["per_s"] == 0.5
    assert "delivers 5 units of asset 999" in shown["text"]
    assert "every 500,000,000 nanoseconds" in shown["text"]
    nothing = show_conditions(b"\1" * 64, words, DIRECTORY)
    assert nothing is UNSET
