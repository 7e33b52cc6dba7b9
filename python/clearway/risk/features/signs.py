"""What typologies ask of the past beyond what models learn from: small, equal, round, refunded.

Counts are decayed like all others. Each names one published sign (risk/typologies has the sources).
"""

from __future__ import annotations

from typing import Final

from clearway.risk.features.graph import PAIR, PAIR_REVERSE, PEERS, is_new
from clearway.risk.features.language import DAY, MONTH, WEEK, Cell, Part, Value
from clearway.risk.features.past import AMOUNT, ROUND, Side

TRIFLE_EUR: Final = 5.0  # what a stolen card is tried with
TRAVEL_EUR: Final = (850.0, 1_000.0)  # just below the amount from which data travel with a payment
SAME: Final = 0.0005  # log2 of amounts that count as equal: 0.03 %


def trifles(side: Side) -> Value:
    """Payments of TRIFLE_EUR or less within a day."""
    return side.tally("trifle", _flag("is_trifle", f"amount <= {TRIFLE_EUR}"), DAY)


def below_travel(side: Side) -> Value:
    """Payments within TRAVEL_EUR in 7 days."""
    low, high = TRAVEL_EUR
    return side.tally("travel", _flag("is_travel", f"amount >= {low} and amount < {high}"), WEEK)


def rounds(side: Side) -> Value:
    """Payments of whole hundreds in 7 days."""
    return side.tally("round", Value("(1.0 if roundness >= 2.0 else 0.0)", ROUND.parts), WEEK)


def ways(side: Side) -> Value:
    """Payments in 7 days on a corridor that was new to their payer."""
    new = is_new("corridor")
    code = f"({new.code} if fact.corridor != 0 else 0.0)"
    return side.tally("ways", Value(code, new.parts), WEEK)


def refunds(side: Side) -> Value:
    """Payments in 30 days from those whom this account had paid before."""
    return side.tally("back", PAIR_REVERSE, MONTH)


def same_amounts(side: Side) -> Value:
    """Payments in a day of the very amount of the one before them."""
    role, writer = side.role.name, side.role.writer
    last = Part(
        f"last amount of {role}",
        "accounts",
        cells=(Cell(f"{role}_last", "<f4"),),
        before=(
            f"{role}_step = abs(amount_log - {writer}.{role}_last)",
            f"{role}_same = 1.0 if amount > 0.0 and {role}_step < {SAME} else 0.0",
        ),
        after=(f"{writer}.{role}_last = amount_log",),
    )
    return side.tally("same", Value(f"{role}_same", (last,)), DAY)


def surge(side: Side) -> Value:
    """Share of what the account moved in 30 days, this payment included, that it moved in a day."""
    return (AMOUNT + side.sum(DAY)) / (1.0 + AMOUNT + side.sum(MONTH))


_FIRST_AMOUNT: Final = Part(
    "first amount of the pair",
    "accounts",
    cells=(Cell("peer_first", "<f4", PEERS),),
    before=("growth = amount_log - payer.peer_first[pair] if pair >= 0 else 0.0",),
    # What is remembered of the pair moves first, so that a new one has its place, and one payment.
    after=("if payer.peer_n[pair] == 1:", "    payer.peer_first[pair] = amount_log"),
    needs=(PAIR,),
)
PAIR_GROWTH: Final = Value("growth", (_FIRST_AMOUNT,))
"""log2 of the amount over the first one from this payer to this payee; 0 for a new payee."""


def _flag(name: str, condition: str) -> Value:
    return Value(name, (Part(name, before=(f"{name} = 1.0 if {condition} else 0.0",)),))
