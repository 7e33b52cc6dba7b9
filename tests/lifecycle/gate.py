"""An ordering engine that waits until a test lets it go on."""

from __future__ import annotations

import threading

from clearway.ports.ordering import Ordered
from tests.lifecycle.town import Town


class Gate:
    """Lets ordering wait, so that a test can look at what is under way."""

    def __init__(self, town: Town) -> None:
        self._engine = town.node.ordering
        self.entered, self.open = threading.Event(), threading.Event()
        town.node.rooms.ordering = self

    def order(self, envelope: bytes) -> Ordered:
        self.entered.set()
        assert self.open.wait(10)
        return self._engine.order(envelope)

    def rehearse(self, envelope: bytes) -> Ordered:
        return self._engine.rehearse(envelope)

    def pass_time(self) -> None:
        self._engine.pass_time()

    def problems(self) -> list[str]:
        return []
