"""The examples of docs/mandates.md on a node."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.api import Api

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "mandates"
PAGE = (ROOT / "docs" / "mandates.md").read_text()
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
WAIT_S_MAX = 20.0


def grant(api: Api, name: str, people: dict[str, str]) -> Any:
    text = (FOLDER / f"{name}.json").read_text()
    for person, account in people.items():
        text = text.replace(f'"{person}"', f'"{account}"')
    answer = api.post("/v1/mandates", json.loads(text))
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize("name", NAMES)
def test_the_page_shows_the_example(name: str) -> None:
    shown: dict[str, Any] = {
        found: json.loads(block)
        for found, block in re.findall(r"<!-- (\w+) -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    }
    assert sorted(shown) == NAMES
    assert shown[name] == json.loads((FOLDER / f"{name}.json").read_text())


def test_a_pull_within_its_bounds(api: Api) -> None:
    alice, company = api.account(funded="500.00"), api.account()
    mandate = grant(api, "pull_mandate", {"alice": alice, "power_company": company})
    paid = api.pay(alice, company, "88.20", mandate=mandate["id"]).json()
    assert paid["status"] == "settled"
    above = api.pay(alice, company, "31.81", mandate=mandate["id"]).json()
    assert above["error"]["code"] == "mandate.period_max"
    ended = api.post(f"/v1/mandates/{mandate['id']}/revoke", {"as": company})
    assert ended.json()["status"] == "revoked"
    after = api.pay(alice, company, "1.00", mandate=mandate["id"]).json()
    assert after["error"]["code"] == "mandate.unknown"
    assert (api.available(alice), api.available(company)) == ("411.80", "88.20")


def test_a_standing_order_is_paid_once_in_its_period(api: Api) -> None:
    alice, landlord = api.account(funded="2000.00"), api.account()
    mandate = grant(api, "standing_order", {"alice": alice, "landlord": landlord})
    deadline = time.monotonic() + WAIT_S_MAX
    while api.available(landlord) == "0.00" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (api.available(alice), api.available(landlord)) == ("1150.00", "850.00")
    again = api.pay(alice, landlord, "850.00", mandate=mandate["id"]).json()
    assert again["error"]["code"] == "mandate.period_max"
    other = api.pay(alice, landlord, "849.99", mandate=mandate["id"]).json()
    assert other["error"]["code"] == "mandate.differs"
    api.clock.pass_s(2_592_000)
    deadline = time.monotonic() + WAIT_S_MAX
    while api.available(landlord) == "850.00" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (api.available(alice), api.available(landlord)) == ("300.00", "1700.00")
