"""The examples of every refusal, gathered from the files that have them."""

from __future__ import annotations

from collections.abc import Callable

from spec.codes import CODES
from spec.records import Entry
from tests.ledger.town import Town

Example = Callable[[Town], int]
EXAMPLES: dict[int, list[Example]] = {code: [] for code in CODES}


def example(code: int) -> Callable[[Example], Example]:
    def register(function: Example) -> Example:
        EXAMPLES[code].append(function)
        return function

    return register


def code_of(town: Town, entry: Entry, key: str = "root1") -> int:
    """The code of one entry in a block of its own."""
    return town.apply(entry, key=key)[0]
