"""The report's draft: who, what, when, why, how much, which payments; and what is missing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clearway.cases.report import Transaction
from tests.gateway.case_scene import Scene, play
from tests.gateway.people import act, person, serve_suspicious
from tests.gateway.test_refused_before_ordering import expect


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    for api in serve_suspicious(tmp_path_factory.mktemp("scene")):
        yield play(api)


def report_of(scene: Scene) -> dict[str, Any]:
    answer = scene.ben.get(f"/v1/cases/{scene.case}/report")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["object"], body["case"]) == ("report_draft", scene.case)
    found: dict[str, Any] = body["report"]
    return found


def test_who(scene: Scene) -> None:
    subject, *others = report_of(scene)["parties"]
    assert subject == {
        "account": scene.mule,
        "account_name": "Mira Halloran",
        "country_code": "IE",
        "is_suspected": True,
        "comments": None,
        "is_house": False,
    }
    assert {one["account_name"] for one in others} >= {"Yusuf Demir", "Petra Novák"}
    assert not any(one["is_suspected"] for one in others)


def test_what_and_why(scene: Scene) -> None:
    report = report_of(scene)
    assert report["report_indicators"] == ["laundering.mule", "laundering.pass_through"]
    head, sent_on, mule, *conclusion = report["reason"].splitlines()
    assert head == "Money laundering: 3 alerts."
    assert sent_on.startswith(
        "Money is sent on soon after it came. (1 alert, up to 88.2 % probable, 120.00 EUR together)"
    )
    assert "(2 alerts, up to 74.2 % probable, 9,000.00 EUR together)" in mule
    assert conclusion[0].startswith("Conclusion: Five people who do not know each other")
    assert report["action"] == "Payments of the case: 3 review."


def test_when_how_much_and_which_payments(scene: Scene) -> None:
    report = report_of(scene)
    transactions = report["transactions"]
    suspicious = [one for one in transactions if one["transaction_is_suspicious"]]
    assert (report["first"], report["last"]) == (
        suspicious[0]["date_transaction"],
        suspicious[-1]["date_transaction"],
    )
    assert [one["amount"] for one in suspicious] == ["4100.00", "4900.00", "120.00"]
    assert len(transactions) == 9
    assert report["amounts"] == [
        {
            "currency_code": "EUR",
            "transactions": 3,
            "total": "9120.00",
            "settled": "0.00",
            "stopped": "9120.00",
        }
    ]
    payments = {one["id"] for one in scene.ben.get(f"/v1/cases/{scene.case}").json()["payments"]}
    assert {one["transactionnumber"] for one in suspicious} == payments


def test_it_is_ready_when_two_people_decided_to_report(tmp_path: Path) -> None:
    for api in serve_suspicious(tmp_path / "node"):
        scene = play(api)
        before = report_of(scene)
        assert before["ready"] is False
        missing = {one["field"]: one["what"] for one in before["missing"]}
        assert missing["decision"] == "a second person has not confirmed it"
        assert before["decided_by"] == ["ann.berg"]
        act(scene.ben, scene.case, "confirm")
        after = report_of(scene)
        assert after["decided_by"] == ["ann.berg", "ben.okafor"]
        assert (after["ready"], {one["field"] for one in after["missing"]}) == (
            True,
            {"rentity_id", "reporting_person", "location"},
        )


def test_a_case_that_nobody_decided_has_a_draft_that_says_so(tmp_path: Path) -> None:
    for api in serve_suspicious(tmp_path / "node"):
        payer, payee = api.account(funded="100.00"), api.account()
        api.pay(payer, payee, "10.00")
        [case] = api.get("/v1/cases", account=payer).json()["data"]
        report = api.get(f"/v1/cases/{case['id']}/report").json()["report"]
        assert (report["ready"], report["decided_by"]) == (False, [])
        missing = [(one["field"], one["what"]) for one in report["missing"]]
        assert ("decision", "nobody has decided to report this case") in missing
        assert ("account_name", f"the owner of {payer}") in missing


def test_the_report_is_for_whoever_may_see_cases(scene: Scene) -> None:
    path = f"/v1/cases/{scene.case}/report"
    expect(person(scene.api, "paul", ["payments:read"]).get(path), "auth.scope")
    expect(scene.ben.get(f"/v1/cases/cas_{'0' * 32}/report"), "case.unknown")


@pytest.mark.shared
def test_its_names_are_goamls(scene: Scene, shared: Path) -> None:
    schema = ET.parse(shared / "suites" / "goaml" / "goAMLSchema.xsd")
    names = {element.get("name") for element in schema.iter() if element.get("name")}
    report = report_of(scene)
    header = {
        "report_code", "submission_code", "entity_reference", "currency_code_local", "reason",
        "action", "report_indicators",
    }  # fmt: skip
    assert header <= report.keys()
    assert header <= names
    ours = {"amount", "currency_code"}  # goAML has them in from_foreign_currency
    fields = set(Transaction.__slots__) - ours
    assert fields <= names
    assert {"account", "account_name", "is_suspected"} - {"is_suspected"} <= names
    assert re.fullmatch(r"STR", report["report_code"])
