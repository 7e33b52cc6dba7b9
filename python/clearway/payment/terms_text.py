"""Terms in plain English: one sentence for what happens, and a short one for each thing beside it.

Released to bob when at least 2 of the 3 approvers 1a2b3c4d…, … sign, in one or more parts; what
is left on 24 December 2026 12:00 UTC goes back to alice. bob may give it back at any time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from clearway.payment.terms import (
    After,
    Approver,
    AskedBy,
    Before,
    Comparison,
    Condition,
    Delivery,
    Fact,
    Party,
    PayeeCategory,
    PayeeIs,
    Preimage,
    Share,
    Stream,
    Terms,
    Threshold,
    UpTo,
    walk,
)

_COMPARED: Final = {
    Comparison.EQUAL: "is",
    Comparison.AT_LEAST: "is at least",
    Comparison.AT_MOST: "is at most",
}
_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Words:
    """Who and what the terms speak of. name: of an address; money: (asset, minor units) → text."""

    payer: str
    payee: str
    asset: int
    deadline_ns: int
    name: Callable[[bytes], str]
    money: Callable[[int, int], str]

    def amount(self, amount_minor: int) -> str:
        return self.money(self.asset, amount_minor)


def render_terms(terms: Terms, words: Words) -> str:
    """The whole contract in one to five sentences."""
    sentences = [
        _main(terms, words),
        _stream(terms.stream, words),
        _shares(terms, words),
        _cancel(terms, words),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _main(terms: Terms, words: Words) -> str:
    deadline = render_time(words.deadline_ns)
    end = f"to {words.payee}" if terms.pay_at_deadline else f"back to {words.payer}"
    if terms.release is None:
        return f"Nothing is released before {deadline}; then all of it goes {end}."
    to = f"{words.payee} or any payee that a release names" if terms.free_payee else words.payee
    parts = "" if _in_one_piece(terms.release) else ", in one or more parts"
    when = render_condition(terms.release, words, outermost=True)
    return f"Released to {to} when {when}{parts}; what is left on {deadline} goes {end}."


def _in_one_piece(condition: Condition) -> bool:
    """Whether a delivery, which takes everything at once, is needed whatever else holds."""
    if isinstance(condition, Threshold) and condition.at_least == len(condition.of):
        return any(_in_one_piece(child) for child in condition.of)
    return isinstance(condition, Delivery)


def _stream(stream: Stream | None, words: Words) -> str:
    if stream is None:
        return ""
    rate = f"{words.amount(stream.rate_minor)} {_every(stream.period_ns)}"
    return f"No more may be released than has accrued: {rate} since {render_time(stream.start_ns)}."


def _every(period_ns: int) -> str:
    for seconds, unit in _UNITS:
        count, rest = divmod(period_ns, seconds * _SECOND_NS)
        if rest == 0 and count:
            return f"a {unit}" if count == 1 else f"every {count:,} {unit}s"
    return f"every {period_ns:,} nanoseconds"


def _shares(terms: Terms, words: Words) -> str:
    if not terms.shares:
        return ""
    if terms.whole:
        parts = [_part(share, terms.whole, words) for share in terms.shares]
        left = terms.whole - sum(share.part for share in terms.shares)
        rest = "the rest of each division" if left == 0 else "the rest"
        return f"Of all that is released {', '.join(parts)}, {rest} to {words.payee}."
    levels = [
        f"{'the next' if n else 'The first'} {words.amount(share.cap_minor)} "
        f"{'to' if n else 'go to'} {words.name(share.to)}"
        for n, share in enumerate(terms.shares)
    ]
    return f"{', '.join(levels)}, the rest to {words.payee}."


def _part(share: Share, whole: int, words: Words) -> str:
    if whole == 100:
        return f"{share.part} % goes to {words.name(share.to)}"
    return f"{share.part:,} of {whole:,} parts go to {words.name(share.to)}"


def _cancel(terms: Terms, words: Words) -> str:
    who = f"{words.payer} or {words.payee}" if terms.payer_may_cancel else words.payee
    accrued = " after what has accrued was paid" if terms.stream else ""
    return f"{who} may send what is left back to {words.payer} at any time{accrued}."


# --- conditions ---------------------------------------------------------------------------------


def render_condition(node: Condition, words: Words, *, outermost: bool = False) -> str:
    """A clause that reads on after "when". outermost: not inside another clause."""
    match node:
        case Threshold():
            clause = _threshold(node, words)
            simple = outermost or len(node.of) == 1 or _all_approvers(node.of)
            return clause if simple else f"({clause})"
        case After():
            return f"it is {render_time(node.time_ns)} or later"
        case Before():
            return f"it is before {render_time(node.time_ns)}"
        case Preimage():
            return f"the {node.length}-byte secret with SHA-256 {_short(node.sha256)} is shown"
        case Approver():
            return f"approver {_short(node.key)} signs"
        case Fact():
            compared = f"{_COMPARED[node.comparison]} {node.value:,}"
            return f"oracle {_short(node.oracle)} states that {_short(node.subject)} {compared}"
        case Delivery():
            what = words.money(node.asset, node.amount_minor)
            return f"{words.name(node.from_)} delivers {what} to {words.name(node.to)} for it"
        case PayeeIs():
            return f"it goes to {words.name(node.address)}"
        case PayeeCategory():
            return f"it goes to an account of category {node.category}"
        case AskedBy():
            return f"{words.payer if node.party is Party.PAYER else words.payee} asks for it"
        case UpTo():
            return f"no more than {words.amount(node.amount_minor)} is released in all"


def _threshold(node: Threshold, words: Words) -> str:
    k, n = node.at_least, len(node.of)
    if n > 1 and _all_approvers(node.of):
        keys = ", ".join(_short(child.key) for child in node.of if isinstance(child, Approver))
        who = f"all {n} approvers" if k == n else f"at least {k} of the {n} approvers"
        return f"{who} ({keys}) sign"
    children = [render_condition(child, words) for child in node.of]
    if k == n:
        return " and ".join(children)
    if k == 1:
        return "either " + " or ".join(children)
    return f"at least {k} of these {n} hold: {'; '.join(children)}"


def _all_approvers(nodes: Sequence[Condition]) -> bool:
    return all(isinstance(node, Approver) for node in nodes)


def render_nodes(terms: Terms, words: Words) -> list[str]:
    """One clause a node, in the order of their numbers."""
    return [render_condition(node, words, outermost=True) for node in walk(terms.release)]


def _short(data: bytes) -> str:
    """Enough of a key, hash or subject to tell it from others; all of it stands in the terms."""
    return data[:4].hex() + "…"


def render_time(time_ns: int) -> str:
    """UTC, as far as it says something.

    >>> render_time(1_798_113_600 * 10**9)
    '24 December 2026 12:00 UTC'
    """
    second, rest_ns = divmod(time_ns, _SECOND_NS)
    moment = time.gmtime(second)
    clock = time.strftime("%H:%M", moment)
    if moment.tm_sec or rest_ns:
        clock += f":{moment.tm_sec:02d}"
    if rest_ns:
        clock += f".{rest_ns:09d}".rstrip("0")
    return f"{moment.tm_mday} {time.strftime('%B %Y', moment)} {clock} UTC"
