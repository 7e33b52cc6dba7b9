"""The read side of cases: lists in the order of the queue, one case, its log, and whether all of it
is as it was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from clearway.payment.alert import Alert
from clearway.store.case_rows import (
    CASE_COLUMNS,
    ActRow,
    CaseRow,
    EvidenceRow,
    KeptAlert,
    LabelRow,
    NoteRow,
    Progress,
    act_hash,
)
from clearway.store.database import Database

LIMIT_MAX: Final = 1_000
ACTS_MAX: Final = 2_000
SELECT_CASE: Final = "SELECT " + ", ".join(f"c.{name}" for name in CASE_COLUMNS) + " FROM cases c"
_ALERT: Final = (
    "SELECT a.id, a.payment, c.entity, a.typology, a.score_bps, a.amount_eur_minor,"
    " a.loss_eur_minor, a.reasons, a.height, a.entry, a.time_ns, e.hash FROM alerts a"
    " JOIN cases c ON c.number = a.case_number JOIN evidence e ON e.n = a.n"
)
SELECT_ACT: Final = (
    "SELECT a.n, c.id, a.id, a.time_ns, a.who, a.api_key, a.act, a.status, a.facts, a.previous,"
    " a.hash FROM case_acts a JOIN cases c ON c.number = a.case_number"
)
_LABEL: Final = (
    "SELECT l.n, c.id, l.payment, l.label, a.time_ns, a.who FROM labels l"
    " JOIN case_acts a ON a.n = l.n JOIN cases c ON c.number = a.case_number"
)
_ORDER: Final = "ORDER BY c.overdue DESC, c.loss_eur_minor DESC, c.number"
# What stands before and behind a case in that order, the nearest first: each a range of the index
# cases_queue. Binds institution, overdue, loss, number.
_IN_QUEUE: Final = "c.status <> 'closed' AND c.institution = ?1"
_BEFORE: Final = (
    ("c.overdue = ?2 AND c.loss_eur_minor = ?3 AND c.number < ?4", "c.number DESC"),
    ("c.overdue = ?2 AND c.loss_eur_minor > ?3", "c.loss_eur_minor, c.number DESC"),
    ("c.overdue > ?2", "c.overdue, c.loss_eur_minor, c.number DESC"),
)
_BEHIND: Final = (
    ("c.overdue = ?2 AND c.loss_eur_minor = ?3 AND c.number > ?4", "c.number"),
    ("c.overdue = ?2 AND c.loss_eur_minor < ?3", "c.loss_eur_minor DESC, c.number"),
    ("c.overdue < ?2", "c.overdue DESC, c.loss_eur_minor DESC, c.number"),
)


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """place: from 1. before, after: the neighbours."""

    place: int
    before: CaseRow | None
    after: CaseRow | None


@dataclass(frozen=True, slots=True)
class LogVerdict:
    """acts: how many are good. first_bad: the number of the first that is not."""

    ok: bool
    acts: int
    first_bad: int | None
    what: str


class CaseQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    def progress(self, source: str) -> Progress | None:
        query = "SELECT source, place, height, hash FROM progress WHERE source = ?"
        row = self._database.reader().execute(query, (source,)).fetchone()
        return None if row is None else Progress(*row)

    # --- cases ----------------------------------------------------------------------------------

    def case(self, institution: int, id: bytes) -> CaseRow | None:
        query = f"{SELECT_CASE} WHERE c.id = ? AND c.institution = ?"
        row = self._database.reader().execute(query, (id, institution)).fetchone()
        return None if row is None else case_of(row)

    def follower(self, institution: int, id: bytes) -> bytes | None:
        """The case that follows this one, of the same entity and family."""
        case = self.case(institution, id)
        if case is None:
            return None
        query = (
            "SELECT id FROM cases WHERE institution = ? AND entity = ? AND follows = ?"
            " ORDER BY number LIMIT 1"
        )
        row = self._database.reader().execute(query, (institution, case.entity, id)).fetchone()
        return None if row is None else bytes(row[0])

    def cases(
        self,
        institution: int,
        *,
        status: str | None = None,
        assignee: str | None = None,
        typology: str | None = None,
        entity: bytes | None = None,
        payment: bytes | None = None,
        limit: int,
        starting_after: bytes | None = None,
    ) -> list[CaseRow]:
        """The most urgent first: overdue, then by expected loss. typology: a family, or a typology
        that one of its alerts has. payment: that one of them is about. starting_after: id of the
        last case seen; where it stands now is where the next page begins."""
        where: list[str] = ["c.institution = ?"]
        given: list[Any] = [institution]
        wanted: list[tuple[str, Any]] = [
            ("c.status = ?", status),
            ("c.assignee = ?", assignee),
            ("c.entity = ?", entity),
            ("c.number IN (SELECT case_number FROM alerts WHERE payment = ?)", payment),
        ]
        for clause, value in wanted:
            if value is not None:
                where.append(clause)
                given.append(value)
        if status is not None and status != "closed":
            where.append("c.status <> 'closed'")  # what cases_queue is an index of
        if typology is not None:
            where.append(
                "(c.family = ? OR EXISTS (SELECT 1 FROM alerts a"
                " WHERE a.case_number = c.number AND a.typology = ?))"
            )
            given += [typology, typology]
        if starting_after is not None:
            last = self.case(institution, starting_after)
            if last is None:
                return []
            where.append(
                "(c.overdue < ? OR c.overdue = ? AND (c.loss_eur_minor < ?"
                " OR c.loss_eur_minor = ? AND c.number > ?))"
            )
            loss = last.loss_eur_minor
            given += [last.overdue, last.overdue, loss, loss, last.number]
        query = f"{SELECT_CASE} WHERE {' AND '.join(where)} {_ORDER} LIMIT ?"
        rows = self._database.reader().execute(query, (*given, min(limit, LIMIT_MAX)))
        return [case_of(row) for row in rows]

    def open_cases_of(self, institution: int, entities: Sequence[bytes]) -> list[CaseRow]:
        """Cases of these accounts that are not closed, LIMIT_MAX at most, the most urgent first."""
        marks = ", ".join("?" * len(entities))
        query = (
            f"{SELECT_CASE} WHERE c.institution = ? AND c.entity IN ({marks})"
            f" AND c.status <> 'closed' {_ORDER} LIMIT ?"
        )
        rows = self._database.reader().execute(query, (institution, *entities, LIMIT_MAX))
        return [case_of(row) for row in rows]

    def queue_length(self, institution: int) -> int:
        """How many cases are not closed."""
        query = f"SELECT count(*) FROM cases c WHERE {_IN_QUEUE}"
        (total,) = self._database.reader().execute(query, (institution,)).fetchone()
        return int(total)

    def queue_place(self, case: CaseRow) -> QueuePlace:
        """Of a case that is not closed."""
        ahead = sum(
            self._near("SELECT count(*) FROM cases c", where, case)[0] for where, _ in _BEFORE
        )
        return QueuePlace(ahead + 1, self._nearest(_BEFORE, case), self._nearest(_BEHIND, case))

    def _nearest(self, ranges: Sequence[tuple[str, str]], case: CaseRow) -> CaseRow | None:
        for where, order in ranges:
            row = self._near(SELECT_CASE, where, case, f"ORDER BY {order} LIMIT 1")
            if row is not None:
                return case_of(row)
        return None

    def _near(self, select: str, where: str, case: CaseRow, order: str = "") -> Any:
        query = f"{select} WHERE {_IN_QUEUE} AND {where} {order}"
        at = (case.institution, case.overdue, case.loss_eur_minor, case.number)
        used = 4 if "?4" in where else 3 if "?3" in where else 2
        return self._database.reader().execute(query, at[:used]).fetchone()

    def due(self, now_ns: int, limit: int) -> list[CaseRow]:
        """Whose deadline has passed, and who were not escalated yet."""
        query = (
            f"{SELECT_CASE} WHERE c.status <> 'closed' AND c.overdue = 0 AND c.due_ns <= ?"
            " ORDER BY c.due_ns LIMIT ?"
        )
        rows = self._database.reader().execute(query, (now_ns, limit))
        return [case_of(row) for row in rows]

    # --- what belongs to one --------------------------------------------------------------------

    def alerts_of(self, case: CaseRow) -> list[KeptAlert]:
        """In the order they joined it."""
        query = f"{_ALERT} WHERE a.case_number = ? ORDER BY a.n"
        rows = self._database.reader().execute(query, (case.number,))
        return [KeptAlert(_alert(row), row[-1]) for row in rows]

    def largest_alerts(self, numbers: Sequence[int]) -> dict[int, tuple[int, int, int]]:
        """By case number: (score_bps, amount, expected loss) of the alert that weighs most."""
        query = (
            "SELECT score_bps, amount_eur_minor, loss_eur_minor FROM alerts WHERE case_number = ?"
            " ORDER BY loss_eur_minor DESC, n LIMIT 1"
        )
        reader = self._database.reader()
        return {number: reader.execute(query, (number,)).fetchone() for number in numbers}

    def typologies_of(self, numbers: Sequence[int]) -> dict[int, list[str]]:
        query = "SELECT DISTINCT typology FROM alerts WHERE case_number = ? ORDER BY typology"
        reader = self._database.reader()
        return {n: [text for (text,) in reader.execute(query, (n,))] for n in numbers}

    def acts_of(self, case: CaseRow) -> list[ActRow]:
        """The oldest first, ACTS_MAX at most: the newest of more."""
        query = f"{SELECT_ACT} WHERE a.case_number = ? ORDER BY a.n DESC LIMIT ?"
        rows = self._database.reader().execute(query, (case.number, ACTS_MAX)).fetchall()
        return [act_of(row) for row in reversed(rows)]

    def notes_of(self, case: CaseRow) -> list[NoteRow]:
        query = (
            "SELECT n.n, a.id, n.sealed FROM notes n JOIN case_acts a ON a.n = n.n"
            " WHERE a.case_number = ? ORDER BY n.n"
        )
        return [NoteRow(*row) for row in self._database.reader().execute(query, (case.number,))]

    def evidence_of(self, case: CaseRow) -> list[EvidenceRow]:
        """The oldest first."""
        query = (
            "SELECT e.n, e.hash, e.body FROM evidence e JOIN case_acts a ON a.n = e.n"
            " WHERE a.case_number = ? ORDER BY e.n LIMIT ?"
        )
        rows = self._database.reader().execute(query, (case.number, ACTS_MAX))
        return [EvidenceRow(*row) for row in rows]

    def labels_untold(self, limit: int) -> list[LabelRow]:
        """Those that nobody has learned from yet, the oldest first."""
        query = f"{_LABEL} WHERE l.told = 0 ORDER BY l.n, l.payment LIMIT ?"
        return [LabelRow(*row) for row in self._database.reader().execute(query, (limit,))]

    def labels_of(self, case: CaseRow) -> list[LabelRow]:
        query = f"{_LABEL} WHERE a.case_number = ? ORDER BY l.n, l.payment"
        return [LabelRow(*row) for row in self._database.reader().execute(query, (case.number,))]

    # --- the log --------------------------------------------------------------------------------

    def verify(self) -> LogVerdict:
        """Reads everything: each hash, the order, and that notes and evidence are those named."""
        good, previous = 0, bytes(32)
        query = (
            f"SELECT f.*, n.sealed, e.body FROM ({SELECT_ACT}) f LEFT JOIN notes n ON n.n = f.n"
            " LEFT JOIN evidence e ON e.n = f.n ORDER BY f.n"
        )
        for *row, sealed, body in self._database.reader().execute(query):
            act = act_of(row)
            what = _wrong(act, good + 1, previous, sealed, body)
            if what:
                return LogVerdict(False, good, good + 1, what)
            good, previous = act.n, act.hash
        return LogVerdict(True, good, None, "")


def is_whole(act: ActRow) -> bool:
    """Whether a record has the hash of what it says."""
    return act.hash == act_hash(
        n=act.n,
        case=act.case,
        id=act.id,
        time_ns=act.time_ns,
        who=act.who,
        key=act.key,
        act=act.act,
        status=act.status,
        facts=act.facts,
        previous=act.previous,
    )


def content_hash(data: bytes) -> bytes:
    """As the log names notes and evidence: SHA-256."""
    return hashlib.sha256(data).digest()


def _wrong(act: ActRow, n: int, previous: bytes, sealed: bytes | None, body: bytes | None) -> str:
    if act.n != n or act.previous != previous:
        return "does not follow the record before it"
    if not is_whole(act):
        return "was changed: its hash differs"
    for name, data in (("note", sealed), ("evidence", body)):
        named = act.facts.get(name)
        if named != (None if data is None else content_hash(data).hex()):
            return f"its {name} is not the one that it names"
    return ""


# --- rows ---------------------------------------------------------------------------------------


def case_of(row: Sequence[Any]) -> CaseRow:
    found = dict(zip(CASE_COLUMNS, row, strict=True))
    return CaseRow(**{**found, "overdue": bool(found["overdue"])})


def act_of(row: Sequence[Any]) -> ActRow:
    n, case, id, time_ns, who, key, act, status, facts, previous, hash = row
    return ActRow(n, case, id, time_ns, who, key, act, status, json.loads(facts), previous, hash)


def _alert(row: Sequence[Any]) -> Alert:
    (
        id, payment, entity, typology, score_bps, amount, loss, reasons, height, index, time_ns, _,
    ) = row  # fmt: skip
    return Alert(
        id=id,
        payment=payment,
        entity=entity,
        typology=typology,
        score_bps=score_bps,
        amount_eur_minor=amount,
        expected_loss_eur_minor=loss,
        reasons=tuple(reasons.split()),
        height=height,
        index=index,
        time_ns=time_ns,
    )
