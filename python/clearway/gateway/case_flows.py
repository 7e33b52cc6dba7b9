"""A case's story in time and in space: its timeline, and where the money came from and went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from msgspec import UNSET

from clearway.cases.network import Edge, Flow, Network, Node
from clearway.gateway.case_schemas import CaseNetwork, FlowEdge, FlowNode, Moment, RelatedCase
from clearway.gateway.cases import eur_text, find_case, owners_of
from clearway.gateway.door import Answer, Ask
from clearway.gateway.schemas import Listing
from clearway.gateway.times import format_time
from clearway.lifecycle.alerts import typology_text
from clearway.payment.ids import format_case, format_payment
from clearway.payment.money import format_amount
from clearway.payment.records import Kind
from clearway.payment.state import Status
from clearway.store.case_rows import ActRow, CaseRow, KeptAlert
from clearway.store.rows import ActRow as Change

MOMENTS_MAX: Final = 2_000
_ACTS: Final = {
    "assign": "gave the case to {assignee}.",
    "note": "wrote a note.",
    "propose": "proposed to end it as: {decision}.",
    "confirm": "confirmed it as: {decision}.",
    "return": "did not agree, and gave it back.",
    "escalate": "escalated it: the deadline had passed.",
    "reopen": "opened it again.",
}
_PAID: Final = {
    Status.SETTLED: "settled",
    Status.REVIEW: "under review",
    Status.HELD: "held",
    Status.DECLINED: "declined",
    Status.REFUSED: "refused by the ledger",
    Status.VOIDED: "voided",
    Status.RETURNED: "returned",
}
_CHANGES: Final = {
    (Kind.POST, Status.SETTLED): "was let go, and settled.",
    (Kind.VOID, Status.DECLINED): "was rejected by a person.",
    (Kind.VOID, Status.VOIDED): "was voided.",
}


# --- timeline -------------------------------------------------------------------------------------


def see_timeline(ask: Ask) -> Answer:
    """Refuses case.unknown."""
    row = find_case(ask)
    desk = ask.door.node.cases
    alerts = desk.store.alerts_of(row)
    network = desk.network(row, alerts, hops=1)
    moments = timeline(ask, row, alerts, network)
    return Answer(200, Listing("list", moments[-MOMENTS_MAX:], len(moments) > MOMENTS_MAX))


def timeline(ask: Ask, row: CaseRow, alerts: list[KeptAlert], network: Network) -> list[Moment]:
    """Oldest first: what the account paid and got around the alerts, what became of the payments of
    the case, and what people did."""
    desk = ask.door.node.cases
    of_case = {kept.alert.payment for kept in alerts}
    ask.door.directory.load_names(_addresses(ask, network.flows))
    projections, institution = ask.door.node.projections, ask.key.institution
    timed = [
        (flow.time_ns, 0, _payment_moment(ask, row, flow, flow.id in of_case))
        for flow in network.flows
    ]
    timed += [(kept.alert.time_ns, 1, _alert_moment(kept)) for kept in alerts]
    timed += [
        (change.time_ns, 2, _change_moment(payment, change))
        for payment in of_case
        if payment is not None
        for change in projections.acts_on(institution, payment)
        if change.status is not None
    ]
    acts = desk.store.acts_of(row)
    timed += [(act.time_ns, 3, _act_moment(act)) for act in acts if act.act != "alert"]
    timed.sort(key=lambda one: one[:2])
    return [moment for _, _, moment in timed]


def _payment_moment(ask: Ask, row: CaseRow, flow: Flow, in_case: bool) -> Moment:
    directory, book = ask.door.directory, ask.door.node.book
    payer, payee = book.account_at(flow.payer), book.account_at(flow.payee)
    assert payer is not None, "invariant: flows are between accounts"
    assert payee is not None, "invariant: flows are between accounts"
    outgoing = payer.address == row.entity
    other = directory.name(payee.address if outgoing else payer.address)
    asset = directory.asset(flow.asset)
    amount = format_amount(flow.amount_minor, asset)
    way = "to" if outgoing else "from"
    status = Status(flow.status)
    return Moment(
        time=format_time(flow.time_ns),
        kind="payment",
        text=f"{Decimal(amount):,f} {asset.currency} {way} {other}: {_PAID.get(status, status)}.",
        payment=format_payment(flow.id),
        in_case=in_case,
        direction="out" if outgoing else "in",
        counterparty=other,
        amount=amount,
        asset=asset.code,
        status=str(status),
    )


def _alert_moment(kept: KeptAlert) -> Moment:
    alert = kept.alert
    return Moment(
        time=format_time(alert.time_ns),
        kind="alert",
        text=f"Alert: {typology_text(alert.typology)}",
        payment=UNSET if alert.payment is None else format_payment(alert.payment),
    )


def _change_moment(payment: bytes, change: Change) -> Moment:
    status = Status(change.status or Status.UNKNOWN)
    if change.id is None:
        text = "went back by itself: nobody had decided in time."
    else:
        text = _CHANGES.get((Kind(change.kind), status), f"became {status}.")
    return Moment(
        time=format_time(change.time_ns),
        kind="change",
        text=f"The payment {text}",
        payment=format_payment(payment),
        status=str(status),
    )


def _act_moment(act: ActRow) -> Moment:
    text = _ACTS[act.act].format(**act.facts)
    if act.facts.get("assignee") == act.who:
        text = "took the case."
    who = "The node" if not act.key else act.who
    return Moment(time=format_time(act.time_ns), kind="act", text=f"{who} {text}", by=act.who)


# --- network --------------------------------------------------------------------------------------


def see_network(ask: Ask) -> Answer:
    """Refuses case.unknown."""
    row = find_case(ask)
    desk = ask.door.node.cases
    hops = ask.query.hops
    found = desk.network(row, desk.store.alerts_of(row), hops=hops)
    return Answer(200, render_network(ask, row, found, hops))


def render_network(ask: Ask, row: CaseRow, found: Network, hops: int) -> CaseNetwork:
    book, directory = ask.door.node.book, ask.door.directory
    address = {}
    for node in found.nodes:
        account = book.account_at(node.account)
        assert account is not None, "invariant: flows are between accounts"
        address[node.account] = account.address
    directory.load_names(address.values())
    owners = owners_of(ask, list(address.values()))
    name = {account: directory.name(one) for account, one in address.items()}
    return CaseNetwork(
        object="network",
        case=format_case(row.id),
        hops=hops,
        nodes=[
            _node(node, name, owners.get(address[node.account], {}).get("name"))
            for node in found.nodes
        ],
        edges=[render_edge(ask, edge, name) for edge in found.edges],
        cases=_related(ask, row, list(address.values())),
        left_off=found.left_off,
    )


def _related(ask: Ask, row: CaseRow, addresses: Sequence[bytes]) -> list[RelatedCase]:
    others = ask.door.node.cases.store.open_cases_of(row.institution, addresses)
    return [
        RelatedCase(
            case=format_case(other.id),
            account=ask.door.directory.name(other.entity),
            family=other.family,
            status=other.status,  # type: ignore[arg-type]
            alerts=other.alerts,
            expected_loss=eur_text(other.loss_eur_minor),
        )
        for other in others
        if other.id != row.id
    ]


def _node(node: Node, name: dict[int, str], owner: str | None) -> FlowNode:
    return FlowNode(
        account=name[node.account],
        owner=owner,
        hop=node.hop,
        hub=node.hub,
        received=eur_text(node.got_eur_minor),
        sent=eur_text(node.sent_eur_minor),
    )


def render_edge(ask: Ask, edge: Edge, name: Mapping[int, str]) -> FlowEdge:
    asset = ask.door.directory.asset(edge.asset)
    return FlowEdge(
        from_=name[edge.payer],
        to=name[edge.payee],
        asset=asset.code,
        payments=edge.count,
        alerts=edge.alerts,
        moved=format_amount(edge.moved_minor, asset),
        stopped=format_amount(edge.stopped_minor, asset),
        value=eur_text(edge.eur_minor),
        first=format_time(edge.first_ns),
        last=format_time(edge.last_ns),
    )


def _addresses(ask: Ask, flows: Iterable[Flow]) -> set[bytes]:
    book = ask.door.node.book
    numbers = {number for flow in flows for number in (flow.payer, flow.payee)}
    accounts = (book.account_at(number) for number in numbers)
    return {account.address for account in accounts if account is not None}
