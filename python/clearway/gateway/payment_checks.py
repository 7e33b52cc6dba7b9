"""The door's checks of a payment, and the entry that says it; of many at once, or of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import Final

from msgspec import UNSET, Struct

from clearway.gateway.auth import require_scope
from clearway.gateway.authorisation import authorise
from clearway.gateway.conditions import prepare_escrow
from clearway.gateway.directory import check_holds
from clearway.gateway.door import Ask, request_message
from clearway.gateway.instructions import Private, encode_private, new_salt, purpose_number
from clearway.gateway.mandates import prepare_pull
from clearway.gateway.payment_schemas import PaymentRequest
from clearway.gateway.searches import marks_of
from clearway.gateway.times import SECOND_NS, parse_time
from clearway.ledger.book import Standing
from clearway.ledger.crypto import hash_each, hmac_each, sha256_each
from clearway.payment.batch import VALID_NS, Submission
from clearway.payment.errors import Refusal
from clearway.payment.ids import ID_BYTES, parse_quote, payment_message
from clearway.payment.money import Asset, parse_amount
from clearway.payment.records import Flag, Kind, flags_of_head, pack_head, with_flags
from clearway.risk.facts import hash_texts

HOLD_NS = 7 * 86_400 * SECOND_NS  # of a manual capture that does not say
NO_QUOTE = bytes(16)
_OWNED = int(Standing.OWNED)
_UNREAD: Final = Asset(0, "", 0)
_UNDECIDED: Final = Exception("undecided")
_words_of = attrgetter(
    "from_", "to", "amount", "asset", "to_asset", "quote", "reference", "purpose", "metadata",
    "capture", "expires_in_s",
)  # fmt: skip
# Fields that came later count only where they are said, so that older keys still answer.
_LATER = ("sweep", "closes", "imported_at", "conditions", "mandate", "prepared", "priority",
          "context")  # fmt: skip
_later_of = attrgetter(*_LATER)


def identify_payments(asks: Sequence[Ask]) -> None:
    """Sets the ids and hashes of requests whose keys and bodies were read; the hash is the same
    for a single payment and for a line of an upload."""
    if not asks:
        return
    messages = [payment_message(ask.key.principal, ask.idempotency_key) for ask in asks]
    ids = hmac_each(asks[0].door.node.secret, messages)
    hashes = sha256_each([_hashed_of(ask.body) for ask in asks])
    for ask, id, hash in zip(asks, ids, hashes, strict=True):
        ask.op_id, ask.request_hash = id[:ID_BYTES], hash


def _hashed_of(body: PaymentRequest) -> bytes:
    words: tuple[object, ...] = _words_of(body)
    later = _later_of(body)
    if any(later) or body.when_short != "refuse":
        said = {name: value for name, value in zip(_LATER, later, strict=True) if value}
        if body.when_short != "refuse":
            said["when_short"] = body.when_short
        words = (*words, said)
    return request_message(b"payment", words)


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
    processor's caches, and because the book and the kernel's hashes are asked once.
    """
    now_ns = asks[0].door.node.clock() if asks else 0
    wishes = [_Wish(ask, links, now_ns) for ask in asks]
    going = _take_step(wishes, partial(_read_words, may_wait=may_wait))
    if going:
        _look_at_parties(going)
        going = _take_step(going, _check_parties)
        for wish, details in zip(
            going, hash_each("details", [wish.private for wish in going]), strict=True
        ):
            wish.details = details
        _take_step(going, _build)
    return [_with_context(wish) for wish in wishes]


def _with_context(wish: _Wish) -> Submission | Exception:
    fate, context = wish.fate, wish.ask.body.context
    if context is None or isinstance(fate, Exception):
        return fate
    key = wish.ask.door.node.secret
    return fate._replace(context=hash_texts([context.device, context.address], key=key).tobytes())


class _Wish(Struct):
    """One payment on its way through the checks. hold_ns, imported_ns: 0 for neither. fate: what is
    to be ordered, or why nothing is; undecided until then."""

    ask: Ask
    links: int
    now_ns: int
    asset: Asset = _UNREAD
    amount_minor: int = 0
    to_asset: Asset = _UNREAD
    payer: bytes = b""
    payee: bytes = b""
    hold_ns: int = 0
    flags: int = 0
    imported_ns: int = 0
    payer_standing: int = 0
    payee_standing: int = 0
    quote: bytes = NO_QUOTE
    private: bytes = b""
    details: bytes = b""
    fate: Submission | Exception = _UNDECIDED


def _take_step(wishes: list[_Wish], step: Callable[[_Wish], None]) -> list[_Wish]:
    """Those that are still undecided afterwards."""
    for wish in wishes:
        try:
            step(wish)
        except Exception as error:
            wish.fate = error
    return [wish for wish in wishes if wish.fate is _UNDECIDED]


def _read_words(wish: _Wish, *, may_wait: bool) -> None:
    """What they say by themselves. What is conditional or pulled is built by others."""
    ask = wish.ask
    body: PaymentRequest = ask.body
    directory = ask.door.directory
    wish.asset = wish.to_asset = asset = directory.asset_of_code(body.asset)
    wish.amount_minor = parse_amount(body.amount, asset)
    if body.to_asset is not None:
        wish.to_asset = directory.asset_of_code(body.to_asset)
    if body.from_ == body.to:
        raise Refusal("account.same", account=body.to)
    if not may_wait:
        _check_waits_for_nothing(body)
    if body.conditions is not None:
        wish.fate = _authorise(wish, prepare_escrow(ask, asset, wish.amount_minor))
    elif body.mandate is not None:
        wish.fate = _authorise(wish, prepare_pull(ask, asset, wish.amount_minor))
    else:
        wish.hold_ns = 0 if may_wait else _hold_ns(body)
        wish.flags, wish.imported_ns = _flags(ask, body)
        wish.payer, wish.payee = directory.address(body.from_), directory.address(body.to)


def _look_at_parties(wishes: Sequence[_Wish]) -> None:
    addresses = b"".join([address for wish in wishes for address in (wish.payer, wish.payee)])
    assets = [asset.number for wish in wishes for asset in (wish.asset, wish.to_asset)]
    standings = iter(wishes[0].ask.door.node.book.standings(addresses, assets))
    for wish in wishes:
        wish.payer_standing, wish.payee_standing = next(standings), next(standings)


def _check_parties(wish: _Wish) -> None:
    """And the quote between their assets; what is kept private follows."""
    ask, body = wish.ask, wish.ask.body
    directory = ask.door.directory
    directory.check_open(wish.payer_standing, wish.payer, body.from_)
    directory.check_open(wish.payee_standing, wish.payee, body.to)
    check_holds(wish.payer_standing, body.from_, wish.asset)
    check_holds(wish.payee_standing, body.to, wish.to_asset)
    if wish.to_asset is not wish.asset or body.quote is not None:
        wish.quote = _check_quote(wish)
    salt = new_salt() if body.prepared is UNSET else body.prepared.salt
    wish.private = encode_private(Private(body.reference, body.metadata, body.purpose, salt=salt))


def _build(wish: _Wish) -> None:
    ask, body = wish.ask, wish.ask.body
    now_ns = wish.now_ns if body.prepared is UNSET else ask.now_ns
    flags = wish.flags | wish.links
    head = pack_head(
        kind=Kind.PAYMENT,
        id=ask.op_id,
        flags=flags | Flag.PENDING if wish.hold_ns else flags,
        asset=wish.asset.number,
        to_asset=0 if wish.to_asset is wish.asset else wish.to_asset.number,
        purpose=purpose_number(body.purpose),
        target=wish.quote,
        amount_minor=wish.amount_minor,
        payer=wish.payer,
        payee=wish.payee,
        created_ns=wish.imported_ns or now_ns,
        valid_until_ns=now_ns + VALID_NS,
        expires_ns=now_ns + wish.hold_ns if wish.hold_ns else 0,
        details=wish.details,
    )
    marks = marks_of(ask, body.metadata, wish.payer, wish.payee)
    submission = Submission(head, ask.request_hash, wish.private, marks=marks)
    if wish.payer_standing & _OWNED or body.prepared is not UNSET:
        submission = authorise(ask, submission)
    wish.fate = submission


def _check_quote(wish: _Wish) -> bytes:
    """The id of the quote that the payment names; NO_QUOTE without one."""
    node, body = wish.ask.door.node, wish.ask.body
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
    node.quote_uses.check(promised, wish.ask.op_id)
    return promised.id


def _authorise(wish: _Wish, submission: Submission) -> Submission:
    if wish.links:
        head = with_flags(submission.head, flags_of_head(submission.head) | wish.links)
        submission = submission._replace(head=head)
    return authorise(wish.ask, submission)


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
