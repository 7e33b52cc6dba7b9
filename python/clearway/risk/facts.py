"""What the risk room may know of a payment: what is kept with it, and nothing else.

Most of it stands on the chain. What the payer paid with and from where does not; the node keeps it
beside the decision, as hashes. A feature that used anything else (a name, today's exchange rate)
could not be computed again, and a decision could then not be explained a year later.
"""

import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

# `report` of FACTS; again: so it was said of the payment before, and taken back since.
PAID, REPORTED, CLEARED, REPORTED_AGAIN, CLEARED_AGAIN = range(5)
FACTS = np.dtype(
    [
        ("payer", "<u4"),  # dense account number of the kernel
        ("payee", "<u4"),
        ("amount_eur", "<f8"),  # by the fixed table below, never by today's rate
        ("amount_major", "<f8"),  # in its own asset: people think in round numbers of these
        ("time_ns", "<i8"),
        ("asset", "<u4"),  # number of the asset
        ("purpose", "<u4"),  # category code, 0 is none; only "new for the payer" is asked of it
        ("device", "<u8"),  # a keyed hash of what the payer paid with; 0 is unknown
        ("address", "<u8"),  # likewise of the network address
        ("corridor", "<u8"),  # likewise of the two countries, or the two assets
        # PAID, or no payment, but the news that one was a fraud, or honest; time_ns is now then.
        ("report", "<u1"),
    ]
)

Facts = NDArray[np.void]


def load_rates_per_eur() -> dict[str, float]:
    """Major units of each currency that one euro buys, in the table that ships with the code.

    The table is part of the model's input: changing it means training again.
    """
    text = files("clearway.risk").joinpath("data/reference_rates.json").read_text("utf-8")
    rates: dict[str, float] = json.loads(text)["per_eur"]
    return rates


class ReferenceRates:
    """Turns minor units into euros for the assets of one chain.

    `asset_codes[k]` is the code of asset number k, such as `EUR/2`. Number 0 is none on the
    chain; give it any code, e.g. "". A currency that the table does not know counts 1 to 1: an
    unknown token must not make a payment look like nothing.

    >>> rates = ReferenceRates(["", "EUR/2", "JPY/0"])
    >>> facts = rates.facts(payer=[1], payee=[2], amount_minor=[15633], asset=[2], time_ns=[0])
    >>> round(float(facts[0]["amount_eur"]), 6), float(facts[0]["amount_major"])
    (100.0, 15633.0)
    """

    def __init__(self, asset_codes: Sequence[str]) -> None:
        per_eur = load_rates_per_eur()
        currencies = [code.partition("/") for code in asset_codes]
        self._minor_per_major = np.array([10.0 ** int(scale or 0) for _, _, scale in currencies])
        self._major_per_eur = np.array([per_eur.get(name, 1.0) for name, _, _ in currencies])

    def facts(
        self,
        *,
        payer: ArrayLike,
        payee: ArrayLike,
        amount_minor: ArrayLike,
        asset: ArrayLike,
        time_ns: ArrayLike,
        purpose: ArrayLike = 0,
        to_asset: ArrayLike = 0,
    ) -> Facts:
        """FACTS[n] of n payments, in their order. IndexError for an asset without a code.

        to_asset: number of what the payee gets, 0 for the same; the two are the corridor.
        `amount_minor` may be any numeric array; above 2**53 it is rounded, which no feature sees.
        """
        number = np.asarray(asset, dtype=np.int64)
        rows = np.zeros(len(number), dtype=FACTS)
        rows["payer"], rows["payee"] = payer, payee
        amount_major = np.asarray(amount_minor, dtype=np.float64) / self._minor_per_major[number]
        rows["amount_major"] = amount_major
        rows["amount_eur"] = amount_major / self._major_per_eur[number]
        rows["time_ns"], rows["asset"], rows["purpose"] = time_ns, number, purpose
        to = np.asarray(to_asset, dtype=np.int64)
        rows["corridor"] = number << 32 | np.where(to == 0, number, to)
        return rows


def hash_texts(texts: Sequence[str | None], *, key: bytes = b"") -> NDArray[np.uint64]:
    """Ids uint64[n] of devices, addresses or corridors; 0, the unknown one, for None and "".

    >>> hash_texts(["phone 1", None, "phone 1", ""])[[1, 3]].tolist()
    [0, 0]
    """
    return np.array([_hash_text(text, key) if text else 0 for text in texts], dtype=np.uint64)


def _hash_text(text: str, key: bytes) -> int:
    digest = hashlib.blake2b(text.encode(), digest_size=8, key=key).digest()
    return int.from_bytes(digest, "little") or 1
