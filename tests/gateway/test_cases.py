"""Cases over HTTP: from a payment under review to a decision by two people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.api import Api, fresh
from tests.gateway.people import act, cases_of, person, serve_suspicious
from tests.gateway.test_refused_before_ordering import expect

WHY = {"note": "The payer was called, and knows nothing of it."}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A node of its own that has every payment looked at, so that its queue is known."""
    yield from serve_suspicious(tmp_path_factory.mktemp("cases"))


@pytest.fixture
def ann(node: Api) -> Api:
    return person(node, "ann")


@pytest.fixture
def ben(node: Api) -> Api:
    return person(node, "ben")


def under_review(api: Api, amount: str = "900.00", payer: str | None = None) -> tuple[str, str]:
    """A payment under review: (its payer, its id)."""
    payer = payer or api.account(funded="100000.00", owner={"name": "Ada Byron", "country": "GB"})
    payment = api.pay(payer, api.account(), amount).json()
    assert payment["status"] == "review", payment
    return payer, payment["id"]


def open_case(api: Api, amount: str = "900.00") -> tuple[str, str, str]:
    """(case, account, payment)."""
    payer, payment = under_review(api, amount)
    [case] = [one for one in cases_of(api, payer) if one["status"] == "open"]
    return case["id"], payer, payment


def assigned(api: Api, ann: Api) -> str:
    case, _, _ = open_case(api)
    act(ann, case, "assign", {"assignee": "ann"})
    return case


def proposed(api: Api, ann: Api, decision: str = "fraud") -> str:
    case = assigned(api, ann)
    act(ann, case, "propose", {"decision": decision, **WHY})
    return case


def see(api: Api, case: str) -> dict[str, Any]:
    answer = api.get(f"/v1/cases/{case}")
    assert answer.status_code == 200, answer.text
    seen: dict[str, Any] = answer.json()
    return seen


# --- alerts --------------------------------------------------------------------------------------


def test_a_payment_under_review_is_a_case_at_once(node: Api) -> None:
    payer, payment = under_review(node, "1234.56")
    [case] = cases_of(node, payer)
    assert (case["status"], case["alerts"], case["assignee"]) == ("open", 1, None)
    seen = see(node, case["id"])
    [alert] = seen["alert_list"]
    assert (alert["payment"], alert["amount"]) == (payment, "1234.56")
    assert alert["expected_loss"] == seen["expected_loss"]
    expected = 123_456 * alert["score_bps"] // 10_000
    assert alert["expected_loss"] == f"{expected // 100}.{expected % 100:02d}"
    assert all(reason["text"] != reason["code"] for reason in alert["reasons"])
    assert seen["owner"] == {"name": "Ada Byron", "country": "GB"}
    [shown] = seen["payments"]
    assert (shown["id"], shown["status"], shown["from"]) == (payment, "review", payer)
    assert "expires" in shown
    held = "The money of one payment is still held, and goes back by itself in 23 hours."
    assert held in seen["why"]
    assert {**seen, "why": case["why"]} | case == {**seen, "why": case["why"]}


def test_alerts_of_one_account_join_one_case(node: Api) -> None:
    case, payer, first = open_case(node)
    _, second = under_review(node, "50.00", payer)
    [found] = cases_of(node, payer)
    assert (found["id"], found["alerts"]) == (case, 2)
    assert [one["payment"] for one in see(node, case)["alert_list"]] == [first, second]


def test_what_was_accepted_is_no_alert(api: Api) -> None:
    payer = api.account(funded="10.00")
    assert api.pay(payer, api.account(), "10.00").json()["status"] == "settled"
    assert cases_of(api, payer) == []


def test_a_sanctioned_payee_is_looked_at_the_same_day(node: Api) -> None:
    payer = node.account(funded="500.00")
    payee = node.account(owner={"name": "Nicolas MADURO MOROS", "country": "VE"})
    assert node.pay(payer, payee, "120.00").json()["status"] == "declined"
    [case] = cases_of(node, payee)
    assert (case["family"], case["typologies"]) == ("sanctions", ["sanctions.payee"])
    assert case["expected_loss"] == "120.00"
    assert any("counts in full" in text for text in case["why"])
    [alert] = see(node, case["id"])["alert_list"]
    assert "payee_sanctioned" in [reason["code"] for reason in alert["reasons"]]
    [match] = see(node, case["id"])["matches"]
    assert (match["account"], match["entity_id"]) == (payee, "OFAC-22790")
    assert "MADURO MOROS" in match["matched_name"]
    assert match["score"] > 0.9
    page = node.get(f"/v1/cases/{case['id']}/page").text
    report = node.get(f"/v1/cases/{case['id']}/report").json()["report"]
    for shown in (match["entity_id"], match["list_name"], match["matched_name"]):
        assert shown in page
        assert shown in report["reason"]
    assert [one["comments"] is None for one in report["parties"]] == [False, True]
    assert "sanctions match</small>" in page
    assert "up to" not in report["reason"], "the model's word of it is no probability of a match"
    assert "hours" in case["why"][-1]


# --- the queue -----------------------------------------------------------------------------------


def test_the_queue_is_in_order_and_pages_through(node: Api) -> None:
    for amount in ("10.00", "2000.00", "700.00"):
        open_case(node, amount)
    whole = node.get("/v1/cases", status="open", limit=500).json()
    assert whole["has_more"] is False
    losses = [float(one["expected_loss"]) for one in whole["data"] if not one["overdue"]]
    assert losses == sorted(losses, reverse=True)
    paged: list[Any] = []
    more: dict[str, str] = {}
    while True:
        page = node.get("/v1/cases", status="open", limit=2, **more).json()
        paged += page["data"]
        if not page["has_more"]:
            break
        more = {"starting_after": paged[-1]["id"]}
    assert [one["id"] for one in paged] == [one["id"] for one in whole["data"]]
    open_now = node.get("/v1/cases", limit=500).json()["data"]
    places = [one["place"] for one in open_now if one["place"] is not None]
    assert places == list(range(1, len(places) + 1))
    assert f"of {len(places):,}" in open_now[0]["why"][0]


def test_a_list_shows_what_is_asked_for(node: Api, ann: Api) -> None:
    case, payer, payment = open_case(node)
    act(ann, case, "assign", {"assignee": "ann"})
    seen = see(node, case)
    assert [one["id"] for one in node.get("/v1/cases", payment=payment).json()["data"]] == [case]
    for query in (
        {"payment": payment},
        {"assignee": "ann"},
        {"status": "assigned"},
        {"typology": seen["family"]},
        {"typology": seen["typologies"][0]},
    ):
        found = node.get("/v1/cases", account=payer, **query).json()["data"]
        assert [one["id"] for one in found] == [case], query
    for query in ({"assignee": "ben"}, {"status": "open"}, {"typology": "sanctions"}):
        assert node.get("/v1/cases", account=payer, **query).json()["data"] == []
    assert node.get("/v1/cases", payment=f"pay_{'0' * 32}").json()["data"] == []
    expect(node.get("/v1/cases", payment="pay_1"), "payment.unknown")
    expect(node.get("/v1/cases", status="lost"), "request.invalid")
    expect(node.get("/v1/cases", typology="A b"), "request.invalid")
    expect(node.get("/v1/cases", starting_after="cas_1"), "case.unknown")
    assert node.get("/v1/cases", starting_after=f"cas_{'0' * 32}").json()["data"] == []


# --- acts ----------------------------------------------------------------------------------------


def test_two_people_end_a_case_and_its_payments_are_labelled(node: Api, ann: Api, ben: Api) -> None:
    case, payer, _ = open_case(node)
    act(ann, case, "assign", {"assignee": "ann"})
    act(ann, case, "notes", {"text": "Called the payer at 10:15."})
    proposal = act(ann, case, "propose", {"decision": "fraud", **WHY})
    seen = see(ben, case)
    assert seen["status"] == "proposed"
    assert seen["proposal"] == {
        "decision": "fraud",
        "proposed_by": "ann",
        "evidence": proposal["facts"]["evidence"],
        "confirmed_by": None,
    }
    done = act(ben, case, "confirm", {"evidence": proposal["facts"]["evidence"]})
    assert (done["status"], done["facts"]["label"]) == ("closed", "confirmed_fraud")
    seen = see(node, case)
    assert (seen["place"], seen["proposal"]["confirmed_by"]) == (None, "ben")
    assert [one["label"] for one in seen["payments"]] == ["confirmed_fraud"]
    assert [note["text"] for note in seen["notes"]] == ["Called the payer at 10:15.", WHY["note"]]
    # The next alert opens a case that follows; nothing reopens what two people closed.
    under_review(node, "80.00", payer)
    [later] = [one for one in cases_of(node, payer) if one["status"] == "open"]
    assert later["follows"] == case
    assert see(node, case)["followed_by"] == later["id"]
    assert see(node, case)["status"] == "closed"


def test_nobody_confirms_what_they_proposed(node: Api, ann: Api) -> None:
    case = proposed(node, ann)
    again = person(node, "ann")  # another key of the same person
    for api in (ann, again):
        expect(api.post(f"/v1/cases/{case}/confirm"), "case.same_person")
        expect(api.post(f"/v1/cases/{case}/return", WHY), "case.same_person")
    assert see(node, case)["status"] == "proposed"
    assert see(node, case)["payments"][0]["label"] is None


def test_who_disagrees_gives_it_back(node: Api, ann: Api, ben: Api) -> None:
    case = proposed(node, ann)
    act(ben, case, "return", {"note": "Ask for the contract first."})
    seen = see(node, case)
    assert (seen["status"], seen["assignee"], seen["proposal"]) == ("assigned", "ann", None)
    act(ann, case, "propose", {"decision": "honest", **WHY})
    done = act(ben, case, "confirm")
    assert done["facts"]["label"] == "confirmed_honest"


def test_a_person_opens_a_closed_case_again(node: Api, ann: Api, ben: Api) -> None:
    case = proposed(node, ann)
    act(ben, case, "confirm")
    act(ben, case, "reopen", {"note": "The bank of the payee wrote."})
    seen = see(node, case)
    assert (seen["status"], seen["assignee"], seen["proposal"]) == ("open", None, None)
    assert [one["act"] for one in node.get(f"/v1/cases/{case}/acts").json()["data"]] == [
        "alert", "assign", "propose", "confirm", "reopen"
    ]  # fmt: skip


def test_the_second_person_may_say_what_they_looked_at(node: Api, ann: Api, ben: Api) -> None:
    case = proposed(node, ann)
    expect(ben.post(f"/v1/cases/{case}/confirm", {"evidence": "0" * 64}), "case.evidence_differs")
    assert see(node, case)["status"] == "proposed"


def test_an_act_out_of_its_state_is_refused_and_leaves_no_trace(node: Api, ann: Api) -> None:
    case, _, _ = open_case(node)
    before = see(node, case)
    for what, body in (
        ("propose", {"decision": "fraud", **WHY}),
        ("confirm", {}),
        ("return", WHY),
        ("reopen", WHY),
    ):
        answer = ann.post(f"/v1/cases/{case}/{what}", body)
        expect(answer, "case.wrong_state")
        assert answer.json()["detail"].startswith("a case that is open cannot be")
    after = see(node, case)
    assert {**before, "why": []} == {**after, "why": []}
    assert len(node.get(f"/v1/cases/{case}/acts").json()["data"]) == 1


def test_a_case_is_given_to_somebody_who_can_work_on_it(node: Api, ann: Api) -> None:
    case, _, _ = open_case(node)
    person(node, "reader", ["cases:read"])
    for nobody in ("reader", "nobody-of-that-name"):
        answer = ann.post(f"/v1/cases/{case}/assign", {"assignee": nobody})
        expect(answer, "request.invalid")
    assert see(node, case)["status"] == "open"


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("assign", {}),
        ("assign", {"assignee": "two words"}),
        ("notes", {"text": ""}),
        ("notes", {"text": "x" * 4_001}),
        ("propose", {"decision": "guilty", "note": "x"}),
        ("propose", {"decision": "fraud"}),
        ("confirm", {"evidence": "abc"}),
        ("reopen", {}),
    ],
)
def test_bad_requests(node: Api, ann: Api, what: str, body: Any) -> None:
    case, _, _ = open_case(node)
    expect(ann.post(f"/v1/cases/{case}/{what}", body), "request.invalid")


def test_scopes_divide_the_work(node: Api) -> None:
    case, _, _ = open_case(node)
    reader = person(node, "rita", ["cases:read"])
    writer = person(node, "will", ["cases:write"])
    expect(reader.post(f"/v1/cases/{case}/notes", {"text": "x"}), "auth.scope")
    expect(writer.get(f"/v1/cases/{case}"), "auth.scope")
    expect(writer.post(f"/v1/cases/{case}/confirm"), "auth.scope")
    expect(person(node, "paul", ["payments:read"]).get("/v1/cases"), "auth.scope")


def test_an_unknown_case(node: Api, ann: Api) -> None:
    for case in (f"cas_{'0' * 32}", "cas_1", "pay_1"):
        for path in ("", "/acts", "/evidence"):
            expect(node.get(f"/v1/cases/{case}{path}"), "case.unknown")
        expect(ann.post(f"/v1/cases/{case}/notes", {"text": "x"}), "case.unknown")


# --- idempotency ---------------------------------------------------------------------------------


def test_the_same_key_acts_once_and_answers_the_same(node: Api, ann: Api, ben: Api) -> None:
    case, _, _ = open_case(node)
    steps: list[tuple[Api, str, Any]] = [
        (ann, "assign", {"assignee": "ann"}),
        (ann, "notes", {"text": "once"}),
        (ann, "propose", {"decision": "report", **WHY}),
        (ben, "confirm", {}),
        (ben, "reopen", WHY),
    ]
    for api, what, body in steps:
        key = fresh("act-")
        first = act(api, case, what, body, key=key)
        again = api.post(f"/v1/cases/{case}/{what}", body, key=key)
        assert (again.status_code, again.json()) == (200, first)
    acts = node.get(f"/v1/cases/{case}/acts").json()["data"]
    assert len(acts) == 1 + len(steps)
    assert len(see(node, case)["notes"]) == 3


def test_a_key_belongs_to_its_body(node: Api, ann: Api) -> None:
    case, _, _ = open_case(node)
    other, _, _ = open_case(node)
    key = fresh("act-")
    act(ann, case, "notes", {"text": "one"}, key=key)
    for path, body in (
        (f"{case}/notes", {"text": "two"}),
        (f"{other}/notes", {"text": "one"}),
        (f"{case}/assign", {"assignee": "ann"}),
    ):
        expect(ann.post(f"/v1/cases/{path}", body, key=key), "idempotency.body_differs")
    answer = ann.http.post(
        f"/v1/cases/{case}/notes",
        json={"text": "x"},
        headers={"Authorization": f"Bearer {ann.token}"},
    )
    expect(answer, "idempotency.missing")


# --- evidence and log ----------------------------------------------------------------------------


def test_evidence_is_what_its_hash_says_and_stays(node: Api, ann: Api, ben: Api) -> None:
    case, payer, payment = open_case(node)
    act(ann, case, "assign", {"assignee": "ann"})
    act(ann, case, "propose", {"decision": "fraud", **WHY})
    first = node.get(f"/v1/cases/{case}/evidence").json()["data"]
    assert [one["act"] for one in first] == [
        one["n"]
        for one in node.get(f"/v1/cases/{case}/acts").json()["data"]
        if one["act"] in ("alert", "propose")
    ]
    for one in first:
        assert one["whole"] is True
        assert hashlib.sha256(one["body"].encode()).hexdigest() == one["hash"]
    raised, decided = (json.loads(one["body"]) for one in first)
    assert raised["payment"] == payment
    assert len(bytes.fromhex(raised["decision"])) == 192
    assert decided["alerts"] == [{"alert": raised["alert"], "evidence": first[0]["hash"]}]
    assert decided["payments"][0]["status"] == "review"
    assert payer not in first[0]["body"] + first[1]["body"]  # names stand nowhere in it
    # What happens to the payment afterwards changes nothing of it.
    assert node.post(f"/v1/payments/{payment}/reject").json()["status"] == "declined"
    assert see(node, case)["payments"][0]["status"] == "declined"
    assert node.get(f"/v1/cases/{case}/evidence").json()["data"] == first


def test_the_decision_in_the_evidence_is_the_one_on_the_chain(node: Api) -> None:
    from clearway.ledger.crypto import hash_bytes

    case, _, payment = open_case(node)
    [one] = node.get(f"/v1/cases/{case}/evidence").json()["data"]
    row = bytes.fromhex(json.loads(one["body"])["decision"])
    committed = node.get(f"/v1/payments/{payment}/explanation").json()["commitment"]
    assert hash_bytes("decision", row).hex() == committed


def test_the_log_is_a_chain_that_anyone_can_check(node: Api, ann: Api) -> None:
    case, _, _ = open_case(node)
    act(ann, case, "notes", {"text": "x"})
    acts = node.get(f"/v1/cases/{case}/acts").json()["data"]
    for one in acts:
        fields = {
            "n": one["n"],
            "case": one["case"].removeprefix("cas_"),
            "id": one["request"],
            "time_ns": one["time_ns"],
            "who": one["by"],
            "key": one["api_key"],
            "act": one["act"],
            "status": one["status"],
            "facts": one["facts"],
            "previous": one["previous"],
        }
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == one["hash"]
    found = node.get("/v1/case-log").json()
    assert found["ok"] is True
    assert found["acts"] >= acts[-1]["n"]


def test_who_is_erased_is_erased_in_the_cases(tmp_path: Path) -> None:
    for api in serve_suspicious(tmp_path / "node"):
        case, payer, _ = open_case(api)
        ann = person(api, "ann")
        act(ann, case, "notes", {"text": "Lives in the red house."})
        evidence = api.get(f"/v1/cases/{case}/evidence").json()
        [number] = [
            at
            for at in range(api.node.book.accounts_count)
            if (one := api.node.book.account_at(at))
            and api.node.vault.account_ids([one.address]).get(one.address) == payer
        ]
        address = api.node.book.account_at(number)
        assert address is not None
        assert api.node.vault.erase(address.address)
        seen = see(api, case)
        assert seen["owner"] is None
        assert [note["text"] for note in seen["notes"]] == [None]
        assert api.get(f"/v1/cases/{case}/evidence").json() == evidence
        assert api.get("/v1/case-log").json()["ok"] is True
        for path in (tmp_path / "node").rglob("cases.sqlite*"):
            assert b"red house" not in path.read_bytes()


# --- deadlines -----------------------------------------------------------------------------------


def test_a_case_whose_deadline_passed_goes_first(tmp_path: Path) -> None:
    day = {"CLEARWAY_CASE_DEADLINE_S": "86400"}
    for api in serve_suspicious(tmp_path / "node", **day):
        small, _, _ = open_case(api, "10.00")
        api.clock.pass_s(86_500)
        large, _, _ = open_case(api, "5000.00")
        api.node.cases.watch.escalate()
        listed = api.get("/v1/cases").json()["data"]
        assert [(one["id"], one["overdue"]) for one in listed] == [(small, True), (large, False)]
        api.node.cases.watch.escalate()
        acts = api.get(f"/v1/cases/{small}/acts").json()["data"]
        assert [one["act"] for one in acts] == ["alert", "escalate"]
        assert acts[1]["by"] == "clearway"


# --- around it -----------------------------------------------------------------------------------


def test_other_cases_of_one_scheme_are_seen_from_each(node: Api) -> None:
    first, second = node.account(funded="2000.00"), node.account(funded="2000.00")
    node.pay(first, second, "900.00")
    node.pay(second, node.account(), "500.00")
    [one], [two] = cases_of(node, first), cases_of(node, second)
    network = node.get(f"/v1/cases/{one['id']}/network").json()
    assert network["cases"] == [
        {
            "case": two["id"],
            "account": second,
            "family": "fraud",
            "status": "open",
            "alerts": 1,
            "expected_loss": two["expected_loss"],
        }
    ]
    assert two["id"] in node.get(f"/v1/cases/{one['id']}/page").text
    back = node.get(f"/v1/cases/{two['id']}/network").json()["cases"]
    assert [other["case"] for other in back] == [one["id"]]


def test_a_report_needs_no_owner_of_the_institutions_own_account(node: Api) -> None:
    case, _, _ = open_case(node)
    report = node.get(f"/v1/cases/{case}/report").json()["report"]
    house = [one for one in report["parties"] if one["is_house"]]
    assert [one["account_name"] for one in house] == [node.node.genesis.name]
    told = [one["what"] for one in report["missing"] if one["field"] == "account_name"]
    assert f"the owner of {house[0]['account']}" not in told


def test_a_typology_that_nobody_knows_is_refused_not_an_empty_list(api: Api) -> None:
    for path in ("/v1/cases", "/v1/case-queue"):
        refused = api.get(path, typology="launderig")
        expect(refused, "request.invalid")
        assert refused.json()["detail"] == (
            "typology: 'launderig' is none: a family is fraud, laundering or sanctions, and "
            "`clearway typologies` lists what is finer"
        )
        for known in ("fraud", "laundering.mule", "fraud.investment_scam", "sanctions.payer"):
            assert api.get(path, typology=known).status_code == 200
