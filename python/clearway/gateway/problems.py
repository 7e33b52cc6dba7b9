"""Errors become HTTP here and nowhere else: one table (payment.errors.CATALOGUE), one shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from clearway.gateway.allowed import allowed_at
from clearway.gateway.schemas import LineProblem, Problem
from clearway.payment.errors import ClearwayError, Refusal

RETRY_AFTER_S = 1
_MEDIA_TYPE = "application/problem+json"


def problem(error: ClearwayError, request_id: str) -> Problem:
    """The RFC 9457 body of an error.

    >>> problem(Refusal("auth.missing"), "req_1").status
    401
    """
    kind = error.kind
    return Problem(
        type=f"urn:clearway:error:{kind.code}",
        title=kind.title,
        status=kind.status,
        detail=error.detail,
        code=kind.code,
        retryable=kind.retryable,
        request_id=request_id,
    )


def line_problem(error: ClearwayError) -> LineProblem:
    """The error inside an answer of status 201."""
    kind = error.kind
    return LineProblem(
        code=kind.code, title=kind.title, detail=error.detail, retryable=kind.retryable
    )


def problem_headers(error: ClearwayError) -> Iterator[tuple[str, str]]:
    """Content type, and what the status asks for: Retry-After, WWW-Authenticate."""
    yield "content-type", _MEDIA_TYPE
    if error.kind.retryable:
        yield "retry-after", str(RETRY_AFTER_S)
    if error.kind.status == 401:
        yield "www-authenticate", "Bearer"


UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding a body may raise; `invalid_body` says what that means."""


def invalid_body(error: Exception, type: Any) -> Refusal:
    """What msgspec says of a body that had to be of this type → request.malformed (no JSON, or
    nested too deeply) or request.invalid (another shape)."""
    if isinstance(error, RecursionError):
        return Refusal("request.malformed", what="the body is nested too deeply")
    if isinstance(error, msgspec.ValidationError):
        return invalid_shape(error, type, whole="body")
    return Refusal("request.malformed", what=str(error) or "the body is not JSON")


def invalid_shape(error: msgspec.ValidationError, type: Any, *, whole: str) -> Refusal:
    """request.invalid with the field, or `whole` where it is none in particular, and with the
    values that are allowed where another was given."""
    what, _, path = str(error).partition(" - at `")
    field = path.rstrip("`").removeprefix("$").removeprefix(".").removeprefix("[...]")
    if what.startswith("Invalid enum value"):
        what += f"; allowed: {', '.join(allowed_at(type, path))}"
    return Refusal("request.invalid", field=field or whole, what=what)
