"""Logarithm and decay from operations that IEEE 754 defines to the bit.

A library's `exp` and `log` differ between machines in the last digits; a decision that was computed
with them could not be computed again elsewhere.
"""

import math

from clearway.risk.compiled import compiled


@compiled("float64(float64)")
def log2_1p(value: float) -> float:
    """log2(1 + value) for value >= 0, to about 1e-9, from exact operations only."""
    mantissa, exponent = math.frexp(1.0 + value)
    if mantissa < 0.7071067811865476:
        mantissa *= 2.0
        exponent -= 1
    z = (mantissa - 1.0) / (mantissa + 1.0)
    s = z * z
    series = 1.0 + s * (1 / 3 + s * (1 / 5 + s * (1 / 7 + s * (1 / 9 + s * (1 / 11)))))
    return exponent + 2.8853900817779268 * z * series


@compiled("float64(float64)")
def decay(age: float) -> float:
    """exp(-age) for age >= 0, to about 1e-9, from exact operations only; 0 above 40."""
    if age > 40.0:
        return 0.0
    halvings = age * 1.4426950408889634
    whole = int(halvings)
    x = (halvings - whole) * -0.6931471805599453
    series = 1.0 + x / 9.0
    for k in range(8, 0, -1):
        series = 1.0 + x * series / k
    return series / (1 << whole)
