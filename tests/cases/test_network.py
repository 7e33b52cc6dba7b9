"""Where the money came from and went: bounded, from hub to hub and no further, always the same."""

from __future__ import annotations

import random
from collections.abc import Sequence

from clearway.cases.folding import NEAR_ROWS_MAX
from clearway.cases.layout import lay_out
from clearway.cases.network import FLOWS_PER_ACCOUNT_MAX, NODES_MAX, Flow, Look, explore


def flow(number: int, payer: int, payee: int, amount: int = 100, *, moved: bool = True) -> Flow:
    id = number.to_bytes(16, "little")
    return Flow(id, payer, payee, 1, amount, amount, "settled", number, moved)


def look_in(flows: list[Flow]) -> Look:
    def look(accounts: Sequence[int], limit: int) -> list[list[Flow]]:
        found = [
            [one for one in flows if account in (one.payer, one.payee)] for account in accounts
        ]
        return [sorted(one, key=lambda flow: -flow.time_ns)[:limit] for one in found]

    return look


def random_flows(chance: random.Random, count: int, *, accounts: int) -> list[Flow]:
    flows = []
    for at in range(count):
        payer, payee = chance.sample(range(accounts), 2)
        flows.append(flow(at, payer, payee, chance.randrange(1, 10_000)))
    return flows


def nobody(_account: int) -> bool:
    return False


def test_steps_go_both_ways() -> None:
    flows = [flow(1, 1, 2), flow(2, 2, 3), flow(3, 3, 4), flow(4, 9, 8)]
    found = explore(2, look_in(flows), alerted=[], is_house=nobody, hops=1)
    assert {node.account: node.hop for node in found.nodes} == {2: 0, 1: 1, 3: 1}
    found = explore(2, look_in(flows), alerted=[], is_house=nobody, hops=2)
    assert {node.account: node.hop for node in found.nodes} == {2: 0, 1: 1, 3: 1, 4: 2}
    assert [(edge.payer, edge.payee) for edge in found.edges] == [(1, 2), (2, 3), (3, 4)]


def test_flows_between_two_accounts_are_one_edge_with_its_sums() -> None:
    flows = [flow(1, 1, 2, 100), flow(2, 1, 2, 50, moved=False), flow(3, 2, 1, 7)]
    found = explore(1, look_in(flows), alerted=[flows[1]], is_house=nobody, hops=1)
    there, back = found.edges
    assert (there.count, there.alerts, there.moved_minor, there.stopped_minor) == (2, 1, 100, 50)
    assert (there.first_ns, there.last_ns, there.eur_minor) == (1, 2, 150)
    assert (back.payer, back.count, back.moved_minor) == (2, 1, 7)
    assert [(node.got_eur_minor, node.sent_eur_minor) for node in found.nodes] == [
        (7, 100),
        (100, 7),
    ]


def test_nothing_is_followed_through_a_hub_or_the_house() -> None:
    shop = [flow(10 + at, 100 + at, 2) for at in range(FLOWS_PER_ACCOUNT_MAX)]
    flows = [flow(1, 1, 2), flow(2, 3, 1), flow(3, 3, 4), *shop]
    found = explore(1, look_in(flows), alerted=[], is_house=lambda account: account == 3, hops=4)
    assert {node.account: node.hub for node in found.nodes} == {1: False, 2: True, 3: True}
    # The account of the case is looked through however much it does.
    assert len(explore(2, look_in(flows), alerted=[], is_house=nobody, hops=1).nodes) > 50


def test_what_is_shown_is_bounded_and_alerted_payments_come_first() -> None:
    flows = [flow(at, 1, 10 + at, 1_000 + at) for at in range(1, 180)]
    small = flow(200, 500, 1, 1)
    found = explore(1, look_in([*flows, small]), alerted=[small], is_house=nobody, hops=1)
    assert len(found.nodes) == NODES_MAX
    assert found.nodes[1].account == 500
    assert found.left_off == 180 + 1 - NODES_MAX
    kept = {node.account for node in found.nodes[2:]}
    assert min(kept) == 10 + 180 - len(kept)  # those with the most money


def test_an_alerted_payment_is_there_however_old_it_is() -> None:
    old = flow(1, 7, 1, 100)
    found = explore(1, look_in([]), alerted=[old], is_house=nobody, hops=2)
    assert [node.account for node in found.nodes] == [1, 7]
    assert found.flows == [old]


def test_a_drawing_puts_whoever_pays_to_the_left() -> None:
    flows = [flow(1, 1, 5), flow(2, 2, 5), flow(3, 5, 7), flow(4, 7, 9), flow(5, 5, 9, 1)]
    found = explore(5, look_in(flows), alerted=[], is_house=nobody, hops=2)
    spots = lay_out(found.nodes, found.edges).spots
    assert {account: spot.column for account, spot in spots.items()} == {
        5: 0, 1: -1, 2: -1, 7: 1, 9: 2,
    }  # fmt: skip


def test_no_two_accounts_lie_on_one_spot_and_the_drawing_is_always_the_same() -> None:
    chance = random.Random(21)
    for _ in range(50):
        flows = random_flows(chance, chance.randrange(1, 60), accounts=20)
        start = flows[0].payer
        found = explore(start, look_in(flows), alerted=flows[:2], is_house=nobody, hops=3)
        sheet = lay_out(found.nodes, found.edges)
        spots = sheet.spots
        assert set(spots) == {node.account for node in sheet.nodes}
        assert len(set(spots.values())) == len(spots)
        assert spots[start].column == 0
        assert all(abs(spot.column) <= 3 for spot in spots.values())
        again = explore(start, look_in(flows), alerted=flows[:2], is_house=nobody, hops=3)
        assert lay_out(again.nodes, again.edges) == sheet
    assert lay_out([], []).spots == {}


def test_a_wide_fan_is_drawn_as_its_largest_accounts_and_one_card_for_the_rest() -> None:
    flows = [flow(at, 1, 100 + at, 1_000 * at) for at in range(1, 41)]
    small = flow(99, 1, 999, 7, moved=False)
    found = explore(1, look_in([*flows, small]), alerted=[small], is_house=nobody, hops=1)
    sheet = lay_out(found.nodes, found.edges)
    [(card, count)] = sheet.folded.items()
    shown = {node.account for node in sheet.nodes}
    # That of the case's payment however small it is, and those with the most money.
    assert shown == {1, 999, *range(134, 141), card}
    assert (count, len(sheet.nodes)) == (41 - 8, NEAR_ROWS_MAX + 1)
    assert sheet.spots[card].row == NEAR_ROWS_MAX - 1
    [edge] = [edge for edge in sheet.edges if edge.payee == card]
    assert (edge.payer, edge.count, edge.moved_minor) == (1, 33, sum(range(1, 34)) * 1_000)
    assert (edge.first_ns, edge.last_ns) == (1, 33)
    [node] = [node for node in sheet.nodes if node.account == card]
    assert (node.got_eur_minor, node.hop) == (edge.moved_minor, 1)


def test_folding_loses_no_money_and_never_the_account_of_the_case() -> None:
    chance = random.Random(5)
    for _ in range(50):
        flows = random_flows(chance, chance.randrange(60, 300), accounts=90)
        start = flows[0].payer
        found = explore(start, look_in(flows), alerted=flows[:2], is_house=nobody, hops=3)
        sheet = lay_out(found.nodes, found.edges)
        plain = {node.account for node in sheet.nodes if node.account >= 0}
        assert sheet.nodes[0] == found.nodes[0]
        assert len(plain) + sum(sheet.folded.values()) == len(found.nodes)
        assert sum(node.got_eur_minor for node in sheet.nodes) == sum(
            node.got_eur_minor for node in found.nodes
        )
        of_start = [edge for edge in found.edges if start in (edge.payer, edge.payee)]
        drawn = [edge for edge in sheet.edges if start in (edge.payer, edge.payee)]
        assert sum(edge.eur_minor for edge in drawn) == sum(edge.eur_minor for edge in of_start)
        columns: dict[int, int] = {}
        for spot in sheet.spots.values():
            columns[spot.column] = columns.get(spot.column, 0) + 1
        assert max(columns.values()) <= NEAR_ROWS_MAX
