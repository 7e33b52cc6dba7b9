"""Whom the parties of a case are taken for: the entry of a sanctions list behind an alert."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clearway.cases.report import SANCTIONS
from clearway.gateway.case_schemas import CaseMatch
from clearway.gateway.door import Ask
from clearway.store.case_rows import CaseRow
from clearway.store.rows import PaymentRow


def matches_of(ask: Ask, case: CaseRow, payments: Iterable[PaymentRow]) -> list[CaseMatch]:
    """Of a case of sanctions, the account that it is about first; under the list of today, so that
    an entry that was taken off it is missing here (and stays in the evidence). Else empty."""
    if case.family != SANCTIONS:
        return []
    sides = (address for one in payments for address in (one.payer, one.payee))
    return _matches(ask, list(dict.fromkeys([case.entity, *sides])))


def _matches(ask: Ask, addresses: Sequence[bytes]) -> list[CaseMatch]:
    node = ask.door.node
    numbers = node.book.account_numbers(b"".join(addresses)).tolist()
    found = []
    for address, number in zip(addresses, numbers, strict=True):
        match = node.parties.match_of(number)
        if match is not None:
            found.append(
                CaseMatch(
                    account=ask.door.directory.name(address),
                    list_name=match.list_name,
                    entity_id=match.entity_id,
                    matched_name=match.matched_name,
                    programmes=list(match.programmes),
                    score=round(match.score, 4),
                )
            )
    return found
