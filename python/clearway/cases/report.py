"""A suspicious activity report as a draft: who, what, when, why, how much, and the payments.

Field names are those of goAML (the format of the United Nations that many financial intelligence
units take), wherever it has one: `transactionnumber`, `date_transaction`, `entity_reference` and so
on. A unit's own code lists, and who reports, are not known here: `missing` says so, and whoever
files it fills them in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clearway.cases.triage import euros, percent
from clearway.cases.typologies import family_name

SANCTIONS: Final = "sanctions"
TRANSACTIONS_MAX: Final = 300
LOCAL: Final = "EUR"  # amounts_local are euros
_REPORTER: Final = (
    ("rentity_id", "the reporting institution's number with the unit"),
    ("reporting_person", "who reports"),
    ("location", "where the institution is"),
)


@dataclass(frozen=True, slots=True)
class Party:
    """account: the client's name for it. account_name: of its owner, None when nothing was said or
    the person was erased; country_code: ISO 3166. is_suspected: the case is about it. comments: the
    entry of a sanctions list that the owner is taken for. is_house: of the institution itself."""

    account: str
    account_name: str | None
    country_code: str | None
    is_suspected: bool
    comments: str | None = None
    is_house: bool = False


@dataclass(frozen=True, slots=True)
class Transaction:
    """One payment. amount_local: euros by a fixed table; amount, currency_code: as it was paid.
    transaction_is_suspicious: an alert is about it; the others are linked to it by the account."""

    transactionnumber: str
    date_transaction: str
    transaction_description: str
    transaction_is_suspicious: bool
    transaction_status: str
    amount_local: str
    amount: str
    currency_code: str
    from_account: str
    to_account: str


@dataclass(frozen=True, slots=True)
class Amounts:
    """Of the suspicious transactions in one currency, by what became of them."""

    currency_code: str
    transactions: int
    total: str
    settled: str
    stopped: str


@dataclass(frozen=True, slots=True)
class Missing:
    field: str
    what: str


@dataclass(frozen=True, slots=True)
class Finding:
    """An alert as the report tells it. text: of the typology. score_bps: probability."""

    typology: str
    text: str
    score_bps: int
    amount_eur_minor: int
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Report:
    """entity_reference: the case. reason: why, in words. action: what was done. report_indicators:
    typologies. first, last: of the suspicious transactions. ready: nothing is missing but what only
    the reporter knows."""

    report_code: str
    submission_code: str
    entity_reference: str
    currency_code_local: str
    reason: str
    action: str
    report_indicators: list[str]
    detected: str
    first: str | None
    last: str | None
    decided_by: list[str]
    parties: list[Party]
    amounts: list[Amounts]
    transactions: list[Transaction]
    ready: bool
    missing: list[Missing]


def reason_text(
    family: str,
    findings: Sequence[Finding],
    conclusion: str | None,
    parties: Sequence[Party] = (),
) -> str:
    """Why it is suspicious: what was found, the most likely first, who is listed, and what people
    concluded.

    >>> found = Finding("fraud.payer", "It does not fit.", 7_420, 490_000, ["It is sudden."])
    >>> for line in reason_text("fraud", [found], "A scam.").splitlines(): print(line[:58])
    Payment fraud: 1 alert.
    It does not fit. (1 alert, up to 74.2 % probable, 4,900.00
    Conclusion: A scam.
    """
    count = len(findings)
    lines = [f"{family_name(family)}: {count:,} alert{'' if count == 1 else 's'}."]
    by_typology: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda one: -one.score_bps):
        by_typology.setdefault(finding.typology, []).append(finding)
    for found in by_typology.values():
        together = euros(sum(one.amount_eur_minor for one in found))
        count = len(found)
        head = f"({count:,} alert{'' if count == 1 else 's'}, "
        if family != SANCTIONS:  # a match counts in full, whatever the model says
            head += f"up to {percent(found[0].score_bps)} probable, "
        head += f"{together} together)"
        reasons = dict.fromkeys(reason for one in found for reason in one.reasons)
        reasons.pop(found[0].text, None)  # said already
        lines.append(" ".join([found[0].text, head, *reasons]))
    lines += [f"{one.account}: {one.comments}" for one in parties if one.comments]
    if conclusion:
        lines.append(f"Conclusion: {conclusion}")
    return "\n".join(lines)


def action_text(transactions: Sequence[Transaction]) -> str:
    """What was done about the suspicious ones.

    >>> action_text([])
    'No payment was stopped.'
    """
    done: dict[str, int] = {}
    for one in transactions:
        if one.transaction_is_suspicious:
            done[one.transaction_status] = done.get(one.transaction_status, 0) + 1
    told = [f"{count:,} {status}" for status, count in sorted(done.items())]
    return f"Payments of the case: {', '.join(told)}." if told else "No payment was stopped."


def missing_fields(
    *, decision: str | None, is_confirmed: bool, parties: Sequence[Party]
) -> list[Missing]:
    """What has to be there before it is filed, and is not."""
    found = [Missing(field, what) for field, what in _REPORTER]
    if decision != "report":
        found.append(Missing("decision", "nobody has decided to report this case"))
    elif not is_confirmed:
        found.append(Missing("decision", "a second person has not confirmed it"))
    for party in parties:
        if party.is_house:
            continue
        if party.account_name is None:
            found.append(Missing("account_name", f"the owner of {party.account}"))
        elif party.country_code is None:
            found.append(Missing("country_code", f"the country of {party.account}'s owner"))
    return found


def is_ready(missing: Sequence[Missing]) -> bool:
    return {one.field for one in missing} <= {field for field, _ in _REPORTER}
