"""JSON as trusted files and receipts have it: one text, one meaning, in every implementation.

Readers of JSON differ about doubled keys, large numbers, NaN, byte order marks and lone surrogates.
Here all of those are refused, or, for numbers, made into something that no check accepts, so that a
verifier in another language gives the same verdict (docs/format.md, JSON).
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

DEPTH_MAX: Final = 16
NOT_JSON: Final = "is not JSON of distinct keys in UTF-8"
_WHOLE = re.compile(r"(?:0|[1-9][0-9]{0,19})", re.ASCII)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def parse_strict(data: bytes) -> Any:
    """The value of a JSON text. A number is an int when it is written as a whole one of at most 20
    digits without a sign; any other is NaN.

    Raises ValueError, always with the same words.

    >>> parse_strict(b'{"a": [1, 2.0]}')
    {'a': [1, nan]}
    """
    try:
        text = data.decode("utf-8")
        _check_depth(text)
        value = json.loads(
            text,
            object_pairs_hook=_distinct,
            parse_int=lambda digits: int(digits) if _WHOLE.fullmatch(digits) else math.nan,
            parse_float=lambda _digits: math.nan,
            parse_constant=_refuse,
        )
        # Half a surrogate pair, which JSON can spell and UTF-8 cannot, does not encode.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except ValueError as error:
        raise ValueError(NOT_JSON) from error
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for char in _STRING.sub("", text):
        depth += (char in "[{") - (char in "]}")
        if depth > DEPTH_MAX:
            raise ValueError(f"more than {DEPTH_MAX} levels")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return fields


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
