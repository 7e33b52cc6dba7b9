"""Parts of the pages of cases, as HTML, and how such a page is sent.

It asks nothing of any network and runs no script; its policy says so to the browser. Whatever a
client wrote is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import Any, Final

from starlette.types import Send

from clearway.gateway.door import Ask, send_answer

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)


async def send_page(ask: Ask, send: Send, make: Callable[[], str]) -> None:
    """make: runs beside the loop; raises what the page refuses."""
    body = await ask.door.read(lambda: make().encode())
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"content-security-policy", f"{_POLICY}; frame-ancestors 'none'".encode()),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", ask.request_id.encode()),
    ]
    await send_answer(send, 200, headers, body)


def document(title: str, parts: Iterable[str]) -> str:
    """parts: HTML of the body, in order."""
    style = files("clearway.gateway").joinpath("case_page.css").read_text("utf-8")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        f'<meta name="robots" content="noindex"><title>{escape(title)}</title>'
        f"<style>{style}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )


def section(title: str, body: str, *, wide: bool = False) -> str:
    return f"<section{' class=wide' if wide else ''}><h2>{escape(title)}</h2>{body}</section>"


def paragraphs(lines: Iterable[str]) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def table(name: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """rows: cells that are HTML already."""
    top = "".join(f"<th>{escape(one)}</th>" for one in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table class="{name}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def more(count: int, shown: int, what: str) -> str:
    left = count - shown
    return f'<p class="none">More {what} in the data: {left:,}.</p>' if left > 0 else ""


def moment(time: str) -> str:
    """
    >>> moment("2026-11-23T19:07:44.123456Z")
    '<time>2026-11-23 19:07:44 UTC</time>'
    """
    return f"<time>{time[:10]} {time[11:19]} UTC</time>"


def text(value: Any) -> str:
    """HTML as it is when this file made it, escaped otherwise."""
    return str(value) if str(value).startswith("<time>") else escape(str(value))


def grouped(amount: str) -> str:
    """
    >>> grouped("1234567.80"), grouped("12")
    ('1,234,567.80', '12')
    """
    whole, point, rest = amount.partition(".")
    return f"{int(whole):,}{point}{rest}"
