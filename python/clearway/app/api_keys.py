"""`clearway keys`: API keys in the vault of a data folder, whether or not its node runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clearway.app.config import Config, load_node_config
from clearway.app.keys import open_keys
from clearway.gateway.auth import create_api_key
from clearway.gateway.times import format_time
from clearway.ledger.genesis import load_genesis
from clearway.store.audit import Audit
from clearway.store.vault import ApiKey, Vault

ADMIN = "cli"


def create_key(
    data: Path | None, *, scopes: list[str], principal: str, name: str
) -> dict[str, Any]:
    """Refuses request.invalid for a scope that does not exist."""
    config = load_node_config(data)
    institution = load_genesis(config.data / "genesis.json").institutions[0].number
    with _vault(config) as vault, _audit(config) as audit:
        text, key = create_api_key(
            vault,
            principal=principal,
            name=name,
            institution=institution,
            scopes=scopes,
            now_ns=time.time_ns(),
        )
        facts = {"key": key.id, "principal": principal, "scopes": ",".join(sorted(key.scopes))}
        audit.append(who=ADMIN, what="key.create", facts=facts)
    return {"id": key.id, "key": text, "principal": principal, "scopes": sorted(key.scopes)}


def list_keys(data: Path | None) -> dict[str, Any]:
    with _vault(load_node_config(data)) as vault:
        return {"keys": [_shown(key) for key in vault.api_keys()]}


def revoke_key(data: Path | None, id: str) -> dict[str, Any]:
    """A running node refuses the key from its next request on."""
    config = load_node_config(data)
    with _vault(config) as vault, _audit(config) as audit:
        revoked = vault.revoke_api_key(id, time.time_ns())
        if revoked:
            audit.append(who=ADMIN, what="key.revoke", facts={"key": id})
    return {"id": id, "ok": revoked}


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "principal": key.principal,
        "institution": key.institution,
        "scopes": sorted(key.scopes),
        "name": key.name,
        "created": format_time(key.created_ns),
        "revoked": format_time(key.revoked_ns) if key.revoked_ns else None,
    }


@contextmanager
def _vault(config: Config) -> Iterator[Vault]:
    vault = Vault(config.data / "vault.sqlite", open_keys(config).vault)
    try:
        yield vault
    finally:
        vault.close()


@contextmanager
def _audit(config: Config) -> Iterator[Audit]:
    audit = Audit(config.data / "audit.log")
    try:
        yield audit
    finally:
        audit.close()
