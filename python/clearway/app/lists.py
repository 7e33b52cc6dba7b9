"""`clearway screen`: the sanctions lists asked by name or by file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clearway.app.config import load_config
from clearway.screening import (
    FileScreened,
    Screener,
    Watchlist,
    screen_file,
    screen_name,
    screen_pairs,
)


def screen(
    *,
    name: str | None,
    birth_date: str | None,
    country: str | None,
    file: Path | None,
    out: Path | None,
    pairs: bool,
) -> tuple[dict[str, Any], str]:
    """One name, or a file of names into `out`. Refuses request.invalid."""
    if file is not None and out is not None:
        done = screen_pairs(file, out) if pairs else screen_file(_screener(), file, out)
        return _counted(done, out)
    assert name is not None, "invariant: the command line asks for a name or a file"
    screener = _screener()
    matches = screen_name(screener, name, birth_date=birth_date, country=country)
    found = {
        "name": name,
        "decision": "hit" if any(match.is_hit for match in matches) else "clear",
        "matches": [
            {
                "entity_id": match.entity_id,
                "matched_name": match.matched_name,
                "list": match.list_name,
                "score": round(match.score, 4),
                "programmes": list(match.programmes),
            }
            for match in matches
        ],
    }
    lines = [
        f"{'HIT ' if match.is_hit else 'near'}  {match.score:6.1%}  {match.matched_name}  "
        f"({match.list_name} {match.entity_id}; {', '.join(match.programmes)})"
        for match in matches
    ]
    return found, "\n".join(lines) or f"nobody on the lists is called {name}"


def _counted(done: FileScreened, out: Path) -> tuple[dict[str, Any], str]:
    found = {"rows": done.rows, "hits": done.hits, "out": str(out)}
    return found, f"{done.rows:,} rows, {done.hits:,} hits, written to {out}"


def _screener() -> Screener:
    lists = load_config().lists
    return Screener(Watchlist.from_folder(lists) if lists else Watchlist.shipped())
