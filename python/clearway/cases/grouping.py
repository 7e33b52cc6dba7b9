"""Which case an alert belongs to: the open one of its account and typology family, or a new one."""

from __future__ import annotations

from typing import Final

from clearway.cases.states import CaseAct, CaseStatus, takes
from clearway.payment.alert import Alert

DAY_NS: Final = 86_400 * 10**9
JOIN_NS: Final = 30 * DAY_NS  # since the case's last alert
ALERTS_PER_CASE_MAX: Final = 500


def joins(alert: Alert, *, status: str, last_ns: int, alerts: int) -> bool:
    """Whether the newest case of the alert's account and family takes it. If not, the alert opens
    a new case that follows that one: a closed case is linked, never reopened by a machine.

    last_ns: time of the case's last alert; alerts: how many it has.
    """
    near = abs(alert.time_ns - last_ns) <= JOIN_NS
    return takes(CaseStatus(status), CaseAct.ALERT) and near and alerts < ALERTS_PER_CASE_MAX
