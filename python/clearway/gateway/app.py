"""The gateway as one ASGI application: the route table behind Starlette.

`POST /v1/payments` is served before the router, and on a node's own connections without ASGI
(wire.py): single.py has its way.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route as HttpRoute
from starlette.types import Receive, Scope, Send

from clearway.gateway.auth import CHALLENGE, password_as_bearer, require_scope
from clearway.gateway.authorisation import without_signatures
from clearway.gateway.directory import Directory
from clearway.gateway.door import (
    Answer,
    Ask,
    Door,
    Headers,
    credentials,
    read_body,
    request_hash,
    send_answer,
    send_json,
    send_problem,
)
from clearway.gateway.metrics import SETTLED_BATCHES
from clearway.gateway.node import Node
from clearway.gateway.openapi import describe_api
from clearway.gateway.problems import (
    UNREADABLE,
    invalid_body,
    invalid_shape,
    problem,
    problem_headers,
)
from clearway.gateway.render import to_json
from clearway.gateway.routes import ROUTES, Route
from clearway.gateway.single import PATH, SinglePayments
from clearway.payment.errors import ClearwayError, Fault, Refusal
from clearway.store.vault import Durable

logger = logging.getLogger("clearway.gateway")
_PARAMETER = re.compile(r"\{(\w+)\}")


def make_app(node: Node, *, dev: bool, version: str) -> Gateway:
    """The application that a server runs. dev: serves the faucet."""
    directory = Directory(
        book=node.book,
        vault=node.vault,
        genesis=node.genesis,
        secret=node.secret,
    )
    routes = [route for route in ROUTES if dev or not route.dev_only]
    return Gateway(Door(node, directory), routes, version=version)


class Gateway:
    def __init__(self, door: Door, routes: Sequence[Route], *, version: str) -> None:
        self.door = door
        self.metrics = door.metrics
        self._openapi = to_json(describe_api(routes, version=version))
        self._router = self._make_router(routes)
        self.single = SinglePayments(door)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pays = scope["type"] == "http" and scope["path"] == PATH
        if pays and scope["method"] == "POST":
            await self._pay(scope, receive, send)
        else:
            await self._router(scope, receive, send)

    def stop(self) -> None:
        """Called when the server is told to end, before it waits for its connections."""
        self.door.stop()

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self.door.open(asyncio.get_running_loop())
        yield
        self.door.close()

    async def _pay(self, scope: Scope, receive: Receive, send: Send) -> None:
        """POST /v1/payments, where it does not come by wire.py."""
        answered: asyncio.Future[tuple[int, Headers, bytes]] = (
            asyncio.get_running_loop().create_future()
        )

        def reply(status: int, headers: Headers, body: bytes) -> None:
            if not answered.done():  # cancelled: the client went away
                answered.set_result((status, headers, body))

        body: bytes | Refusal
        try:
            body = await read_body(scope, receive)
        except Refusal as refusal:
            body = refusal
        self.single.pay(scope["headers"], body, reply)
        await send_answer(send, *await answered)

    # --- every other route ----------------------------------------------------------------------

    def _make_router(self, routes: Sequence[Route]) -> Starlette:
        by_path: dict[str, dict[str, Route]] = {}
        for route in routes:
            by_path.setdefault(route.path, {})[route.method] = route
        # Fixed paths first: /v1/payments/batch is not a payment's id.
        paths = sorted(by_path, key=lambda path: ("{" in path, path))
        served = [HttpRoute(path, PathDoor(self, by_path[path])) for path in paths]
        served += [
            HttpRoute("/healthz", self._healthz),
            HttpRoute("/readyz", self._readyz),
            HttpRoute("/metrics", self._metrics),
            HttpRoute("/openapi.json", self._serve_openapi),
        ]
        router = Starlette(
            routes=served,
            exception_handlers={HTTPException: self._not_served},
            lifespan=self._lifespan,
        )
        router.router.redirect_slashes = False
        return router

    async def _healthz(self, request: Request) -> Response:
        return _plain_json({"status": "ok"})

    async def _readyz(self, request: Request) -> Response:
        try:
            self.door.check_ready()
        except ClearwayError as error:
            return _problem_response(error, self.door.next_request_id())
        node = self.door.node
        warnings = node.warnings()
        found: dict[str, object] = {
            "status": "degraded" if node.degraded() else "ready",
            "height": node.book.height,
        }
        if warnings:
            found["warnings"] = list(warnings)
        if node.restored_to is not None:
            found["restored_to"] = node.restored_to
        return _plain_json(found)

    async def _metrics(self, request: Request) -> Response:
        durable: list[Durable] = []
        with suppress(Fault):  # what is wrong with the disk, the other figures tell
            durable = await self.door.read(self.door.node.vault.durable, SETTLED_BATCHES)
        text = self.metrics.render(self.door.node, durable)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _serve_openapi(self, request: Request) -> Response:
        return Response(self._openapi, media_type="application/json")

    async def _not_served(self, request: Request, error: Exception) -> Response:
        path = request.url.path
        if isinstance(error, HTTPException) and error.status_code == 405:
            refusal = Refusal("request.method", method=request.method, path=path)
        else:
            refusal = Refusal("request.unknown_route", path=path)
        return _problem_response(refusal, self.door.next_request_id())


class PathDoor:
    """The methods of one path, as an ASGI application."""

    def __init__(self, gateway: Gateway, routes: dict[str, Route]) -> None:
        self._gateway = gateway
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._gateway.door
        request_id = door.next_request_id()
        method: str = scope["method"]
        route = self._routes.get("GET" if method == "HEAD" else method)
        if route is None:
            refusal = Refusal("request.method", method=method, path=scope["path"])
            await send_problem(send, refusal, request_id, allow=", ".join(self._routes))
            return
        ask: Ask | None = None
        status = route.status
        try:
            ask = await self._admit(route, request_id, scope, receive)
            if route.stream is not None:
                await route.stream(ask, scope, receive, send)
            else:
                answer = await self._run(route, ask)
                body = answer.body if isinstance(answer.body, bytes) else to_json(answer.body)
                status = answer.status
                await send_json(send, status, body, ask.request_id)
        except ClearwayError as error:
            status = error.kind.status
            asked = CHALLENGE if route.is_page else None
            id = request_id if ask is None else ask.request_id
            await send_problem(send, error, id, challenge=asked)
        except Exception:
            status = 500
            logger.exception("request %s", request_id)
            await send_problem(send, Fault("node.bug"), request_id)
        self._gateway.metrics.count(method, route.path, status)

    async def _admit(self, route: Route, request_id: str, scope: Scope, receive: Receive) -> Ask:
        """The checks of every route, in their order; what is refused here wrote nothing."""
        door = self._gateway.door
        if route.method == "GET":
            door.check_readable()
        else:
            door.check_ready()
        authorization, idempotency_key = credentials(scope["headers"])
        if route.is_page:
            authorization = password_as_bearer(authorization)
        key = door.authenticate(authorization)
        require_scope(key, route.scope)
        ask = Ask(door, key, request_id, params=dict(scope["path_params"]))
        ask.query = _decode_query(route, scope["query_string"])
        if route.stream is not None:
            return ask
        if route.body is not None:
            body = await read_body(scope, receive)
        if route.keyed:
            space = "/quotes" if route.once is not None else ""
            ask.op_id = door.op_id(key, idempotency_key, space=space)
        if route.draft is not None:
            _make_draft(ask, idempotency_key)
        if route.body is not None:
            ask.body = _decode_body(route, body)
        if route.keyed:
            asked = without_signatures(ask.body)
            ask.request_hash = request_hash(route.path.encode(), ask.params, asked)
        return ask

    async def _run(self, route: Route, ask: Ask) -> Answer:
        door = self._gateway.door
        if route.read is not None:
            return await door.read(door.node.book.durable.read, partial(route.read, ask))
        if route.move is not None:
            return await door.run_move(ask, route.move)
        if route.chain is not None:
            return await route.chain(ask)
        if route.draft is not None:
            return await route.draft(ask)
        assert route.once is not None, "invariant: a route does one thing"
        make = route.once
        return await door.run_once(ask, lambda: make(ask))


def _make_draft(ask: Ask, idempotency_key: bytes | None) -> None:
    """The id of an entry follows from its request's key, so that a preparation needs one too: the
    client's, which stays unused, or a new one. Refuses idempotency.malformed."""
    key = idempotency_key or secrets.token_hex(16).encode()
    ask.op_id = ask.door.op_id(ask.key, key)
    ask.idempotency_key, ask.is_draft = key.decode("ascii"), True


def _decode_body(route: Route, body: bytes) -> Any:
    assert route.body is not None
    try:
        return msgspec.json.decode(body or b"{}", type=route.body)
    except UNREADABLE as error:
        raise invalid_body(error, route.body) from None


def _decode_query(route: Route, query: bytes) -> Any:
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=False)
        return msgspec.convert(_grouped(pairs), type=route.query, strict=False)
    except msgspec.ValidationError as error:
        raise invalid_shape(error, route.query, whole="query") from None
    except UnicodeDecodeError as error:
        raise Refusal("request.invalid", field="query", what=str(error)) from None


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`metadata[order]=42` is the field `order` of `metadata`."""
    grouped: dict[str, Any] = {}
    for name, value in pairs:
        outer, bracket, inner = name.partition("[")
        if bracket and inner.endswith("]"):
            inside = grouped.setdefault(outer, {})
            if isinstance(inside, dict):
                inside[inner[:-1]] = value
        else:
            grouped[name] = value
    return grouped


def _plain_json(body: dict[str, object]) -> Response:
    return Response(to_json(body), media_type="application/json")


def _problem_response(error: ClearwayError, request_id: str) -> Response:
    return Response(
        to_json(problem(error, request_id)),
        status_code=error.kind.status,
        headers={**dict(problem_headers(error)), "x-request-id": request_id},
    )
