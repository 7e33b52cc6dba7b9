"""Ballast: a file of nothing, so that a full disk still has room for what must be written.

It is let go when the disk is full: the projections then reach the chain, reads stay true, and the
node can stop in order. The node accepts again only when the ballast has its room back, and some
more, so that it does not go back and forth at the edge.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from clearway.payment.errors import disk_fault

BALLAST_BYTES: Final = 16 * 1024 * 1024
MARGIN_BYTES: Final = 8 * 1024 * 1024  # a whole batch, in the log and in the vault


class Ballast:
    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self) -> bool:
        """Whether there was room for it. Raises Fault node.disk_failed."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, BALLAST_BYTES + MARGIN_BYTES)
            os.ftruncate(file, BALLAST_BYTES)
        except OSError as error:
            fault = disk_fault(error)
            if fault.code != "node.disk_full":
                raise fault from error
            self.drop()
            return False
        finally:
            os.close(file)
        return True

    def drop(self) -> None:
        self._path.unlink(missing_ok=True)
