"""Whom conditional money reaches beside payer and payee: shares, deliveries, an escrow's parties.

An escrow is screened with everybody whom its terms name as a receiver. A release is screened again
with everybody who gets something then: lists change between the two.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clearway.lifecycle.batch import PaymentBatch
from clearway.lifecycle.rooms import Rooms
from clearway.payment.batch import NOT_AN_ACCOUNT
from clearway.payment.decision import DecisionFlag
from clearway.payment.records import Kind
from clearway.payment.terms import Delivery, TermsError, parse_terms, walk


def screen_conditions(batch: PaymentBatch, rooms: Rooms) -> None:
    """Marks escrows and releases that would give money to somebody who is sanctioned."""
    for row in batch.rows_of(Kind.ESCROW).tolist():
        if _are_sanctioned(_receivers(batch.units.get(row, b"")), rooms):
            batch.findings[row] |= np.uint16(DecisionFlag.SHARE_SANCTIONED)
    for row in batch.rows_of(Kind.RELEASE).tolist():
        head = batch.heads[row]
        escrow = rooms.book.escrow(int(head["purpose"]), head["target"].tobytes())
        if escrow is None:
            continue  # the ledger's to refuse
        if _check(np.array([escrow.payer, escrow.payee], np.uint32), rooms):
            batch.findings[row] |= np.uint16(DecisionFlag.PAYER_SANCTIONED)
        if _are_sanctioned(_receivers(escrow.terms), rooms):
            batch.findings[row] |= np.uint16(DecisionFlag.SHARE_SANCTIONED)


def _receivers(units: bytes) -> list[bytes]:
    """Addresses that the terms give money to, beside the payee."""
    try:
        terms = parse_terms(units)
    except TermsError:
        return []  # the ledger's to refuse
    deliveries = [node for node in walk(terms.release) if isinstance(node, Delivery)]
    parties = [address for node in deliveries for address in (node.from_, node.to)]
    return [share.to for share in terms.shares] + parties


def _are_sanctioned(addresses: list[bytes], rooms: Rooms) -> bool:
    return bool(addresses) and _check(rooms.book.account_numbers(b"".join(addresses)), rooms)


def _check(numbers: npt.NDArray[np.uint32], rooms: Rooms) -> bool:
    known = numbers[numbers != NOT_AN_ACCOUNT]
    return bool(len(known)) and bool(rooms.parties.check(known).any())
