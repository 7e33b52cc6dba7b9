"""The rooms that a batch passes through, as app/bootstrap.py built them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from clearway.ledger.book import Book
from clearway.lifecycle.house import House
from clearway.lifecycle.phases import PhaseClock
from clearway.lifecycle.replay import Replay
from clearway.lifecycle.shadow import Shadow
from clearway.payment.fees import FeeSchedule
from clearway.payment.money import Asset
from clearway.ports.ordering import Ordering
from clearway.risk.decide import Scorer
from clearway.risk.facts import ReferenceRates
from clearway.risk.typologies.in_force import InForce
from clearway.routing.quotes import Quotes
from clearway.routing.uses import QuoteUses
from clearway.screening import PartyScreen
from clearway.store.projections import Projections
from clearway.store.vault import Vault


@dataclass(slots=True)
class Rooms:
    """institution and seed: whose envelopes these are, and the 32 bytes that sign them; key: the
    public half. salt_key: 32 secret bytes for decision salts. clock: ns since 1970, UTC.
    assets: by number. sequence: last used in an envelope of this key. told_again: number of the
    last feedback, when the batch that was to say that it was told stands nowhere."""

    institution: int
    seed: bytes
    key: bytes
    salt_key: bytes
    house: House
    fees: FeeSchedule
    review_ns: int
    envelope_valid_ns: int
    assets: dict[int, Asset]
    sequence: int
    book: Book
    parties: PartyScreen
    reference: ReferenceRates
    scorer: Scorer
    typologies: InForce
    shadow: Shadow
    quotes: Quotes
    quote_uses: QuoteUses
    vault: Vault
    projections: Projections
    replay: Replay
    ordering: Ordering
    clock: Callable[[], int]
    phases: PhaseClock
    told_again: int | None = None

    def learn_assets(self) -> None:
        """Those that were registered since."""
        self.assets = {asset.number: asset for asset in self.book.assets()}
        self.reference = reference_rates(self.assets)


def reference_rates(assets: Mapping[int, Asset]) -> ReferenceRates:
    """assets: of the ledger, by number."""
    codes = [""] * (max(assets, default=0) + 1)
    for number, asset in assets.items():
        codes[number] = asset.code
    return ReferenceRates(codes)
