"""`clearway train`: a risk model from a file of payments, or from simulated worlds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clearway.risk.train import train_file, train_world


def train_model(file: Path | None, *, out: Path, seed: int) -> tuple[dict[str, Any], str]:
    """Writes model.json and card.json into `out`. Raises RiskFault."""
    out.mkdir(parents=True, exist_ok=True)
    trained = train_world(out, seed) if file is None else train_file(file, out, seed)
    card = dict(trained.card)
    lines = [f"model written to {trained.path}"]
    lines += [f"  {name}: {value}" for name, value in card["metrics_on_test"].items()]
    return {"model": str(trained.path), "card": card}, "\n".join(lines)
