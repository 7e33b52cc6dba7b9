"""Whom a report speaks against: the payee, as far as the payment itself was nothing unusual.

A fraud of an amount that the payer never pays, or amid others like it, tells of a stolen card or
account. One that looks like any other of the payer's tells of the payee.
"""

from __future__ import annotations

from typing import Final

from clearway.risk.features.habit import excess, surprise
from clearway.risk.features.language import WEEK, Cell, Part, Value, Window
from clearway.risk.features.past import ACCUSED, SENT, TRUSTED, Side

_PAYER, _ACCUSED, _TRUSTED = Side("payer", SENT), Side("payee", ACCUSED), Side("payee", TRUSTED)
_SURPRISE, _EXCESS = surprise(_PAYER), excess(_PAYER, WEEK)

BLAME: Final = Value(
    "blame",
    (
        Part(
            "blame",
            before=(
                f"distances = 0.5 * max({_SURPRISE.code}, 0.0)",
                f"blame = 1.0 / ((1.0 + distances * distances) * (1.0 + {_EXCESS.code}))",
            ),
            needs=(*_SURPRISE.parts, *_EXCESS.parts),
        ),
    ),
)
"""Share of a reported fraud that is the payee's, in (0, 1], by what is known of the payer then."""

_RUN: Final = _ACCUSED.part(
    "run of reports",
    cells=(Cell("blamed", "<f4"), Cell("blamed_s", "<u4")),
    after=(
        "if payee.blamed == 0.0:",
        "    payee.blamed_s = time_s",
        "payee.blamed += blame",
    ),
    needs=BLAME.parts,
    again=True,
)
_RUN_ENDS: Final = _TRUSTED.part(
    "run of reports ends", after=("payee.blamed = 0.0",), needs=(_RUN,), again=True
)
RUN: Final = Value("payee.blamed", (_RUN, _RUN_ENDS))
"""Blame of the payee since one of its payments was last cleared."""
RUN_AGE: Final = Value(
    "(log2_1p(max(float(time_s) - float(payee.blamed_s), 0.0)) if payee.blamed > 0.0 else -1.0)",
    (_RUN, _RUN_ENDS),
)
"""log2(1 + seconds) since that began; -1 when the payee is not blamed."""


def blamed_share(window: Window) -> Value:
    """Blame of the payee, over those of its payments of which it became known what they were."""
    return _ACCUSED.tally("blame", BLAME, window) / _known(window)


def fraud_share(window: Window) -> Value:
    """Reports, whoever is to blame, over the same."""
    return _ACCUSED.count(window) / _known(window)


def _known(window: Window) -> Value:
    return 1.0 + _ACCUSED.count(window) + _TRUSTED.count(window)
