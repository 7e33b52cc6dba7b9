"""The socket of what learns: people's verdicts on payments reach it here."""

from __future__ import annotations

from typing import Protocol


class Labels(Protocol):
    def confirm(self, payment: bytes, label: str, *, time_ns: int, by: str) -> None:
        """label: `confirmed_fraud` or `confirmed_honest`, known since time_ns; by: the principal
        who confirmed it. The same label of the same payment may be told again, and counts once; a
        later one replaces it. Durable when it returns."""
