"""Times as people and programs write them: RFC 3339 outside, nanoseconds since 1970 inside."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from clearway.payment.errors import Refusal

SECOND_NS = 1_000_000_000
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4_096)
def _second_text(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


@lru_cache(maxsize=4_096)
def format_time(time_ns: int) -> str:
    """RFC 3339 in UTC with microseconds. All payments of a block have one time.

    >>> format_time(0)
    '1970-01-01T00:00:00.000000Z'
    """
    second, rest_ns = divmod(time_ns, SECOND_NS)
    return f"{_second_text(second)}.{rest_ns // 1_000:06d}Z"


def parse_time(text: str, field: str) -> int:
    """Nanoseconds since 1970. Refuses request.invalid: no RFC 3339, before 1970 or after 2261, or
    more than six decimals of a second, which answers do not show.

    >>> parse_time("1970-01-01T01:00:00.5+01:00", "after")
    500000000
    """
    match = _TIME.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        date, clock, fraction, zone = match.groups()
        offset = "+00:00" if zone in "Zz" else zone
        moment = datetime.fromisoformat(f"{date}T{clock}{offset}").astimezone(UTC)
        if not 1970 <= moment.year <= 2261:
            raise ValueError
    except (ValueError, OverflowError):
        what = "not a time as in 2026-12-24T12:00:00Z"
        raise Refusal("request.invalid", field=field, what=what) from None
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return seconds * SECOND_NS + int((fraction or "").ljust(9, "0"))
