"""Example requests: the files of `examples/`, and the pages of `docs/` that show them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def names_in(folder: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / "examples" / folder).glob("*.json"))


def request(folder: str, name: str, people: dict[str, str] | None = None) -> Any:
    """The body of an example. people: who is meant by each name in it."""
    text = (ROOT / "examples" / folder / f"{name}.json").read_text()
    for person, account in (people or {}).items():
        text = text.replace(f'"{person}"', f'"{account}"')
    return json.loads(text)


def shown_in(page: str) -> dict[str, Any]:
    """The examples that a page of `docs/` shows, each behind a comment with its name."""
    text = (ROOT / "docs" / page).read_text()
    blocks = re.findall(r"<!-- (\w+) -->\n```json\n(.*?)```", text, re.DOTALL)
    return {name: json.loads(block) for name, block in blocks}
