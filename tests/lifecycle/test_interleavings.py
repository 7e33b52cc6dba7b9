"""Whatever is asked in whatever order and company, nobody has less than nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearway.payment.batch import Columns, Placed, Submission
from clearway.payment.records import Flag, Kind, u128, view_heads
from tests.lifecycle.town import Town, build_town, code

NAMES = ("alice", "bob", "carol")
FUNDED_MINOR = 100
Act = tuple[str, int, int, int]
"""What, two numbers that choose among accounts or earlier payments, and an amount."""

acts = st.tuples(
    st.sampled_from(("pay", "hold", "capture", "void", "refund")),
    st.integers(0, 10),
    st.integers(0, 10),
    st.integers(1, 150),
)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = build_town(tmp_path_factory.mktemp("town"))
    town.node.start()
    yield town
    town.node.stop()


@dataclass
class Play:
    """Three accounts of their own for each example, and what was asked about them."""

    town: Town
    names: list[str]
    made: list[Submission] = field(default_factory=list)

    def submission(self, act: Act) -> Submission | None:
        what, one, two, minor = act
        if what in ("pay", "hold"):
            payer, payee = self.names[one % 3], self.names[(one + 1 + two % 2) % 3]
            made = self.town.payment(payer, payee, minor, hold_s=3_600 if what == "hold" else 0)
            self.made.append(made)
            return made
        if not self.made:
            return None
        head = view_heads(self.made[two % len(self.made)].head)[0]
        target, payer, payee = (head[name].tobytes() for name in ("id", "payer", "payee"))
        if what == "void":
            return self.town.submission(Kind.VOID, target=target)
        facts = {"target": target, "asset": int(head["asset"]), "amount_minor": minor}
        if what == "capture":
            return self.town.submission(Kind.POST, payer=payer, payee=payee, **facts)
        bound_minor = u128(head, "amount")
        return self.town.submission(
            Kind.REFUND, payer=payee, payee=payer, bound_minor=bound_minor, **facts
        )

    def check(self) -> None:
        posted_minor = 0
        for name in self.names:
            posted, pending_in, pending_out = self.town.balance(name)
            assert posted - pending_out >= 0, "available"
            assert min(pending_in, pending_out) >= 0
            posted_minor += posted
        assert posted_minor == FUNDED_MINOR * len(self.names), "money is neither made nor lost"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=st.lists(st.lists(acts, min_size=1, max_size=12), min_size=1, max_size=6))
def test_available_is_never_negative(town: Town, batches: list[list[Act]]) -> None:
    """Blnk's issue 181: money that is held was spent again. Holds, captures, voids, refunds and
    payments come in any order, together and one after another."""
    number = next(iter(town.keys))
    play = Play(town, [f"{name}-{number}" for name in NAMES])
    for name in play.names:
        town.open(name)
        town.fund(name, FUNDED_MINOR)
    held: dict[bytes, int] = {}
    for batch in batches:
        asked = [submission for act in batch if (submission := play.submission(act)) is not None]
        if not asked:
            continue
        share = town.node.batcher.submit_columns(Columns.of(asked)).result(20)
        answers = [share[row] for row in range(len(asked))]
        for answer in answers:
            assert isinstance(answer, Placed)
            follow_hold(held, answer)
        play.check()
        out = sum(town.balance(name)[2] for name in play.names)
        assert out == sum(held.values()), "what is held is what was not ended"


def follow_hold(held: dict[bytes, int], placed: Placed) -> None:
    """A hold is there from its entry to its one end."""
    if code(placed) != "ok":
        return
    head = view_heads(placed.head)[0]
    id, target = head["id"].tobytes(), head["target"].tobytes()
    if head["kind"] == Kind.PAYMENT and head["flags"] & Flag.PENDING:
        held[id] = u128(head, "amount")
    elif head["kind"] in (Kind.POST, Kind.VOID):
        del held[target]  # a KeyError is a hold that ended twice
