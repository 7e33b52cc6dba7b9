"""Payments between two assets: legs through the liquidity account, all of them or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clearway.payment.batch import Columns, Placed, Submission
from clearway.payment.errors import Refusal
from clearway.payment.records import Kind, Outcome, Role, u128, view_legs
from tests.lifecycle.gate import Gate
from tests.lifecycle.town import ASSETS, Town, build_town, code, refusal_of, rows_of
from tests.ordering.engines import Answer, Unreliable

QUOTE_ID = bytes(15) + b"q"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = build_town(tmp_path)
    town.node.start()
    town.open("alice", assets=("EUR",))
    town.open("bob", assets=("USD",))
    town.fund("alice", 1_000_00)
    yield town
    town.node.stop()


def quote(town: Town, amount_minor: int = 100_00, id: bytes = QUOTE_ID) -> int:
    """What the payee gets by a new quote."""
    assets = town.node.rooms.assets
    made = town.node.quotes.create(
        id, asset=assets[ASSETS["EUR"]], to_asset=assets[ASSETS["USD"]], amount_minor=amount_minor
    )
    return made.to_amount_minor


def test_the_payee_gets_what_the_quote_says_and_the_payer_pays_the_fee(town: Town) -> None:
    to_minor = quote(town)
    liquidity = town.balance("liquidity")[0], town.balance("liquidity", "USD")[0]
    paid = town.pay("alice", "bob", 100_00, to_asset="USD", quote=QUOTE_ID)
    assert code(paid) == "ok"
    assert town.balance("bob", "USD")[0] == to_minor
    assert town.balance("alice")[0] == 1_000_00 - 100_00 - 10  # 10 basis points
    assert town.balance("fees")[0] == 10
    assert town.balance("liquidity")[0] == liquidity[0] + 100_00
    assert town.balance("liquidity", "USD")[0] == liquidity[1] - to_minor
    roles = [(int(leg["role"]), u128(leg, "amount")) for leg in view_legs(paid.units)]
    assert roles == [(Role.EXCHANGE, 100_00), (Role.PRINCIPAL, to_minor), (Role.FEE, 10)]


def test_without_a_quote_the_price_of_the_moment_holds(town: Town) -> None:
    paid = town.pay("alice", "bob", 100_00, to_asset="USD")
    assert code(paid) == "ok"
    assert town.balance("bob", "USD")[0] == u128(rows_of(paid)[0], "to_amount") > 0


def test_a_quote_is_checked_again_when_the_payments_turn_comes(town: Town) -> None:
    quote(town)
    height = town.node.book.height
    submission = town.payment("alice", "bob", 100_00, to_asset="USD", quote=QUOTE_ID)
    town.clock.pass_s(61)
    assert refusal_of(lambda: town.place(submission)) == "quote.expired"
    assert town.node.book.height == height


def test_a_quote_for_another_amount_is_refused(town: Town) -> None:
    quote(town)
    act = lambda: town.pay("alice", "bob", 100_01, to_asset="USD", quote=QUOTE_ID)  # noqa: E731
    assert refusal_of(act) == "quote.differs"


def test_a_quote_that_nobody_made_is_refused(town: Town) -> None:
    act = lambda: town.pay("alice", "bob", 1_00, to_asset="USD", quote=QUOTE_ID)  # noqa: E731
    assert refusal_of(act) == "quote.unknown"


def test_a_quote_survives_a_restart(town: Town, tmp_path: Path) -> None:
    to_minor = quote(town)
    town.node.stop()
    again = build_town(tmp_path, town.clock)
    again.node.start()
    assert again.node.quotes.get(QUOTE_ID).to_amount_minor == to_minor
    town.node = again.node


# --- every leg fails, and nothing moves -----------------------------------------------------------


def payer_is_short(town: Town) -> None:
    town.pay("alice", "liquidity", 950_00)


def fee_is_not_covered(town: Town) -> None:
    town.pay("alice", "liquidity", 900_00)  # the amount is there, the fee is not


def liquidity_is_short(town: Town) -> None:
    town.open("sink", assets=("USD",))
    town.pay("liquidity", "sink", town.balance("liquidity", "USD")[0], asset="USD")


def payee_is_frozen(town: Town) -> None:
    town.place(town.submission(Kind.FREEZE, payer=town.address("bob")))


def payer_is_frozen(town: Town) -> None:
    town.place(town.submission(Kind.FREEZE, payer=town.address("alice")))


def payee_is_closed(town: Town) -> None:
    town.place(town.submission(Kind.CLOSE_ACCOUNT, payer=town.address("bob")))


def liquidity_is_frozen(town: Town) -> None:
    town.place(town.submission(Kind.FREEZE, payer=town.address("liquidity")))


def fees_account_is_frozen(town: Town) -> None:
    town.place(town.submission(Kind.FREEZE, payer=town.address("fees")))


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (payer_is_short, "ledger.exceeds_available"),
        (fee_is_not_covered, "ledger.exceeds_available"),
        (liquidity_is_short, "ledger.exceeds_available"),
        (payee_is_frozen, "ledger.payee_frozen"),
        (payer_is_frozen, "ledger.payer_frozen"),
        (payee_is_closed, "ledger.payee_closed"),
        (liquidity_is_frozen, "ledger.leg_unauthorised"),
        (fees_account_is_frozen, "ledger.leg_unauthorised"),
    ],
)
@pytest.mark.parametrize("hold_s", [0, 60])
def test_when_one_leg_fails_nothing_moves(
    town: Town, spoil: Callable[[Town], None], expected: str, hold_s: int
) -> None:
    spoil(town)
    before = town.balances()
    refused = town.pay("alice", "bob", 100_00, to_asset="USD", hold_s=hold_s)
    assert code(refused) == expected
    assert town.balances() == before


def test_a_payee_that_does_not_hold_the_asset_gets_nothing(town: Town) -> None:
    before = town.balances()
    assert code(town.pay("alice", "bob", 100_00, to_asset="GBP")) == "ledger.asset_not_held"
    assert town.balances() == before


# --- holds and refunds between two assets ---------------------------------------------------------


def test_a_hold_between_two_assets_records_every_leg(town: Town) -> None:
    to_minor = quote(town)
    town.pay("alice", "bob", 100_00, to_asset="USD", quote=QUOTE_ID, hold_s=60)
    assert town.balance("alice") == (1_000_00, 0, 100_10)
    assert town.balance("bob", "USD") == (0, to_minor, 0)
    assert town.balance("liquidity", "USD")[2] == to_minor
    assert town.balance("fees")[1] == 10


def test_a_captured_part_moves_every_leg_in_proportion(town: Town) -> None:
    to_minor = quote(town)
    held = town.pay("alice", "bob", 100_00, to_asset="USD", quote=QUOTE_ID, hold_s=60)
    assert code(town.capture(held, 33_33)) == "ok"
    assert town.balance("bob", "USD") == (to_minor * 33_33 // 100_00, 0, 0)
    assert town.balance("fees") == (4, 0, 0)  # 3.333 rounded up: the institution is paid
    assert town.balance("alice") == (1_000_00 - 33_33 - 4, 0, 0)
    assert town.balance("liquidity", "USD")[2] == 0


def test_a_capture_that_is_worth_nothing_to_the_payee_is_refused(town: Town) -> None:
    town.open("joe", assets=("GBP",))
    held = town.pay("alice", "joe", 100_00, to_asset="GBP", hold_s=60)
    assert refusal_of(lambda: town.capture(held, 1)) == "amount.not_positive"
    assert town.balance("alice")[2] == 100_10


def test_a_refund_goes_back_at_the_rate_of_the_payment(town: Town) -> None:
    to_minor = quote(town)
    paid = town.pay("alice", "bob", 100_00, to_asset="USD", quote=QUOTE_ID)
    refunded = town.refund(
        paid,
        to_minor,
        asset=ASSETS["USD"],
        to_asset=ASSETS["EUR"],
        to_amount_minor=100_00,
        bound_minor=to_minor,
    )
    assert code(refunded) == "ok"
    assert town.balance("bob", "USD")[0] == 0
    assert town.balance("alice")[0] == 1_000_00 - 10  # the fee stays


def test_refusing_a_price_leaves_no_trace(town: Town) -> None:
    assets = town.node.rooms.assets
    with pytest.raises(Refusal, match="not_positive"):
        town.node.quotes.create(
            QUOTE_ID, asset=assets[ASSETS["JPY"]], to_asset=assets[ASSETS["EUR"]], amount_minor=1
        )
    with pytest.raises(Refusal, match="unknown"):
        town.node.quotes.get(QUOTE_ID)


# --- one payment a quote --------------------------------------------------------------------------


def pay_by_quote(town: Town, payer: str = "alice", *, key: str | None = None) -> Submission:
    return town.payment(payer, "bob", 100_00, key=key, to_asset="USD", quote=QUOTE_ID)


def test_a_quote_is_used_once_and_its_payment_is_answered_for_ever(town: Town) -> None:
    quote(town)
    first = pay_by_quote(town)
    placed = town.place(first)
    height = town.node.book.height
    assert refusal_of(lambda: town.place(pay_by_quote(town))) == "quote.used"
    assert town.node.book.height == height
    assert town.place(first) == placed
    town.clock.pass_s(61)
    assert town.place(first) == placed  # though the quote has ended by now


def test_what_the_ledger_refuses_or_risk_declines_gives_the_quote_back(town: Town) -> None:
    quote(town)
    town.open("poor")
    assert code(town.place(pay_by_quote(town, "poor"))) == "ledger.exceeds_available"
    town.verdicts.by_amount = {100.00: Outcome.DECLINE}
    assert code(town.place(pay_by_quote(town))) == "ledger.declined"
    town.verdicts.by_amount = {}
    assert code(town.place(pay_by_quote(town))) == "ok"


@pytest.mark.parametrize("end", [Town.void, Town.capture])
def test_a_hold_uses_its_quote_whatever_becomes_of_it(
    town: Town, end: Callable[[Town, Placed], Placed]
) -> None:
    quote(town)
    held = town.pay("alice", "bob", 100_00, to_asset="USD", quote=QUOTE_ID, hold_s=30)
    assert code(end(town, held)) == "ok"
    assert refusal_of(lambda: town.place(pay_by_quote(town))) == "quote.used"


def test_two_payments_at_once_with_one_quote_have_one_winner(town: Town) -> None:
    for turn in range(1, 21):
        id = bytes([turn]) * 16
        quote(town, id=id)
        pair = [
            town.payment("alice", "bob", 100_00, to_asset="USD", quote=id),
            town.payment("alice", "bob", 100_00, to_asset="USD", quote=id),
        ]
        town.fund("alice", 300_00)
        with ThreadPoolExecutor(2) as threads:
            told = sorted(threads.map(lambda one: _told(town, one), pair))
        assert told[0] == "ok"
        assert told[1] in ("quote.in_use", "quote.used")


def _told(town: Town, submission: Submission) -> str:
    try:
        return code(town.place(submission))
    except Refusal as refusal:
        return refusal.code


def test_while_a_payment_is_on_its_way_its_quote_is_in_use(town: Town) -> None:
    quote(town)
    town.open("poor")
    gate = Gate(town.node)
    first = town.node.batcher.submit_columns(Columns.of([pay_by_quote(town, "poor")]))
    assert gate.entered.wait(10)
    second = pay_by_quote(town)
    waiting = town.node.batcher.submit_columns(Columns.of([second]))
    while town.node.batcher.waiting:
        time.sleep(0.001)
    gate.open.set()
    refused, placed = waiting.result(10)[0], first.result(10)[0]
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.kind.retryable) == ("quote.in_use", True)
    assert isinstance(placed, Placed)
    assert code(placed) == "ledger.exceeds_available"
    assert code(town.place(second)) == "ok"  # as it was told, it asked again


def test_twice_in_one_batch_is_twice(town: Town) -> None:
    quote(town)
    share = town.node.batcher.submit_columns(
        Columns.of([pay_by_quote(town), pay_by_quote(town), pay_by_quote(town)])
    ).result(10)
    told = [share[row] for row in range(3)]
    assert isinstance(told[0], Placed)
    assert [one.code for one in told[1:] if isinstance(one, Refusal)] == ["quote.in_use"] * 2


def test_a_used_quote_is_used_after_a_kill(town: Town, tmp_path: Path) -> None:
    """Nothing but the chain and the vault is left, as a power cut leaves them."""
    quote(town)
    first = pay_by_quote(town)
    placed = town.place(first)
    town.node.stop()
    for name in ("projections.sqlite", "features.bin"):
        for file in (tmp_path / "data").glob(name + "*"):
            file.unlink()
    again = build_town(tmp_path, town.clock)
    again.node.start()
    town.node = again.node
    assert refusal_of(lambda: town.place(pay_by_quote(town))) == "quote.used"
    assert town.place(first) == placed


@pytest.mark.parametrize(("answer", "then"), [(Answer.LOST, "ok"), (Answer.LATE, "quote.used")])
def test_a_quote_of_unknown_outcome_is_what_the_ledger_says(
    town: Town, answer: Answer, then: str
) -> None:
    quote(town)
    engine = Unreliable(town.node.ordering)
    town.node.rooms.ordering, engine.next_answers = engine, [answer]
    lost = pay_by_quote(town)
    assert refusal_of(lambda: town.place(lost)) == "payment.outcome_unknown"
    town.clock.pass_s(11)  # its envelope can no longer come; the quote is still good
    deadline = time.monotonic() + 10
    while town.node.batcher.unknown(lost.head[16:32]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert _told(town, pay_by_quote(town)) == then
