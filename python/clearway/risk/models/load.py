"""Model files: read if the card beside them vouches for their bytes, whatever kind they are."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from clearway.ports.model import Model
from clearway.risk.errors import RiskFault
from clearway.risk.models import logistic, model, rules

KINDS: Final[Mapping[str, tuple[str, Callable[..., Model]]]] = {
    model.FORMAT: ("forest", model.RiskModel.of_bytes),
    logistic.FORMAT: ("logistic", logistic.LogisticModel.of_bytes),
    rules.FORMAT: ("rules", rules.RulesModel.of_bytes),
}


def load_model(path: Path) -> Model:
    """The model in `path`. Raises risk.model_unknown without a card, risk.model_corrupt when the
    hash differs from the card's, risk.model_format for what is no model of these features."""
    return parse_model(model.read_vouched(path), source=str(path))


def parse_model(data: bytes, *, source: str) -> Model:
    """Raises risk.model_format."""
    return KINDS[_format(data, source)][1](data, source=source)


def kind_of(data: bytes, *, source: str) -> str:
    """`forest`, `logistic` or `rules`. Raises risk.model_format."""
    return KINDS[_format(data, source)][0]


def _format(data: bytes, source: str) -> str:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RiskFault("risk.model_format", path=source, what=str(error)) from error
    said = document.get("format") if isinstance(document, dict) else None
    if said not in KINDS:
        raise RiskFault("risk.model_format", path=source, what=f"format {said}")
    return str(said)


def write_model(folder: Path, data: bytes, card: Mapping[str, Any]) -> Path:
    """Writes model.json and card.json; the card vouches for the bytes and says what they are."""
    path = folder / model.MODEL_NAME
    whole = {"model_id": hashlib.sha256(data).hexdigest(), "kind": kind_of(data, source=str(path))}
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    text = json.dumps(whole | dict(card), indent=1) + "\n"
    (folder / model.CARD_NAME).write_text(text, "utf-8")
    return path
