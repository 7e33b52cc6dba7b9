"""Bytes from one task to another, of which any number may wait."""

from __future__ import annotations

import asyncio
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from typing import IO

ANSWERS_IN_MEMORY_BYTES_MAX = 1_048_576
SEND_BYTES_MAX = 65_536


class Spool:
    """Beyond a bound in memory they wait in a temporary file."""

    def __init__(self) -> None:
        self._memory: deque[bytes] = deque()
        self._memory_bytes = 0
        self._file: IO[bytes] | None = None
        self._read_at = self._written = 0
        self._ended = False
        self._more = asyncio.Event()

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, data: bytes) -> None:
        # Once the file holds something, later bytes must follow there to keep their order.
        if self._written == 0 and self._memory_bytes + len(data) <= ANSWERS_IN_MEMORY_BYTES_MAX:
            self._memory.append(data)
            self._memory_bytes += len(data)
        else:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115, closed by __exit__
            self._file.seek(self._written)
            self._file.write(data)
            self._written += len(data)
        self._more.set()

    def end(self) -> None:
        self._ended = True
        self._more.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            chunk = self._take()
            if chunk:
                yield chunk
            elif self._ended:
                return
            else:
                self._more.clear()
                await self._more.wait()

    def _take(self) -> bytes:
        if self._memory:
            chunk = b"".join(self._memory)
            self._memory.clear()
            self._memory_bytes = 0
            return chunk
        if self._file is None or self._read_at == self._written:
            return b""
        self._file.seek(self._read_at)
        chunk = self._file.read(SEND_BYTES_MAX)
        self._read_at += len(chunk)
        if self._read_at == self._written:
            self._file.truncate(0)
            self._read_at = self._written = 0
        return chunk
