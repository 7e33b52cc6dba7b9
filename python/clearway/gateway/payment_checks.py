"""The door's checks of a payment, and the entry that says it; of many at once, or of one."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from msgspec import UNSET

from clearway.gateway import instructions
from clearway.gateway.auth import require_scope
from clearway.gateway.authorisation import authorise
from clearway.gateway.conditions import prepare_escrow
from clearway.gateway.directory import check_holds
from clearway.gateway.door import Ask, request_hash
from clearway.gateway.instructions import seal_private
from clearway.gateway.mandates import prepare_pull
from clearway.gateway.payment_schemas import PaymentRequest
from clearway.gateway.searches import marks_of
from clearway.gateway.times import SECOND_NS, parse_time
from clearway.ledger.book import Standing
from clearway.payment.batch import Submission
from clearway.payment.errors import Refusal
from clearway.payment.ids import parse_quote
from clearway.payment.money import Asset, parse_amount
from clearway.payment.records import Flag, flags_of_head, with_flags

HOLD_NS = 7 * 86_400 * SECOND_NS  # of a manual capture that does not say
NO_QUOTE = bytes(16)
_OWNED = int(Standing.OWNED)
# Fields that came later count only where they are said, so that older keys still answer.
_LATER = ("sweep", "closes", "imported_at", "conditions", "mandate", "prepared", "priority")
_later_of = attrgetter(*_LATER)


def payment_hash(body: PaymentRequest) -> bytes:
    """The same for a single payment and for a line of an upload."""
    more: tuple[dict[str, object], ...] = ()
    later = _later_of(body)
    if any(later) or body.when_short != "refuse":
        said = {name: value for name, value in zip(_LATER, later, strict=True) if value}
        if body.when_short != "refuse":
            said["when_short"] = body.when_short
        more = (said,)
    return request_hash(
        b"payment", body.from_, body.to, body.amount, body.asset, body.to_asset, body.quote,
        body.reference, body.purpose, body.metadata, body.capture, body.expires_in_s, *more,
    )  # fmt: skip


def prepare_payment(ask: Ask, *, links: int = 0, may_wait: bool = False) -> Submission:
    """Everything that is checked before a payment is ordered; what is refused here wrote nothing.

    links: LINKED and NET, of one that is a member of a chain. may_wait: whether it comes by the
    door to the queue.

    Refuses request.invalid, asset.unknown, amount.*, account.same, account.unknown,
    account.closed, account.asset_not_held, rate.unknown, quote.unknown, quote.expired,
    quote.differs, quote.used, quote.in_use, authorisation.*.
    """
    [fate] = prepare_payments([ask], links=links, may_wait=may_wait)
    if isinstance(fate, Exception):
        raise fate
    return fate


def prepare_payments(
    asks: Sequence[Ask], *, links: int = 0, may_wait: bool = False
) -> list[Submission | Exception]:
    """As `prepare_payment`, many at once: what was raised for one stands in its place.

    One step for all of them and then the next, because a step that is repeated stays in the
    processor's caches; and the book is asked once.
    """
    wishes: list[_Wish | Submission | Exception] = []
    for ask in asks:
        try:
            wishes.append(_read_wish(ask, may_wait=may_wait))
        except Exception as error:
            wishes.append(error)
    standings = iter(_standings_of(asks, wishes))
    fates: list[Submission | Exception] = []
    for ask, wish in zip(asks, wishes, strict=True):
        try:
            if isinstance(wish, _Wish):
                fates.append(_build_payment(ask, wish, next(standings), next(standings), links))
            elif isinstance(wish, Submission):
                fates.append(_authorise(ask, wish, links))
            else:
                fates.append(wish)
        except Exception as error:
            fates.append(error)
    return fates


class _Wish(NamedTuple):
    """What a payment's words say by themselves. hold_ns, imported_ns: 0 for neither."""

    asset: Asset
    amount_minor: int
    to_asset: Asset
    payer: bytes
    payee: bytes
    hold_ns: int
    flags: int
    imported_ns: int


def _read_wish(ask: Ask, *, may_wait: bool) -> _Wish | Submission:
    """What is conditional or pulled is built by others."""
    body: PaymentRequest = ask.body
    directory = ask.door.directory
    asset = directory.asset_of_code(body.asset)
    amount_minor = parse_amount(body.amount, asset)
    to_asset = asset
    if body.to_asset is not None:
        to_asset = directory.asset_of_code(body.to_asset)
    if body.from_ == body.to:
        raise Refusal("account.same", account=body.to)
    if not may_wait:
        _check_waits_for_nothing(body)
    if body.conditions is not None:
        return prepare_escrow(ask, asset, amount_minor)
    if body.mandate is not None:
        return prepare_pull(ask, asset, amount_minor)
    hold_ns = 0 if may_wait else _hold_ns(body)
    flags, imported_ns = _flags(ask, body)
    payer, payee = directory.address(body.from_), directory.address(body.to)
    return _Wish(asset, amount_minor, to_asset, payer, payee, hold_ns, flags, imported_ns)


def _standings_of(asks: Sequence[Ask], wishes: Sequence[_Wish | Submission | Exception]) -> bytes:
    """Of payer and payee of each wish, one after another."""
    named = [wish for wish in wishes if isinstance(wish, _Wish)]
    if not named:
        return b""
    addresses = b"".join([address for wish in named for address in (wish.payer, wish.payee)])
    assets = [asset.number for wish in named for asset in (wish.asset, wish.to_asset)]
    return asks[0].door.node.book.standings(addresses, assets)


def _build_payment(
    ask: Ask, wish: _Wish, payer_standing: int, payee_standing: int, links: int
) -> Submission:
    body: PaymentRequest = ask.body
    directory = ask.door.directory
    directory.check_open(payer_standing, wish.payer, body.from_)
    directory.check_open(payee_standing, wish.payee, body.to)
    check_holds(payer_standing, body.from_, wish.asset)
    check_holds(payee_standing, body.to, wish.to_asset)
    crosses = wish.to_asset is not wish.asset
    private, details = seal_private(
        reference=body.reference, metadata=body.metadata, purpose=body.purpose, salt=ask.salt
    )
    head = instructions.pay(
        id=ask.op_id,
        payer=wish.payer,
        payee=wish.payee,
        asset=wish.asset.number,
        amount_minor=wish.amount_minor,
        to_asset=wish.to_asset.number if crosses else 0,
        quote=_check_quote(ask, wish) if crosses or body.quote is not None else NO_QUOTE,
        purpose=body.purpose,
        hold_ns=wish.hold_ns,
        now_ns=ask.now_ns,
        details=details,
        flags=wish.flags | links,
        imported_ns=wish.imported_ns,
    )
    marks = marks_of(ask, body.metadata, wish.payer, wish.payee)
    submission = Submission(head, ask.request_hash, private, marks=marks)
    if payer_standing & _OWNED or body.prepared is not UNSET:
        return authorise(ask, submission)
    return submission


def _check_quote(ask: Ask, wish: _Wish) -> bytes:
    """The id of the quote that the payment names; NO_QUOTE without one."""
    node, body = ask.door.node, ask.body
    if body.quote is None:
        node.rates.rate(wish.asset.currency, wish.to_asset.currency)
        return NO_QUOTE
    promised = node.quotes.get(parse_quote(body.quote))
    node.quotes.check(
        promised,
        asset=wish.asset.code,
        to_asset=wish.to_asset.code,
        amount_minor=wish.amount_minor,
    )
    node.quote_uses.check(promised, ask.op_id)
    return promised.id


def _authorise(ask: Ask, submission: Submission, links: int) -> Submission:
    if links:
        head = with_flags(submission.head, flags_of_head(submission.head) | links)
        submission = submission._replace(head=head)
    return authorise(ask, submission)


def _check_waits_for_nothing(body: PaymentRequest) -> None:
    """Refuses request.invalid."""
    _check_field(body.when_short == "refuse", "when_short", "only a payment by itself can wait")
    _check_field(body.priority is None, "priority", "goes with when_short: queue")


def _hold_ns(body: PaymentRequest) -> int:
    if body.capture == "automatic":
        if body.expires_in_s is not None:
            what = "only a manual capture expires"
            raise Refusal("request.invalid", field="expires_in_s", what=what)
        return 0
    return HOLD_NS if body.expires_in_s is None else body.expires_in_s * SECOND_NS


def _flags(ask: Ask, body: PaymentRequest) -> tuple[int, int]:
    """The flags of sweep, closes and imported_at, and the time of an import. Refuses
    request.invalid, auth.scope."""
    flags, imported_ns = 0, 0
    if body.sweep:
        _check_field(body.to_asset is None, "sweep", "a sweep stays in its asset")
        flags |= Flag.BALANCING_PAYER
    if body.closes is not None:
        _check_field(body.capture == "manual", "closes", "only a manual capture closes an account")
        flags |= Flag.CLOSING_PAYER if body.closes == "from" else Flag.CLOSING_PAYEE
    if body.imported_at is not None:
        require_scope(ask.key, "ledger:import")
        _check_field(body.capture == "automatic", "imported_at", "a hold cannot be imported")
        imported_ns = parse_time(body.imported_at, "imported_at")
        past = 0 < imported_ns < ask.door.node.clock()
        _check_field(past, "imported_at", "is not in the past")
        flags |= Flag.IMPORTED
    return flags, imported_ns


def _check_field(right: bool, field: str, what: str) -> None:
    if not right:
        raise Refusal("request.invalid", field=field, what=what)
