"""What a payment costs its payer, in the payer's asset, beyond the amount."""

from __future__ import annotations

from dataclasses import dataclass

from clearway.payment.money import share_bps


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Basis points of the amount, rounded up in favour of the institution.

    >>> FeeSchedule(domestic_bps=0, cross_bps=10).fee_minor(10_001, cross=True)
    11
    """

    domestic_bps: int
    cross_bps: int

    def fee_minor(self, amount_minor: int, *, cross: bool) -> int:
        """cross: the payee gets another asset than the payer gives."""
        return share_bps(amount_minor, self.cross_bps if cross else self.domestic_bps)
