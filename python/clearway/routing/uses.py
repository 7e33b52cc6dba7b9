"""One payment a quote: who has which quote, while a payment is on its way and ever after.

A quote is used by the payment for which the ledger moved or held money under it. Refused or
declined, a payment gives its quote back. A hold keeps it: what happens to the hold later (void,
rejection, expiry) or to the payment (refund) does not make the price good again.

Nothing is written for this. The ledger's entries name their quotes, so what stood there when the
node started is found by `booked_by`; what came since is remembered here until the quote has ended,
because the projections follow a moment behind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from clearway.payment.errors import Refusal
from clearway.payment.ids import format_payment, format_quote
from clearway.routing.quotes import Quote


@dataclass(slots=True)
class _Use:
    payment: bytes
    expires_ns: int
    booked: bool = False


class QuoteUses:
    """booked_by: the id of the payment that used a quote id, by what the ledger had at the start
    or later. May be used from several threads."""

    def __init__(
        self, *, booked_by: Callable[[bytes], bytes | None], clock: Callable[[], int]
    ) -> None:
        self._booked_by = booked_by
        self._clock = clock
        self._uses: dict[bytes, _Use] = {}  # in the order of their claims
        self._lock = Lock()

    def check(self, quote: Quote, payment: bytes) -> None:
        """Refuses quote.used, quote.in_use, unless it is this payment (16 bytes) that has it."""
        with self._lock:
            self._check(quote, payment)

    def claim(self, quote: Quote, payment: bytes) -> None:
        """As `check`; from here on the quote is this payment's, until `settle`."""
        with self._lock:
            self._check(quote, payment)
            self._forget_ended()
            self._uses[quote.id] = _Use(payment, quote.expires_ns)

    def settle(self, quote: Quote, *, booked: bool) -> None:
        """Whether the ledger moved or held money for the payment that claimed it."""
        with self._lock:
            use = self._uses.get(quote.id)
            if use is not None and booked:
                use.booked = True
            elif use is not None:
                del self._uses[quote.id]

    def _check(self, quote: Quote, payment: bytes) -> None:
        use = self._uses.get(quote.id)
        if use is not None and use.payment == payment:
            return
        if use is not None and not use.booked:
            raise Refusal("quote.in_use", quote=format_quote(quote.id))
        used_by = self._booked_by(quote.id) if use is None else use.payment
        if used_by is not None and used_by != payment:
            raise Refusal(
                "quote.used", quote=format_quote(quote.id), payment=format_payment(used_by)
            )

    def _forget_ended(self) -> None:
        """A quote that has ended is refused as such, so that its use need not be remembered. Those
        claimed first end first, or nearly."""
        now_ns = self._clock()
        while self._uses:
            oldest = next(iter(self._uses))
            if self._uses[oldest].expires_ns > now_ns:
                return
            del self._uses[oldest]
