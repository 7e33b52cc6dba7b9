"""The alerts of a case to read: those that say the same stand together, the gravest first."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from clearway.cases.triage import percent
from clearway.gateway.case_parts import grouped, moment, more
from clearway.gateway.case_schemas import CaseAlert

GROUPS_MAX: Final = 12
ALERTS_MAX: Final = 8  # of a group
_SANCTIONS: Final = "sanctions."


def render_alerts(alerts: Sequence[CaseAlert]) -> str:
    """HTML. Two alerts say the same that have one typology and the same reasons."""
    groups: dict[tuple[str, ...], list[CaseAlert]] = {}
    for alert in sorted(alerts, key=_weight):
        key = (alert.typology, *(reason.code for reason in alert.reasons))
        groups.setdefault(key, []).append(alert)
    ranked = sorted(groups.values(), key=lambda group: -_loss(group))
    shown = "".join(map(_group, ranked[:GROUPS_MAX]))
    left = sum(map(len, ranked[:GROUPS_MAX]))
    return f'<div class="alerts">{shown}</div>{more(len(alerts), left, "alerts")}'


def _weight(alert: CaseAlert) -> tuple[float, str]:
    return -float(alert.expected_loss), alert.created


def _loss(group: Sequence[CaseAlert]) -> float:
    return sum(float(alert.expected_loss) for alert in group)


def _group(group: Sequence[CaseAlert]) -> str:
    first = group[0]
    reasons = "".join(
        f"<li>{escape(one.text)}</li>" for one in first.reasons if one.text != first.text
    )
    count = "" if len(group) == 1 else f" · {len(group):,} alerts"
    total = sum(float(alert.amount) for alert in group)
    return (
        f'<article class="alert">{_probability(group)}'
        f'<div><h3>{escape(first.text)}</h3><p class="when">{escape(first.typology)}{count}</p>'
        f'<ul>{reasons}</ul><ol class="which">{"".join(map(_which, group[:ALERTS_MAX]))}</ol>'
        f"{more(len(group), ALERTS_MAX, 'alerts like these')}</div>"
        f'<div class="sum"><b>{grouped(f"{_loss(group):.2f}")} EUR</b><small>'
        f"expected to be lost, of {grouped(f'{total:.2f}')} EUR</small></div></article>"
    )


def _probability(group: Sequence[CaseAlert]) -> str:
    """A sanctions match has none: whatever the model says, it counts in full."""
    if group[0].typology.startswith(_SANCTIONS):
        return (
            '<div class="score"><b>in full</b><div class="bar"><i style="width:100%"></i></div>'
            "<small>sanctions match</small></div>"
        )
    most = max(alert.score_bps for alert in group)
    at_most = "" if len({alert.score_bps for alert in group}) == 1 else ", at most"
    return (
        f'<div class="score"><b>{percent(most)}</b>'
        f'<div class="bar"><i style="width:{most / 100:.1f}%"></i></div>'
        f"<small>probable{at_most}</small></div>"
    )


def _which(alert: CaseAlert) -> str:
    likely = "" if alert.typology.startswith(_SANCTIONS) else f", {percent(alert.score_bps)}"
    payment = f" · <code>{alert.payment}</code>" if alert.payment else ""
    return (
        f'<li>{moment(alert.created)} · <span class="num">{grouped(alert.amount)} EUR{likely}'
        f"</span>{payment}</li>"
    )
