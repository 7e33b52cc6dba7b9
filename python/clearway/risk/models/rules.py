"""Rules as a model: conditions on features in a file, each with its weight of evidence.

A rule is a list of `[feature, operator, number]` that must all hold. The operators are a closed
list; nothing in a file is ever executed. The raw score is log-odds: the base and the weights of the
rules that hold, as in a scorecard. A rule's weight belongs to the features that it asks, in equal
parts: each is needed, so each is worth the same (that is also their Shapley value against a row for
which none of its conditions holds).
"""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from clearway.ports.model import SCORE_BPS_MAX
from clearway.risk.errors import RiskFault
from clearway.risk.features import FEATURES, Features

FORMAT: Final = "clearway-risk-rules/1"
RULES_MAX: Final = 200
CONDITIONS_MAX: Final = 16
WEIGHT_MAX: Final = 50.0
RULES_BYTES_MAX: Final = 2**20

OPERATORS: Final[dict[str, Callable[[Any, float], Any]]] = {
    ">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal,
    "==": np.equal, "!=": lambda value, than: (value < than) | (value > than),
}  # fmt: skip
"""A NaN fulfils none of them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """weight: log-odds that it adds where all conditions (column, operator, number) hold."""

    name: str
    weight: float
    conditions: tuple[tuple[int, str, float], ...]

    def holds(self, features: Features) -> NDArray[np.bool_]:
        """bool[n] of float32[n, k]."""
        held = np.ones(len(features), dtype=np.bool_)
        for column, operator, than in self.conditions:
            held &= OPERATORS[operator](features[:, column], than)
        return held


@dataclass(frozen=True, slots=True)
class RulesModel:
    """A Model (ports/model.py) of rules alone."""

    model_id: bytes
    base: float
    rules: tuple[Rule, ...]
    is_bounded: bool = True

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises risk.model_format; OSError when it cannot be read."""
        return cls.of_bytes(path.read_bytes()[: RULES_BYTES_MAX + 1], source=str(path))

    @classmethod
    def of_bytes(cls, data: bytes, *, source: str, features: tuple[str, ...] = FEATURES) -> Self:
        """Parses a file of rules on these features. Raises risk.model_format."""
        try:
            if len(data) > RULES_BYTES_MAX:
                raise ValueError(f"more than {RULES_BYTES_MAX} bytes")
            document = json.loads(data)
            if document["format"] != FORMAT:
                raise ValueError(f"format {document['format']}, needed {FORMAT}")
            if len(document["rules"]) > RULES_MAX:
                raise ValueError(f"more than {RULES_MAX} rules")
            rules = tuple(_parse_rule(rule, features) for rule in document["rules"])
            base = _finite(document["base"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise RiskFault("risk.model_format", path=source, what=str(error)) from error
        return cls(hashlib.sha256(data).digest(), base, rules)

    def raw_scores(self, features: Features) -> NDArray[np.float64]:
        """Log-odds float64[n] of float32[n, k]."""
        raw = np.full(len(features), self.base)
        for rule in self.rules:
            raw += rule.weight * rule.holds(features)
        return raw

    def calibrate(self, raw: NDArray[np.float64]) -> NDArray[np.uint16]:
        """Log-odds as basis points uint16[n]."""
        bps: NDArray[np.float64] = SCORE_BPS_MAX / (1.0 + np.exp(-raw.clip(-500.0, 500.0)))
        return np.rint(bps).astype(np.uint16)

    def contributions(self, features: Features) -> NDArray[np.float64]:
        """float64[n, k]; with `base` a row's sum is its raw score."""
        parts = np.zeros(features.shape)
        for rule in self.rules:
            asked = {column for column, _, _ in rule.conditions}
            share = rule.weight / len(asked) * rule.holds(features)
            for column in asked:
                parts[:, column] += share
        return parts


def _parse_rule(rule: dict[str, Any], features: tuple[str, ...]) -> Rule:
    unknown = set(rule) - {"name", "weight", "if"}
    if unknown:
        raise ValueError(f"a rule has no {', '.join(sorted(unknown))}")
    conditions = []
    for name, operator, than in rule["if"]:
        if name not in features:
            raise ValueError(f"{name!r} is no feature")
        if operator not in OPERATORS:
            raise ValueError(f"{operator!r} is none of {' '.join(OPERATORS)}")
        conditions.append((features.index(name), str(operator), _finite(than)))
    if not 0 < len(conditions) <= CONDITIONS_MAX:
        raise ValueError(f"a rule has 1 to {CONDITIONS_MAX} conditions")
    weight = _finite(rule["weight"])
    if abs(weight) > WEIGHT_MAX:
        raise ValueError(f"a weight is at most {WEIGHT_MAX}")
    return Rule(str(rule["name"]), weight, tuple(conditions))


def _finite(number: object) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(f"{number!r} is no number")
    if not math.isfinite(number):
        raise ValueError(f"{number!r} is not finite")
    return float(number)
