"""Standing orders: fixed mandates that this institution recorded, paid once in each period.

The id of each payment follows from its mandate and period, so that a restart, or a second look,
pays nothing twice: what was asked before is answered as it was. What the ledger refuses (there was
no money) stays refused for that period. A period that passed while the node was down is not made
up for: the ledger counts a payment in the period in which it is made. Within its period it is late.
"""

from __future__ import annotations

import hashlib
import logging

from clearway.ledger.book import Mandate
from clearway.lifecycle.batcher import Batcher
from clearway.lifecycle.rooms import Rooms
from clearway.lifecycle.rounds import Rounds
from clearway.payment.batch import VALID_NS, Submission
from clearway.payment.errors import ClearwayError
from clearway.payment.ids import standing_id
from clearway.payment.records import Kind, pack_head

LOOK_S = 1.0
log = logging.getLogger("clearway.lifecycle")


class StandingOrders:
    """Looks once a second, on a thread of its own. secret: of the institution's ids."""

    def __init__(self, rooms: Rooms, batcher: Batcher, secret: bytes) -> None:
        self._rooms = rooms
        self._batcher = batcher
        self._secret = secret
        self._asked: dict[bytes, int] = {}  # mandate → the last period that was asked for
        self.rounds = Rounds("standing", LOOK_S, self.pay_due)

    def start(self) -> None:
        self.rounds.start()

    def stop(self) -> None:
        self.rounds.stop()

    def pay_due(self) -> int:
        """Pays what is due now; returns how many orders were sent."""
        rooms, now_ns, sent = self._rooms, self._rooms.clock(), 0
        ids = rooms.book.standing_orders(rooms.institution)
        self._asked = {id: self._asked[id] for id in ids if id in self._asked}
        for id in ids:
            if self.rounds.is_stopping:
                break
            mandate = rooms.book.mandate(rooms.institution, id)
            if mandate is None or not mandate.start_ns <= now_ns < mandate.expires_ns:
                continue
            period = (now_ns - mandate.start_ns) // mandate.period_ns
            if self._asked.get(id) == period or self._is_paid(mandate, period):
                continue
            if self._send(id, mandate, period, now_ns):
                self._asked[id] = period
                sent += 1
        return sent

    def _is_paid(self, mandate: Mandate, period: int) -> bool:
        return mandate.period == period and mandate.payments_used > 0

    def _send(self, id: bytes, mandate: Mandate, period: int, now_ns: int) -> bool:
        book = self._rooms.book
        payer, payee = book.account_at(mandate.payer), book.account_at(mandate.payee)
        assert payer is not None, "invariant: the parties of a mandate are accounts"
        assert payee is not None, "invariant: the parties of a mandate are accounts"
        head = pack_head(
            kind=Kind.PULL,
            id=standing_id(self._secret, id, period),
            target=id,
            purpose=mandate.institution,
            payer=payer.address,
            payee=payee.address,
            asset=mandate.asset,
            amount_minor=mandate.payment_minor_max,
            created_ns=now_ns,
            valid_until_ns=now_ns + VALID_NS,
        )
        request_hash = hashlib.sha256(b"standing" + id + period.to_bytes(8, "little")).digest()
        try:
            self._batcher.place(Submission(head, request_hash))
        except (ClearwayError, TimeoutError) as error:
            log.warning("a standing order waits: %s", error)
            return False
        return True
