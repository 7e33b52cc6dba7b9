"""What the store of cases gives and takes. Amounts are euro cents, times nanoseconds since 1970."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from clearway.payment.alert import Alert

CASE_COLUMNS: Final = (
    "number", "id", "institution", "entity", "family", "status", "assignee", "opened_ns",
    "last_ns", "due_ns", "overdue", "alerts", "loss_eur_minor", "decision", "proposed_by",
    "evidence", "follows",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CaseRow:
    """number: order of opening, from 1. entity: address. last_ns: of the last alert. overdue: its
    deadline passed and it was escalated. decision, proposed_by, evidence (32 bytes): of the last
    proposal, None without. follows: id of an earlier case of the same entity and family."""

    number: int
    id: bytes
    institution: int
    entity: bytes
    family: str
    status: str
    assignee: str | None
    opened_ns: int
    last_ns: int
    due_ns: int
    overdue: bool
    alerts: int
    loss_eur_minor: int
    decision: str | None
    proposed_by: str | None
    evidence: bytes | None
    follows: bytes | None


class Progress(NamedTuple):
    """How far a source of alerts looked at the chain: to this place, in the block of this height
    and hash."""

    source: str
    place: int
    height: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """An alert on its way in, with its evidence as bytes."""

    institution: int
    alert: Alert
    evidence: bytes


@dataclass(frozen=True, slots=True)
class KeptAlert:
    """An alert of a case; evidence: hash of its evidence."""

    alert: Alert
    evidence: bytes


@dataclass(frozen=True, slots=True)
class Op:
    """Who asked for an act, and under what Idempotency-Key. id: 16 bytes, None for the node's own
    acts; who: the principal; key: id of the API key; time_ns: when."""

    id: bytes | None
    request_hash: bytes
    who: str
    key: str
    time_ns: int


@dataclass(frozen=True, slots=True)
class Change:
    """What an act does. sets: columns of the case. facts: what the log says, no personal data.
    note: sealed, or None. evidence: bytes to keep, or None. labels: payment → label."""

    act: str
    status: str
    sets: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    note: bytes | None = None
    evidence: bytes | None = None
    labels: Mapping[bytes, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActRow:
    """One record of the log of all cases. n: from 1; status: of the case afterwards; hash: over
    everything else here, and so over `previous`, the hash of the record before it."""

    n: int
    case: bytes
    id: bytes | None
    time_ns: int
    who: str
    key: str
    act: str
    status: str
    facts: dict[str, str]
    previous: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class NoteRow:
    """sealed: what was written, under the key of the case's account."""

    n: int
    op: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """n: the act that brought it. hash: as the log names it; body: canonical JSON."""

    n: int
    hash: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class LabelRow:
    """What a confirmed case says of a payment. n: the act that confirmed it."""

    n: int
    case: bytes
    payment: bytes
    label: str
    time_ns: int
    who: str


def act_hash(
    *,
    n: int,
    case: bytes,
    id: bytes | None,
    time_ns: int,
    who: str,
    key: str,
    act: str,
    status: str,
    facts: Mapping[str, str],
    previous: bytes,
) -> bytes:
    """SHA-256 of canonical JSON; docs/cases.md says how to check it."""
    fields = {
        "n": n,
        "case": case.hex(),
        "id": None if id is None else id.hex(),
        "time_ns": time_ns,
        "who": who,
        "key": key,
        "act": act,
        "status": status,
        "facts": dict(facts),
        "previous": previous.hex(),
    }
    return hashlib.sha256(
        json.dumps(fields, sort_keys=True, separators=(",", ":")).encode("ascii")
    ).digest()
