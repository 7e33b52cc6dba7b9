"""docs/conditions.md is held to the node: its walk runs, its examples are the files, its words the
node's own."""

from __future__ import annotations

import json
import re

from tests.conftest import ROOT
from tests.e2e.served import Client, Served
from tests.e2e.walks import run, walk_of

PAGE = (ROOT / "docs" / "conditions.md").read_text("utf-8")
EXAMPLE = re.compile(
    r"`examples/conditions/(\w+)\.json`\n\n```json\n(.*?)\n```\n\n((?:> [^\n]*\n)+)", re.DOTALL
)
TIME = re.compile(r"\d+ [A-Z][a-z]+ 2\d{3} \d\d:\d\d(?::\d\d)? UTC")
FIXED = ("1 January 2030 00:00 UTC", "1 February 2030 00:00 UTC")


def test_the_walk_works_as_it_stands(served: Served) -> None:
    ran = run(served, walk_of("conditions.md"))
    assert ran.returncode == 0, ran.stderr
    assert '"would_release":false' in ran.stdout
    assert '"posted":"300.00"' in ran.stdout
    assert '"status":"returned"' in ran.stdout
    last = ran.stdout.splitlines()[-1]
    assert "VERIFIED" in last
    assert "NOT VERIFIED" not in last
    assert "of 300.00 EUR/2" in last
    for name in ("ann", "ben", "cas"):
        assert (served.data.parent / f"{name}.key").stat().st_mode & 0o777 == 0o600


def test_every_example_stands_there_with_the_nodes_own_words(served: Served) -> None:
    client = Client(served)
    for name in ("alice", "bob", "carol", "dave", "school"):
        body = {"id": name, "assets": ["EUR/2", "USD/2"]}
        assert client.send("POST", "/v1/accounts", body, key=f"open-{name}")[0] == 201
    money = {"account": "alice", "amount": "100000.00", "asset": "EUR/2"}
    assert client.send("POST", "/v1/faucet", money, key="fund-alice")[0] == 201
    examples = EXAMPLE.findall(PAGE)
    files = {path.stem for path in (ROOT / "examples" / "conditions").glob("*.json")}
    assert {name for name, _, _ in examples} == files
    for name, shown, quoted in examples:
        text = (ROOT / "examples" / "conditions" / f"{name}.json").read_text("utf-8")
        assert shown == text.rstrip(), name
        status, payment = client.send("POST", "/v1/payments", json.loads(text), key=name)
        assert (status, payment["status"]) == (201, "held"), payment
        said = " ".join(line.removeprefix("> ") for line in quoted.splitlines())
        assert _without_times(said) == _without_times(payment["conditions"]["text"]), name
    client.close()


def _without_times(text: str) -> str:
    """The moments that follow from when it was asked are the page's own."""
    return TIME.sub(lambda found: found[0] if found[0] in FIXED else "then", text)
