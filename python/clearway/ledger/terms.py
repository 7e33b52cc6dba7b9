"""The terms of conditional money: the kernel's evaluator, and the words that receipts say.

The words are decoded from the bytes that are proven.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import clearway_kernel as kernel
from clearway.payment.money import Asset, format_amount
from clearway.payment.records import HEAD, HEAD_BYTES, Kind
from clearway.payment.terms import UNIT_BYTES, TermsError, parse_terms
from clearway.payment.terms_text import Words, render_terms

check_terms = kernel.check_terms
evaluate_terms = kernel.evaluate_terms


def describe_terms(entry: bytes, assets: Mapping[int, Asset]) -> str | None:
    """What an escrow's entry agrees to, in plain English; None for another kind of entry, or for
    units that are no terms, which the ledger refused."""
    if len(entry) < HEAD_BYTES or entry[1] != Kind.ESCROW:
        return None
    head = np.frombuffer(entry, HEAD, count=1)[0]
    payer, payee = head["payer"].tobytes(), head["payee"].tobytes()
    words = Words(
        payer=_name(payer),
        payee=_name(payee),
        asset=int(head["asset"]),
        deadline_ns=int(head["expires_ns"]),
        name=_name,
        money=lambda number, amount_minor: tell_money(number, amount_minor, assets),
    )
    units = entry[HEAD_BYTES : HEAD_BYTES + UNIT_BYTES * int(head["units"])]
    try:
        return render_terms(parse_terms(units), words)
    except TermsError:
        return None


def _name(address: bytes) -> str:
    return "0x" + address.hex()


def tell_money(number: int, amount_minor: int, assets: Mapping[int, Asset]) -> str:
    """number: of the asset, which need not be among `assets`."""
    asset = assets.get(number)
    if asset is None:
        return f"{amount_minor} minor units of asset {number}"
    return f"{format_amount(amount_minor, asset)} {asset.code}"
