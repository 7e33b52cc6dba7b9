"""Six payments that a person could have made with curl: each is a call of the REST interface, and
each ends with a receipt that is checked offline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from clearway.app.bootstrap import Node
from clearway.app.demo.api import Api, ApiError
from clearway.app.demo.figures import read_rows
from clearway.app.demo.ring import find_ring
from clearway.app.demo.town import Town, listed_names
from clearway.app.genesis import NOSTRO
from clearway.ledger.receipt import ReceiptError, check_receipt
from clearway.payment.ids import format_payment
from clearway.risk.population import ASSETS

EUR, JPY = "EUR/2", "JPY/0"
SANCTIONED_ID: Final = "story-sanctioned"
FUNDING: Final = "5000.00"


@dataclass(frozen=True, slots=True)
class Story:
    """What happened and why; `wrong` when it did not end as it should."""

    title: str
    text: str
    payment: str
    receipt: str
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Teller:
    """What the stories need to be played."""

    node: Node
    town: Town
    api: Api
    left_open: bytes | None

    def pair(self, *, cross: bool) -> tuple[str, str]:
        """The payer and the payee of euros who paid each other most: nobody's first time."""
        payments = self.town.payments
        wanted = (payments["asset"] == ASSETS.index(EUR)) & ~payments["is_fraud"]
        payee_asset = self.town.world.population.asset[payments["payee"]]
        wanted &= payee_asset == ASSETS.index(JPY if cross else EUR)
        wanted &= self.town.crosses == cross
        pairs = payments["payer"][wanted].astype(np.int64) * self.town.count
        keys, counts = np.unique(pairs + payments["payee"][wanted], return_counts=True)
        payer, payee = divmod(int(keys[np.argmax(counts)]), self.town.count)
        return self.town.ids[payer], self.town.ids[payee]

    def name(self, id: str) -> str:
        return self.town.names[self.town.ids.index(id)]

    def fund(self, id: str) -> None:
        body = {"account": id, "amount": FUNDING, "asset": EUR, "nostro": NOSTRO}
        self.api.post("/v1/issuances", body, key=f"story-fund-{id}")

    def receipt(self, payment: str) -> str:
        """Its place on the chain, after the receipt was checked against the genesis alone.

        Raises ReceiptError.
        """
        receipt = self.api.get(f"/v1/payments/{payment}/receipt")
        checked = check_receipt(receipt, self.node.genesis)
        return f"{checked.height}-{checked.index}"


def tell_stories(teller: Teller, advance: Callable[[int], None]) -> list[Story]:
    """In order; one that cannot be told says why and the others go on."""
    told = []
    for title, play in STORIES:
        try:
            told.append(play(teller, title))
        except (ApiError, ReceiptError, OSError) as error:
            told.append(Story(title, "", "", "", wrong=str(error)))
        advance(1)
    return told


# --- the stories --------------------------------------------------------------------------------


def _sanctioned(teller: Teller, title: str) -> Story:
    payer, _ = teller.pair(cross=False)
    name = listed_names(teller.node.screener.watchlist)[-1]
    owner = {"name": name}
    body = {"id": SANCTIONED_ID, "owner": owner, "assets": [EUR]}
    teller.api.post("/v1/accounts", body, key="story-sanctioned-account")
    payment = _pay(teller, "story-sanctioned", payer, SANCTIONED_ID, "120.00")
    why = teller.api.get(f"/v1/payments/{payment['id']}/explanation")
    matches = why.get("matches") or [{"matched_name": "nobody", "entity_id": "-", "score": 0.0}]
    match = matches[0]
    text = (
        f"{payment['amount']} EUR to “{name}”: {payment['status']}, no money moved. "
        f"Match {match['score']:.0%}: {match['matched_name']} (list entry {match['entity_id']})."
    )
    return _ended(teller, title, text, payment, "declined")


def _ring(teller: Teller, title: str) -> Story:
    ring = find_ring(teller.node, teller.town, read_rows(teller.node))
    if ring is None:
        return Story(title, "", "", "", wrong="nothing of a mule ring was stopped")
    id = format_payment(ring.example.id)
    payment = teller.api.get(f"/v1/payments/{id}")
    text = (
        f"Victims pay in, {ring.accounts} mules pass on: {ring.stopped} of the ring's "
        f"{ring.payments} payments stopped, {float(ring.stopped_eur):,.2f} of "
        f"{float(ring.value_eur):,.2f} EUR. Most given reasons: {', '.join(ring.reasons)}."
    )
    return _ended(teller, title, text, payment, "declined")


def _cross_border(teller: Teller, title: str) -> Story:
    payer, payee = teller.pair(cross=True)
    teller.fund(payer)
    asked = {"asset": EUR, "to_asset": JPY, "amount": "250.00"}
    quote = teller.api.post("/v1/quotes", asked, key="story-quote")
    body = {"to_asset": JPY, "quote": quote["id"], "reference": "invoice 4711"}
    payment = _pay(teller, "story-cross", payer, payee, "250.00", **body)
    text = (
        f"{payment['amount']} EUR from {teller.name(payer)} arrive as {payment['to_amount']} JPY "
        f"with {teller.name(payee)}. Quote {quote['id'][:12]}…: ECB rate "
        f"{float(quote['rate']):.4f} of {quote['rate_date']} less {quote['spread_bps']} bp, fee "
        f"{quote['fee']} EUR; {len(payment['legs'])} legs that all happen or none."
    )
    return _ended(teller, title, text, payment, "settled")


def _captured(teller: Teller, title: str) -> Story:
    payer, payee = teller.pair(cross=False)
    teller.fund(payer)
    held = _pay(teller, "story-hold", payer, payee, "24.00", capture="manual")
    act = f"/v1/payments/{held['id']}/capture"
    payment = teller.api.post(act, {"amount": "18.00"}, key="story-capture")
    text = (
        f"{held['amount']} EUR {held['status']} for {teller.name(payee)}, "
        f"{payment['amount_captured']} captured; the rest is free again."
    )
    wrong = "" if payment["amount_captured"] == "18.00" else "another amount was captured"
    return _ended(teller, title, text, payment, "settled", wrong)


def _voided(teller: Teller, title: str) -> Story:
    payer, payee = teller.pair(cross=False)
    held = _pay(teller, "story-deposit", payer, payee, "450.00", capture="manual")
    payment = teller.api.post(f"/v1/payments/{held['id']}/void", {}, key="story-void")
    text = f"{held['amount']} EUR {held['status']} as a deposit, then {payment['status']}."
    return _ended(teller, title, text, payment, "voided")


def _reviewed(teller: Teller, title: str) -> Story:
    if teller.left_open is None:
        return Story(title, "", "", "", wrong="no honest payment of the last day went to review")
    id = format_payment(teller.left_open)
    before = teller.api.get(f"/v1/payments/{id}")
    decision = before["decision"]
    note = {"note": "called the customer back"}
    payment = teller.api.post(f"/v1/payments/{id}/approve", note, key="story-approve")
    reasons = ", ".join(decision["reasons"][:3])
    text = (
        f"{before['amount']} {before['asset'].partition('/')[0]} held at a fraud probability of "
        f"{decision['score_bps'] / 100:.1f} %: {reasons}. An analyst "
        "called the customer back and approved it."
    )
    return _ended(teller, title, text, payment, "settled")


STORIES: Final[tuple[tuple[str, Callable[[Teller, str], Story]], ...]] = (
    ("A sanctioned party refused", _sanctioned),
    ("A fraud ring caught", _ring),
    ("A payment across a border", _cross_border),
    ("A hold captured in part", _captured),
    ("A hold voided", _voided),
    ("A payment reviewed and approved", _reviewed),
)


# --- what they share ----------------------------------------------------------------------------


def _pay(
    teller: Teller, key: str, payer: str, payee: str, amount: str, **more: str
) -> dict[str, Any]:
    body = {"from": payer, "to": payee, "amount": amount, "asset": EUR, **more}
    payment: dict[str, Any] = teller.api.post("/v1/payments", body, key=key)
    return payment


def _ended(
    teller: Teller,
    title: str,
    text: str,
    payment: dict[str, Any],
    status: str,
    wrong: str = "",
) -> Story:
    if payment["status"] != status:
        wrong = f"{payment['id']} is {payment['status']}, not {status}"
    return Story(title, text, payment["id"], teller.receipt(payment["id"]), wrong)
