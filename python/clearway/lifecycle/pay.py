"""One payment from instruction to finality, read from top to bottom.

    client ── receive ── screen ── score ── route ── clear ──► order ──► book ──► tell

It travels in a PaymentBatch with whatever else arrived in the same milliseconds; a batch of one is
a batch. Rooms decide, the ledger moves the money, and what was decided is durable before the
ledger is asked.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clearway.clearing.decision import add_scores, commitments, make_decisions
from clearway.clearing.legs import capture_legs, payment_legs
from clearway.lifecycle.batch import PaymentBatch
from clearway.lifecycle.chains import leave_whole, settle_outcomes
from clearway.lifecycle.conditions import screen_conditions
from clearway.lifecycle.facts import SCORED, facts_of
from clearway.lifecycle.line import Turn
from clearway.lifecycle.receive import receive
from clearway.lifecycle.reports import tell_reports
from clearway.lifecycle.reviewable import SANCTIONED, find_reviewable
from clearway.lifecycle.rooms import Rooms
from clearway.lifecycle.shadow import Seen
from clearway.payment.batch import NOT_AN_ACCOUNT, UNIT_BYTES, Answers, Bytes2D
from clearway.payment.decision import DecisionFlag
from clearway.payment.errors import ClearwayError, Refusal
from clearway.payment.records import (
    ACCEPT,
    DECLINE,
    RESULT_DUPLICATE,
    REVIEW,
    Flag,
    Kind,
    set_u128,
    u128,
    view_results,
)
from clearway.ports.ordering import Ordered
from clearway.store.vault import Durable

MOVES_MONEY = (
    Kind.PAYMENT, Kind.POST, Kind.REFUND, Kind.ISSUE, Kind.REDEEM, Kind.ESCROW, Kind.RELEASE,
    Kind.PULL,
)  # fmt: skip
# A clawback is not screened: it takes from whoever holds the asset, the sanctioned first of all.
# Of small batches few are under way at once: the more there are, the smaller, and each row dearer.
LARGE_ROWS_MIN = 1_024
ID_REUSED = 23  # ledger.id_reused, docs/format.md
# As plain numbers: NumPy asks an enum's member for its number anew each time, for 5 µs.
_SIGNED, _PENDING = np.uint16(Flag.SIGNED), np.uint16(Flag.PENDING)
_CLOSING = np.uint16(Flag.CLOSING_PAYER | Flag.CLOSING_PAYEE)
_SCORED, _PAYER_SANCTIONED, _PAYEE_SANCTIONED, _NO_HOLD_SIGNED, _NO_REVIEW_OF_TERMS = (
    np.uint16(flag)
    for flag in (
        DecisionFlag.SCORED,
        DecisionFlag.PAYER_SANCTIONED,
        DecisionFlag.PAYEE_SANCTIONED,
        DecisionFlag.NO_HOLD_SIGNED,
        DecisionFlag.NO_REVIEW_OF_TERMS,
    )
)
_ESCROW = np.uint8(Kind.ESCROW)


def pay(batch: PaymentBatch, rooms: Rooms, turn: Turn) -> Answers:
    """Carries a batch through every phase; an answer exists only once it is durable.

    Faults: node.disk_failed (nothing was ordered), payment.outcome_unknown (it may have been).
    """
    clock = rooms.phases
    with clock.phase("receive"):
        receive(batch, rooms)
    with clock.phase("screen"):
        screen(batch, rooms)
    with clock.phase("score"):
        score(batch, rooms)
    with clock.phase("route"):
        route(batch, rooms)
    with clock.phase("clear"):
        clear(batch, rooms)

    turn.take_next()
    if len(batch) >= LARGE_ROWS_MIN:
        turn.let_follow()  # from here on the next batch is decided

    with clock.phase("keep"):
        keep(batch, rooms)

    turn.take_next()
    turn.let_follow()  # from here on the next one is kept while this one is ordered

    with clock.phase("order"):
        ordered = order(batch, rooms)
    with clock.phase("book"):
        book(batch, ordered, rooms)
    with clock.phase("tell"):
        return tell(batch, ordered, rooms)


# --- screen ---------------------------------------------------------------------------------------


def screen(batch: PaymentBatch, rooms: Rooms) -> None:
    """Finds sanctioned parties. A payment or escrow that names one is declined on the ledger;
    other moves of money, which the ledger cannot decline, leave with policy.sanctions."""
    batch.findings = np.zeros(len(batch), np.uint16)
    moves = batch.rows_of(*MOVES_MONEY)
    for numbers, flag in (
        (batch.payer, _PAYER_SANCTIONED),
        (batch.payee, _PAYEE_SANCTIONED),
    ):
        known = moves[numbers[moves] != NOT_AN_ACCOUNT]
        hits = known[rooms.parties.check(numbers[known]) != 0] if len(known) else known
        batch.findings[hits] |= flag
    screen_conditions(batch, rooms)
    for row in np.flatnonzero(batch.findings).tolist():
        if batch.heads["kind"][row] not in SCORED:
            batch.leave(row, Refusal("policy.sanctions"))
    leave_whole(batch, rooms)
    batch.drop_left()


# --- score ----------------------------------------------------------------------------------------


def score(batch: PaymentBatch, rooms: Rooms) -> None:
    """Scores the payments and sets every row's outcome. Sanctioned payments are scored too: the
    memory of the risk room advances over every payment that stands on the ledger."""
    batch.heads["outcome"] = ACCEPT
    paid = batch.rows_of(*SCORED)
    if len(paid) == 0:
        return
    told = tell_reports(rooms.scorer, rooms.vault, rooms.book, rooms.reference)
    batch.told, rooms.told_again = rooms.told_again if told is None else told, None
    contexts = _of_rows(batch.columns.contexts, batch.origin[paid])
    payer, payee = batch.payer[paid], batch.payee[paid]
    facts = facts_of(batch.heads, paid, payer, payee, rooms.reference, rooms.book, contexts)
    findings = batch.findings[paid]
    reviewable = find_reviewable(batch.heads, paid, findings)
    batch.scores = rooms.scorer.score(facts, reviewable.possible)
    batch.findings[paid] |= _SCORED
    outcome = np.where(findings & SANCTIONED, DECLINE, batch.scores.outcome)
    # A hold needs the owner's consent; without it, what a person should look at is declined. So is
    # an escrow, and what is pulled: the ledger has no review of one.
    review = outcome == REVIEW
    no_hold, terms = review & reviewable.no_hold, review & reviewable.terms
    batch.findings[paid[no_hold]] |= _NO_HOLD_SIGNED
    batch.findings[paid[terms]] |= _NO_REVIEW_OF_TERMS
    outcome[no_hold | terms] = DECLINE
    settle_outcomes(batch, paid, outcome)
    batch.heads["outcome"][paid] = outcome


# --- route ----------------------------------------------------------------------------------------


def route(batch: PaymentBatch, rooms: Rooms) -> None:
    """Sets the price: what the payee gets by the quote, and the fee. Where the institution signs,
    both are written into the instruction; an owner who signs has signed them."""
    batch.fees = {row: quote.fee_minor for row, quote in batch.quotes.items()}
    for row, quote in batch.quotes.items():
        if not batch.heads["flags"][row] & _SIGNED:
            set_u128(batch.heads[row], "to_amount", quote.to_amount_minor)
            set_u128(batch.heads[row], "bound", quote.fee_minor)
    if rooms.fees.domestic_bps:
        _charge_domestic(batch, rooms)


def _charge_domestic(batch: PaymentBatch, rooms: Rooms) -> None:
    paid = batch.rows_of(Kind.PAYMENT)
    for row in paid[batch.heads["to_asset"][paid] == 0].tolist():
        head = batch.heads[row]
        fee_minor = rooms.fees.fee_minor(u128(head, "amount"), cross=False)
        if not head["flags"] & _SIGNED:
            set_u128(head, "bound", fee_minor)
        batch.fees[row] = fee_minor


# --- clear ----------------------------------------------------------------------------------------


def clear(batch: PaymentBatch, rooms: Rooms) -> None:
    """Makes holds of reviews and legs of prices, and an envelope of all of it, with the
    commitments to its decisions."""
    _hold_reviews(batch, deadline_ns=rooms.clock() + rooms.review_ns)
    add_legs(batch, rooms)
    leave_whole(batch, rooms)
    batch.drop_left()
    if len(batch) == 0:
        return
    rooms.sequence += 1
    batch.sequence = rooms.sequence
    _decide(batch, rooms)
    with rooms.phases.phase("clear.seal"):
        _seal(batch, rooms)


def _hold_reviews(batch: PaymentBatch, *, deadline_ns: int) -> None:
    """Where the institution signs, a review holds the money until a person has decided, or the
    deadline; a declined payment is no hold at all."""
    heads = batch.heads
    custodial = heads["flags"] & _SIGNED == 0
    review = custodial & (heads["outcome"] == REVIEW) & (heads["flags"] & _PENDING == 0)
    heads["flags"][review] |= _PENDING
    heads["expires_ns"][review] = deadline_ns
    declined = custodial & (heads["outcome"] == DECLINE) & (heads["kind"] != _ESCROW)
    heads["flags"][declined] &= ~(_PENDING | _CLOSING)
    heads["expires_ns"][declined] = 0


def add_legs(batch: PaymentBatch, rooms: Rooms) -> None:
    """What moves beside payer and payee, and in which parts; clearing's legs, row by row."""
    heads = batch.heads
    priced = [row for row, fee_minor in batch.fees.items() if fee_minor or row in batch.quotes]
    for row in priced:
        if heads["outcome"][row] != DECLINE:
            fee_minor = batch.fees[row]
            batch.units[row] = payment_legs(heads[row], rooms.house, fee_minor=fee_minor)
    refunds = batch.rows_of(Kind.REFUND)
    for row in refunds[heads["to_asset"][refunds] != 0].tolist():
        batch.units[row] = payment_legs(heads[row], rooms.house, fee_minor=0)
    for row in batch.rows_of(Kind.POST).tolist():
        _add_capture_legs(batch, row, rooms)


def _add_capture_legs(batch: PaymentBatch, row: int, rooms: Rooms) -> None:
    """A hold that is not there, or too small, is the ledger's to refuse."""
    head = batch.heads[row]
    hold = rooms.book.hold(rooms.institution, head["target"].tobytes())
    captured_minor = u128(head, "amount")
    if hold is None or captured_minor > hold.amount_minor:
        return
    try:
        batch.units[row] = capture_legs(
            hold.legs,
            head["payer"].tobytes(),
            held_minor=hold.amount_minor,
            captured_minor=captured_minor,
        )
    except ClearwayError as error:
        batch.leave(row, error)


def _decide(batch: PaymentBatch, rooms: Rooms) -> None:
    """The decision rows, and their commitments in the heads."""
    batch.decisions = make_decisions(
        batch.heads,
        flags=batch.findings,
        list_version=rooms.parties.version,
        sequence=batch.sequence,
        key=rooms.salt_key,
    )
    if batch.scores is not None:
        add_scores(
            batch.decisions,
            batch.rows_of(*SCORED),
            score_bps=batch.scores.score_bps,
            reasons=batch.scores.reasons,
            typologies=rooms.typologies.find(batch.scores.features),
            typologies_digest=rooms.typologies.digest,
            features=batch.scores.features,
            model_id=batch.scores.model_id,
            review_price=batch.scores.review_price,
        )
    batch.heads["commitment"] = commitments(batch.decisions)


def keep(batch: PaymentBatch, rooms: Rooms) -> None:
    """The decisions, and what is private, are on disk before anybody may see the envelope."""
    if not batch.envelope:
        return
    privates = batch.columns.privates
    if privates is not None:
        privates = [privates[row] for row in batch.origin.tolist()]
    has_persons = privates is not None or bool(batch.columns.contexts)
    rooms.vault.save_batch(
        key=rooms.key,
        sequence=batch.sequence,
        decisions=batch.decisions.tobytes(),
        request_hashes=batch.columns.request_hashes[batch.origin].tobytes(),
        privates=privates,
        persons=batch.heads["payer"].tobytes() if has_persons else b"",
        marks=_of_rows(batch.columns.marks, batch.origin),
        features=_features_to_keep(batch),
        told=batch.told,
        contexts=_of_rows(batch.columns.contexts, batch.origin),
    )


def _features_to_keep(batch: PaymentBatch) -> dict[int, bytes]:
    """Of the payments with reasons or typologies, so that it can be told what spoke for them."""
    if batch.scores is None:
        return {}
    scored = batch.rows_of(*SCORED)
    given = np.flatnonzero(batch.scores.reasons | batch.decisions["typologies"][scored])
    rows = scored[given]
    features = batch.scores.features[given]
    return {row: one.tobytes() for row, one in zip(rows.tolist(), features, strict=True)}


def _of_rows(by_column: dict[int, bytes], origin: npt.NDArray[np.int64]) -> dict[int, bytes]:
    """What some rows of the columns have, by the places of these rows."""
    if not by_column:
        return by_column
    return {row: by_column[at] for row, at in enumerate(origin.tolist()) if at in by_column}


def _seal(batch: PaymentBatch, rooms: Rooms) -> None:
    batch.heads["units"] = 0
    for row, units in batch.units.items():
        batch.heads["units"][row] = len(units) // UNIT_BYTES
    batch.valid_until_ns = rooms.clock() + rooms.envelope_valid_ns
    batch.envelope = rooms.book.seal(
        institution=rooms.institution,
        seed=rooms.seed,
        sequence=batch.sequence,
        valid_until_ns=batch.valid_until_ns,
        heads=batch.heads,
        units=b"".join(batch.units[row] for row in sorted(batch.units)),
        signatures=_signatures(batch),
    )


def _signatures(batch: PaymentBatch) -> bytes | Bytes2D:
    """Of the rows that are signed, in their order; of members of a policy several a row."""
    rows, together = batch.origin[batch.heads["flags"] & _SIGNED != 0], batch.columns.together
    signatures: Bytes2D = batch.columns.signatures
    if not together:
        plain: Bytes2D = signatures[rows]
        return plain
    return b"".join(together.get(row) or signatures[row].tobytes() for row in rows.tolist())


# --- order, book, tell ----------------------------------------------------------------------------


def order(batch: PaymentBatch, rooms: Rooms) -> Ordered | None:
    """The envelope's place in a durable block; None when nothing is left to order."""
    return rooms.ordering.order(batch.envelope) if batch.envelope else None


def book(batch: PaymentBatch, ordered: Ordered | None, rooms: Rooms) -> None:
    """What stands on the ledger now becomes part of what the rooms remember."""
    if ordered is None:
        return
    rooms.phases.steps("order", ordered.steps_ns)
    rooms.phases.count(len(batch))
    if ordered.durable_ns:
        asked_ns = min(int(batch.heads["created_ns"].min()), ordered.durable_ns)
        rooms.vault.note_durable(Durable(rooms.key, batch.sequence, asked_ns, ordered.durable_ns))
    remember(batch, ordered, rooms)


def remember(batch: PaymentBatch, ordered: Ordered, rooms: Rooms) -> None:
    """The risk room every payment, the routing room the quotes of those that moved or held money.
    What was remembered before stays so."""
    scores, batch.scores = batch.scores, None
    if scores is not None:
        rows = batch.rows_of(*SCORED)
        stood = view_results(ordered.results)["code"][rows] == 0
        rooms.scorer.commit(
            scores,
            height=ordered.height,
            index=ordered.index + int(rows[-1]),
            went_on=stood & (batch.heads["outcome"][rows] != DECLINE),
        )
        if rooms.shadow.is_wanted:
            seen = Seen(rooms.key, batch.sequence, ordered.time_ns, rows, scores)
            rooms.shadow.see(seen)
    if batch.quotes:
        codes = view_results(ordered.results)["code"]
        for row, quote in batch.quotes.items():
            rooms.quote_uses.settle(quote, booked=not codes[row])
        batch.quotes = {}


def tell(batch: PaymentBatch, ordered: Ordered | None, rooms: Rooms) -> Answers:
    """The answers of all rows; the projections are woken, and events follow from them."""
    row = np.full(len(batch.columns), -1)
    if ordered is None:
        return Answers.of_left(row, batch.left)
    row[batch.origin] = np.arange(len(batch))
    rooms.projections.notify(ordered.height)
    answers = answers_of(batch, ordered, row, rooms)
    _answer_repeats(answers, batch, rooms)
    return answers


def answers_of(
    batch: PaymentBatch, ordered: Ordered, row: npt.NDArray[np.int64], rooms: Rooms
) -> Answers:
    return Answers(
        height=ordered.height,
        index=ordered.index,
        time_ns=ordered.time_ns,
        key=rooms.key,
        sequence=batch.sequence,
        heads=batch.heads,
        units=batch.units,
        results=view_results(ordered.results),
        decisions=batch.decisions,
        row=row,
        left=batch.left,
    )


def forget(batch: PaymentBatch, rooms: Rooms) -> None:
    """The batch stands nowhere: what the rooms remember of it, and was not booked, never was."""
    if batch.scores is not None:
        rooms.scorer.discard(batch.scores)
        rooms.told_again = batch.told  # what it was told stays known, and the next one says so
    for quote in batch.quotes.values():
        rooms.quote_uses.settle(quote, booked=False)


def _answer_repeats(answers: Answers, batch: PaymentBatch, rooms: Rooms) -> None:
    """Another node of the institution may have used an id a moment before: the ledger moved
    nothing, and the first answer is given again."""
    results = answers.results
    repeats = (results["flags"] & RESULT_DUPLICATE != 0) | (results["code"] == ID_REUSED)
    for row in np.flatnonzero(repeats).tolist():
        place = rooms.replay.find(batch.heads["id"][row].tobytes())
        if place is None:
            continue  # the id is that of an old hold; the ledger's own refusal is the answer
        number = int(batch.origin[row])
        answers.row[number] = -1
        try:
            answers.left[number] = rooms.replay.answer(
                place, batch.columns.request_hashes[number].tobytes()
            )
        except ClearwayError as error:
            answers.left[number] = error
