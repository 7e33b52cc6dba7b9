"""What a stopped payment looks like: a typology, and which of its two accounts to look at.

These are the broad ones that follow from a decision's own reasons; detectors that look at more than
one payment name finer ones (`family.name` too), and join the same cases by their family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Side = Literal["payer", "payee"]


@dataclass(frozen=True, slots=True)
class Typology:
    """code: `family.name`. side: of a payment, the account to look at. signs: reasons of which one
    is enough. text: for people."""

    code: str
    side: Side
    signs: frozenset[str]
    text: str


# The first that fits is meant: from what is certain to what is left over.
TYPOLOGIES: Final = (
    Typology("sanctions.payer", "payer", frozenset({"payer_sanctioned"}),
             "The payer's owner matches a sanctions list."),
    Typology("sanctions.payee", "payee", frozenset({"payee_sanctioned", "share_sanctioned"}),
             "The payee's owner, or somebody who would get a share, matches a sanctions list."),
    Typology("laundering.structuring", "payer", frozenset({"risk.structuring"}),
             "Several payments lie just below a reporting limit."),
    Typology("laundering.pass_through", "payer", frozenset({"risk.pass_through"}),
             "Money is sent on soon after it came."),
    Typology("laundering.mule", "payee", frozenset({"risk.fan_in", "risk.payee_passes_on"}),
             "Money of many strangers comes together on one account, or leaves it at once."),
    Typology("fraud.payer", "payer", frozenset(),
             "A payment that does not fit its payer: a taken-over account, or a deceived owner."),
)  # fmt: skip
FAMILIES: Final = {
    "sanctions": "Sanctions",
    "laundering": "Money laundering",
    "fraud": "Payment fraud",
}
_BY_CODE: Final = {typology.code: typology for typology in TYPOLOGIES}


def typology_of(reasons: Sequence[str]) -> Typology:
    """reasons: codes of a decision.

    >>> typology_of(["risk.new_payee", "risk.fan_in"]).code
    'laundering.mule'
    >>> typology_of([]).code
    'fraud.payer'
    """
    return next(one for one in TYPOLOGIES if one.signs.intersection(reasons) or not one.signs)


def is_sanctions(typology: str) -> bool:
    return typology.partition(".")[0] == "sanctions"


def typology_text(code: str) -> str:
    """The code itself for one that this release does not know."""
    known = _BY_CODE.get(code)
    return code if known is None else known.text


def is_known(code: str) -> bool:
    """A family, or one of the typologies here."""
    return code in FAMILIES or code in _BY_CODE


def family_name(family: str) -> str:
    return FAMILIES.get(family, family.replace("_", " ").capitalize())
