"""`clearway typologies`: what is looked for, from which document, and at which levels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clearway.risk.typologies.rule import Typology
from clearway.risk.typologies.settings import load_in_force


def list_typologies(only: str | None, levels: Path | None) -> tuple[dict[str, Any], str]:
    """Those of a family or with this code, all by default; at the levels of a file, without those
    that it switches off; as an object and in words. Raises ValueError for what is neither family
    nor code, and risk.typologies_format."""
    in_force = load_in_force(levels)
    listed = [one for one in in_force.typologies if only in (None, one.family, one.code)]
    if not listed:
        raise ValueError(f"{only} is no typology in force and no family of them")
    lines = [*map(_in_full if len(listed) == 1 else _in_a_line, listed)]
    digest = in_force.digest.hex()
    if only is None:
        lines.append(f"digest of these levels, as in decisions: {digest}")
    found = {"digest": digest, "typologies": [_as_object(one) for one in listed]}
    return found, "\n".join(lines)


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
