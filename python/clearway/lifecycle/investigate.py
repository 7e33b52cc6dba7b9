"""What people do with cases: every act is one transaction of the store, decided by the room.

The doors come here; `watch.py` brings the alerts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np

from clearway.cases.deciding import check_evidence, check_second_person, label_of
from clearway.cases.evidence import pack_evidence
from clearway.cases.network import NODES_MAX, Flow, Network, explore
from clearway.cases.states import CaseAct, CaseStatus, Decision, next_status
from clearway.cases.triage import due_ns
from clearway.lifecycle.alerts import EVIDENCE_VERSION, amounts_eur_minor
from clearway.lifecycle.rooms import Rooms
from clearway.lifecycle.watch import Watch
from clearway.payment.batch import NOT_AN_ACCOUNT
from clearway.payment.errors import Fault
from clearway.payment.ids import format_alert, format_case, format_payment
from clearway.payment.records import AccountFlag
from clearway.store.case_queries import content_hash
from clearway.store.case_rows import ActRow, CaseRow, Change, KeptAlert, NoteRow, Op
from clearway.store.cases import CaseStore
from clearway.store.group import NO_ACCOUNT
from clearway.store.rows import FlowRow, PaymentRow

SPAN_NS: Final = 30 * 86_400 * 10**9  # before the first alert and after the last
TRIES_MAX: Final = 5
HOPS: Final = 2


class Desk:
    """Everything that a person does with a case. Acts give their record of the log; the same op
    again gives the same record. deadline_ns: time for a decision."""

    def __init__(self, rooms: Rooms, store: CaseStore, *, deadline_ns: int) -> None:
        self._rooms = rooms
        self._deadline_ns = deadline_ns
        self.store = store
        self.watch = Watch(rooms, store, deadline_ns=deadline_ns)

    def start(self) -> None:
        self.watch.start()

    def stop(self) -> None:
        self.watch.stop()
        self.store.close()

    # --- acts -----------------------------------------------------------------------------------

    def assign(self, op: Op, case: bytes, *, assignee: str, check: Callable[[], None]) -> ActRow:
        """check: raises for an assignee who could not work on it. Refuses case.unknown,
        case.wrong_state, idempotency.body_differs, as all of these do."""

        def decide(row: CaseRow) -> Change:
            check()
            status = _step(row, CaseAct.ASSIGN)
            return Change(CaseAct.ASSIGN, status, {"assignee": assignee}, {"assignee": assignee})

        return self.store.act(op, case, decide)

    def note(self, op: Op, case: bytes, *, text: str) -> ActRow:
        return self.store.act(
            op,
            case,
            lambda row: Change(
                CaseAct.NOTE, _step(row, CaseAct.NOTE), note=self._seal(op, row, text)
            ),
        )

    def propose(self, op: Op, case: bytes, *, decision: Decision, text: str) -> ActRow:
        """What the case stands on is frozen as evidence; a second person looks at the same."""

        def decide(row: CaseRow) -> Change:
            status = _step(row, CaseAct.PROPOSE)
            evidence = pack_evidence(self._case_evidence(row, decision))
            sets = {
                "decision": str(decision),
                "proposed_by": op.who,
                "evidence": content_hash(evidence),
            }
            facts = {"decision": str(decision)}
            note = self._seal(op, row, text)
            return Change(CaseAct.PROPOSE, status, sets, facts, note, evidence)

        return self.store.act(op, case, decide)

    def confirm(self, op: Op, case: bytes, *, text: str | None, evidence: bytes | None) -> ActRow:
        """Ends the case, and says of its payments what they were. evidence: hash of what the
        second person saw, if they say so. Refuses case.same_person, case.evidence_differs too."""

        def decide(row: CaseRow) -> Change:
            status = _step(row, CaseAct.CONFIRM)
            assert row.proposed_by is not None, "invariant: a proposal has its person"
            assert row.decision is not None, "invariant: a proposal is a decision"
            assert row.evidence is not None, "invariant: a proposal has evidence"
            check_second_person(proposed_by=row.proposed_by, who=op.who)
            check_evidence(proposed=row.evidence, seen=evidence)
            payments = [kept.alert.payment for kept in self.store.alerts_of(row)]
            label = label_of(row.decision)
            facts = {"decision": row.decision, "label": label, "stands_on": row.evidence.hex()}
            return Change(
                CaseAct.CONFIRM,
                status,
                {"overdue": False},
                facts,
                note=self._seal(op, row, text),
                labels={payment: label for payment in payments if payment is not None},
            )

        return self.store.act(op, case, decide)

    def give_back(self, op: Op, case: bytes, *, text: str) -> ActRow:
        """The second person does not agree. Refuses case.same_person too."""

        def decide(row: CaseRow) -> Change:
            status = _step(row, CaseAct.RETURN)
            assert row.proposed_by is not None, "invariant: a proposal has its person"
            check_second_person(proposed_by=row.proposed_by, who=op.who)
            return Change(CaseAct.RETURN, status, _NO_PROPOSAL, note=self._seal(op, row, text))

        return self.store.act(op, case, decide)

    def reopen(self, op: Op, case: bytes, *, text: str) -> ActRow:
        """What was decided stays in the log; the deadline runs anew."""

        def decide(row: CaseRow) -> Change:
            status = _step(row, CaseAct.REOPEN)
            due = due_ns(opened_ns=op.time_ns, deadline_ns=self._deadline_ns, family=row.family)
            sets = {**_NO_PROPOSAL, "assignee": None, "due_ns": due, "overdue": False}
            return Change(CaseAct.REOPEN, status, sets, note=self._seal(op, row, text))

        return self.store.act(op, case, decide)

    # --- notes ----------------------------------------------------------------------------------

    def _seal(self, op: Op, case: CaseRow, text: str | None) -> bytes | None:
        """Under the key of the case's account, so that erasing the person erases what was written
        about them."""
        if text is None:
            return None
        assert op.id is not None, "invariant: a person has an id for every act"
        return self._rooms.vault.seal(case.entity, text.encode(), _note_context(case.id, op.id))

    def notes(self, case: CaseRow) -> list[tuple[NoteRow, str | None]]:
        """None where the person was erased since."""
        rows = self.store.notes_of(case)
        opened = self._rooms.vault.unseal(
            [(case.entity, row.sealed, _note_context(case.id, row.op)) for row in rows]
        )
        return [
            (row, None if text is None else text.decode())
            for row, text in zip(rows, opened, strict=True)
        ]

    # --- what a case is about -------------------------------------------------------------------

    def payments(self, alerts: Sequence[KeptAlert]) -> dict[bytes, PaymentRow]:
        """By id, as they are now."""
        ids = list(dict.fromkeys(kept.alert.payment for kept in alerts if kept.alert.payment))
        if not ids:
            return {}
        return self._rooms.projections.payments_by_id(self._rooms.institution, ids)

    def network(
        self,
        case: CaseRow,
        alerts: Sequence[KeptAlert],
        *,
        hops: int,
        nodes_max: int = NODES_MAX,
    ) -> Network:
        """Where the money came from and went, from SPAN_NS before the first alert until SPAN_NS
        after the last."""
        rooms = self._rooms
        times = [kept.alert.time_ns for kept in alerts] or [case.opened_ns]
        heights = range(
            rooms.projections.height_from(max(0, min(times) - SPAN_NS)),
            rooms.projections.height_from(max(times) + SPAN_NS),
        )
        [start] = rooms.book.account_numbers(case.entity).tolist()
        if start == NOT_AN_ACCOUNT:
            return Network([], [], [], 0)

        def look(accounts: Sequence[int], limit: int) -> list[list[Flow]]:
            rows = [
                rooms.projections.flows(account, heights=heights, limit=limit)
                for account in accounts
            ]
            flows = iter(self._flows([row for group in rows for row in group]))
            return [[flow for flow in islice(flows, len(group)) if flow] for group in rows]

        return explore(
            start,
            look,
            alerted=self._alerted(alerts),
            is_house=self._is_house,
            hops=hops,
            nodes_max=nodes_max,
        )

    def _is_house(self, account: int) -> bool:
        """Money comes and goes by such accounts for everybody."""
        found = self._rooms.book.account_at(account)
        return found is not None and bool(found.flags & _HOUSE)

    def _flows(self, rows: Sequence[FlowRow]) -> list[Flow | None]:
        """None in place of those within one account, or from or to an address that is none."""
        if not rows:
            return []
        sides = np.array([(row.payer, row.payee) for row in rows], np.int64)
        known = (sides >= 0).all(axis=1)
        settling = sides.copy()
        numbers = sides[known].astype(np.uint32).reshape(-1)
        settling[known] = self._rooms.book.settling_numbers(numbers).reshape(-1, 2)
        times_ns = self._rooms.projections.block_times({row.height for row in rows})
        cents = amounts_eur_minor(
            [row.amount_minor for row in rows], [row.asset for row in rows], self._rooms
        )
        between = known & (settling[:, 0] != settling[:, 1])
        return [
            Flow(
                id=row.id,
                payer=payer,
                payee=payee,
                asset=row.asset,
                amount_minor=row.captured_minor or row.amount_minor,
                amount_eur_minor=eur_minor,
                status=row.status,
                time_ns=times_ns[row.height],
                moved=row.captured_minor > 0,
            )
            if is_flow
            else None
            for row, (payer, payee), eur_minor, is_flow in zip(
                rows, settling.tolist(), cents, between.tolist(), strict=True
            )
        ]

    def _alerted(self, alerts: Sequence[KeptAlert]) -> list[Flow]:
        """The case's own payments."""
        rows = list(self.payments(alerts).values())
        book = self._rooms.book
        addresses = b"".join(row.payer + row.payee for row in rows)
        numbers = book.account_numbers(addresses).tolist()
        flows = [
            FlowRow(
                id=row.id,
                payer=_account(numbers[2 * at]),
                payee=_account(numbers[2 * at + 1]),
                asset=row.asset,
                amount_minor=row.amount_minor,
                captured_minor=row.captured_minor,
                status=row.status,
                height=row.height,
            )
            for at, row in enumerate(rows)
        ]
        return [flow for flow in self._flows(flows) if flow]

    def catch_up(self, height: int, timeout_s: float) -> None:
        """Waits until alerts of every block up to this one are in their cases. Faults:
        node.starting."""
        if not self.watch.wait_for(height, timeout_s):
            raise Fault("node.starting", what=f"cases have not reached block {height}")

    def _case_evidence(self, row: CaseRow, decision: Decision) -> dict[str, Any]:
        """What a decision stands on: its alerts with the hash of each one's evidence, what became
        of their payments, and the money's flow around the account."""
        alerts = self.store.alerts_of(row)
        payments = self.payments(alerts)
        network = self.network(row, alerts, hops=HOPS)
        address = {node.account: self._address(node.account) for node in network.nodes}
        return {
            "version": EVIDENCE_VERSION,
            "case": format_case(row.id),
            "entity": row.entity.hex(),
            "family": row.family,
            "decision": str(decision),
            "height": self._rooms.projections.height,
            "expected_loss_eur_minor": str(row.loss_eur_minor),
            "alerts": [
                {"alert": format_alert(kept.alert.id), "evidence": kept.evidence.hex()}
                for kept in alerts
            ],
            "payments": [
                {
                    "payment": format_payment(one.id),
                    "status": str(one.status),
                    "amount_minor": str(one.amount_minor),
                    "captured_minor": str(one.captured_minor),
                    "refunded_minor": str(one.refunded_minor),
                }
                for one in payments.values()
            ],
            "flows": [
                {
                    "payer": address[edge.payer],
                    "payee": address[edge.payee],
                    "asset": edge.asset,
                    "count": edge.count,
                    "moved_minor": str(edge.moved_minor),
                    "stopped_minor": str(edge.stopped_minor),
                    "first_ns": edge.first_ns,
                    "last_ns": edge.last_ns,
                }
                for edge in network.edges
            ],
        }

    def _address(self, account: int) -> str:
        found = self._rooms.book.account_at(account)
        return "" if found is None else found.address.hex()


_HOUSE: Final = AccountFlag.NOSTRO | AccountFlag.OPERATING
_NO_PROPOSAL: Final = {"decision": None, "proposed_by": None, "evidence": None}


def _step(case: CaseRow, act: CaseAct) -> str:
    return next_status(CaseStatus(case.status), act)


def _note_context(case: bytes, op: bytes) -> bytes:
    """A note that was moved to another case, or behind another act, does not open there."""
    return b"case note" + case + op


def _account(number: int) -> int:
    return NO_ACCOUNT if number == NOT_AN_ACCOUNT else number
