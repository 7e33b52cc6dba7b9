"""`clearway typologies`: what is looked for, from which document, and at which levels."""

from __future__ import annotations

from typing import Any

from clearway.risk.typologies.registry import TYPOLOGIES
from clearway.risk.typologies.rule import Typology


def list_typologies(only: str | None = None) -> tuple[dict[str, Any], str]:
    """Those of a family or with this code, all by default; as an object and in words. Raises
    ValueError for what is neither."""
    listed = [one for one in TYPOLOGIES if only in (None, one.family, one.code)]
    if not listed:
        raise ValueError(f"{only} is no typology and no family of them")
    words = "\n".join(map(_in_full if len(listed) == 1 else _in_a_line, listed))
    return {"typologies": [_as_object(one) for one in listed]}, words


def _as_object(one: Typology) -> dict[str, Any]:
    return {
        "bit": one.bit, "code": one.code, "family": one.family, "name": one.name,
        "side": one.side, "source": one.source, "why": one.why, "advice": one.advice,
        "conditions": [
            {"feature": condition.feature, "text": condition.text, "because": condition.because}
            for condition in one.conditions
        ],
    }  # fmt: skip


def _in_a_line(one: Typology) -> str:
    return f"{one.code:34} {one.name}\n{'':34} {one.source}"


def _in_full(one: Typology) -> str:
    conditions = "\n".join(f"  {each.text}: {each.because}" for each in one.conditions)
    return (
        f"{one.code}: {one.name}\n{one.source}\n\n{one.why} {one.advice}\n\n"
        f"An alert about the {one.side}, when all of these hold:\n{conditions}"
    )
