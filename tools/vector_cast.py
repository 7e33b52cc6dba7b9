"""Who and what the vectors are about: keys, assets, a time."""

from __future__ import annotations

from typing import Final

START_NS: Final = 1_735_689_600 * 10**9
HOUR_NS: Final = 3_600 * 10**9
EUR, USD = 1, 2

BANK: Final = b"seed of the bank".ljust(32, b".")
SEQUENCER: Final = b"seed of the sequencer".ljust(32, b".")
OWNER: Final = b"seed of an owner".ljust(32, b".")
SPARE: Final = b"seed of a spare key".ljust(32, b".")
SECOND: Final = b"seed of a second person".ljust(32, b".")
SEEDS: Final = {
    "bank": BANK,
    "sequencer": SEQUENCER,
    "owner": OWNER,
    "spare": SPARE,
    "second": SECOND,
}
SECRET: Final = b"the secret of a hash lock"
SUBJECT: Final = b"rain in Geneva".ljust(16, b"\0")


def address(name: str) -> bytes:
    return name.encode().ljust(20, b"\0")
