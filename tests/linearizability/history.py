"""What clients asked of the bank and were told, as a file that the checker reads."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.conftest import ROOT
from tests.verify.tools import need, run

ABSENT, SETTLED, REFUSED = 0, 1, 2
CHECKER = ROOT / "tests/linearizability/checker"


@dataclass(frozen=True, slots=True)
class Operation:
    """As `Record` in checker/bank.go. answer: None when nobody ever learned it."""

    client: int
    call_ns: int
    return_ns: int
    do: str
    answer: int | None
    key: int = 0
    payer: int = 0
    payee: int = 0
    minor: int = 0
    account: int = 0

    def line(self) -> str:
        return json.dumps(
            {
                "client": self.client,
                "call": self.call_ns,
                "return": self.return_ns,
                "do": self.do,
                "key": self.key,
                "from": self.payer,
                "to": self.payee,
                "minor": self.minor,
                "of": self.account,
                "answer": self.answer,
            }
        )


@cache
def checker(folder: Path) -> Path:
    """The program, built into `folder`."""
    program = folder / "linearizability"
    go = need("go", major=1, minor=21)
    done = run(go, "build", "-o", program, ".", folder=CHECKER)
    assert done.returncode == 0, done.stderr
    return program


def check(folder: Path, balances: list[int], history: list[Operation]) -> tuple[int, str]:
    """The checker's exit status and what it says: 0 strictly serialisable, 1 not.

    balances: minor units of each account before the first operation.
    """
    path = folder / "history.ndjson"
    head = json.dumps({"balances": balances})
    path.write_text("\n".join([head, *(operation.line() for operation in history)]) + "\n")
    done = subprocess.run(
        [checker(folder.parent), path], capture_output=True, text=True, timeout=600
    )
    return done.returncode, done.stdout.strip()
