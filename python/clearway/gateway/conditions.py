"""From a payment's `conditions` to the ledger's terms: names become addresses, texts numbers.

What no ledger would accept is refused here with the field that is wrong; what depends on the
ledger's state is the kernel's to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from clearway.gateway.condition_answers import COMPARISON_NAMES, PARTY_NAMES
from clearway.gateway.condition_schemas import (
    CONDITION_KINDS,
    Condition,
    Conditions,
    Delivery,
    Fact,
    Stream,
)
from clearway.gateway.directory import Directory
from clearway.gateway.door import Ask
from clearway.gateway.instructions import purpose_number, seal_private
from clearway.gateway.payment_schemas import PaymentRequest
from clearway.gateway.times import SECOND_NS, parse_time
from clearway.ledger.crypto import hash_bytes
from clearway.payment import terms as ast
from clearway.payment.batch import VALID_NS, Submission
from clearway.payment.errors import Refusal
from clearway.payment.money import Asset, div_ceil, div_floor, parse_amount
from clearway.payment.records import Kind, as_amounts, pack_head
from clearway.payment.terms import Terms, TermsError, check_terms, pack_terms

COMPARISONS = {name: one for one, name in COMPARISON_NAMES.items()}
PARTIES = {name: one for one, name in PARTY_NAMES.items()}


def prepare_escrow(ask: Ask, asset: Asset, amount_minor: int) -> Submission:
    """The instruction of a payment with conditions.

    Refuses request.invalid, amount.*, asset.unknown, account.unknown, account.closed,
    account.asset_not_held.
    """
    body: PaymentRequest = ask.body
    directory, now_ns = ask.door.directory, ask.now_ns
    payer, payee = directory.open_address(body.from_), directory.open_address(body.to)
    directory.check_held(payer, body.from_, asset)
    directory.check_held(payee, body.to, asset)
    terms, deadline_ns = parse_conditions(body, directory=directory, asset=asset, now_ns=now_ns)
    units = pack_terms(terms)
    private, details = seal_private(
        reference=body.reference, metadata=body.metadata, purpose=body.purpose, salt=ask.salt
    )
    hash_low, hash_high = as_amounts(hash_bytes("terms", units))
    head = pack_head(
        kind=Kind.ESCROW,
        id=ask.op_id,
        asset=asset.number,
        purpose=purpose_number(body.purpose),
        amount_minor=amount_minor,
        payer=payer,
        payee=payee,
        created_ns=now_ns,
        valid_until_ns=now_ns + VALID_NS,
        expires_ns=deadline_ns,
        details=details,
        to_amount_minor=hash_low,
        bound_minor=hash_high,
    )
    return Submission(head=head, request_hash=ask.request_hash, private=private, units=units)


def parse_conditions(
    body: PaymentRequest, *, directory: Directory, asset: Asset, now_ns: int
) -> tuple[Terms, int]:
    """The terms, and when the deadline is.

    Refuses request.invalid, amount.*, asset.unknown, account.unknown, account.closed,
    account.asset_not_held.
    """
    said = body.conditions
    assert said is not None, "invariant: only a payment with conditions is read here"
    if body.capture == "manual":
        raise _invalid("capture", "conditions say when money moves; a manual capture has none")
    for name in ("sweep", "closes", "imported_at"):
        if getattr(body, name):
            raise _invalid(name, "conditions come without it")
    if body.to_asset not in (None, body.asset) or body.quote is not None:
        raise _invalid("to_asset", "conditions are on one asset")
    reader = _Reader(directory, asset, now_ns)
    terms = Terms(
        release=None if said.release is None else reader.condition(said.release, RELEASE),
        pay_at_deadline=said.at_deadline == "pay",
        payer_may_cancel=said.payer_may_cancel,
        free_payee=said.spend_with_any_payee,
        stream=None if said.stream is None else reader.stream(said.stream),
        whole=_whole(said),
        shares=reader.shares(said),
    )
    try:
        check_terms(terms)
    except TermsError as error:
        raise _invalid("conditions", str(error)) from error
    parties = {directory.address(body.from_), directory.address(body.to)}
    if any(share.to in parties for share in terms.shares):
        raise _invalid("conditions", "payer and payee do not share; the payee gets the rest")
    return terms, _deadline_ns(body, said, now_ns)


RELEASE = "conditions.release"


def _invalid(field: str, what: str) -> Refusal:
    return Refusal("request.invalid", field=field, what=what)


def _deadline_ns(body: PaymentRequest, said: Conditions, now_ns: int) -> int:
    if (said.until is None) == (body.expires_in_s is None):
        raise _invalid("conditions.until", "exactly one of until and expires_in_s is the deadline")
    if body.expires_in_s is not None:
        # A whole second, because people read it.
        return div_ceil(now_ns, SECOND_NS) * SECOND_NS + body.expires_in_s * SECOND_NS
    assert said.until is not None, "invariant: one of the two is given"
    until_ns = parse_time(said.until, "conditions.until")
    if until_ns <= now_ns:
        raise _invalid("conditions.until", "the deadline is over")
    return until_ns


def _whole(said: Conditions) -> int:
    if (said.split is None) != (said.of is None):
        raise _invalid("conditions.of", "split and of come together")
    return said.of or 0


@dataclass(frozen=True, slots=True)
class _Reader:
    """asset: what is paid, in which amounts are written. now_ns: when a stream starts."""

    directory: Directory
    asset: Asset
    now_ns: int

    def stream(self, said: Stream) -> ast.Stream:
        start_ns = div_floor(self.now_ns, SECOND_NS) * SECOND_NS
        if said.start is not None:
            start_ns = parse_time(said.start, "conditions.stream.start")
        rate_minor = parse_amount(said.amount, self.asset)
        return ast.Stream(rate_minor, said.per_s * SECOND_NS, start_ns)

    def shares(self, said: Conditions) -> tuple[ast.Share, ...]:
        if said.split is not None and said.waterfall is not None:
            raise _invalid("conditions.waterfall", "split or waterfall, not both")
        if said.split is not None:
            return tuple(ast.Share(self.holder(row.to), part=row.part) for row in said.split)
        return tuple(
            ast.Share(self.holder(row.to), cap_minor=parse_amount(row.up_to, self.asset))
            for row in said.waterfall or ()
        )

    def holder(self, account: str, asset: Asset | None = None) -> bytes:
        """The address of an account that can get the asset."""
        address = self.directory.open_address(account)
        self.directory.check_held(address, account, asset or self.asset)
        return address

    def condition(self, said: Condition, at: str) -> ast.Condition:
        """at: where it stands in the body, for whoever has to correct it."""
        given = {name for name in Condition.__struct_fields__ if getattr(said, name) is not None}
        for kind in CONDITION_KINDS:
            if given == set(kind):
                return _READ[kind[0]](self, said, at)
        names = ", ".join(sorted(given)) or "none"
        raise _invalid(
            at, f"a condition has exactly one kind (at_least comes with of), not {names}"
        )

    def threshold(self, k: int, of: Sequence[Condition], at: str) -> ast.Threshold:
        if k > len(of):
            raise _invalid(at, f"at least {k} of {len(of)} can never be")
        return ast.Threshold(
            k, tuple(self.condition(child, f"{at}[{n}]") for n, child in enumerate(of))
        )

    def fact(self, said: Fact) -> ast.Fact:
        return ast.Fact(
            bytes.fromhex(said.oracle),
            bytes.fromhex(said.subject),
            COMPARISONS[said.is_],
            said.value,
        )

    def delivery(self, said: Delivery) -> ast.Delivery:
        asset = self.directory.asset_of_code(said.asset)
        return ast.Delivery(
            asset.number,
            parse_amount(said.amount, asset),
            self.holder(said.from_, asset),
            self.holder(said.to, asset),
        )


# By the first name of each kind. `Any`, because the fields that a kind needs are there.
_READ: dict[str, Callable[[_Reader, Any, str], ast.Condition]] = {
    "all": lambda r, c, at: r.threshold(len(c.all), c.all, f"{at}.all"),
    "any": lambda r, c, at: r.threshold(1, c.any, f"{at}.any"),
    "at_least": lambda r, c, at: r.threshold(c.at_least, c.of, f"{at}.of"),
    "after": lambda r, c, at: ast.After(parse_time(c.after, f"{at}.after")),
    "before": lambda r, c, at: ast.Before(parse_time(c.before, f"{at}.before")),
    "preimage": lambda r, c, at: ast.Preimage(bytes.fromhex(c.preimage.sha256), c.preimage.length),
    "approved_by": lambda r, c, at: ast.Approver(bytes.fromhex(c.approved_by)),
    "fact": lambda r, c, at: r.fact(c.fact),
    "delivery": lambda r, c, at: r.delivery(c.delivery),
    "payee": lambda r, c, at: ast.PayeeIs(r.directory.open_address(c.payee)),
    "category": lambda r, c, at: ast.PayeeCategory(c.category),
    "asked_by": lambda r, c, at: ast.AskedBy(PARTIES[c.asked_by]),
    "up_to": lambda r, c, at: ast.UpTo(parse_amount(c.up_to, r.asset)),
}
