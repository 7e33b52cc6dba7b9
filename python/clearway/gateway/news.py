"""A bell that the projections ring after each block."""

from __future__ import annotations

import asyncio


class News:
    """Wakes everybody who waits, from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next = asyncio.Event()

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def next(self) -> asyncio.Event:
        """Set at the first news after this call: ask for it first, then read, then wait."""
        return self._next

    def tell(self, _height: int = 0) -> None:
        """Called by the projections' thread after each block."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        woken, self._next = self._next, asyncio.Event()
        woken.set()
