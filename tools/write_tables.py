"""Writes the tables that the verifiers in JavaScript and Go read: names of kinds, codes and flags,
the sentences, the tables of the state.

Run `python -m tools.write_tables` after any of them changed; tests/verify/test_tables.py says when.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from clearway.ledger.book import Book
from clearway.ledger.entry import SENTENCES, UNREADABLE
from clearway.payment.records import (
    AccountFlag,
    Control,
    ControlAct,
    Flag,
    Kind,
    Outcome,
    Purpose,
    Role,
)
from spec.state import STATE_VERSION, State, subroots

VERIFY: Final = Path(__file__).parent.parent / "verify"
JAVASCRIPT: Final = VERIFY / "js" / "lib" / "tables.js"
GO: Final = VERIFY / "go" / "tables.json"
SAYS: Final = "Written by tools/write_tables.py from the Python sources; do not edit."


def tables() -> dict[str, Any]:
    return {
        "KINDS": _by_number(Kind),
        "KIND_NUMBERS": _by_name(Kind),
        "CODES": {str(number): name for number, name in Book.refusal_codes().items()},
        "FLAGS": _by_name(Flag),
        "ACCOUNT_FLAGS": _by_name(AccountFlag),
        "PURPOSES": _by_name(Purpose),
        "OUTCOMES": _by_number(Outcome),
        "ROLES": _by_number(Role),
        "CONTROLS": _by_name(Control),
        "CONTROL_ACTS": _by_number(ControlAct),
        "CONTROL_ACTS_ON_ALL": [int(act) for act in ControlAct if act < ControlAct.HOLD_BACK],
        "SENTENCES": dict(SENTENCES),
        "UNREADABLE": UNREADABLE,
        "STATE_TABLES": [[name, STATE_VERSION] for name, _rows, _root in subroots(State())],
    }


def _by_number(names: type[IntEnum]) -> Mapping[str, str]:
    return {str(int(one)): one.name.lower() for one in names}


def _by_name(names: Any) -> Mapping[str, int]:
    return {one.name.lower(): int(one) for one in names}


def files() -> dict[Path, str]:
    """What the files must hold."""
    found = tables()
    lines = [
        f"export const {name} = {json.dumps(value, indent=2)};" for name, value in found.items()
    ]
    return {
        JAVASCRIPT: "\n\n".join([f"// {SAYS}", *lines]) + "\n",
        GO: json.dumps({"about": SAYS, **found}, indent=1) + "\n",
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text)
