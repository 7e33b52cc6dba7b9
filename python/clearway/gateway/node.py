"""The rooms of a node as the gateway sees them; app/bootstrap.py builds them.

A Protocol because imports point down: the gateway may not import `app`. Its second implementation
is the small node of tests/gateway.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from clearway.ledger.book import Book
from clearway.ledger.genesis import Genesis
from clearway.lifecycle.batcher import Batcher
from clearway.lifecycle.investigate import Desk
from clearway.lifecycle.queue import PaymentQueue
from clearway.payment.batch import Placed, Submission
from clearway.payment.errors import Fault
from clearway.ports.model import Model
from clearway.risk.models.calibration_drift import CalibrationDrift
from clearway.risk.scores import RiskCounts
from clearway.routing.quotes import Quotes
from clearway.routing.rates import Rates
from clearway.routing.routes import Routes
from clearway.routing.uses import QuoteUses
from clearway.screening import PartyScreen
from clearway.store.audit import Audit
from clearway.store.projections import Projections
from clearway.store.vault import Vault


class Node(Protocol):
    book: Book
    vault: Vault
    projections: Projections
    audit: Audit
    batcher: Batcher
    queue: PaymentQueue
    cases: Desk
    parties: PartyScreen
    rates: Rates
    quotes: Quotes
    quote_uses: QuoteUses
    routes: Routes
    genesis: Genesis
    institution: int
    secret: bytes

    @property
    def clock(self) -> Callable[[], int]:
        """Nanoseconds since 1970, UTC."""

    @property
    def restored_to(self) -> int | None:
        """The height that a backup was restored to, if this node is made of one: a block above it
        that was acknowledged before is not of this chain."""

    def readiness(self) -> Sequence[str]:
        """What is still missing; empty when the node serves."""

    def warnings(self) -> Sequence[str]:
        """What is wrong although the node serves, such as a risk model that does not answer."""

    def degraded(self) -> Sequence[str]:
        """Those of the warnings that change how payments are decided."""

    def rounds_failing(self) -> Mapping[str, bool]:
        """What looks once in a while, and whether it failed at its last turn."""

    def drift(self) -> Mapping[str, Mapping[str, float]]:
        """PSI of each risk feature and of the score, by what it is told against, `training` or
        `own`; empty while too little was seen."""

    def calibration(self) -> CalibrationDrift | None:
        """Frauds against what was said of them; None while too little is known."""

    def risk_counts(self) -> RiskCounts:
        """How the risk room decided since the start."""

    @property
    def typologies_digest(self) -> bytes:
        """Of the levels of typologies that are in force, as decisions carry it."""

    def disk_fault(self) -> Fault | None:
        """node.disk_full or node.disk_failed: nothing is accepted, and reads go on."""

    def model(self, model_id: bytes) -> Model | None:
        """That decided under this id; None when the node does not have it."""

    def rehearse(self, submission: Submission, *, presume_signed: bool) -> Placed:
        """What the ledger would answer to it; nothing is written. See lifecycle/rehearse.py."""

    def price(self, head: bytes) -> bytes:
        """A payment's head with what the payee gets and the most that fees may take, as of now."""

    @property
    def own_keys(self) -> frozenset[bytes]:
        """What this node signs with."""

    def govern(self, submission: Submission) -> Awaitable[Placed]:
        """As `batcher.submit`, under the key that registers assets and keys."""

    def replay(self, id: bytes, request_hash: bytes) -> Awaitable[Placed | None]:
        """The first answer to an id that was used. Refuses idempotency.body_differs."""
