"""Who gives a value that a closed list does not have is told the list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from clearway.gateway.allowed import allowed_at
from clearway.gateway.auth import SCOPES, create_api_key
from clearway.gateway.payment_schemas import PaymentRequest
from clearway.gateway.problems import invalid_body
from clearway.gateway.routes import ROUTES
from clearway.payment.errors import Refusal
from clearway.payment.state import Status
from tests.gateway.api import Api
from tests.gateway.test_uploads import line, upload

VERDICTS = "chargeback, confirmed_fraud, confirmed_honest"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/cases", "assigned, closed, open, proposed"),
        ("/v1/case-queue", "assigned, closed, open, proposed"),
        ("/v1/payments", ", ".join(sorted(Status))),
    ],
)
def test_of_a_parameter(api: Api, path: str, allowed: str) -> None:
    answer = api.get(path, status="lost")
    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")
    assert answer.json()["detail"] == f"status: Invalid enum value 'lost'; allowed: {allowed}"


@pytest.mark.parametrize(
    ("path", "body", "field", "allowed"),
    [
        ("/v1/payments", {"capture": "later"}, "capture", "automatic, manual"),
        ("/v1/payments", {"priority": "later"}, "priority", "high, normal, urgent"),
        ("/v1/payments/pay_0/feedback", {"verdict": "later"}, "verdict", VERDICTS),
        ("/v1/cases/case_0/propose", {"decision": "later"}, "decision", "fraud, honest, report"),
    ],
)
def test_of_a_field(api: Api, path: str, body: dict[str, str], field: str, allowed: str) -> None:
    whole = {"from": "a", "to": "b", "amount": "1.00", "asset": "EUR/2", **body}
    answer = api.post(path, whole if path == "/v1/payments" else body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")
    assert answer.json()["detail"] == f"{field}: Invalid enum value 'later'; allowed: {allowed}"


def test_of_a_line_of_an_upload(api: Api) -> None:
    [row] = upload(api, line("a", "b", "1.00", "one", capture="later"))
    assert row["error"]["code"] == "request.invalid"
    assert row["error"]["detail"].endswith("allowed: automatic, manual")


def test_deep_inside_a_body() -> None:
    fact = {"oracle": "00" * 32, "subject": "00" * 16, "is": "about", "value": 1}
    body = {
        "from": "a", "to": "b", "amount": "1.00", "asset": "EUR/2",
        "conditions": {"until": "2030-01-01T00:00:00Z", "release": {"all": [{"fact": fact}]}},
    }  # fmt: skip
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(body, PaymentRequest)
    refusal = invalid_body(caught.value, PaymentRequest)
    assert refusal.detail.endswith("Invalid enum value 'about'; allowed: at_least, at_most, equal")


def test_a_scope_of_an_api_key(api: Api) -> None:
    with pytest.raises(Refusal, match=f"allowed: {', '.join(SCOPES)}"):
        create_api_key(
            api.node.vault, principal="eve", name="eve", institution=1,
            scopes=["payments:steal"], now_ns=0,
        )  # fmt: skip


def test_every_closed_list_of_every_route_is_found() -> None:
    """A field that only takes some words, wherever it stands, has them to tell."""
    found = 0
    for type in {each for route in ROUTES for each in (route.body, route.query) if each}:
        schema = msgspec.json.schema(type)
        for path, words in _closed(schema, schema, "$", ()):
            assert set(allowed_at(type, path)) >= words, (type, path)
            found += 1
    assert found > 10


Schema = dict[str, Any]
Closed = Iterator[tuple[str, set[str]]]


def _closed(schema: Schema, whole: Schema, path: str, above: tuple[str, ...]) -> Closed:
    """Every place in a JSON schema that lists its words; what is inside itself, once."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in above:
            yield from _closed(whole["$defs"][name], whole, path, (*above, name))
    words = {word for word in schema.get("enum", ()) if isinstance(word, str)}
    if words:
        yield path, words
    for one in schema.get("anyOf", ()):
        yield from _closed(one, whole, path, above)
    for name, one in schema.get("properties", {}).items():
        yield from _closed(one, whole, f"{path}.{name}", above)
    for name, step in (("items", "[0]"), ("additionalProperties", "[...]")):
        if isinstance(schema.get(name), dict):
            yield from _closed(schema[name], whole, f"{path}{step}", above)
