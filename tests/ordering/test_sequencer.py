"""The embedded sequencer, and the test double that wraps it, under the suite of the port."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clearway.app.genesis import make_genesis
from clearway.app.keys import Keys
from clearway.ledger.book import FINALITY, Book
from clearway.ledger.crypto import public_key, verify
from clearway.ordering.sequencer import Sequencer
from clearway.payment.errors import Fault
from clearway.payment.ids import account_address
from clearway.payment.records import Flag, Kind, Outcome, pack_account_units, pack_head
from clearway.ports.check_ordering import RULES, OrderingCase, check_ordering
from clearway.ports.ordering import Ordering
from tests.ordering.engines import Unreliable

START_NS = 1_793_000_000_000_000_000
KEYS = Keys(*(bytes([number]) * 32 for number in range(1, 7)))


@dataclass
class Case:
    book: Book
    now_ns: int = START_NS
    ordering: Ordering = field(init=False)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.ordering = Sequencer(self.book, seed=KEYS.sequencer, clock=lambda: self.now_ns)
        self.ordering.order(self._seal([self._open("payer"), self._open("payee"), self._issue()]))

    def seal(self, payments: int) -> bytes:
        return self._seal([self._pay() for _ in range(payments)])

    def hold(self, seconds: float) -> bytes:
        expires_ns = self.now_ns + int(seconds * 1e9)
        return self._seal([self._pay(flags=Flag.PENDING, expires_ns=expires_ns)])

    def holds_count(self) -> int:
        return self.book.holds_count

    def height(self) -> int:
        return self.book.height

    def ledger_time_ns(self) -> int:
        return self.book.time_ns

    def pass_clock(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)

    def _seal(self, entries: list[tuple[bytes, bytes]]) -> bytes:
        return self.book.seal(
            institution=1,
            seed=KEYS.institution,
            sequence=next(self.numbers),
            valid_until_ns=self.now_ns + 10**10,
            heads=b"".join(head for head, _ in entries),
            units=b"".join(units for _, units in entries),
        )

    def _head(self, kind: Kind, **fields: object) -> bytes:
        id = next(self.numbers).to_bytes(16, "big")
        valid_ns = self.now_ns + 10**10
        return pack_head(kind=kind, id=id, valid_until_ns=valid_ns, **fields)  # type: ignore[arg-type]

    def _open(self, id: str) -> tuple[bytes, bytes]:
        address = account_address(KEYS.secret, id)
        return self._head(Kind.OPEN_ACCOUNT, payer=address, units=1), pack_account_units(assets=[1])

    def _issue(self) -> tuple[bytes, bytes]:
        payer, payee = (account_address(KEYS.secret, id) for id in ("nostro", "payer"))
        return self._head(Kind.ISSUE, asset=1, amount_minor=10**6, payer=payer, payee=payee), b""

    def _pay(self, **fields: int) -> tuple[bytes, bytes]:
        payer, payee = (account_address(KEYS.secret, id) for id in ("payer", "payee"))
        return self._head(
            Kind.PAYMENT,
            asset=1,
            amount_minor=1,
            payer=payer,
            payee=payee,
            outcome=Outcome.ACCEPT,
            **fields,
        ), b""


@pytest.fixture
def case(tmp_path: Path) -> Case:
    genesis = make_genesis(KEYS, name="test", time_ns=START_NS - 10**9)
    return Case(Book.create(tmp_path, genesis))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("engine", [lambda ordering: ordering, Unreliable], ids=["sound", "double"])
def test_engines_pass_the_suite(case: Case, rule: object, engine: object) -> None:
    case.ordering = engine(case.ordering)  # type: ignore[operator]
    rule(case)  # type: ignore[operator]


def test_the_suite_runs_all_rules_on_one_engine(case: Case) -> None:
    suite: OrderingCase = case
    check_ordering(suite)


def test_the_suite_finds_an_engine_that_orders_nothing(case: Case) -> None:
    class Idle(Unreliable):
        def pass_time(self) -> None:
            pass

    case.ordering = Idle(case.ordering)
    with pytest.raises(AssertionError, match="time reaches"):
        check_ordering(case)


def test_every_block_is_signed_by_the_sequencer(case: Case) -> None:
    case.ordering.order(case.seal(1))
    block = case.book.block(case.book.height)
    _, _, key, signature = FINALITY.unpack(block.finality)
    assert key == public_key(KEYS.sequencer)
    assert verify(key, block.hash, signature)


def test_time_stays_ahead_of_a_clock_that_goes_back(case: Case) -> None:
    before_ns = case.book.time_ns
    case.pass_clock(-3_600)
    case.now_ns += 0
    envelope = case.book.seal(
        institution=1,
        seed=KEYS.institution,
        sequence=next(case.numbers),
        valid_until_ns=before_ns + 10**10,
        heads=case._pay()[0],
    )
    assert case.ordering.order(envelope).time_ns == before_ns + 1


def test_a_failed_disk_leaves_the_block_in_doubt_and_stops_the_engine(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(finality: bytes) -> None:
        raise Fault("node.disk_failed")

    monkeypatch.setattr(case.book, "commit", fail)
    with pytest.raises(Fault, match=r"payment\.outcome_unknown"):
        case.ordering.order(case.seal(1))
    assert case.ordering.problems() == ["the block log cannot be written"]
    with pytest.raises(Fault, match=r"node\.disk_failed"):
        case.ordering.order(case.seal(1))
    with pytest.raises(Fault, match=r"node\.disk_failed"):
        case.ordering.pass_time()
