"""Evidence as bytes that never change: canonical JSON, whose SHA-256 the log of the cases holds.

Accounts are addresses and payments are ids: no name stands in evidence, so that erasing a person
leaves it whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def pack_evidence(facts: Mapping[str, Any]) -> bytes:
    """The same facts give the same bytes.

    >>> pack_evidence({"b": 1, "a": "x"})
    b'{"a":"x","b":1}'
    """
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
