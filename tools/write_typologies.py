"""Writes docs/typologies.md: every typology, and what it alerts on where the truth is known.

The wide simulated world knows its own schemes and nothing of the rules. Into it STORIES crimes and
as many honest look-alikes of each typology are planted, which the tests have too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.facts import Facts
from clearway.risk.memory.history import DAY_NS, compute_features
from clearway.risk.typologies.registry import SHIPPED, TYPOLOGIES
from clearway.risk.typologies.rule import Typology
from clearway.risk.worlds.wide.world import ALL_SCHEMES, WideWorld
from tests.risk.typologies import fraud, laundering
from tests.risk.typologies.cast import Cast
from tools.typology_glossary import glossary

TARGET: Final = Path(__file__).parents[1] / "docs/typologies.md"
# Not the world on which the levels were chosen, which was seed 11.
SEED, CUSTOMERS, MERCHANTS, DAYS = 23, 4_000, 400, 180
WARM_UP_DAYS: Final = 30
REPORT_DAYS: Final = 7
STORIES: Final = 20
WORLD, STORY, LOOK_ALIKE = range(3)
# The scheme of the world that each describes best.
MEANT: Final = {
    "structuring_payer": "structuring", "structuring_payee": "smurfing",
    "travel_rule_splitting": "travel_splitting", "mule_fan_in": "gathering",
    "mule_fan_out": "scattering", "rapid_pass_through": "mule_ring", "round_trip": "round_trips",
    "dormant_wake_up": "sleepers", "dormant_collects": "sleepers", "many_in_one_out": "gathering",
    "one_in_many_out": "scattering", "funnel_account": "funnels",
    "smurfing_corridors": "corridors", "mis_invoicing": "mis_invoicing", "mixing": "mixing",
    "round_layering": "conduits", "device_farm": "device_farms", "address_farm": "address_farms",
    "shared_device_dealing": "own_accounts", "tainted_received": "mule_ring",
    "accused_pays_out": "mule_ring", "near_accused": "mule_ring",
    "new_account_burst": "scattering", "account_takeover": "account_takeover",
    "account_drained": "authorised_scam", "push_payment_scam": "scams_abroad",
    "investment_scam": "authorised_scam", "invoice_redirection": "invoice_redirections",
    "payroll_diversion": "payroll_diversions", "card_testing": "card_testing",
    "tested_then_used": "card_testing", "bust_out": "bust_outs", "refund_abuse": "refund_abuse",
    "micro_charges": "micro_charges", "merchant_bust_out": "merchant_bust_outs",
    "equal_contributions": "pyramids", "night_burst": "night_takeovers",
    "reported_payee": "authorised_scam", "repeat_victim": "recoveries",
    "reported_device": "account_takeover", "reported_corridor": "scams_abroad",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Played:
    """n payments. typology: bit of the one whose story it is from, -1 in the world. scheme: place
    in ALL_SCHEMES, 0 in a story. case: number of the story, or of the scheme's case. kind: WORLD,
    STORY or LOOK_ALIKE. bad: part of a crime. hits: uint64[n]."""

    typology: NDArray[np.int64]
    scheme: NDArray[np.int64]
    case: NDArray[np.int64]
    kind: NDArray[np.int64]
    bad: NDArray[np.bool_]
    hits: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of what is played: as in Played, for each payment or for all of them."""

    facts: Facts
    bad: NDArray[np.bool_]
    typology: int
    scheme: NDArray[np.uint8] | int
    case: NDArray[np.uint32] | int
    kind: int


@dataclass(frozen=True, slots=True)
class Measured:
    """per_10_000: alerts of as many payments of the world. alerts, right: among those of the world,
    and how many were part of its crimes. meant, cases: of the scheme that is MEANT, cases with an
    alert, and all. all_right: share of all alerts, stories included, that were part of a crime.
    found, mistaken: of the STORIES crimes and look-alikes of this typology."""

    per_10_000: float
    alerts: int
    right: int
    meant: int
    cases: int
    all_right: float | None
    found: int
    mistaken: int


def play() -> Played:
    world = WideWorld(SEED, CUSTOMERS, MERCHANTS, DAYS)
    payments, facts = world.payments(), world.facts()
    parts = [Part(facts, payments["is_fraud"], -1, payments["scheme"], payments["case"], WORLD)]
    reports = [world.reports(REPORT_DAYS * DAY_NS)]
    start_ns = int(facts["time_ns"][0])
    first = int(max(facts["payer"].max(), facts["payee"].max())) + 1
    rng = np.random.default_rng(SEED)
    for typology in TYPOLOGIES:
        for kind, prefix in ((STORY, ""), (LOOK_ALIKE, "not_")):
            for case in range(STORIES):
                noon_ns = (
                    start_ns + int(rng.integers(WARM_UP_DAYS, DAYS - 5)) * DAY_NS + DAY_NS // 2
                )
                cast = Cast(int(rng.integers(2**31)), first=first, start_ns=noon_ns)
                _story(typology, prefix)(cast)
                rows, bad = cast.rows()
                first = cast.new()
                told = rows["report"] != 0
                reports.append(rows[told])
                parts.append(Part(rows[~told], bad[~told], typology.bit, 0, case, kind))
    return _match(parts, np.concatenate(reports), start_ns + WARM_UP_DAYS * DAY_NS)


def _story(typology: Typology, prefix: str) -> Callable[[Cast], None]:
    module = {"laundering": laundering, "fraud": fraud}[typology.family]
    told: Callable[[Cast], None] = getattr(module, prefix + typology.code.partition(".")[2])
    return told


def _match(parts: Sequence[Part], reports: Facts, from_ns: int) -> Played:
    """In the order of time; of the world what comes after its first weeks."""
    facts = np.concatenate([part.facts for part in parts])
    order = np.argsort(facts["time_ns"], kind="stable")

    def column(name: str) -> NDArray[np.int64]:
        columns = [np.broadcast_to(getattr(part, name), len(part.facts)) for part in parts]
        return np.concatenate(columns).astype(np.int64)[order]

    hits = SHIPPED.find(compute_features(facts[order], reports))
    kind = column("kind")
    kept = (kind != WORLD) | (facts["time_ns"][order] >= from_ns)
    return Played(
        column("typology")[kept], column("scheme")[kept], column("case")[kept], kind[kept],
        column("bad")[kept] == 1, hits[kept],
    )  # fmt: skip


def measure(played: Played, typology: Typology) -> Measured:
    alerts = played.hits >> np.uint64(typology.bit) & np.uint64(1) == 1
    world = played.kind == WORLD
    own = alerts & (played.typology == typology.bit)

    def cases(kind: int, mask: NDArray[np.bool_]) -> int:
        return len(np.unique(played.case[own & mask & (played.kind == kind)]))

    scheme = played.scheme == ALL_SCHEMES.index(MEANT[typology.code.partition(".")[2]])

    return Measured(
        per_10_000=float(alerts[world].mean() * 10_000),
        alerts=int(alerts[world].sum()),
        right=int((alerts & world & played.bad).sum()),
        meant=len(np.unique(played.case[alerts & scheme])),
        cases=len(np.unique(played.case[scheme])),
        all_right=float(played.bad[alerts].mean()) if alerts.any() else None,
        found=cases(STORY, played.bad),
        mistaken=cases(LOOK_ALIKE, ~played.bad),
    )


def write_page(played: Played) -> str:
    world = played.kind == WORLD
    any_hit = played.hits != 0
    rows = "\n".join(_row(one, measure(played, one)) for one in TYPOLOGIES)
    told = "\n\n".join(map(details, TYPOLOGIES))
    return _PAGE.format(
        n=len(TYPOLOGIES), schemes=len(ALL_SCHEMES) - 1,
        seed=SEED, customers=CUSTOMERS, merchants=MERCHANTS, days=DAYS,
        warm_up=WARM_UP_DAYS, delay=REPORT_DAYS, stories=STORIES, payments=int(world.sum()),
        frauds=int((world & played.bad).sum()), rows=rows, details=told, glossary=glossary(),
        any_rate=any_hit[world].mean() * 10_000,
        any_right=100 * played.bad[world & any_hit].mean(),
        any_found=100 * any_hit[world & played.bad].mean(),
    )  # fmt: skip


def _row(one: Typology, found: Measured) -> str:
    world = f"{100 * found.right / found.alerts:.0f} %" if found.alerts else "–"
    precision = "–" if found.all_right is None else f"{100 * found.all_right:.0f} %"
    return (
        f"| [{one.code}](#{one.code.replace('.', '')}) | {found.per_10_000:.2f} | {world} | "
        f"{found.meant} of {found.cases} {MEANT[one.code.partition('.')[2]].replace('_', ' ')} | "
        f"{precision} | {found.found} | {found.mistaken} |"
    )


def details(one: Typology) -> str:
    cited = "\n".join(f"- {each.text}" for each in one.sources)
    conditions = "\n".join(f"| `{each.text}` | {each.because} |" for each in one.conditions)
    return (
        f"### {one.code}\n\n**{one.name}** (alert about the {one.side}). {one.why} {one.advice}\n\n"
        f"Sources:\n\n{cited}\n\nExamples:\n\n- fits: {_story(one, '').__doc__}\n"
        f"- only looks like it: {_story(one, 'not_').__doc__}\n\n"
        f"| all of these | why this level |\n| --- | --- |\n{conditions}"
    )


_PAGE: Final = """# Typologies: documented schemes, open to everybody

{n} published ways to launder and to defraud, each one a file of
`python/clearway/risk/typologies/`: named levels of streaming features, all of which have to hold
for one payment. `clearway typologies` lists them, `clearway typologies CODE` shows one. They
decide nothing: a payment that fits becomes an alert of a [case](cases.md), also when it was paid.
Which typologies it fitted stands in its decision.

Each source was looked up in November 2026: who published it, under which title and number, when.
What it is cited for was read, in the document itself or in a digest of it, and stands here in our
own words; of a part marked † only the table of contents was seen. A level is ours, not the
source's, unless a law has it; the column beside it says why.

Written by `make typologies`; change a file of that folder, and write it anew.

## How often they alert, and how often they are right

Where the truth is known: {payments:,} payments of the wide simulated world (`WideWorld({seed},
{customers}, {merchants}, {days})`, after its first {warm_up} days), {frauds:,} of them part of its
{schemes} schemes. Who is robbed reports it after {delay} days; of laundering nobody tells. Beside
the schemes live about six times as many honest look-alikes as there are cases: savings circles,
small payrolls that hire, treasurers who send money round, ticket sales, students, heirs, families
with relatives in several countries, suppliers with a new bank (`risk/worlds/wide/lookalikes.py`),
families that share a tablet, offices and carriers that share an address, people with a new
telephone (`risk/worlds/wide/devices.py`), and thousands of accounts that are seen a few times in a
life. The world knows nothing of the rules; their levels were chosen while looking at other worlds
of the simulator (seeds 11 and 12). {stories} crimes and {stories} honest look-alikes of each
typology are planted in it as well, with accounts of their own and amounts and times that vary by
a seed: the stories of `tests/risk/typologies/`.

- **alerts**: of 10,000 payments of the world, without what was planted.
- **right there**: share of these that are part of a crime of the world, of any scheme. It depends
  on how many criminals and look-alikes live there, here more than in a bank; a bank's own figure
  comes from its own confirmed cases.
- **cases there**: of the cases of the world's scheme that it describes best, those with an alert.
- **right with stories**: share of all alerts, planted ones included, that are part of a crime.
- **found**: of {stories} planted crimes, those with an alert on a payment of the crime. The
  stories were written beside the rules: this shows that a rule finds what its source describes,
  not how much of it is out there.
- **mistaken**: of {stories} planted look-alikes, those with an alert.

All together alert on {any_rate:.0f} of 10,000 payments of the world, {any_right:.0f} % of those
are part of a crime, and {any_found:.0f} % of the criminal payments have an alert.

| typology | alerts | right there | cases there | right with stories | found | mistaken |
| --- | --: | --: | --: | --: | --: | --: |
{rows}

Matching all of them costs 0.11 µs a payment beside 2.3 µs for the features (batches of 4,096, one
core, processor time on a busy machine).

What they cannot see: counts fade and have no edge, so "within a day" means mostly within a day;
an account remembers its last sixteen payees, so that to a payroll of more people than that every
employee is new; devices and network addresses count where the node is told of them. The amounts
that reports and the travel rule begin with (10,000 and 1,000) are part of what is counted
(`payer_limit_7d`, `payer_travel_7d`): a bank with others can set the levels of amounts, and not
what these counts are of.

## Levels of your own

A bank sets other levels, or switches typologies off, by a file that `CLEARWAY_TYPOLOGIES` names
(`examples/typologies.json` is one):

```json
{{"format": "clearway-typologies/1",
 "typologies": {{"laundering.dormant_wake_up": {{"payer_idle": {{"at_least": 60}}}},
                "laundering.travel_rule_splitting": "off"}}}}
```

Numbers are in the units of the tables below: euros (EUR), hours (h), days (d), times, or the bare
number that stands there. `at_least` and `at_most` are named where the table has them; what is not
named stays as shipped. A typology keeps the conditions that it has: which features it asks is what
it is. Names that there are not, numbers that are none and bounds the wrong way round are refused
when the node starts (`risk.typologies_format`), all at once.

`clearway what-if --typologies FILE` tells first what other levels would have found in the node's
own past: of each typology the payments that fit and the known frauds among them, before and after
([operations](operations.md#what-if)). `clearway typologies --levels FILE` shows what a file comes
to. Every decision carries a digest of the levels that were in force; it stands in the explanation
of a payment and in the evidence of an alert, and the node keeps the levels under it: `clearway
typologies --levels DATA/typologies/DIGEST.json` tells years later what was looked for.

## One by one

What a level without a unit is counted in stands in
[the list at the end](#what-the-features-are).

{details}

## What the features are

| feature | is | counted in |
| --- | --- | --- |
{glossary}
"""


def main() -> None:
    TARGET.write_text(write_page(play()), "utf-8")


if __name__ == "__main__":
    main()
