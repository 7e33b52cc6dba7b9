"""Small parts of the page of a case, as HTML; whatever a client wrote is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any


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
