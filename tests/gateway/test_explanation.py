"""Explanations: the customer's wording tips nobody off; the full reasons need decisions:read."""

import hashlib
from typing import Any

import numpy as np
import pytest

from clearway.gateway.auth import create_api_key
from clearway.gateway.explanation import CUSTOMER_TEXTS
from clearway.ledger.crypto import hash_bytes
from clearway.payment.ids import parse_payment
from clearway.payment.state import Status
from clearway.risk.features import FEATURES
from clearway.risk.reasons import CATALOGUE
from clearway.risk.typologies.registry import SHIPPED, typologies_of
from clearway.store.rows import PaymentRow
from tests.gateway.api import Api, fresh

LISTED = "AEROCARIBBEAN AIRLINES"  # on OFAC's list since 1986
BLAND = ["object", "payment", "status", "text"]


@pytest.fixture(scope="module")
def customer(served: Api) -> Api:
    text, _ = create_api_key(
        served.node.vault,
        principal="customer",
        name="",
        institution=served.node.institution,
        scopes=["payments:read", "payments:write"],
        now_ns=served.node.clock(),
    )
    return served.with_token(text)


def test_a_settled_payment(api: Api, customer: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    payment = api.pay(payer, payee, "1.00").json()
    path = f"/v1/payments/{payment['id']}/explanation"
    bland = customer.get(path).json()
    assert list(bland) == BLAND
    assert bland["text"] == "The payment was made."
    full = api.get(path).json()
    assert full["outcome"] == "accept"
    assert full["score_bps"] == payment["decision"]["score_bps"]
    assert full["model_id"] == payment["decision"]["model_id"] == api.node.scorer.model_id.hex()


def test_the_commitment_on_the_chain_is_to_the_decision_in_the_vault(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    payment = api.pay(payer, payee, "1.00").json()
    full = api.get(f"/v1/payments/{payment['id']}/explanation").json()
    row = _row(api, payment)
    decision = api.node.vault.decision(row.key, row.sequence, row.envelope_index)
    assert decision is not None
    assert full["commitment"] == hash_bytes("decision", decision.tobytes()).hex()


def test_a_sanctioned_party_is_named_to_those_who_may_know_and_to_nobody_else(
    api: Api, customer: Api
) -> None:
    payer = api.account(funded="50.00", owner={"name": "Maria Ortega", "country": "ES"})
    payee = api.account(owner={"name": LISTED, "kind": "business"})
    payment = customer.pay(payer, payee, "12.00").json()
    assert payment["status"] == "declined"
    assert payment["decision"] == {"outcome": "decline"}
    assert payment["error"]["code"] == "ledger.declined"
    assert api.available(payer) == "50.00"
    path = f"/v1/payments/{payment['id']}/explanation"
    bland = customer.get(path).json()
    assert list(bland) == BLAND
    assert bland["text"] == CUSTOMER_TEXTS[Status.DECLINED]
    full = api.get(path).json()
    assert full["reasons"][0]["code"] == "payee_sanctioned"
    [match] = full["matches"]
    assert match["party"] == "payee"
    assert match["matched_name"].upper() == LISTED
    assert len(full["list_version"]) == 64
    assert (
        "payee_sanctioned" in api.get(f"/v1/payments/{payment['id']}").json()["decision"]["reasons"]
    )


def test_the_levels_that_typologies_were_looked_for_at_are_told(careful: Api) -> None:
    payer, payee = careful.account(funded="9000.00"), careful.account()
    payment = careful.pay(payer, payee, "8850.00").json()
    full = careful.get(f"/v1/payments/{payment['id']}/explanation").json()
    digest = SHIPPED.digest.hex()
    assert full["typologies_digest"] == digest
    assert f'clearway_typologies_info{{digest="{digest}"}} 1' in careful.get("/metrics").text
    row = _row(careful, payment)
    decision = careful.node.vault.decision(row.key, row.sequence, row.envelope_index)
    assert decision is not None
    fitted = [one.code for one in typologies_of(int(decision["typologies"]))]
    assert [one["code"] for one in full["typologies"]] == fitted


def test_each_reason_of_risk_has_its_words_and_the_values_it_looked_at(careful: Api) -> None:
    payer, payee = careful.account(funded="9000.00"), careful.account()
    payment = careful.pay(payer, payee, "8900.00").json()
    assert payment["status"] == "review"
    full = careful.get(f"/v1/payments/{payment['id']}/explanation").json()
    assert full["reasons"]
    row = _row(careful, payment)
    kept = careful.node.vault.features(row.key, row.sequence, row.envelope_index)
    assert kept is not None
    # The values are those that the chain commits to, through the decision.
    assert full["features_hash"] == hash_bytes("features", kept).hex()
    values = dict(zip(FEATURES, np.frombuffer(kept, "<f4").tolist(), strict=True))
    by_code = {reason.code: reason for reason in CATALOGUE}
    for reason in full["reasons"]:
        known = by_code[reason["code"]]
        assert reason["text"] == known.internal
        assert list(reason["values"]) == list(known.features)
        for name, value in reason["values"].items():
            assert value == pytest.approx(values[name], abs=1e-4)


def test_the_parts_of_reasons_and_the_rest_add_up_to_the_score(careful: Api) -> None:
    payer, payee = careful.account(funded="9000.00"), careful.account()
    payment = careful.pay(payer, payee, "8800.00").json()
    full = careful.get(f"/v1/payments/{payment['id']}/explanation").json()
    score = full["score"]
    parts = [reason["part"] for reason in full["reasons"]]
    assert parts
    assert score["base"] + sum(parts) + score["others"] == pytest.approx(score["raw"], abs=1e-9)
    model = careful.node.scorer.model
    assert model is not None
    assert int(model.calibrate(np.array([score["raw"]]))[0]) == full["score_bps"]


def test_without_the_model_that_decided_there_are_reasons_and_no_parts(
    careful: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer, payee = careful.account(funded="9000.00"), careful.account()
    payment = careful.pay(payer, payee, "8700.00").json()
    for name in ("_in_force", "_shipped"):
        monkeypatch.setattr(careful.node.models, name, None)
    full = careful.get(f"/v1/payments/{payment['id']}/explanation").json()
    assert full["reasons"]
    assert "score" not in full
    assert not any("part" in reason for reason in full["reasons"])


def test_features_are_kept_of_payments_with_reasons_alone(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    row = _row(api, api.pay(payer, payee, "1.00").json())
    assert api.node.vault.features(row.key, row.sequence, row.envelope_index) is None


def test_no_wording_for_customers_says_why(api: Api) -> None:
    suspicious = ("fraud", "sanction", "suspic", "risk", "score", "list", "model", "laundering")
    for text in CUSTOMER_TEXTS.values():
        assert not any(word in text.lower() for word in suspicious), text


def test_a_refused_payment_says_what_the_ledger_said(api: Api, customer: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    payment = api.pay(payer, payee, "50.00").json()["id"]
    text = customer.get(f"/v1/payments/{payment}/explanation").json()["text"]
    assert "the amount exceeds what is available" in text


def test_scores_are_not_shown_without_the_scope(api: Api, customer: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    said: Any = customer.pay(payer, payee, "1.00").json()["decision"]
    assert said == {"outcome": "accept"}
    listed = customer.get("/v1/payments", account=payer).json()["data"]
    assert {tuple(row["decision"]) for row in listed} == {("outcome",)}


def test_references_stand_on_the_chain_only_as_salted_commitments(api: Api) -> None:
    payer, payee = api.account(funded="5.00"), api.account()
    secret = fresh("very private reference ")
    payment = api.pay(payer, payee, "1.00", reference=secret).json()
    block = api.node.book.block(payment["block"]["height"])
    everything = block.heads.tobytes() + block.units
    for text in (secret, payer, payee):
        assert text.encode() not in everything
        assert hashlib.sha256(text.encode()).digest() not in everything
    row = _row(api, payment)
    private = api.node.vault.private(row.key, row.sequence, row.envelope_index)
    assert private is not None
    assert secret.encode() in private
    head = block.heads[payment["block"]["index"]]
    assert head["details"].tobytes() == hash_bytes("details", private)


def _row(api: Api, payment: dict[str, Any]) -> PaymentRow:
    assert api.node.projections.wait_for(payment["block"]["height"], 10)
    row = api.node.projections.payment(api.node.institution, parse_payment(payment["id"]))
    assert row is not None
    return row
