"""Which model decides in this node and which is tried, as the registry says; looked at again every
second, so that a promotion needs no restart.

A model that is spoilt is refused by its hash. Then what was in force stays in force; at a start it
is the shipped model, and without that limits and rules. `problems` says so until it is mended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from clearway.lifecycle.shadow import Shadow
from clearway.ports.model import Model
from clearway.risk.decide import Scorer
from clearway.risk.errors import RiskFault
from clearway.risk.features import FEATURES
from clearway.risk.models.drift import DriftMonitor
from clearway.risk.models.load import load_model
from clearway.risk.models.model import RiskModel, read_card, read_shipped_card
from clearway.risk.models.registry import Registry, Roles

Loaded = TypeVar("Loaded")
REFERENCE: Final = "reference"  # of a card: the bins that drift is counted in

log = logging.getLogger("clearway.app")


class ModelDesk:
    """pinned: CLEARWAY_MODEL, which no promotion overrules. problems: what was refused, in words
    that name no path."""

    def __init__(self, registry: Registry, pinned: Path | None) -> None:
        self.registry = registry
        self._lasting: list[str] = []  # found at the start
        self._current: list[str] = []  # of what the registry says now
        self._pinned = pinned
        self._seen: tuple[int, int] | None = None
        self._shipped: Model | None = None
        self._in_force: Model | None = None

    @property
    def problems(self) -> list[str]:
        return self._lasting + self._current

    def open(self) -> Model | None:
        """The model to start with; None when there is none at all."""
        self._shipped = _try("the shipped model", RiskModel.load_shipped, self._lasting)
        self._in_force = self._shipped
        if self._pinned is not None:
            load = partial(load_model, self._pinned)
            self._in_force = _try("CLEARWAY_MODEL", load, self._lasting) or self._shipped
        else:
            roles = self._roles()
            if roles is not None and roles.champion is not None:
                self._in_force = self._registered("champion", roles.champion) or self._shipped
        return self._in_force

    def _roles(self) -> Roles | None:
        return _try("the registry", self.registry.roles, self._current)

    def _registered(self, role: str, id: str) -> Model | None:
        return _try(f"the {role}", partial(self.registry.model, id), self._current)

    def refresh(self, scorer: Scorer, shadow: Shadow) -> None:
        """Does what the registry says, if it says anything new."""
        version = self.registry.version()
        if version == self._seen:
            return
        self._seen = version
        self._current = []
        roles = self._roles()
        if roles is None:
            return
        if self._pinned is None:
            self._put_in_force(roles.champion, scorer)
        id = roles.challenger
        shadow.try_out(None if id is None else self._registered("challenger", id))
        if scorer.model is not None:
            shadow.monitor(scorer.model, self._monitor_of(scorer.model))

    def _put_in_force(self, champion: str | None, scorer: Scorer) -> None:
        model = self._shipped
        if champion is not None:
            model = self._registered("champion", champion)
        if model is None or model is self._in_force:
            return
        self._in_force = model
        scorer.use(model)
        log.warning("model %s decides from now on", model.model_id.hex()[:16])

    def model(self, model_id: bytes) -> Model | None:
        """That decided under this id; None when it is not here."""
        for model in (self._in_force, self._shipped):
            if model is not None and model.model_id == model_id:
                return model
        try:
            return self.registry.model(model_id.hex())
        except (RiskFault, OSError):
            return None

    def _monitor_of(self, model: Model) -> DriftMonitor | None:
        """None where the card has no bins of these features: drift is then not looked at."""
        try:
            return DriftMonitor(self._card_of(model)[REFERENCE], FEATURES)
        except (RiskFault, OSError, ValueError, KeyError, TypeError):
            return None

    def _card_of(self, model: Model) -> dict[str, Any]:
        if model is self._shipped:
            return read_shipped_card()
        if self._pinned is not None:
            return read_card(self._pinned.parent)
        return self.registry.card(model.model_id.hex())


def _try(what: str, load: Callable[[], Loaded], problems: list[str]) -> Loaded | None:
    try:
        return load()
    except (RiskFault, OSError) as error:
        code = error.code if isinstance(error, RiskFault) else type(error).__name__
        problems.append(f"{what} is refused ({code})")
        log.error("%s is refused: %s", what, error)
        return None
