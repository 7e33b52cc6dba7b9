"""The rules that a model has to beat: an amount, or a new payee and an amount far above the habit.

Their one number is set by looking at the very payments that they are then judged by, so that they
do as well as any such rule could; the model gets no such look.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.payment.records import ACCEPT, REVIEW
from clearway.risk.features import FEATURES, Features

AMOUNT, HABIT = "amount", "new payee and habit"
HABIT_TIMES: Final = 3.0  # what is usually written into such a rule
_ASKED: Final = ("amount_log", "amount_over_usual", "payee_new", "payer_sent_n")
_COLUMNS: Final = {name: FEATURES.index(name) for name in _ASKED}

Levels = NDArray[np.float64]  # one a payment; a rule stops those at or above a number


def amount_levels(features: Features) -> Levels:
    """Euros of each payment."""
    levels: Levels = np.exp2(features[:, _COLUMNS["amount_log"]].astype(np.float64)) - 1.0
    return levels


def habit_levels(features: Features) -> Levels:
    """How many times the payer's usual amount it is, when the payee is new to a payer who has paid
    before; minus infinity for others, who never fit."""
    over: Levels = np.exp2(features[:, _COLUMNS["amount_over_usual"]].astype(np.float64))
    fits = (features[:, _COLUMNS["payee_new"]] == 1.0) & (
        features[:, _COLUMNS["payer_sent_n"]] > 0.0
    )
    return np.where(fits, over, -np.inf)


RULES: Final[Mapping[str, Callable[[Features], Levels]]] = {
    AMOUNT: amount_levels,
    HABIT: habit_levels,
}


def stop_above(levels: Levels, least: float) -> NDArray[np.uint8]:
    """Outcome uint8[n]: a person looks at what is at or above `least`. A rule that refused would
    have to be surer: a refused honest payment costs more than a look at it."""
    return np.where(levels >= least, REVIEW, ACCEPT).astype(np.uint8)


def level_of(levels: Levels, *, at_most: int) -> float:
    """The lowest number that is reached at most so often.

    >>> level_of(np.array([1.0, 5.0, 3.0, 3.0]), at_most=2)
    5.0
    >>> level_of(np.array([1.0, 5.0, 3.0, 3.0]), at_most=3)
    3.0
    """
    highest_first = np.sort(levels)[::-1]
    if at_most >= len(levels):
        return float(highest_first[-1])
    cut = highest_first[at_most]  # the first that is one too many, and all that equal it
    above = highest_first[highest_first > cut]
    return float(above[-1]) if len(above) else float("inf")
