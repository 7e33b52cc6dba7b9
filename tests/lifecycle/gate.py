"""An ordering engine that waits until a test lets it go on."""

from __future__ import annotations

import threading

from clearway.app.bootstrap import Node
from clearway.ports.ordering import Ordered


class Gate:
    """Lets ordering wait, so that a test can look at what is under way."""

    def __init__(self, node: Node) -> None:
        self._engine = node.ordering
        self.entered, self.open = threading.Event(), threading.Event()
        node.rooms.ordering = self

    def order(self, envelope: bytes) -> Ordered:
        self.entered.set()
        assert self.open.wait(20)
        return self._engine.order(envelope)

    def rehearse(self, envelope: bytes, *, presume_signed: bool = False) -> Ordered:
        return self._engine.rehearse(envelope, presume_signed=presume_signed)

    def pass_time(self) -> None:
        self._engine.pass_time()

    def problems(self) -> list[str]:
        return self._engine.problems()
