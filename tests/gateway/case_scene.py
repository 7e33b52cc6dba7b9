"""A case that is worth looking at: a mule account, those who paid it, and where the money went."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.gateway.api import Api, fresh
from tests.gateway.people import FAN_IN, Suspicious, act, cases_of, person

PASS_THROUGH, NEW_PAYEE, STRUCTURING = (np.uint64(1 << bit) for bit in (11, 2, 12))
VICTIMS = ("Gerda Lindqvist", "Tomás Ferreira", "Ida <b>Bold</b> & Sons", "Yusuf Demir", "Ana Ruiz")
FRIENDS = ("Petra Novák", "Jonas Vale", "Kwame Mensah")


@dataclass
class Scene:
    api: Api
    ann: Api
    ben: Api
    case: str
    mule: str


def play(api: Api) -> Scene:
    """On a node as people.serve_suspicious makes it."""
    suspicious = api.node.rooms.scorer
    assert isinstance(suspicious, Suspicious)
    ann, ben = person(api, "ann.berg"), person(api, "ben.okafor")
    mule = opened(api, "mule", "Mira Halloran", "IE")
    victims = [opened(api, "victim", name, "DE") for name in VICTIMS]
    friends = [opened(api, "friend", name, "MT") for name in FRIENDS]
    shop = opened(api, "exchange", "Northwind Coin Exchange", "EE")
    for victim in victims:
        api.fund(victim, "20000.00")
    suspicious.stops = False
    for victim, amount in zip(
        victims, ("180.00", "95.50", "60.00", "75.25", "120.00"), strict=True
    ):
        api.pay(victim, victims[0] if victim != victims[0] else victims[1], amount)
        api.clock.pass_s(5 * 3_600)
    for victim, amount in zip(victims[:3], ("2450.00", "1980.00", "3100.00"), strict=True):
        api.pay(victim, mule, amount)
        api.clock.pass_s(1_800)
    for friend, amount in zip(friends, ("2400.00", "2300.00", "2700.00"), strict=True):
        api.pay(mule, friend, amount)
        api.clock.pass_s(240)
    for friend, amount in zip(friends, ("2350.00", "2250.00", "2650.00"), strict=True):
        api.pay(friend, shop, amount)
        api.clock.pass_s(600)
    suspicious.stops = True
    suspicious.reasons, suspicious.score_bps = FAN_IN | NEW_PAYEE, 7_420
    for victim, amount in zip(victims[3:], ("4100.00", "4900.00"), strict=True):
        api.pay(victim, mule, amount)
        api.clock.pass_s(420)
    suspicious.reasons, suspicious.score_bps = PASS_THROUGH | NEW_PAYEE, 8_815
    api.pay(mule, shop, "120.00")
    api.clock.pass_s(900)
    [case] = cases_of(api, mule)
    id = case["id"]
    act(ann, id, "assign", {"assignee": "ann.berg"})
    api.clock.pass_s(600)
    note = "Called Yusuf Demir at 10:15: he was told to move his savings to a “safe account”."
    act(ann, id, "notes", {"text": note})
    api.clock.pass_s(1_200)
    why = (
        "Five people who do not know each other pay within a day; two thirds leave within the hour "
        "for a crypto exchange.\nThe account was opened for this."
    )
    act(ann, id, "propose", {"decision": "report", "note": why})
    return Scene(api, ann, ben, id, mule)


def opened(api: Api, prefix: str, name: str, country: str) -> str:
    return api.account(id=fresh(f"{prefix}-"), owner={"name": name, "country": country})


def play_fan(api: Api, payers: int) -> Scene:
    """Many pay one account, each another amount, and everything is stopped; one payee is paid."""
    suspicious = api.node.rooms.scorer
    assert isinstance(suspicious, Suspicious)
    suspicious.reasons, suspicious.score_bps = FAN_IN, 7_420
    collector = opened(api, "collector", "Meridian Supplies and Trading", "FR")
    api.fund(collector, "100.00")
    for at in range(payers):
        payer = opened(api, "payer", f"Payer No. {at + 1:03}", "FR")
        api.fund(payer, "20000.00")
        api.pay(payer, collector, f"{100 + 7 * at}.00")
        api.clock.pass_s(60)
    suspicious.stops = False
    api.pay(collector, opened(api, "payee", "Kestrel Freight", "GB"), "90.00")
    suspicious.stops = True
    ann, ben = person(api, "ann.berg"), person(api, "ben.okafor")
    [case] = [one for one in cases_of(api, collector) if one["family"] == "laundering"]
    return Scene(api, ann, ben, case["id"], collector)
