"""OpenAPI 3.1, made from the route table and the structs: it cannot differ from the code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from clearway.gateway.auth import SCOPES
from clearway.gateway.case_schemas import ConfirmRequest
from clearway.gateway.condition_schemas import (
    CONDITION_KINDS,
    WITNESS_KINDS,
    CancelRequest,
    ReleaseRequest,
    SimulateRequest,
)
from clearway.gateway.mandate_schemas import RevokeRequest
from clearway.gateway.payment_schemas import AmountRequest, RefundRequest
from clearway.gateway.routes import Route
from clearway.gateway.schemas import EmptyRequest, Problem, ReviewRequest

_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)\}")


def describe_api(routes: Sequence[Route], *, version: str) -> dict[str, Any]:
    """The document behind /openapi.json."""
    types: list[Any] = [Problem]
    for route in routes:
        types.extend(kind for kind in (route.answer, route.body, route.query) if kind is not None)
    unique = list(dict.fromkeys(types))
    found, components = msgspec.json.schema_components(unique, ref_template=_REF)
    for name, kinds, always in _CHOICES:
        components[name] = _choice(components[name], kinds, always)
    by_type = dict(zip(unique, found, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, by_type, components)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    for path, summary in (("/healthz", "The process runs"), ("/readyz", "The node serves")):
        paths[path] = {"get": {"summary": summary, "security": [], "responses": _PLAIN}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Clearway", "version": version, "license": _LICENCE},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "; ".join(f"{name}: {what}" for name, what in SCOPES.items()),
                }
            },
        },
        "security": [{"key": []}],
    }


# Structs of which exactly one kind of fields is given: which kinds, and what stands beside them.
_CHOICES: Final = (
    ("Condition", CONDITION_KINDS, ()),
    ("ConditionSeen", CONDITION_KINDS, ("node", "text")),
    ("Witness", WITNESS_KINDS, ("node",)),
)


def _choice(
    schema: dict[str, Any], kinds: Sequence[Sequence[str]], always: Sequence[str]
) -> dict[str, Any]:
    properties = {name: _given(field) for name, field in schema["properties"].items()}
    return {
        "title": schema["title"],
        "description": schema["description"],
        "oneOf": [
            {
                "type": "object",
                "properties": {name: properties[name] for name in (*always, *kind)},
                "required": [*always, *kind],
                "additionalProperties": False,
            }
            for kind in kinds
        ],
    }


def _given(field: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field that is there: without null and its default."""
    [schema] = [one for one in field.get("anyOf", [field]) if one != {"type": "null"}]
    return {name: value for name, value in schema.items() if name != "default"}


_LICENCE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
_PLAIN = {"200": {"description": "yes"}, "503": {"description": "not yet"}}


def _operation(
    route: Route, by_type: dict[Any, dict[str, Any]], components: dict[str, Any]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": _operation_id(route),
        "description": f"Needs the scope {route.scope}." if route.scope else "Any API key.",
        "parameters": list(_parameters(route, components)),
        "responses": {
            str(route.status): {
                "description": route.summary,
                "content": {route.media_type: {"schema": by_type[route.answer]}},
            },
            "default": {
                "description": "An error of docs/errors.md",
                "content": {"application/problem+json": {"schema": by_type[Problem]}},
            },
        },
    }
    if route.body is not None:
        required = route.body not in _MAY_BE_EMPTY
        media = "application/x-ndjson" if route.stream else "application/json"
        operation["requestBody"] = {
            "required": required,
            "content": {media: {"schema": by_type[route.body]}},
        }
    return operation


_MAY_BE_EMPTY = (
    RevokeRequest,
    EmptyRequest,
    ConfirmRequest,
    AmountRequest,
    RefundRequest,
    ReviewRequest,
    ReleaseRequest,
    CancelRequest,
    SimulateRequest,
)


def _operation_id(route: Route) -> str:
    words = re.findall(r"\w+", route.path.removeprefix("/v1"))
    return "_".join([route.method.lower(), *words]).replace("-", "_")


def _parameters(route: Route, components: dict[str, Any]) -> Any:
    for name in _PARAMETER.findall(route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    if route.keyed:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "The same key with the same body is answered the same, for ever.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }
    if route.media_type == "text/event-stream":
        yield {
            "name": "Last-Event-ID",
            "in": "header",
            "required": False,
            "description": "Go on after this event; 0 is the beginning; none is from now.",
            "schema": {"type": "string"},
        }
    properties = components[route.query.__name__].get("properties", {})
    for name, schema in properties.items():
        style = {"style": "deepObject", "explode": True} if name == "metadata" else {}
        yield {"name": name, "in": "query", "required": False, "schema": schema, **style}
