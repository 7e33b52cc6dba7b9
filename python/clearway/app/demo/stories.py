"""Six payments that a person could have made with curl: each is a call of the REST interface, and
each ends with a receipt that is checked offline. Those that are made up here ask for nothing that a
payer has not done before, so that no hour and no model finds them strange.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from clearway.app.bootstrap import Node
from clearway.app.demo.api import Api, ApiError
from clearway.app.demo.figures import read_rows
from clearway.app.demo.ring import REASONS_SHOWN, find_ring
from clearway.app.demo.town import Town, listed_names
from clearway.app.genesis import NOSTRO
from clearway.ledger.receipt import ReceiptError, check_receipt
from clearway.payment.ids import format_payment
from clearway.payment.money import Asset, format_amount
from clearway.risk.worlds.population import ASSETS, PERSON

EUR, JPY = "EUR/2", "JPY/0"
_EURO: Final = Asset(1, EUR, 2)
KNOWN_TIMES: Final = 3  # whoever was paid so often is nobody new
SMALL_MINOR_MAX: Final = 200_00
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
class Pair:
    """Two account ids, and the middle of what the first paid the second, in cents."""

    payer: str
    payee: str
    amount_minor: int

    @property
    def amount(self) -> str:
        return format_amount(self.amount_minor, _EURO)


@dataclass(frozen=True, slots=True)
class Teller:
    """What the stories need to be played. name: of this telling, of which there may be more."""

    node: Node
    town: Town
    api: Api
    left_open: bytes | None
    name: str = "story"

    def pair(self, *, cross: bool) -> Pair:
        """The person who paid somebody small sums in euros KNOWN_TIMES, or nearly, and of those
        the most money."""
        payments, population = self.town.payments, self.town.world.population
        wanted = (payments["asset"] == ASSETS.index(EUR)) & ~payments["is_fraud"]
        wanted &= payments["amount_minor"] <= SMALL_MINOR_MAX
        wanted &= population.kind[payments["payer"]] == PERSON
        wanted &= population.asset[payments["payee"]] == ASSETS.index(JPY if cross else EUR)
        wanted &= self.town.crosses == cross
        paid = payments[wanted]
        pairs = paid["payer"].astype(np.int64) * self.town.count + paid["payee"]
        keys, pair_of, times = np.unique(pairs, return_inverse=True, return_counts=True)
        total_minor = np.bincount(pair_of, paid["amount_minor"])
        best = int(np.lexsort((total_minor, np.minimum(times, KNOWN_TIMES)))[-1])
        payer, payee = divmod(int(keys[best]), self.town.count)
        sums_minor = np.sort(paid["amount_minor"][pair_of == best])
        middle_minor = int(sums_minor[len(sums_minor) // 2])
        return Pair(self.town.ids[payer], self.town.ids[payee], middle_minor)

    def owner(self, id: str) -> str:
        return self.town.names[self.town.ids.index(id)]

    def fund(self, id: str) -> None:
        body = {"account": id, "amount": FUNDING, "asset": EUR, "nostro": NOSTRO}
        self.api.post("/v1/issuances", body, key=f"{self.name}-fund-{id}")

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
    pair = teller.pair(cross=False)
    name = listed_names(teller.node.screener.watchlist)[-1]
    listed = f"{teller.name}-sanctioned"
    body = {"id": listed, "owner": {"name": name}, "assets": [EUR]}
    teller.api.post("/v1/accounts", body, key=f"{listed}-account")
    payment = _pay(teller, "sanctioned", replace(pair, payee=listed))
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
        f"{float(ring.value_eur):,.2f} EUR. Most given reasons: {' '.join(ring.reasons)}"
    )
    return _ended(teller, title, text, payment, "declined")


def _cross_border(teller: Teller, title: str) -> Story:
    pair = teller.pair(cross=True)
    teller.fund(pair.payer)
    asked = {"asset": EUR, "to_asset": JPY, "amount": pair.amount}
    quote = teller.api.post("/v1/quotes", asked, key=f"{teller.name}-quote")
    body = {"to_asset": JPY, "quote": quote["id"], "reference": "order 4711"}
    payment = _pay(teller, "cross", pair, **body)
    payer, payee = teller.owner(pair.payer), teller.owner(pair.payee)
    text = (
        f"{payment['amount']} EUR from {payer} arrive as {payment['to_amount']} JPY "
        f"with {payee}. Quote {quote['id'][:12]}…: ECB rate "
        f"{float(quote['rate']):.4f} of {quote['rate_date']} less {quote['spread_bps']} bp, fee "
        f"{quote['fee']} EUR; {len(payment['legs'])} legs that all happen or none."
    )
    return _ended(teller, title, text, payment, "settled")


def _captured(teller: Teller, title: str) -> Story:
    pair = teller.pair(cross=False)
    teller.fund(pair.payer)
    held = _pay(teller, "hold", pair, capture="manual")
    body = {"amount": replace(pair, amount_minor=pair.amount_minor * 3 // 4).amount}
    act = f"/v1/payments/{held['id']}/capture"
    payment = teller.api.post(act, body, key=f"{teller.name}-capture")
    text = (
        f"{held['amount']} EUR {held['status']} for {teller.owner(pair.payee)}, "
        f"{payment['amount_captured']} captured; the rest is free again."
    )
    is_right = payment["amount_captured"] == body["amount"]
    wrong = "" if is_right else "another amount was captured"
    return _ended(teller, title, text, payment, "settled", wrong)


def _voided(teller: Teller, title: str) -> Story:
    held = _pay(teller, "deposit", teller.pair(cross=False), capture="manual")
    act = f"/v1/payments/{held['id']}/void"
    payment = teller.api.post(act, {}, key=f"{teller.name}-void")
    text = f"{held['amount']} EUR {held['status']} as a deposit, then {payment['status']}."
    return _ended(teller, title, text, payment, "voided")


def _reviewed(teller: Teller, title: str) -> Story:
    if teller.left_open is None:
        return Story(title, "", "", "", wrong="no honest payment of the last day went to review")
    id = format_payment(teller.left_open)
    before = teller.api.get(f"/v1/payments/{id}")
    why = teller.api.get(f"/v1/payments/{id}/explanation")
    note = {"note": "called the customer back"}
    payment = teller.api.post(f"/v1/payments/{id}/approve", note, key=f"{teller.name}-approve")
    reasons = " ".join(reason["text"] for reason in why["reasons"][:REASONS_SHOWN])
    text = (
        f"{before['amount']} {before['asset'].partition('/')[0]} held at a fraud probability of "
        f"{before['decision']['score_bps'] / 100:.1f} %. {reasons} An analyst "
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


def _pay(teller: Teller, what: str, pair: Pair, **more: str) -> dict[str, Any]:
    body = {"from": pair.payer, "to": pair.payee, "amount": pair.amount, "asset": EUR, **more}
    payment: dict[str, Any] = teller.api.post("/v1/payments", body, key=f"{teller.name}-{what}")
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
