"""`clearway train` and `clearway models`: models made, kept, compared, put in force and retired.

A running node follows within a second. Whatever changes what decides stands in the audit log.
"""

from __future__ import annotations

import getpass
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clearway.app.bootstrap import policy_of
from clearway.app.config import Config, load_node_config
from clearway.app.judged import from_file, from_shadow
from clearway.app.retrain import train_ledger
from clearway.ports.model import Model
from clearway.risk.errors import RiskFault
from clearway.risk.models.compare import Comparison, compare
from clearway.risk.models.model import RiskModel, read_card, read_shipped_card, read_vouched
from clearway.risk.models.registry import Entry, Registry
from clearway.risk.models.train import train_file, train_world
from clearway.store.audit import Audit

log = logging.getLogger("clearway.app")

Found = tuple[dict[str, Any], str]
SHIPPED: Final = "the shipped model"
DELAY_DAYS: Final = 7  # after which a payment that nobody complained of is taken for honest


@dataclass(frozen=True, slots=True)
class Training:
    """file: of payments; ledger: the node's own instead; neither: simulated worlds. register: it
    is tried in the node. promote_tested: what was tried before takes the champion's place first,
    if the comparison has no objections. kind: of risk.kinds.KINDS."""

    file: Path | None = None
    ledger: bool = False
    register: bool = False
    promote_tested: bool = False
    kind: str = "forest"


def train_model(training: Training, *, out: Path, seed: int, data: Path | None) -> Found:
    """Writes model.json and card.json into `out`. Raises RiskFault, ValueError."""
    if training.ledger and training.file is not None:
        raise ValueError("give a file or --ledger")
    if training.promote_tested:
        _promote_if_better(data)
    if training.ledger:
        trained = train_ledger(load_node_config(data), out, seed, training.kind)
    elif training.file is not None:
        trained = train_file(training.file, out, seed, training.kind)
    else:
        trained = train_world(out, seed, training.kind)
    card = dict(trained.card)
    lines = [f"model written to {trained.path}"]
    lines += [f"  {name}: {value}" for name, value in card["metrics_on_test"].items()]
    found = {"model": str(trained.path), "card": card}
    if training.register:
        lines.append(add_model(out, data=data, challenge=True)[1])
    return found, "\n".join(lines)


def _promote_if_better(data: Path | None) -> None:
    try:
        promote_model(None, payments=None, delay_days=DELAY_DAYS, force=None, data=data)
    except (RiskFault, ValueError) as error:
        log.warning("the challenger is not promoted: %s", error)


def add_model(folder: Path, *, data: Path | None, challenge: bool) -> Found:
    """Takes the model of a folder into the registry of a node."""
    config = load_node_config(data)
    registry = _registry(config)
    content = read_vouched(folder / "model.json")
    id = registry.register(content, read_card(folder), by=_who())
    _audit(config, "model.register", id)
    if challenge:
        registry.challenge(id, by=_who())
        _audit(config, "model.challenge", id)
    role = "is tried beside the champion" if challenge else "is registered"
    return {"id": id, "challenger": challenge}, f"{id[:16]} {role}"


def list_models(data: Path | None) -> Found:
    """Those of the registry, and the shipped one, which decides where no other does. `refused`:
    why a node would not take one that it should."""
    config = load_node_config(data)
    registry = _registry(config)
    rows = [_shown(registry, entry) for entry in registry.entries()]
    decides = any(row["role"] == "champion" and row["refused"] is None for row in rows)
    shipped = _shipped_row(decides=config.model is None and not decides)
    lines = [_row_in_words(row) for row in [*rows, shipped]]
    if config.model is not None:
        lines.append("CLEARWAY_MODEL names the model that decides, whatever stands here")
    return {"models": rows, "shipped": shipped}, "\n".join(lines)


def _shown(registry: Registry, entry: Entry) -> dict[str, Any]:
    refused = None
    if entry.role in ("champion", "challenger"):
        try:
            registry.model(entry.id)
        except RiskFault as fault:
            refused = fault.code
    return {
        "id": entry.id,
        "role": entry.role,
        "registered": entry.registered,
        "refused": refused,
        **_of_card(entry.card),
    }


def _shipped_row(*, decides: bool) -> dict[str, Any]:
    model = RiskModel.load_shipped()
    return {
        "id": model.model_id.hex(),
        "role": "champion" if decides else "shipped",
        "registered": None,
        "refused": None,
        **_of_card(read_shipped_card()),
    }


def _of_card(card: Mapping[str, Any]) -> dict[str, Any]:
    metrics = card.get("metrics_on_test", {})
    return {"kind": card.get("kind"), "average_precision": metrics.get("average_precision")}


def _row_in_words(row: Mapping[str, Any]) -> str:
    said = (
        f"{row['id'][:16]}  {row['role']:<10}  {row['kind'] or '':<9}  "
        f"{row['registered'] or 'comes with Clearway':<20}  AP {row['average_precision']}"
    )
    return said if row["refused"] is None else f"{said}  refused: {row['refused']}"


def show_model(said: str, data: Path | None) -> Found:
    """The card, and what became of the model."""
    registry = _registry(load_node_config(data))
    shipped = RiskModel.load_shipped().model_id.hex()
    if said and shipped.startswith(said.lower()):
        id, card = shipped, read_shipped_card()
    else:
        id = registry.find(said)
        card = registry.card(id)
    events = [
        {"at": event.at, "what": event.what, "by": event.by, "why": event.why}
        for event in registry.roles().events
        if event.model == id
    ]
    shown = {name: value for name, value in card.items() if name != "reference"}
    found = {"id": id, "card": shown, "events": events}
    return found, json.dumps(found, indent=1)


def compare_models(
    said: str | None, *, payments: Path | None, delay_days: int, data: Path | None
) -> Found:
    """A model against the champion, on a file of payments with labels or on what both said of this
    node's own payments. said: the first digits of its id, None for the challenger. Raises
    RiskFault (risk.no_challenger for None when none is tried), ValueError when too little is
    known."""
    config = load_node_config(data)
    registry = _registry(config)
    id = _challenger(registry, said)
    found = _compare(config, registry, id, payments, delay_days)
    return {"id": id, **found.to_json()}, _in_words(found)


def promote_model(
    said: str | None,
    *,
    payments: Path | None,
    delay_days: int,
    force: str | None,
    data: Path | None,
) -> Found:
    """Puts a model in force if the comparison has no objections, or because somebody says why not
    to ask. Raises ValueError with the objections."""
    config = load_node_config(data)
    registry = _registry(config)
    id = _challenger(registry, said)
    if force is None:
        found = _compare(config, registry, id, payments, delay_days)
        if found.objections:
            raise ValueError("not promoted: " + "; ".join(found.objections))
        why = f"saves {found.low_eur:,.0f} to {found.high_eur:,.0f} EUR on {found.payments:,}"
    else:
        why = f"without a test: {force}"
    registry.promote(id, by=_who(), why=why)
    _audit(config, "model.promote", id, why=why)
    return {"id": id, "why": why}, f"{id[:16]} decides from now on ({why})"


def retire_model(said: str, *, why: str, data: Path | None) -> Found:
    config = load_node_config(data)
    registry = _registry(config)
    id = registry.find(said)
    registry.retire(id, by=_who(), why=why)
    _audit(config, "model.retire", id, why=why)
    champion = registry.roles().champion
    decides = SHIPPED if champion is None else champion[:16]
    return {"id": id, "champion": champion}, f"{id[:16]} is retired; {decides} decides"


# --- shared -------------------------------------------------------------------------------------


def _compare(
    config: Config, registry: Registry, id: str, payments: Path | None, delay_days: int
) -> Comparison:
    champion, card = _champion(registry)
    challenger = registry.model(id)
    if payments is not None:
        judged = from_file(payments, champion, challenger, cards=[card, registry.card(id)])
    else:
        judged = from_shadow(config, champion.model_id, challenger.model_id, delay_days)
    return compare(judged, policy_of(config))


def _champion(registry: Registry) -> tuple[Model, dict[str, Any]]:
    id = registry.roles().champion
    if id is None:
        return RiskModel.load_shipped(), {}
    return registry.model(id), registry.card(id)


def _challenger(registry: Registry, said: str | None) -> str:
    if said is not None:
        return registry.find(said)
    challenger = registry.roles().challenger
    if challenger is None:
        raise RiskFault("risk.no_challenger")
    return challenger


def _in_words(found: Comparison) -> str:
    lines = [f"{found.payments:,} payments, {found.frauds:,} frauds"]
    for name, side in (("champion", found.champion), ("challenger", found.challenger)):
        lines.append(
            f"{name:<10}  cost {side.cost_eur:,.0f} EUR  AP {side.average_precision:.4f}"
            f"  ECE {side.calibration_error:.4f} (z {side.calibration_z:+.1f})"
            f"  alerts {side.alerts:.3%}  declines {side.declines:.3%}"
            f"  honest stopped {side.honest_stopped:.3%}, declined {side.honest_declined:.3%}"
        )
    lines.append(
        f"saved {found.saved_eur:,.0f} EUR, 95 %: {found.low_eur:,.0f} to {found.high_eur:,.0f}"
    )
    lines += [f"against it: {objection}" for objection in found.objections]
    return "\n".join(lines)


def _registry(config: Config) -> Registry:
    return Registry(config.data / "models")


def _audit(config: Config, what: str, id: str, **facts: str) -> None:
    audit = Audit(config.data / "audit.log")
    try:
        audit.append(who=_who(), what=what, facts={"model": id, **facts})
    finally:
        audit.close()


def _who() -> str:
    try:
        return f"cli ({getpass.getuser()})"
    except (KeyError, OSError):  # no name for this user id
        return "cli"
