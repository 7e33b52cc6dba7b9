"""Which values a field may have, from the types that requests are decoded to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import inspect

_STEP: Final = re.compile(r"\.([^.\[`]+)|\[[^\]]*\]")
_whole = lru_cache(maxsize=None)(inspect.type_info)  # as many types as there are routes


def allowed_at(type: Any, path: str) -> list[str]:
    """The closed list of a place in a type, sorted; empty where it has none. path: as msgspec
    tells it, such as `$.legs[0].role`. Of an optional field, null is not told.

    >>> from typing import Literal
    >>> Stop = msgspec.defstruct("Stop", [("side", Literal["left", "right"] | None)])
    >>> allowed_at(list[Stop], "$[3].side")
    ['left', 'right']
    """
    places = list(_plain([_whole(type)]))
    for step in _STEP.finditer(path):
        places = list(_plain(_below(places, step[1])))
    return sorted(word for place in places for word in _words(place))


def _plain(places: Iterable[inspect.Type]) -> Iterator[inspect.Type]:
    """What stands behind unions and annotations."""
    for place in places:
        if isinstance(place, inspect.UnionType):
            yield from _plain(place.types)
        elif isinstance(place, inspect.Metadata):
            yield from _plain([place.type])
        else:
            yield place


def _below(places: Iterable[inspect.Type], name: str | None) -> Iterator[inspect.Type]:
    """One step down: into the field of this name, or, without one, into what is contained."""
    for place in places:
        if isinstance(place, inspect.StructType):
            yield from (one.type for one in place.fields if one.encode_name == name)
        elif name is None and isinstance(place, inspect.ListType | inspect.VarTupleType):
            yield place.item_type
        elif name is None and isinstance(place, inspect.DictType):
            yield place.value_type


def _words(place: inspect.Type) -> list[str]:
    if isinstance(place, inspect.LiteralType):
        values = place.values
    elif isinstance(place, inspect.EnumType):
        values = tuple(one.value for one in place.cls)
    else:
        return []
    return [one if isinstance(one, str) else msgspec.json.encode(one).decode() for one in values]
