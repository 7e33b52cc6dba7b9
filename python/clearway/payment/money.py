"""Money is an integer count of minor units and an asset whose code carries the scale.

| operation | result | who keeps the remainder |
| --- | --- | --- |
| parse_amount("12.34", EUR/2) | 1234 | refused when there is one |
| format_amount(1234, EUR/2) | "12.34" | none |
| div_floor(a, b) | towards zero | the one who pays out |
| div_ceil(a, b) | away from zero | the one who is paid |
| share_bps(a, bps) | a · bps / 10,000, ceiling | the one who is paid |

Never a float.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from clearway.payment.errors import Refusal

AMOUNT_MINOR_MAX = 2**126 - 1
SCALE_MAX = 30
_ZEROS = ["0", *("0." + "0" * scale for scale in range(1, SCALE_MAX + 1))]
_DECIMAL = re.compile(r"(-?)(\d{1,48})(?:\.(\d{1,48}))?", re.ASCII)
_CODE = re.compile(r"([A-Z][A-Z0-9.]{0,11})/(\d{1,2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asset:
    """number: the ledger's number, from 1. code: such as `EUR/2`. scale: decimals. controls: what
    its issuer, an institution, may do (records.Control); both 0 when nobody controls it."""

    number: int
    code: str
    scale: int
    controls: int = 0
    issuer: int = 0

    @property
    def currency(self) -> str:
        return self.code.partition("/")[0]


def parse_asset_code(code: str) -> tuple[str, int]:
    """`"EUR/2"` → `("EUR", 2)`. Refuses `asset.unknown`."""
    match = _CODE.fullmatch(code)
    if match is None or int(match[2]) > SCALE_MAX:
        raise Refusal("asset.unknown", asset=code)
    return match[1], int(match[2])


def parse_amount(text: object, asset: Asset) -> int:
    """Major units as decimal text → minor units above zero.

    Refuses amount.malformed, amount.not_positive, amount.too_precise, amount.too_large.

    >>> parse_amount("12.34", Asset(1, "EUR/2", 2))
    1234
    """
    match = _DECIMAL.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise Refusal("amount.malformed", amount=text)
    sign, whole, fraction = match[1], match[2], match[3] or ""
    if len(fraction) > asset.scale:
        raise Refusal("amount.too_precise", amount=text, asset=asset.code, scale=asset.scale)
    amount_minor = int(whole + fraction.ljust(asset.scale, "0"))
    if sign or amount_minor == 0:
        raise Refusal("amount.not_positive")
    if amount_minor > AMOUNT_MINOR_MAX:
        raise Refusal("amount.too_large")
    return amount_minor


def format_amount(amount_minor: int, asset: Asset) -> str:
    """Minor units → major units with exactly `scale` digits; negative amounts keep their sign."""
    scale = asset.scale
    if amount_minor == 0:
        return _ZEROS[scale]  # what most payments got back
    digits = str(amount_minor)
    if scale == 0:
        return digits
    if len(digits) <= scale or amount_minor < 0:
        sign = "-" if amount_minor < 0 else ""
        digits = sign + digits.removeprefix("-").rjust(scale + 1, "0")
    return f"{digits[:-scale]}.{digits[-scale:]}"


def div_floor(dividend: int, divisor: int) -> int:
    """For non-negative numbers; the remainder stays with the one who pays out."""
    return dividend // divisor


def div_ceil(dividend: int, divisor: int) -> int:
    """For non-negative numbers; the remainder goes to the one who is paid."""
    return -(-dividend // divisor)


def share_bps(amount_minor: int, bps: int) -> int:
    """A fee of `bps` basis points, rounded up in favour of the one who is paid."""
    return div_ceil(amount_minor * bps, 10_000)
