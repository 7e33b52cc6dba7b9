"""Cases: alerts, acts, evidence and labels, in a file of their own beside the vault.

Payments write the vault; nothing here holds them up. Every change is one transaction: the case's
row, a record of the log that is linked to the one before it by its hash, and what came with it. So
an alert is taken in once and an act is done once, whatever is killed when. Alerts, evidence and
records of the log are only ever added. Notes are sealed by the vault under the key of the case's
account, and the log holds the hash of what is sealed: who erases the person leaves the log whole.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from clearway.payment.errors import Refusal
from clearway.payment.ids import case_id, format_case
from clearway.store.case_queries import (
    SELECT_ACT,
    SELECT_CASE,
    CaseQueries,
    act_of,
    case_of,
    content_hash,
)
from clearway.store.case_rows import (
    ActRow,
    CaseRow,
    Change,
    Found,
    LabelRow,
    Op,
    Progress,
    act_hash,
)
from clearway.store.database import Database

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS progress (
    source TEXT PRIMARY KEY,
    place INTEGER NOT NULL,
    height INTEGER NOT NULL,
    hash BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS cases (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    institution INTEGER NOT NULL,
    entity BLOB NOT NULL,
    family TEXT NOT NULL,
    status TEXT NOT NULL,
    assignee TEXT,
    opened_ns INTEGER NOT NULL,
    last_ns INTEGER NOT NULL,
    due_ns INTEGER NOT NULL,
    overdue INTEGER NOT NULL,
    alerts INTEGER NOT NULL,
    loss_eur_minor INTEGER NOT NULL,
    decision TEXT,
    proposed_by TEXT,
    evidence BLOB,
    follows BLOB
);
CREATE INDEX IF NOT EXISTS cases_entity ON cases (institution, entity, number);
CREATE INDEX IF NOT EXISTS cases_queue
    ON cases (institution, overdue DESC, loss_eur_minor DESC, number) WHERE status <> 'closed';
CREATE INDEX IF NOT EXISTS cases_all
    ON cases (institution, overdue DESC, loss_eur_minor DESC, number);
CREATE INDEX IF NOT EXISTS cases_due
    ON cases (due_ns) WHERE status <> 'closed' AND overdue = 0;
CREATE TABLE IF NOT EXISTS alerts (
    n INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    case_number INTEGER NOT NULL,
    payment BLOB,
    typology TEXT NOT NULL,
    score_bps INTEGER NOT NULL,
    amount_eur_minor INTEGER NOT NULL,
    loss_eur_minor INTEGER NOT NULL,
    reasons TEXT NOT NULL,
    height INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    time_ns INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS alerts_case ON alerts (case_number, n);
CREATE INDEX IF NOT EXISTS alerts_payment ON alerts (payment) WHERE payment IS NOT NULL;
CREATE TABLE IF NOT EXISTS case_acts (
    n INTEGER PRIMARY KEY,
    case_number INTEGER NOT NULL,
    id BLOB UNIQUE,
    request_hash BLOB NOT NULL,
    time_ns INTEGER NOT NULL,
    who TEXT NOT NULL,
    api_key TEXT NOT NULL,
    act TEXT NOT NULL,
    status TEXT NOT NULL,
    facts TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS case_acts_case ON case_acts (case_number, n);
CREATE TABLE IF NOT EXISTS notes (n INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS evidence (
    n INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS labels (
    n INTEGER NOT NULL,
    payment BLOB NOT NULL,
    label TEXT NOT NULL,
    told INTEGER NOT NULL,
    PRIMARY KEY (n, payment)
);
CREATE INDEX IF NOT EXISTS labels_untold ON labels (n) WHERE told = 0;
"""
# n is the number of the act that made a row. progress: the last entry of the chain that a source of
# alerts looked at, and the block whose hash tells that it is still that chain.

FIRST_PREVIOUS: Final = bytes(32)
NODE: Final = "clearway"  # who does what nobody asked for
_PRAGMAS: Final = (
    "page_size=8192",
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "wal_autocheckpoint=1024",
)
Joins = Callable[[Found, CaseRow], bool]
"""Whether the newest case of the alert's entity and family takes it."""
Opens = Callable[[Found], tuple[int, str]]
"""When a case that this alert opens is due, and its first status."""


class CaseStore(CaseQueries):
    """Every method may be called from any thread; writers wait for each other. Raises Fault
    node.disk_full, node.disk_failed."""

    def __init__(self, path: Path) -> None:
        super().__init__(Database(path, pragmas=_PRAGMAS, schema=SCHEMA))

    def close(self) -> None:
        self._database.close()

    # --- alerts ---------------------------------------------------------------------------------

    def save_progress(self, progress: Progress) -> None:
        with self._database.transaction() as writer:
            _save_progress(writer, progress)

    def take_in(
        self,
        found: Sequence[Found],
        *,
        progress: Progress,
        joins: Joins,
        opens: Opens,
        now_ns: int,
    ) -> int:
        """Alerts become parts of cases, together with how far the chain was looked at; those that
        were taken in before are passed by. Returns how many were new."""
        with self._database.transaction() as writer:
            new = sum(_take_one(writer, one, joins, opens, now_ns) for one in found)
            _save_progress(writer, progress)
        return new

    # --- acts -----------------------------------------------------------------------------------

    def act(self, op: Op, case: bytes, decide: Callable[[CaseRow], Change]) -> ActRow:
        """Does what `decide` says to the case, once: the same op again gives the same record.

        Refuses idempotency.body_differs, case.unknown, and whatever `decide` refuses: nothing was
        written then.
        """
        with self._database.transaction() as writer:
            done = _find_op(writer, op)
            if done is not None:
                return done
            row = writer.execute(f"{SELECT_CASE} WHERE c.id = ?", (case,)).fetchone()
            if row is None:
                raise Refusal("case.unknown", case=format_case(case))
            found = case_of(row)
            return _apply(writer, found.number, case, op, decide(found))

    def label_told(self, label: LabelRow) -> None:
        """Whoever learns from labels has it."""
        with self._database.transaction() as writer:
            writer.execute(
                "UPDATE labels SET told = 1 WHERE n = ? AND payment = ?", (label.n, label.payment)
            )


def _save_progress(writer: sqlite3.Connection, progress: Progress) -> None:
    writer.execute(
        "INSERT INTO progress VALUES (?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET"
        " place = excluded.place, height = excluded.height, hash = excluded.hash",
        progress,
    )


def _take_one(
    writer: sqlite3.Connection, one: Found, joins: Joins, opens: Opens, now_ns: int
) -> bool:
    alert = one.alert
    if writer.execute("SELECT 1 FROM alerts WHERE id = ?", (alert.id,)).fetchone():
        return False
    row = writer.execute(
        f"{SELECT_CASE} WHERE c.institution = ? AND c.entity = ? AND c.family = ?"
        " ORDER BY c.number DESC LIMIT 1",
        (one.institution, alert.entity, alert.family),
    ).fetchone()
    latest = None if row is None else case_of(row)
    if latest is not None and joins(one, latest):
        number, id, status = latest.number, latest.id, latest.status
        sets = {
            "last_ns": max(latest.last_ns, alert.time_ns),
            "alerts": latest.alerts + 1,
            "loss_eur_minor": latest.loss_eur_minor + alert.expected_loss_eur_minor,
        }
    else:
        number, id, status = _open_case(writer, one, latest, opens)
        sets = {}
    facts = {
        "alert": alert.id.hex(),
        "typology": alert.typology,
        "expected_loss_eur_minor": str(alert.expected_loss_eur_minor),
    }
    if not sets and latest is not None:
        facts["follows"] = latest.id.hex()
    change = Change("alert", status, sets, facts, evidence=one.evidence)
    done = _apply(writer, number, id, Op(None, b"", NODE, "", now_ns), change)
    _insert(
        writer,
        "alerts",
        {
            "n": done.n,
            "id": alert.id,
            "case_number": number,
            "payment": alert.payment,
            "typology": alert.typology,
            "score_bps": alert.score_bps,
            "amount_eur_minor": alert.amount_eur_minor,
            "loss_eur_minor": alert.expected_loss_eur_minor,
            "reasons": " ".join(alert.reasons),
            "height": alert.height,
            "entry": alert.index,
            "time_ns": alert.time_ns,
        },
    )
    return True


def _open_case(
    writer: sqlite3.Connection, one: Found, latest: CaseRow | None, opens: Opens
) -> tuple[int, bytes, str]:
    alert = one.alert
    due_ns, status = opens(one)
    (number,) = writer.execute("SELECT coalesce(max(number), 0) + 1 FROM cases").fetchone()
    id = case_id(alert.id)
    _insert(
        writer,
        "cases",
        {
            "number": number,
            "id": id,
            "institution": one.institution,
            "entity": alert.entity,
            "family": alert.family,
            "status": status,
            "opened_ns": alert.time_ns,
            "last_ns": alert.time_ns,
            "due_ns": due_ns,
            "overdue": 0,
            "alerts": 1,
            "loss_eur_minor": alert.expected_loss_eur_minor,
            "follows": None if latest is None else latest.id,
        },
    )
    return number, id, status


def _find_op(writer: sqlite3.Connection, op: Op) -> ActRow | None:
    """Refuses idempotency.body_differs."""
    row = writer.execute(f"{SELECT_ACT} WHERE a.id = ?", (op.id,)).fetchone()
    if row is None:
        return None
    query = "SELECT request_hash FROM case_acts WHERE id = ?"
    (request_hash,) = writer.execute(query, (op.id,)).fetchone()
    if request_hash != op.request_hash:
        raise Refusal("idempotency.body_differs")
    return act_of(row)


def _apply(writer: sqlite3.Connection, number: int, case: bytes, op: Op, change: Change) -> ActRow:
    sets = {"status": change.status, **change.sets}
    columns = ", ".join(f"{name} = ?" for name in sets)
    writer.execute(f"UPDATE cases SET {columns} WHERE number = ?", (*sets.values(), number))
    row = _append(writer, number, case, op, change)
    if change.note is not None:
        _insert(writer, "notes", {"n": row.n, "sealed": change.note})
    if change.evidence is not None:
        hash = bytes.fromhex(row.facts["evidence"])
        _insert(writer, "evidence", {"n": row.n, "hash": hash, "body": change.evidence})
    for payment, label in change.labels.items():
        _insert(writer, "labels", {"n": row.n, "payment": payment, "label": label, "told": 0})
    return row


def _append(writer: sqlite3.Connection, number: int, case: bytes, op: Op, change: Change) -> ActRow:
    """The next record of the log, with the hashes of what came with it among its facts."""
    facts = dict(change.facts)
    for name, data in (("note", change.note), ("evidence", change.evidence)):
        if data is not None:
            facts[name] = content_hash(data).hex()
    last = writer.execute("SELECT n, hash FROM case_acts ORDER BY n DESC LIMIT 1").fetchone()
    n, previous = (1, FIRST_PREVIOUS) if last is None else (last[0] + 1, last[1])
    hash = act_hash(
        n=n,
        case=case,
        id=op.id,
        time_ns=op.time_ns,
        who=op.who,
        key=op.key,
        act=change.act,
        status=change.status,
        facts=facts,
        previous=previous,
    )
    _insert(
        writer,
        "case_acts",
        {
            "n": n,
            "case_number": number,
            "id": op.id,
            "request_hash": op.request_hash,
            "time_ns": op.time_ns,
            "who": op.who,
            "api_key": op.key,
            "act": change.act,
            "status": change.status,
            "facts": json.dumps(facts, sort_keys=True, separators=(",", ":")),
            "previous": previous,
            "hash": hash,
        },
    )
    return ActRow(
        n, case, op.id, op.time_ns, op.who, op.key, change.act, change.status, facts, previous, hash
    )


def _insert(writer: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
    marks = ", ".join("?" * len(row))
    writer.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
