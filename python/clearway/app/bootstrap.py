"""Builds a node: the only place where concrete parts are named, from top to bottom.

    node = build_node(load_config(dev=True))
    node.start()
    ...
    node.stop()

The data folder holds `keys.json` (encrypted), `genesis.json`, `chain/` (block log, snapshots),
`vault.sqlite`, `cases.sqlite`, `audit.log`, `typologies/` (levels that were in force),
`projections.sqlite` (made from the chain),
`features.bin` (too) and `ballast` (room for what must still be written when the disk is full).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from clearway.app.backup import LEVELS, RESTORED
from clearway.app.ballast import Ballast
from clearway.app.clock import SteadyClock
from clearway.app.config import Config
from clearway.app.genesis import (
    ASSET_CODES,
    FEES,
    INSTITUTION,
    LIQUIDITY,
    LIQUIDITY_MAJOR,
    NOSTRO,
    make_genesis,
)
from clearway.app.keys import Keys, open_keys
from clearway.app.model_desk import ModelDesk
from clearway.app.snapshots import BLOCKS_MIN, Snapshots
from clearway.clearing.legs import HouseAccounts
from clearway.ledger.book import Book
from clearway.ledger.crypto import hash_bytes, public_key
from clearway.ledger.genesis import Genesis, dump_genesis, load_genesis
from clearway.lifecycle.batcher import Batcher, Limits
from clearway.lifecycle.calibration import CalibrationWatch
from clearway.lifecycle.govern import Governor, last_sequence
from clearway.lifecycle.house import House
from clearway.lifecycle.investigate import Desk
from clearway.lifecycle.phases import PhaseClock
from clearway.lifecycle.queue import PaymentQueue
from clearway.lifecycle.rehearse import price, rehearse
from clearway.lifecycle.replay import Replay
from clearway.lifecycle.resume import catch_up
from clearway.lifecycle.rooms import Rooms, reference_rates
from clearway.lifecycle.rounds import Rounds
from clearway.lifecycle.shadow import Shadow
from clearway.lifecycle.standing import StandingOrders
from clearway.ordering.sequencer import Sequencer
from clearway.payment.batch import Columns, Placed, Submission
from clearway.payment.errors import Fault
from clearway.payment.fees import FeeSchedule
from clearway.payment.ids import account_address, payment_id
from clearway.payment.records import Kind, pack_head
from clearway.ports.model import Model
from clearway.ports.ordering import Ordering
from clearway.risk.decide import Scorer
from clearway.risk.errors import RiskFault
from clearway.risk.memory.state import FeatureState
from clearway.risk.models.calibration_drift import CalibrationDrift
from clearway.risk.models.registry import Registry
from clearway.risk.policy import CostPolicy
from clearway.risk.scores import RiskCounts
from clearway.risk.typologies.settings import keep_levels, load_in_force
from clearway.routing.quotes import Quotes
from clearway.routing.rates import Rates, load_rates
from clearway.routing.routes import Routes
from clearway.routing.uses import QuoteUses
from clearway.screening import Party, PartyScreen, Screener, Watchlist, parse_birth_date
from clearway.store.audit import Audit
from clearway.store.cases import CaseStore
from clearway.store.projections import Projections
from clearway.store.shadow import ShadowStore
from clearway.store.vault import Vault

TICK_S: Final = 0.05
ROOM_PAUSE_S: Final = 1.0
CATCH_UP_TIMEOUT_S: Final = 3_600.0
FUNDING_VALID_NS: Final = 600 * 10**9

log = logging.getLogger("clearway.app")


@dataclass(slots=True)
class Node:
    """All rooms of one running institution; see gateway/node.py for what the doors use."""

    config: Config
    genesis: Genesis
    institution: int
    secret: bytes
    clock: Callable[[], int]
    book: Book
    vault: Vault
    audit: Audit
    projections: Projections
    screener: Screener
    parties: PartyScreen
    scorer: Scorer
    rates: Rates
    quotes: Quotes
    quote_uses: QuoteUses
    routes: Routes
    ordering: Ordering
    rooms: Rooms
    batcher: Batcher
    queue: PaymentQueue
    cases: Desk
    calibration_watch: CalibrationWatch
    phases: PhaseClock
    ballast: Ballast
    governor: Governor
    own_keys: frozenset[bytes]
    restored_to: int | None
    models: ModelDesk
    _room: Rounds = field(init=False)
    _expiry: Rounds = field(init=False)
    _standing: StandingOrders | None = None
    _snapshots: Snapshots | None = None
    _started: bool = False
    _has_ballast: bool = False

    def __post_init__(self) -> None:
        self._room = Rounds("room", ROOM_PAUSE_S, self._watch_room, self._refresh_models)
        self._expiry = Rounds("expiry", TICK_S, self._end_holds)

    def start(self) -> None:
        """Returns when the node serves: everything derived has caught up with the chain."""
        self._has_ballast = self.ballast.fill()
        self.projections.start(self.book)
        replayed = self.book.height - self.book.snapshot_height
        payments = catch_up(self.book, self.scorer, self.rooms.reference, self.vault)
        if not self.projections.wait_for(self.book.height, CATCH_UP_TIMEOUT_S):
            raise Fault("node.starting", what="the projections do not catch up with the chain")
        if replayed >= BLOCKS_MIN:
            self._save()
        log.info("height %d; %d payments taken into memory", self.book.height, payments)
        self._refresh_models()
        self.rooms.shadow.start()
        self.batcher.start()
        self._watch_room()
        self._room.start()
        self._expiry.start()
        if self.config.dev and self.batcher.disk_fault() is None:
            _fund_liquidity(self)
        self._standing = StandingOrders(self.rooms, self.batcher, self.secret)
        self._standing.start()
        self.queue.start()
        self.cases.start()
        self.calibration_watch.start()
        self._snapshots = Snapshots(self.book)
        self._snapshots.start()
        self._started = True

    def stop(self) -> None:
        """Answers what waits, saves what makes the next start quick, lets go of the files."""
        self._started = False
        self._room.stop()
        self._expiry.stop()
        if self._standing is not None:
            self._standing.stop()
        self.queue.stop()
        self.cases.stop()
        self.calibration_watch.stop()
        if self._snapshots is not None:
            self._snapshots.stop()
        self.batcher.stop()
        self.rooms.shadow.stop()
        self.projections.stop()
        if not self.ordering.problems():
            try:
                self._save()
            except (Fault, OSError) as error:
                log.warning("the next start reads the chain again: %s", error)
        self.book.close()
        self.vault.close()
        self.audit.close()

    def readiness(self) -> Sequence[str]:
        """Why payments are not served now; empty when they are."""
        problems = [] if self._started else ["starting"]
        problems += self.ordering.problems() + self.batcher.problems()
        if self.projections.failure is not None:
            problems.append(f"the projections stopped: {self.projections.failure}")
        return problems

    def warnings(self) -> Sequence[str]:
        """What is wrong although payments are served."""
        scarcity = self.scorer.scarcity(self.clock())
        drift = [*self.rooms.shadow.alerts(), *self.calibration_watch.alerts()]
        failed = [problem for rounds in self._rounds() for problem in rounds.problems()]
        return [*self.degraded(), *failed, *scarcity, *drift]

    def degraded(self) -> Sequence[str]:
        """Those of the warnings that change how payments are decided."""
        return [*self.models.problems, *self.scorer.problems()]

    def rounds_failing(self) -> Mapping[str, bool]:
        """What looks once in a while, and whether it failed at its last turn."""
        return {rounds.name: bool(rounds.problems()) for rounds in self._rounds()}

    def _rounds(self) -> list[Rounds]:
        parts = (self._standing, self.cases.watch, self.calibration_watch, self._snapshots)
        return [self._room, self._expiry, *(part.rounds for part in parts if part is not None)]

    def drift(self) -> Mapping[str, Mapping[str, float]]:
        """PSI of each risk feature and of the score, against `training` and `own`; empty while too
        little was seen."""
        return self.rooms.shadow.psi()

    def calibration(self) -> CalibrationDrift | None:
        """Frauds against what was said of them; None while too little is known."""
        return self.calibration_watch.found

    def risk_counts(self) -> RiskCounts:
        """How the risk room decided since the start."""
        counts = self.scorer.counts(self.clock())
        return replace(counts, shadow=dict(self.rooms.shadow.counts))

    @property
    def typologies_digest(self) -> bytes:
        """Of the levels of typologies that are in force, as decisions carry it."""
        return self.rooms.typologies.digest

    def disk_fault(self) -> Fault | None:
        """node.disk_full or node.disk_failed: nothing is accepted, and reads go on. None as long as
        anything else keeps the node from serving."""
        if not self._started or self.projections.failure is not None:
            return None
        if self.ordering.problems():
            return Fault("node.disk_failed")
        return self.batcher.disk_fault()

    def model(self, model_id: bytes) -> Model | None:
        """That decided under this id; None when the node does not have it."""
        return self.models.model(model_id)

    def rehearse(self, submission: Submission, *, presume_signed: bool) -> Placed:
        """What the ledger would answer to it; nothing is written."""
        return rehearse(submission, self.rooms, presume_signed=presume_signed)

    def price(self, head: bytes) -> bytes:
        """A payment's head with what the payee gets and the most that fees may take."""
        return price(head, self.rooms)

    async def govern(self, submission: Submission) -> Placed:
        """Orders one act under the governance key."""
        return await asyncio.to_thread(self.governor.place, submission)

    async def replay(self, id: bytes, request_hash: bytes) -> Placed | None:
        """The first answer to an id that was used. Refuses idempotency.body_differs."""
        return await asyncio.to_thread(self._replay, id, request_hash)

    def _replay(self, id: bytes, request_hash: bytes) -> Placed | None:
        place = self.rooms.replay.find(id)
        return None if place is None else self.rooms.replay.answer(place, request_hash)

    def _end_holds(self) -> None:
        """Those that are due: the ledger's time only passes with blocks."""
        due_ns = self.book.next_expiry_ns()
        if due_ns is None or due_ns > self.clock() or self.ordering.problems():
            return
        if self.batcher.disk_fault() is not None:
            return
        try:
            self.ordering.pass_time()
        except Fault as fault:
            log.error("holds that are due cannot end: %s", fault)
            if fault.code == "node.disk_full":
                self.batcher.pause(fault)
        self.projections.notify(self.book.height)

    def _refresh_models(self) -> None:
        self.models.refresh(self.scorer, self.rooms.shadow)

    def _watch_room(self) -> None:
        """Without room nothing is accepted, and the ballast goes, so that what was acknowledged can
        still reach the projections. When there is room for it again, the node goes on."""
        fault = self.batcher.disk_fault()
        is_full = self.projections.is_full or (fault and fault.code == "node.disk_full")
        if self._has_ballast and is_full:
            log.error("the disk is full: nothing is accepted until there is room")
            self.batcher.pause(Fault("node.disk_full"))
            self.ballast.drop()
            self._has_ballast = False
        elif not self._has_ballast:
            self._has_ballast = self.ballast.fill()
            if self._has_ballast:
                log.warning("there is room again")
                self.batcher.resume()
            else:
                self.batcher.pause(Fault("node.disk_full"))

    def _save(self) -> None:
        self.scorer.save(self.config.data / "features.bin")
        self.book.snapshot()


def build_node(config: Config, *, clock: Callable[[], int] = time.time_ns) -> Node:
    """Opens or makes everything; nothing runs yet. Raises ConfigError, CorruptBook, Fault,
    BadList, RiskFault."""
    typologies = load_in_force(config.typologies)
    config.data.mkdir(parents=True, exist_ok=True)
    keep_levels(config.data / LEVELS, typologies)
    keys = open_keys(config)
    genesis = _open_genesis(config.data / "genesis.json", keys, config.dev, clock)
    book = _open_book(config.data / "chain", genesis)
    clock = SteadyClock(clock, not_before_ns=book.time_ns)
    vault = Vault(config.data / "vault.sqlite", keys.vault)
    projections = Projections(config.database, numbers=book.account_numbers)
    assets = {asset.number: asset for asset in book.assets()}

    screener = Screener(
        Watchlist.from_folder(config.lists) if config.lists else Watchlist.shipped()
    )
    parties = PartyScreen(screener, _names_of(book, vault), accounts=book.accounts_count)
    models = ModelDesk(Registry(config.data / "models"), config.model)
    scorer = _open_scorer(config, models.open())
    fees = FeeSchedule(domestic_bps=config.fee_domestic_bps, cross_bps=config.fee_cross_bps)
    rates = load_rates()
    quotes = Quotes(
        rates=rates,
        fees=fees,
        spread_bps=config.fx_spread_bps,
        valid_ns=config.quote_valid_s * 10**9,
        store=vault,
        clock=clock,
    )
    quote_uses = QuoteUses(
        booked_by=partial(projections.payment_of_quote, INSTITUTION), clock=clock
    )
    routes = Routes(quotes=quotes, fees=fees, spread_bps=config.fx_spread_bps)
    ordering = Sequencer(book, seed=keys.sequencer, clock=clock)
    key = public_key(keys.institution)
    phases = PhaseClock()
    addresses = {account.id: account.address for account in genesis.accounts}
    rooms = Rooms(
        institution=INSTITUTION,
        seed=keys.institution,
        key=key,
        salt_key=keys.salt,
        house=House(
            book,
            secret=keys.secret,
            institution=INSTITUTION,
            first=HouseAccounts(liquidity=addresses[LIQUIDITY], fees=addresses[FEES]),
        ),
        fees=fees,
        review_ns=config.review_deadline_s * 10**9,
        envelope_valid_ns=config.envelope_valid_s * 10**9,
        assets=assets,
        sequence=last_sequence(book, vault, key),
        book=book,
        parties=parties,
        reference=reference_rates(assets),
        scorer=scorer,
        typologies=typologies,
        shadow=Shadow(ShadowStore(config.data / "shadow.sqlite")),
        quotes=quotes,
        quote_uses=quote_uses,
        vault=vault,
        projections=projections,
        replay=Replay(institution=INSTITUTION, book=book, vault=vault, projections=projections),
        ordering=ordering,
        clock=clock,
        phases=phases,
    )
    limits = Limits(queue_rows_max=config.queue_payments_max, wait_us=config.batch_wait_us)
    batcher = Batcher(rooms, limits)
    return Node(
        config=config,
        genesis=genesis,
        institution=INSTITUTION,
        secret=keys.secret,
        clock=clock,
        book=book,
        vault=vault,
        audit=Audit(config.data / "audit.log"),
        projections=projections,
        screener=screener,
        parties=parties,
        scorer=scorer,
        rates=rates,
        quotes=quotes,
        quote_uses=quote_uses,
        routes=routes,
        ordering=ordering,
        rooms=rooms,
        batcher=batcher,
        queue=PaymentQueue(rooms, batcher),
        cases=Desk(
            rooms,
            CaseStore(config.data / "cases.sqlite"),
            deadline_ns=config.case_deadline_s * 10**9,
        ),
        calibration_watch=CalibrationWatch(scorer, vault, book, clock),
        phases=phases,
        ballast=Ballast(config.data / "ballast"),
        governor=Governor(rooms, seed=keys.governance),
        own_keys=frozenset(map(public_key, (keys.institution, keys.sequencer, keys.governance))),
        restored_to=_restored_to(config.data),
        models=models,
    )


# --- files ----------------------------------------------------------------------------------------


def _open_genesis(path: Path, keys: Keys, dev: bool, clock: Callable[[], int]) -> Genesis:
    if not path.exists():
        name = "clearway-dev" if dev else "clearway"
        genesis = make_genesis(keys, name=name, time_ns=clock(), dev=dev)
        path.write_text(dump_genesis(genesis), "utf-8")
    return load_genesis(path)


def _open_book(folder: Path, genesis: Genesis) -> Book:
    if folder.exists() and any(folder.iterdir()):
        return Book.open(folder, genesis)
    folder.mkdir(exist_ok=True)
    return Book.create(folder, genesis)


def _restored_to(data: Path) -> int | None:
    path = data / RESTORED
    if not path.exists():
        return None
    height: int = json.loads(path.read_text("utf-8"))["height"]
    log.warning("restored from a backup to height %d: docs/operations.md, Restoring", height)
    return height


def _open_scorer(config: Config, model: Model | None) -> Scorer:
    """A memory that cannot be read is made again from the chain, by catch_up."""
    path = config.data / "features.bin"
    state = FeatureState()
    if path.exists():
        try:
            state = FeatureState.load(path)
        except (RiskFault, OSError) as fault:
            log.warning("%s", fault)
    return Scorer(state, model, policy_of(config), budget_s=config.model_budget_ms / 1_000)


def policy_of(config: Config) -> CostPolicy:
    """What a bank has said of its costs and its people."""
    return CostPolicy(
        review_bps_min=config.review_bps_min,
        decline_bps_min=config.decline_bps_min,
        reviews_per_day=config.reviews_per_day,
    )


def _names_of(book: Book, vault: Vault) -> Callable[[Sequence[int]], list[Party | None]]:
    """Owners of account numbers, for screening; None for an account that has none."""

    def names_of(numbers: Sequence[int]) -> list[Party | None]:
        accounts = [book.account_at(number) for number in numbers]
        records = vault.accounts([account.address for account in accounts if account])
        owners = [
            records[a.address].owner if a and a.address in records else None for a in accounts
        ]
        return [_party_of(owner) if owner else None for owner in owners]

    return names_of


def _party_of(owner: bytes) -> Party:
    fields = json.loads(owner)
    born = fields.get("birth_date")
    return Party(fields["name"], parse_birth_date(born) if born else None, fields.get("country"))


# --- a node for development -----------------------------------------------------------------------


def _fund_liquidity(node: Node) -> None:
    """Issues the liquidity account's money once: the ids are fixed, so a later start only reads
    the first answers again."""
    now_ns = node.clock()
    submissions = [
        Submission(
            head=pack_head(
                kind=Kind.ISSUE,
                id=payment_id(node.secret, principal="clearway", idempotency_key=asset.code),
                created_ns=now_ns,
                valid_until_ns=now_ns + FUNDING_VALID_NS,
                asset=asset.number,
                amount_minor=LIQUIDITY_MAJOR * 10**asset.scale,
                payer=account_address(node.secret, NOSTRO),
                payee=account_address(node.secret, LIQUIDITY),
            ),
            request_hash=hash_bytes("details", asset.code.encode()),
        )
        for asset in node.rooms.assets.values()
        if asset.code in ASSET_CODES
    ]
    share = node.batcher.submit_columns(Columns.of(submissions)).result()
    for row in range(len(share)):
        answer = share[row]
        if isinstance(answer, Exception):
            raise answer
