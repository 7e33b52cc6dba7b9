"""Settings: read in one place, wrong ones reported together, and the page lists all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clearway.app.config import SETTINGS, ConfigError, parse_config

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def test_an_empty_environment_gives_the_defaults() -> None:
    config = parse_config({})
    assert config.port == 8420
    assert config.database == Path("clearway-data/projections.sqlite")
    assert (config.lists, config.model, config.key_passphrase) == (None, None, None)
    assert not config.dev


def test_the_command_line_wins_over_the_environment() -> None:
    config = parse_config({"CLEARWAY_PORT": "1", "CLEARWAY_HOST": "::1"}, port=2, host=None)
    assert (config.port, config.host) == (2, "::1")


def test_every_bad_setting_is_reported_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(
            {
                "CLEARWAY_PORT": "70000",
                "CLEARWAY_FEE_CROSS_BPS": "1.5",
                "CLEARWAY_LISTS": "/nowhere",
                "CLEARWAY_DATABASE_URL": "postgresql://db/clearway",
                "CLEARWAY_PROT": "1",
            }
        )
    names = [problem.partition(":")[0] for problem in caught.value.problems]
    assert names == [
        "CLEARWAY_DATABASE_URL",
        "CLEARWAY_LISTS",
        "CLEARWAY_PORT",
        "CLEARWAY_FEE_CROSS_BPS",
        "CLEARWAY_PROT",
    ]


def test_the_database_says_what_it_accepts() -> None:
    with pytest.raises(ConfigError, match="sqlite:///PATH"):
        parse_config({"CLEARWAY_DATABASE_URL": "postgresql://db/clearway"})
    config = parse_config({"CLEARWAY_DATABASE_URL": "sqlite:////tmp/x.sqlite"})
    assert config.database == Path("/tmp/x.sqlite")


def test_nothing_is_declined_that_would_not_be_reviewed() -> None:
    with pytest.raises(ConfigError, match="at most"):
        parse_config({"CLEARWAY_REVIEW_BPS_MIN": "6000"})


def test_the_page_lists_every_setting_with_its_default_and_meaning() -> None:
    rows = re.findall(r"^\| `(CLEARWAY_\w+)` \| (\S+) \| (.*) \|$", PAGE.read_text("utf-8"), re.M)
    assert rows == [
        (setting.name, f"`{setting.default}`" if setting.default else "–", setting.what)
        for setting in SETTINGS
    ]


def test_the_environment_is_read_in_one_file() -> None:
    sources = Path(__file__).resolve().parents[2] / "python" / "clearway"
    readers = [
        path.name
        for path in sources.rglob("*.py")
        if re.search(r"os\.environ|os\.getenv", path.read_text("utf-8"))
    ]
    assert readers == ["config.py"]
