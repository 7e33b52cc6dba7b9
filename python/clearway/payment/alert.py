"""An alert: one suspicion about one account, by whichever room found it; cases are made of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from clearway.payment.ids import ID_BYTES


@dataclass(frozen=True, slots=True)
class Alert:
    """id: 16 bytes that follow from what was found, so that finding it again is the same alert.
    payment: the one it is about, None when it is about no single one. entity: the 20-byte address
    of the account to look at. typology: `family.name`. score_bps: the probability that it is true.
    amount_eur_minor, expected_loss_eur_minor: euro cents. reasons: codes.
    height, index: of the entry that gave rise to it."""

    id: bytes
    payment: bytes | None
    entity: bytes
    typology: str
    score_bps: int
    amount_eur_minor: int
    expected_loss_eur_minor: int
    reasons: tuple[str, ...]
    height: int
    index: int
    time_ns: int

    @property
    def family(self) -> str:
        return self.typology.partition(".")[0]


def alert_id(source: str, subject: bytes) -> bytes:
    """source: what looked, such as `decision`; subject: what it looked at, such as a payment's id.

    >>> alert_id("decision", bytes(16)) == alert_id("decision", bytes(16))
    True
    """
    return hashlib.sha256(b"alert\0" + source.encode() + b"\0" + subject).digest()[:ID_BYTES]
