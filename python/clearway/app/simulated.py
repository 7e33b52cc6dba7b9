"""`clearway evaluate risk` without a file: what the shipped model saves on simulated payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from clearway.risk.models.model import RiskModel
from clearway.risk.policy import CostPolicy
from clearway.risk.worlds.plain_rules import AMOUNT, HABIT
from clearway.risk.worlds.trial import (
    AS_MANY_ALERTS,
    Rival,
    SchemeFound,
    Totals,
    Trial,
    Verdict,
    judge,
)
from clearway.risk.worlds.wide.world import ALL_HABITS, ALL_SCHEMES, WideWorld
from clearway.risk.worlds.world import World

SEEDS: Final = (501, 502, 503)  # train_world's are 1000 and more
# Customers, merchants and days of each world.
SIZE: Final = (4_000, 500, 90)
WIDE_SIZE: Final = (2_500, 300, 150)
_UNITS: Final = {AMOUNT: "{:,.0f} EUR", HABIT: "{:,.1f} times"}


def evaluate_simulated() -> tuple[dict[str, Any], str]:
    """The verdicts on the shipped model in plain and in wide worlds of seeds that it never saw;
    as an object, and as tables in Markdown."""
    model, policy = RiskModel.load_shipped(), CostPolicy()
    plain = judge(Trial.of([World(seed, *SIZE) for seed in SEEDS], model), policy)
    wide = judge(Trial.of([WideWorld(seed, *WIDE_SIZE) for seed in SEEDS], model), policy)
    words = (
        f"**Plain worlds.** {as_tables(plain)}\n\n"
        f"**Wide worlds, with more schemes and look-alikes.** {as_tables(wide)}"
    )
    return {"world": as_object(plain), "wide_world": as_object(wide)}, words


def as_object(verdict: Verdict) -> dict[str, Any]:
    """With schemes and habits by name."""
    return asdict(verdict) | {
        "schemes": {ALL_SCHEMES[k]: asdict(found) for k, found in verdict.schemes.items()},
        "honest": {
            ALL_HABITS[k]: {"payments": payments, "reviewed": reviewed, "declined": declined}
            for k, (payments, reviewed, declined) in verdict.honest.items()
        },
        "rivals": [
            asdict(rival)
            | {"saved_share_by_scheme": {ALL_SCHEMES[k]: share
                                         for k, share in rival.saved_share_by_scheme.items()}}
            for rival in verdict.rivals
        ],
    }  # fmt: skip


def as_tables(verdict: Verdict) -> str:
    return "\n\n".join((_in_words(verdict), _policies(verdict), _schemes(verdict),
                        _habits(verdict)))  # fmt: skip


def _in_words(verdict: Verdict) -> str:
    return (
        f"{verdict.payments:,} payments, {verdict.frauds:,} of them frauds. AUC "
        f"{verdict.auc_roc:.3f}, average precision {verdict.average_precision:.3f}, calibration "
        f"error {verdict.calibration_error:.4f}. {_beaten(verdict)}"
    )


def _beaten(verdict: Verdict) -> str:
    """By which rule, of which schemes, more is saved than by the model."""
    told = []
    for rival in _as_many_alerts(verdict):
        better = [
            _name(ALL_SCHEMES[number])
            for number, found in verdict.schemes.items()
            if rival.saved_share_by_scheme[number] > found.saved_eur / found.value_eur
        ]
        told.append(f"The rule of the {rival.rule} saves more of {', '.join(better) or 'none'}.")
    return "At as many alerts: " + " ".join(told)


def _as_many_alerts(verdict: Verdict) -> list[Rival]:
    rivals = {rival.name: rival for rival in verdict.rivals}
    return [rivals[AS_MANY_ALERTS.format(rule)] for rule in (AMOUNT, HABIT)]


def _policies(verdict: Verdict) -> str:
    rows = [["the model", *_told(verdict.model), "–"]]
    rows += [
        [_rule(rival), *_told(rival.totals), _thousands_more(rival)] for rival in verdict.rivals
    ]
    head = ("what stops", "alerts", "of 10,000 honest", "frauds stopped", "money saved",
            "cost, 1,000 EUR", "the model saves more, 1,000 EUR")  # fmt: skip
    return _table(head, rows)


def _told(totals: Totals) -> list[str]:
    return [
        f"{totals.stopped:,}", f"{1e4 * totals.false_positive_rate:.0f}", _percent(totals.found),
        _percent(totals.saved_share), _thousands(totals.cost_eur),
    ]  # fmt: skip


def _rule(rival: Rival) -> str:
    return f"{rival.name}: from {_UNITS[rival.rule].format(rival.totals.level)}"


def _thousands_more(rival: Rival) -> str:
    saved = rival.model_instead.measures["saved_eur"]
    return f"{_thousands(saved.change)} ({saved.low / 1e3:,.0f} to {saved.high / 1e3:,.0f})"


def _schemes(verdict: Verdict) -> str:
    rows = [
        [_name(ALL_SCHEMES[number]), *_scheme(found),
         *(_percent(rival.saved_share_by_scheme[number]) for rival in _as_many_alerts(verdict))]
        for number, found in verdict.schemes.items()
    ]  # fmt: skip
    head = ("scheme", "payments", "declined", "reviewed", "cases", "stopped at all",
            "before the first stop", "named by a typology", "at risk, 1,000 EUR", "saved",
            "by the amount", "by the habit")  # fmt: skip
    return _table(head, rows)


def _scheme(found: SchemeFound) -> list[str]:
    waited = "–" if found.passed is None else f"{found.passed:.0f} in {found.hours:.1f} h"
    return [
        f"{found.payments:,}", _percent(found.declined), _percent(found.reviewed),
        f"{found.cases:,}", _percent(found.cases_found / found.cases), waited,
        _percent(found.cases_named / found.cases), _thousands(found.value_eur),
        _percent(found.saved_eur / found.value_eur),
    ]  # fmt: skip


def _habits(verdict: Verdict) -> str:
    rows = [
        [_name(ALL_HABITS[number]), f"{payments:,}", f"{1e4 * reviewed:.0f}",
         f"{1e4 * declined:.0f}"]
        for number, (payments, reviewed, declined) in verdict.honest.items()
    ]  # fmt: skip
    return _table(("honest", "payments", "reviewed of 10,000", "declined of 10,000"), rows)


def _name(code: str) -> str:
    return code.replace("_", " ")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _thousands(eur: float) -> str:
    return f"{eur / 1e3:,.0f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))
