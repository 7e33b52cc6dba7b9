"""In which block and on whose behalf an entry is applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DAY_NS: Final = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Scene:
    chain_id: bytes
    height: int
    now_ns: int
    institution: int
    key: bytes | None  # None in genesis, where no limit applies

    def today(self) -> int:
        return self.now_ns // DAY_NS

    def of_today(self, used_minor: int, day: int) -> int:
        """What was used on that day, when it is today; nothing otherwise."""
        return used_minor if day == self.today() else 0
