"""OpenAPI is made from the route table, is valid, and says what the node serves."""

from openapi_spec_validator import validate

from clearway.gateway.openapi import describe_api
from clearway.gateway.routes import ROUTES
from tests.gateway.api import Api


def test_the_document_is_valid() -> None:
    validate(describe_api(ROUTES, version="0"))


def test_every_route_is_in_it_with_its_body_and_its_key() -> None:
    paths = describe_api(ROUTES, version="0")["paths"]
    for route in ROUTES:
        operation = paths[route.path][route.method.lower()]
        assert ("requestBody" in operation) is (route.body is not None)
        headers = {row["name"] for row in operation["parameters"] if row["in"] == "header"}
        assert ("Idempotency-Key" in headers) is route.keyed
        assert str(route.status) in operation["responses"]


def test_a_node_serves_what_it_describes(api: Api) -> None:
    described = api.http.get("/openapi.json").json()["paths"]
    for route in ROUTES:
        assert route.method.lower() in described[route.path]
        path = route.path.format(
            account="x", payment="x", quote="x", height="x", mandate="x", key="x", case="x"
        )
        answer = api.http.request(route.method, path)
        assert answer.json()["code"] == "auth.missing", route.path


def test_every_route_does_one_thing() -> None:
    for route in ROUTES:
        given = [route.read, route.move, route.chain, route.draft, route.once, route.stream]
        assert sum(one is not None for one in given) == 1, route.path
