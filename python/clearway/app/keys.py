"""The node's secrets in one file: encrypted under a passphrase, mode 0600.

scrypt (RFC 7914) makes the key of AES-256-GCM; n = 2**15, r = 8, p = 1 cost about a tenth of a
second and 32 MiB per guess.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from clearway.app.config import Config, ConfigError

FORMAT: Final = "clearway keys 1"

log = logging.getLogger("clearway.app")


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """32 bytes each. institution, sequencer, governance: Ed25519 seeds. secret: of ids and
    addresses. salt: of decision salts. vault: encrypts personal data."""

    institution: bytes
    sequencer: bytes
    governance: bytes
    secret: bytes
    salt: bytes
    vault: bytes

    @classmethod
    def make(cls) -> Keys:
        return cls(*(secrets.token_bytes(32) for _ in range(6)))


def open_keys(config: Config) -> Keys:
    """Makes the file at the first start. Raises ConfigError."""
    path = config.data / "keys.json"
    passphrase = config.key_passphrase
    if passphrase is None and config.dev:
        beside = config.data / "dev-passphrase"
        if not beside.exists():
            write_secret(beside, secrets.token_urlsafe(32) + "\n")
            log.warning("--dev: the key file's passphrase lies beside it, in %s", beside)
        passphrase = beside.read_text("utf-8").strip()
    if passphrase is None:
        raise ConfigError(["CLEARWAY_KEY_PASSPHRASE: is needed to open or make the key file"])
    if not path.exists():
        save_keys(path, Keys.make(), passphrase)
    return load_keys(path, passphrase)


def save_keys(path: Path, keys: Keys, passphrase: str) -> None:
    """Complete or not at all, and never over an existing file."""
    plain = json.dumps({name: value.hex() for name, value in asdict(keys).items()}).encode()
    seal_file(path, plain, passphrase, format=FORMAT)


def load_keys(path: Path, passphrase: str) -> Keys:
    """Raises ConfigError when the passphrase is not the file's, or the file is damaged."""
    plain = open_file(path, passphrase, format=FORMAT)
    return Keys(**{name: bytes.fromhex(value) for name, value in json.loads(plain).items()})


def seal_file(path: Path, plain: bytes, passphrase: str, *, format: str) -> None:
    """A new file of mode 0600 that only the passphrase opens. FileExistsError."""
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = AESGCM(_derive(passphrase, salt)).encrypt(nonce, plain, format.encode())
    body = {"format": format, "salt": salt.hex(), "nonce": nonce.hex(), "sealed": sealed.hex()}
    write_secret(path, json.dumps(body, indent=2) + "\n")


def open_file(path: Path, passphrase: str, *, format: str) -> bytes:
    """What `seal_file` sealed. Raises ConfigError when the passphrase is not the file's, or the
    file is damaged or of another format."""
    try:
        body = json.loads(path.read_text("utf-8"))
        salt, nonce, sealed = (bytes.fromhex(body[name]) for name in ("salt", "nonce", "sealed"))
        return AESGCM(_derive(passphrase, salt)).decrypt(nonce, sealed, format.encode())
    except InvalidTag:
        raise ConfigError(
            [f"CLEARWAY_KEY_PASSPHRASE: does not open {path}, or the file is damaged"]
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError([f"{path}: not a key file ({error})"]) from error


def write_secret(path: Path, text: str) -> None:
    """A file that only its owner can read, durable when this returns. FileExistsError."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    path.hardlink_to(part)  # unlike a rename, it fails when the file exists
    part.unlink()


def _derive(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())
