"""Plays the town's week on the node: history as fast as it goes, the last day as it comes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from clearway.app.bootstrap import Node
from clearway.app.demo.clock import SimulatedClock
from clearway.app.demo.town import PRINCIPAL, VALID_NS, Town
from clearway.ledger.crypto import hash_bytes
from clearway.lifecycle.parcels import Share
from clearway.payment.batch import Columns, Submission
from clearway.payment.errors import ClearwayError
from clearway.payment.ids import payment_id
from clearway.payment.records import Flag, Kind, Outcome, pack_head, u128
from clearway.risk.worlds.world import DAY_NS

FUNDING_ROWS: Final = 250  # screening a name takes about a millisecond: the display moves on
ACCOUNT_ROWS: Final = 1_000
HISTORY_ROWS: Final = 2_048  # a few hours of the simulated week
IN_FLIGHT_MAX: Final = 2
LIVE_PAUSE_S: Final = 0.001

Advance = Callable[[int], None]
"""Tells the display that so many more are done."""


@dataclass(slots=True)
class Played:
    """What the figures cannot find in the ledger: how long the bulk part took on the wall, how
    fast simulated time ran while the last day was live, and the review that was left open.

    pending, verdicts: answers that are still to come, of payments and of reviews."""

    history_s: float = 0.0
    rate: int = 1
    left_open: bytes | None = None
    pending: deque[Future[Share]] = field(default_factory=deque)
    verdicts: deque[Future[Share]] = field(default_factory=deque)


def open_accounts(node: Node, town: Town, advance: Advance) -> None:
    """Owners into the vault first: once an account stands on the ledger, it can be screened."""
    records, submissions = town.openings(node.clock())
    for start in range(0, len(records), ACCOUNT_ROWS):
        part = slice(start, start + ACCOUNT_ROWS)
        node.vault.save_accounts(records[part])
        share = node.batcher.submit_columns(Columns.of(submissions[part])).result()
        _require_done(share)
        advance(len(share))


def fund_accounts(node: Node, town: Town, advance: Advance) -> None:
    """Issues everybody's money; each owner is screened when first paid, listed ones get nothing."""
    columns = town.fundings(node.clock())
    for start in range(0, len(columns), FUNDING_ROWS):
        part = columns.take(start, min(start + FUNDING_ROWS, len(columns)))
        share = node.batcher.submit_columns(part).result()
        _require_done(share, but="policy.sanctions")
        advance(len(share))


def play_history(
    node: Node, town: Town, clock: SimulatedClock, played: Played, advance: Advance
) -> None:
    """All days but the last, two batches on their way at once."""
    began = time.perf_counter()
    for start, stop in town.slices(town.live_from, rows=HISTORY_ROWS):
        clock.jump(int(town.payments["time_ns"][stop - 1]))
        columns = town.slice(start, stop, now_ns=clock())
        played.pending.append(node.batcher.submit_columns(columns))
        if len(played.pending) >= IN_FLIGHT_MAX:
            # Before time jumps again: a verdict is valid for a day of the ledger's time.
            _await_verdicts(played)
            advance(_settle(node, town, played, leave_one=False))
    _finish(node, town, played, advance, leave_one=False)
    played.history_s = time.perf_counter() - began


def play_live(
    node: Node,
    town: Town,
    clock: SimulatedClock,
    played: Played,
    advance: Advance,
    *,
    seconds: float,
) -> None:
    """The last day, each payment handed in when its moment has come."""
    times = town.payments["time_ns"]
    clock.jump(town.start_ns + (town.days - 1) * DAY_NS)
    played.rate = max(1, round(DAY_NS / 1e9 / seconds))
    clock.run(played.rate)
    done = town.live_from
    while done < len(times):
        due = int(np.searchsorted(times, clock(), side="right"))
        if due > done:
            columns = town.slice(done, due, now_ns=clock())
            played.pending.append(node.batcher.submit_columns(columns))
            done = due
        while played.pending and played.pending[0].done():
            advance(_settle(node, town, played, leave_one=True))
        time.sleep(LIVE_PAUSE_S)
    _finish(node, town, played, advance, leave_one=True)
    clock.run(1)


def wait_for_noon(end_ns: int, clock: SimulatedClock) -> None:
    """The first after end_ns, when the week is over, that is still to come: on a slow machine the
    last payments were answered deep in the night, which is no hour to tell stories at."""
    days_late = max(0, (clock() - end_ns + DAY_NS // 2 - 1) // DAY_NS)
    clock.jump(end_ns + days_late * DAY_NS + DAY_NS // 2)


# --- what comes back ----------------------------------------------------------------------------


def _settle(node: Node, town: Town, played: Played, *, leave_one: bool) -> int:
    """Waits for the oldest batch and decides its reviews, as an analyst does who finds out."""
    share = played.pending.popleft().result()
    reviews = []
    for row in np.flatnonzero(_outcomes(share) == Outcome.REVIEW).tolist():
        head, result = share.answers.heads[row], share.answers.results[row]
        if head["kind"] == Kind.PAYMENT and head["flags"] & Flag.PENDING and not result["code"]:
            reviews.append(head)
    acts = []
    for head in reviews:
        fraud = town.is_fraud(head["id"].tobytes())
        if leave_one and not fraud and played.left_open is None:
            played.left_open = head["id"].tobytes()
            continue
        acts.append(_verdict(node, head, fraud=fraud))
    if acts:
        played.verdicts.append(node.batcher.submit_columns(Columns.of(acts)))
    return len(share)


def _finish(node: Node, town: Town, played: Played, advance: Advance, *, leave_one: bool) -> None:
    """Waits for everything that is on its way."""
    while played.pending:
        advance(_settle(node, town, played, leave_one=leave_one))
    _await_verdicts(played)


def _await_verdicts(played: Played) -> None:
    while played.verdicts:
        _require_done(played.verdicts.popleft().result())


def _outcomes(share: Share) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    rows = share.answers.row[share.start : share.start + share.count]
    outcomes = np.zeros(len(share.answers.heads), np.uint8)
    placed = rows[rows >= 0]
    outcomes[placed] = share.answers.heads["outcome"][placed]
    return outcomes


def _verdict(node: Node, held: np.void, *, fraud: bool) -> Submission:
    """POST books the hold (approve), VOID releases it (reject): as the doors pack them."""
    now_ns = node.clock()
    target = held["id"].tobytes()
    id = payment_id(node.secret, principal=PRINCIPAL, idempotency_key=f"review-{target.hex()}")
    if fraud:
        head = pack_head(
            kind=Kind.VOID, id=id, target=target, created_ns=now_ns,
            valid_until_ns=now_ns + VALID_NS,
        )  # fmt: skip
    else:
        head = pack_head(
            kind=Kind.POST,
            id=id,
            target=target,
            asset=int(held["asset"]),
            amount_minor=u128(held, "amount"),
            payer=held["payer"].tobytes(),
            payee=held["payee"].tobytes(),
            created_ns=now_ns,
            valid_until_ns=now_ns + VALID_NS,
        )
    return Submission(head, request_hash=hash_bytes("details", head))


def _require_done(share: Share, *, but: str = "") -> None:
    """Raises the first refusal that is not the expected one."""
    for row in range(len(share)):
        answer = share[row]
        if isinstance(answer, ClearwayError):
            if answer.code != but:
                raise answer
        elif code := int.from_bytes(answer.result[2:4], "little"):
            raise RuntimeError(f"the demonstration's own entry was refused with code {code}")
