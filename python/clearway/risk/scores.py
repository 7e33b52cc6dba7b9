"""What the room says of a batch, what is on record of one, and what it counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clearway.risk.features import Features
from clearway.risk.reviews import Prices

NO_MODEL_ID: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Scores:
    """n answers: score_bps uint16[n]; outcome uint8[n], 1 accept, 2 review, 3 decline; reasons
    uint64[n], bits of reasons.CATALOGUE, 0 for what is accepted; features float32[n, k]. model_id:
    of the model that answered, NO_MODEL_ID when none did. amount_eur: as it was weighed.
    review_price: uint16[n] in euros, of what somebody should look at; see reviews.py."""

    score_bps: NDArray[np.uint16]
    outcome: NDArray[np.uint8]
    reasons: NDArray[np.uint64]
    features: Features
    model_id: bytes
    amount_eur: NDArray[np.float64]
    review_price: Prices


@dataclass(frozen=True, slots=True)
class Decided:
    """What is on record of the n payments of one batch: score_bps uint16[n]; outcome uint8[n], as
    it stands on the ledger; reasons uint64[n]; went_on: bool[n], whether it was booked and not
    declined; model_id: NO_MODEL_ID when none answered."""

    score_bps: NDArray[np.uint16]
    outcome: NDArray[np.uint8]
    reasons: NDArray[np.uint64]
    went_on: NDArray[np.bool_]
    model_id: bytes


@dataclass(frozen=True, slots=True)
class RiskCounts:
    """Since the start. payments: decided, by what (`model`, `fallback`); misses: batches by why
    they had no answer of the model, see Guard; shadow: payments, by what became of them when a
    challenger is tried (`scored`, `failed`, `left_out`). reviews: today's; review_price_eur: of
    the last one wanted. unreviewed: payments for which there was no review, by what became of
    them (`accept`, `decline`)."""

    model_id: bytes
    payments: Mapping[str, int]
    misses: Mapping[str, int]
    reviews: int = 0
    review_price_eur: float = 0.0
    unreviewed: Mapping[str, int] = field(default_factory=dict)
    shadow: Mapping[str, int] = field(default_factory=dict)
