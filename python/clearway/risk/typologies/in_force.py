"""The typologies that payments are compared with, at the levels that are in force."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from clearway.risk.features import Features, is_early
from clearway.risk.typologies.match import Matcher
from clearway.risk.typologies.rule import Level, Typology

DIGEST_BYTES: Final = 24  # as many as a decision has room for


@dataclass(frozen=True, slots=True)
class InForce:
    """typologies: without those that are off. digest: of their numbers and levels, the first
    DIGEST_BYTES of a SHA-256; every decision that was compared with them carries it."""

    typologies: tuple[Typology, ...]
    matcher: Matcher
    digest: bytes

    @classmethod
    def of(cls, typologies: Sequence[Typology]) -> Self:
        lines = [
            f"{one.bit} {each.feature} {_said(each.at_least)} {_said(each.at_most)}\n"
            for one in typologies
            for each in one.conditions
        ]
        digest = hashlib.sha256("".join(lines).encode()).digest()[:DIGEST_BYTES]
        return cls(tuple(typologies), Matcher.of(typologies), digest)

    def find(self, features: Features) -> NDArray[np.uint64]:
        """Bit masks uint64[n] of features float32[n, k]. In a ledger's first hour all is new, which
        says nothing."""
        return np.where(is_early(features), np.uint64(0), self.matcher.match(features))


def _said(level: Level | None) -> str:
    """The number as it was said: what the feature has of it may differ in its last bit between
    machines."""
    return "any" if level is None else f"{float(level.number).hex()} {level.unit.name}"
