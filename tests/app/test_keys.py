"""The key file: encrypted, for its owner only, never overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clearway.app.config import ConfigError, parse_config
from clearway.app.keys import Keys, load_keys, open_keys, save_keys


def test_keys_come_back_under_their_passphrase_only(tmp_path: Path) -> None:
    path, keys = tmp_path / "keys.json", Keys.make()
    save_keys(path, keys, "correct horse")
    assert load_keys(path, "correct horse") == keys
    with pytest.raises(ConfigError, match="does not open"):
        load_keys(path, "battery staple")


def test_only_the_owner_can_read_them_and_nothing_is_in_the_clear(tmp_path: Path) -> None:
    path, keys = tmp_path / "keys.json", Keys.make()
    save_keys(path, keys, "correct horse")
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.secret.hex() not in path.read_text("utf-8")
    assert repr(keys.secret) not in repr(keys)


def test_keys_are_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    save_keys(path, Keys.make(), "one")
    with pytest.raises(FileExistsError):
        save_keys(path, Keys.make(), "two")
    load_keys(path, "one")


@pytest.mark.parametrize("damage", ["", "{}", '{"salt": "zz"}'])
def test_a_file_that_is_none_is_said_to_be_none(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(damage)
    with pytest.raises(ConfigError, match="not a key file"):
        load_keys(path, "one")


def test_a_changed_file_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    save_keys(path, Keys.make(), "one")
    body = json.loads(path.read_text("utf-8"))
    body["sealed"] = body["sealed"][:-2] + ("00" if body["sealed"][-2:] != "00" else "01")
    path.write_text(json.dumps(body))
    with pytest.raises(ConfigError, match="damaged"):
        load_keys(path, "one")


def test_without_dev_there_is_no_passphrase_by_default(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="CLEARWAY_KEY_PASSPHRASE"):
        open_keys(parse_config({"CLEARWAY_DATA": str(tmp_path)}))


def test_with_dev_the_passphrase_lies_beside_the_keys(tmp_path: Path) -> None:
    config = parse_config({"CLEARWAY_DATA": str(tmp_path)}, dev=True)
    assert open_keys(config) == open_keys(config)
    assert (tmp_path / "dev-passphrase").stat().st_mode & 0o777 == 0o600
