"""What a challenger would have said, beside what was decided, and what a node's payments used to
look like: in a file of its own, because losing it costs a few days of trying and no payment. The
newest ROWS_MAX payments are kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from clearway.store.database import Database

ROWS_MAX: Final = 5_000_000  # 80 MB
SHADOW: Final = np.dtype(
    [
        ("entry", "<u4"),  # index in the envelope
        ("champion_bps", "<u2"),
        ("challenger_bps", "<u2"),
        ("amount_eur", "<f8"),
    ]
)
Shadows = npt.NDArray[np.void]
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS shadows (
    number INTEGER PRIMARY KEY,
    champion BLOB NOT NULL,
    challenger BLOB NOT NULL,
    key BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    count INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS shadows_pair ON shadows (champion, challenger, number);
CREATE TABLE IF NOT EXISTS pasts (model BLOB PRIMARY KEY, bins TEXT NOT NULL) WITHOUT ROWID;
"""
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=NORMAL")


class ShadowStore:
    """Written by one thread, read by any."""

    def __init__(self, path: Path, *, rows_max: int = ROWS_MAX) -> None:
        self._database = Database(path, pragmas=_PRAGMAS, schema=_SCHEMA)
        self._rows_max = rows_max
        query = "SELECT coalesce(sum(count), 0) FROM shadows"
        (self._rows,) = self._database.reader().execute(query).fetchone()

    def add(
        self,
        *,
        champion: bytes,
        challenger: bytes,
        key: bytes,
        sequence: int,
        time_ns: int,
        rows: Shadows,
    ) -> None:
        """SHADOW[n] of one envelope's payments; what is too old goes. Raises Fault
        node.disk_full, node.disk_failed."""
        with self._database.transaction() as writer:
            writer.execute(
                "INSERT INTO shadows (champion, challenger, key, sequence, time_ns, count, data)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (champion, challenger, key, sequence, time_ns, len(rows), rows.tobytes()),
            )
            total = self._rows + len(rows)
            while total > self._rows_max:
                number, count = writer.execute(
                    "SELECT number, count FROM shadows ORDER BY number LIMIT 1"
                ).fetchone()
                writer.execute("DELETE FROM shadows WHERE number = ?", (number,))
                total -= count
        self._rows = total

    def read(
        self, champion: bytes, challenger: bytes
    ) -> list[tuple[tuple[bytes, int], int, Shadows]]:
        """((envelope key, sequence), time_ns, SHADOW[n]) of all batches of these two, in order."""
        query = (
            "SELECT key, sequence, time_ns, data FROM shadows"
            " WHERE champion = ? AND challenger = ? ORDER BY number"
        )
        return [
            ((key, sequence), time_ns, np.frombuffer(data, SHADOW))
            for key, sequence, time_ns, data in self._database.reader().execute(
                query, (champion, challenger)
            )
        ]

    def keep_past(self, model: bytes, bins: str) -> None:
        """What the node's payments looked like under this model. Raises as `add` does."""
        with self._database.transaction() as writer:
            writer.execute(
                "INSERT OR REPLACE INTO pasts (model, bins) VALUES (?, ?)", (model, bins)
            )

    def past(self, model: bytes) -> str | None:
        query = "SELECT bins FROM pasts WHERE model = ?"
        row = self._database.reader().execute(query, (model,)).fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        self._database.close()
