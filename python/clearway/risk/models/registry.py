"""The models of a node: a folder each, with a card; which one decides, and which one is tried.

    models/
      registry.json      champion, challenger, and what became of each model, when, by whom and why
      3f9a…/             the first 16 digits of a model's id
        model.json       the model
        card.json        what it was made of, and how good it was: its hash is the model's id

Nothing is ever deleted: a decision names the model that made it, and years later that model still
has to be there to explain it. A model is put in force by `promote` alone. A file whose hash is not
its id is refused wherever it is read, and what was in force stays in force.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from clearway.ports.model import Model
from clearway.risk.errors import RiskFault
from clearway.risk.models.load import load_model, parse_model, write_model
from clearway.risk.models.model import MODEL_NAME, read_card

FILE: Final = "registry.json"
_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Event:
    """One act: what (`registered`, `challenges`, `promoted`, `retired`) became of which model."""

    at: str
    what: str
    model: str
    by: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Roles:
    """champion, challenger: ids in hex, None for none: then the shipped model decides, and none is
    tried. events: all that ever happened, oldest first."""

    champion: str | None
    challenger: str | None
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One model. role: `champion`, `challenger`, `registered` or `retired`."""

    id: str
    role: str
    registered: str
    card: Mapping[str, Any] = field(repr=False)


class Registry:
    """now: UTC, for the events. Made where it is missing; safe to be used by several processes."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self.folder = folder
        self._now = now
        self._loaded: dict[str, Model] = {}

    # --- reading --------------------------------------------------------------------------------

    def roles(self) -> Roles:
        """Raises risk.registry_corrupt."""
        path = self.folder / FILE
        try:
            return msgspec.json.decode(path.read_bytes(), type=Roles)
        except FileNotFoundError:
            return Roles(champion=None, challenger=None, events=())
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise RiskFault("risk.registry_corrupt", path=path, what=str(error)) from error

    def version(self) -> tuple[int, int]:
        """Another one whenever the roles have changed."""
        try:
            stat = (self.folder / FILE).stat()
        except OSError:
            return 0, 0
        return stat.st_mtime_ns, stat.st_ino

    def entries(self) -> list[Entry]:
        """All models, in the order in which they came."""
        roles = self.roles()
        registered: dict[str, str] = {}
        retired: set[str] = set()
        for event in roles.events:
            registered.setdefault(event.model, event.at)
            (retired.add if event.what == "retired" else retired.discard)(event.model)
        return [
            Entry(id, _role(id, roles, retired), at, self.card(id)) for id, at in registered.items()
        ]

    def card(self, id: str) -> dict[str, Any]:
        """Raises risk.model_unknown."""
        return read_card(self._place(id))

    def find(self, said: str) -> str:
        """The whole id that begins with these hex digits. Raises risk.model_ambiguous for none or
        several."""
        known = {event.model for event in self.roles().events}
        found = sorted(id for id in known if said and id.startswith(said.lower()))
        if len(found) != 1:
            raise RiskFault("risk.model_ambiguous", said=said, count=len(found))
        return found[0]

    def model(self, id: str) -> Model:
        """Raises risk.model_unknown, risk.model_corrupt, risk.model_format."""
        if id not in self._loaded:
            path = self._place(id) / MODEL_NAME
            model = load_model(path)
            if model.model_id.hex() != id:
                raise RiskFault(
                    "risk.model_corrupt", path=path, found=model.model_id.hex(), declared=id
                )
            self._loaded[id] = model
        return self._loaded[id]

    def _place(self, id: str) -> Path:
        return self.folder / id[:_DIGITS]

    # --- writing --------------------------------------------------------------------------------

    def register(self, data: bytes, card: Mapping[str, Any], *, by: str, why: str = "") -> str:
        """Takes a model file in; the id. One that is there already stays as it is. Raises
        risk.model_format."""
        parse_model(data, source="the model")
        id = hashlib.sha256(data).hexdigest()
        with self._change() as change:
            if not any(event.model == id for event in change.roles.events):
                write_model(self._place(id), data, card)
                change.add("registered", id, by, why)
        return id

    def challenge(self, id: str, *, by: str, why: str = "") -> None:
        """It is tried beside the champion from now on, instead of whatever was."""
        self.model(id)
        with self._change() as change:
            change.roles = replace(change.roles, challenger=id)
            change.add("challenges", id, by, why)

    def promote(self, id: str, *, by: str, why: str) -> None:
        """It decides from now on. It is read first, so that what is in force can be read."""
        self.model(id)
        with self._change() as change:
            challenger = change.roles.challenger
            change.roles = replace(
                change.roles, champion=id, challenger=None if challenger == id else challenger
            )
            change.add("promoted", id, by, why)

    def retire(self, id: str, *, by: str, why: str = "") -> None:
        """It is neither tried nor in force; after the champion, its predecessor decides again, or
        the shipped model. Its file stays."""
        with self._change() as change:
            roles = change.roles
            if roles.champion == id:
                roles = replace(roles, champion=_predecessor(id, roles))
            if roles.challenger == id:
                roles = replace(roles, challenger=None)
            change.roles = roles
            change.add("retired", id, by, why)

    @contextmanager
    def _change(self) -> Iterator[_Change]:
        """Alone among all processes; written whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            change = _Change(self.roles(), self._now)
            before = change.roles
            yield change
            if change.roles != before:
                self._write(change.roles)

    def _write(self, roles: Roles) -> None:
        path = self.folder / FILE
        part = path.with_name(FILE + ".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(asdict(roles), file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


class _Change:
    def __init__(self, roles: Roles, now: Callable[[], datetime]) -> None:
        self.roles = roles
        self._now = now

    def add(self, what: str, id: str, by: str, why: str) -> None:
        at = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        event = Event(at, what, id, by, why)
        self.roles = replace(self.roles, events=(*self.roles.events, event))


def _role(id: str, roles: Roles, retired: set[str]) -> str:
    if id == roles.champion:
        return "champion"
    if id == roles.challenger:
        return "challenger"
    return "retired" if id in retired else "registered"


def _predecessor(id: str, roles: Roles) -> str | None:
    """Who was in force before, and has not been retired since."""
    retired = {event.model for event in roles.events if event.what == "retired"}
    promoted = [event.model for event in roles.events if event.what == "promoted"]
    return next((one for one in reversed(promoted) if one != id and one not in retired), None)
