"""The model that is in force: one JSON file, named by its hash, and its card beside it."""

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from clearway.risk.errors import RiskFault
from clearway.risk.features import Features, columns_of
from clearway.risk.models.forest import Forest
from clearway.risk.models.knots import Knots, parse_knots, read_knots
from clearway.risk.models.shap import Shap

FORMAT: Final = "clearway-risk-model/2"
MODEL_NAME: Final = "model.json"
CARD_NAME: Final = "card.json"
MODEL_BYTES_MAX: Final = 64 * 2**20


@dataclass(frozen=True, slots=True)
class RiskModel:
    """A Model (ports/model.py): forest, what explains it, and calibration."""

    model_id: bytes
    forest: Forest
    shap: Shap
    knots: Knots

    @classmethod
    def load(cls, path: Path) -> Self:
        """The model in `path`, if the card beside it vouches for its bytes.

        Raises as `read_vouched`, and risk.model_format for a model of other features.
        """
        return cls.of_bytes(read_vouched(path), source=str(path))

    @classmethod
    def load_shipped(cls) -> Self:
        """The small model that comes with Clearway, trained on the simulated world."""
        with as_file(files("clearway.risk").joinpath("data")) as folder:
            return cls.load(folder / "model.json")

    @classmethod
    def of_bytes(cls, data: bytes, *, source: str) -> Self:
        """Parses a model file. Raises risk.model_format; `source` is for its text."""
        try:
            model: dict[str, Any] = json.loads(data)
            if model["format"] != FORMAT:
                raise ValueError(f"format {model['format']}, needed {FORMAT}")
            columns = columns_of(model["features"])
            forest = Forest.of_json(model["trees"]).renumbered(columns)
            knots = parse_knots(model["calibration"])
        except (
            ValueError,
            KeyError,
            TypeError,
            IndexError,
            RecursionError,
            OverflowError,
        ) as error:
            raise RiskFault("risk.model_format", path=source, what=str(error)) from error
        return cls(
            model_id=hashlib.sha256(data).digest(),
            forest=forest,
            shap=Shap.of(forest),
            knots=knots,
        )

    @property
    def is_bounded(self) -> bool:
        return True

    @property
    def base(self) -> float:
        """The raw score expected of anybody: with a row's contributions it is that row's own."""
        return self.shap.base

    def raw_scores(self, features: Features) -> NDArray[np.float64]:
        """Log-odds float64[n] before calibration, of float32[n, k]."""
        return self.forest.raw_scores(features)

    def contributions(self, features: Features) -> NDArray[np.float64]:
        """float64[n, k]: each feature's exact part in the raw score. See shap.py."""
        return self.shap.contributions(features)

    def score_bps(self, features: Features) -> NDArray[np.uint16]:
        """Probability of fraud in basis points, uint16[n] of 0 to 10,000, of float32[n, k]."""
        return self.calibrate(self.raw_scores(features))

    def calibrate(self, raw: NDArray[np.float64]) -> NDArray[np.uint16]:
        """Basis points uint16[n] of raw scores."""
        return read_knots(self.knots, raw)


def read_card(folder: Path) -> dict[str, Any]:
    """What is said of the model in this folder. Raises risk.model_unknown."""
    path = folder / CARD_NAME
    try:
        card = json.loads(path.read_text("utf-8"))
        if not isinstance(card, dict):
            raise ValueError("a card is a JSON object")
    except (OSError, ValueError, RecursionError) as error:
        raise RiskFault("risk.model_unknown", path=folder, card=path) from error
    return card


def read_shipped_card() -> dict[str, Any]:
    """Of the model that comes with Clearway."""
    with as_file(files("clearway.risk").joinpath("data")) as folder:
        return read_card(folder)


def read_vouched(path: Path) -> bytes:
    """A model file that the card beside it vouches for. Raises risk.model_unknown without a card,
    risk.model_corrupt when the hash differs."""
    declared = str(read_card(path.parent).get("model_id"))
    data = path.read_bytes()[: MODEL_BYTES_MAX + 1]
    found = hashlib.sha256(data).hexdigest()
    if found != declared:
        raise RiskFault("risk.model_corrupt", path=path, found=found, declared=declared)
    return data
