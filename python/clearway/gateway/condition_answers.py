"""Terms as answers show them: in the shape of the request, numbered, and in plain English."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Literal

from msgspec import UNSET, UnsetType

from clearway.gateway.condition_schemas import (
    ConditionSeen,
    ConditionsSeen,
    Delivery,
    Fact,
    Preimage,
    SplitShare,
    StreamSeen,
    WaterfallShare,
)
from clearway.gateway.directory import Directory
from clearway.gateway.times import SECOND_NS, format_time
from clearway.payment import terms as ast
from clearway.payment.money import Asset, format_amount
from clearway.payment.terms import Terms, TermsError, parse_terms
from clearway.payment.terms_text import Words, render_condition, render_terms

COMPARISON_NAMES: Final[dict[ast.Comparison, Literal["equal", "at_least", "at_most"]]] = {
    ast.Comparison.EQUAL: "equal",
    ast.Comparison.AT_LEAST: "at_least",
    ast.Comparison.AT_MOST: "at_most",
}
PARTY_NAMES: Final[dict[ast.Party, Literal["payer", "payee"]]] = {
    ast.Party.PAYER: "payer",
    ast.Party.PAYEE: "payee",
}


def words_of(
    *, payer: bytes, payee: bytes, asset: int, deadline_ns: int, directory: Directory
) -> Words:
    def money(number: int, amount_minor: int) -> str:
        known = _asset(directory, number)
        return f"{format_amount(amount_minor, known)} {known.code}"

    return Words(
        payer=directory.name(payer),
        payee=directory.name(payee),
        asset=asset,
        deadline_ns=deadline_ns,
        name=directory.name,
        money=money,
    )


def _asset(directory: Directory, number: int) -> Asset:
    """Terms that the ledger refused may name an asset that nobody registered."""
    try:
        return directory.asset(number)
    except KeyError:
        return Asset(number, f"units of asset {number}", 0)


def show_conditions(units: bytes, words: Words, directory: Directory) -> ConditionsSeen | UnsetType:
    """Of an entry's units; UNSET for units that are no terms, which the ledger refused."""
    try:
        terms = parse_terms(units)
    except TermsError:
        return UNSET
    return _Shower(words, directory).terms(terms)


@dataclass(frozen=True, slots=True)
class _Shower:
    words: Words
    directory: Directory
    numbers: Iterator[int] = field(default_factory=count)

    def terms(self, terms: Terms) -> ConditionsSeen:
        split, waterfall = self.shares(terms)
        return ConditionsSeen(
            text=render_terms(terms, self.words),
            until=format_time(self.words.deadline_ns),
            at_deadline="pay" if terms.pay_at_deadline else "return",
            payer_may_cancel=terms.payer_may_cancel,
            spend_with_any_payee=terms.free_payee,
            release=UNSET if terms.release is None else self.condition(terms.release, True),
            stream=UNSET if terms.stream is None else self.stream(terms.stream),
            split=split,
            of=terms.whole or UNSET,
            waterfall=waterfall,
        )

    def amount(self, amount_minor: int) -> str:
        return format_amount(amount_minor, self.directory.asset(self.words.asset))

    def stream(self, stream: ast.Stream) -> StreamSeen:
        whole_s, rest_ns = divmod(stream.period_ns, SECOND_NS)
        per_s = stream.period_ns / SECOND_NS if rest_ns else whole_s
        return StreamSeen(self.amount(stream.rate_minor), per_s, format_time(stream.start_ns))

    def shares(
        self, terms: Terms
    ) -> tuple[list[SplitShare] | UnsetType, list[WaterfallShare] | UnsetType]:
        name = self.directory.name
        if terms.whole:
            return [SplitShare(name(share.to), share.part) for share in terms.shares], UNSET
        levels = [WaterfallShare(name(s.to), self.amount(s.cap_minor)) for s in terms.shares]
        return UNSET, levels or UNSET

    def condition(self, node: ast.Condition, outermost: bool = False) -> ConditionSeen:
        number = next(self.numbers)
        text = render_condition(node, self.words, outermost=outermost)
        return ConditionSeen(number, text, **self.fields(node))

    def fields(self, node: ast.Condition) -> dict[str, Any]:
        match node:
            case ast.Threshold():
                return self.threshold(node)
            case ast.After():
                return {"after": format_time(node.time_ns)}
            case ast.Before():
                return {"before": format_time(node.time_ns)}
            case ast.Preimage():
                return {"preimage": Preimage(node.sha256.hex(), node.length)}
            case ast.Approver():
                return {"approved_by": node.key.hex()}
            case ast.Fact():
                compared = COMPARISON_NAMES[node.comparison]
                fact = Fact(node.oracle.hex(), node.subject.hex(), compared, node.value)
                return {"fact": fact}
            case ast.Delivery():
                return {"delivery": self.delivery(node)}
            case ast.PayeeIs():
                return {"payee": self.directory.name(node.address)}
            case ast.PayeeCategory():
                return {"category": node.category}
            case ast.AskedBy():
                return {"asked_by": PARTY_NAMES[node.party]}
            case ast.UpTo():
                return {"up_to": self.amount(node.amount_minor)}

    def threshold(self, node: ast.Threshold) -> dict[str, Any]:
        children = [self.condition(child) for child in node.of]
        if node.at_least == len(children):
            return {"all": children}
        if node.at_least == 1:
            return {"any": children}
        return {"at_least": node.at_least, "of": children}

    def delivery(self, node: ast.Delivery) -> Delivery:
        asset = _asset(self.directory, node.asset)
        amount = format_amount(node.amount_minor, asset)
        name = self.directory.name
        return Delivery(name(node.from_), name(node.to), amount, asset.code)
