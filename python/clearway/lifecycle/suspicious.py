"""Which payments become alerts: those decided against, and those that were paid and fit a typology,
as the decisions in the vault say."""

from __future__ import annotations

from typing import Final

import numpy as np

from clearway.lifecycle.rooms import Rooms
from clearway.store.rows import PaymentRow

ENVELOPES_AT_ONCE: Final = 64


def suspicious(rooms: Rooms, *, after: int, upto: int, limit: int) -> tuple[list[PaymentRow], int]:
    """In the order of the chain, after one place and up to the place that it returns, which is
    `upto` or as far as one look goes: `limit` payments decided against, or ENVELOPES_AT_ONCE."""
    if after >= upto:
        return [], upto
    projections = rooms.projections
    envelopes = projections.envelopes(after=after, upto=upto, limit=ENVELOPES_AT_ONCE + 1)
    if len(envelopes) > ENVELOPES_AT_ONCE:
        upto = envelopes.pop()[0]
    against = projections.decided_against(rooms.institution, after=after, upto=upto, limit=limit)
    if len(against) == limit:
        upto = against[-1][0]
    hits = [
        place + 1 + entry
        for place, key, sequence in envelopes
        for entry in _entries_with_typologies(rooms, key, sequence)
        if after < place + 1 + entry <= upto
    ]
    found = [*against, *projections.paid_at(rooms.institution, hits)]
    return [row for _, row in sorted(found, key=lambda one: one[0])], upto


def _entries_with_typologies(rooms: Rooms, key: bytes, sequence: int) -> list[int]:
    """Indexes in the envelope; none of an envelope of others, whose decisions are not here."""
    decisions = rooms.vault.decisions(key, sequence)
    if decisions is None:
        return []
    found: list[int] = np.flatnonzero(decisions["typologies"]).tolist()
    return found
