"""Every setting of a node: one table, read here and nowhere else, listed in docs/configuration.md.

Nothing here can change what the ledger computes; that is genesis (docs/format.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final


class ConfigError(ValueError):
    """All that is wrong, one line each; the node does not start."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Config:
    """See SETTINGS for units and meanings. `dev` is a switch of the command line only: an
    environment that lingers must not give away a default key."""

    data: Path
    database: Path
    lists: Path | None
    model: Path | None
    model_budget_ms: int
    typologies: Path | None
    retrain_hours: int
    retrain_promote: str
    key_passphrase: str | None
    host: str
    port: int
    fee_domestic_bps: int
    fee_cross_bps: int
    fx_spread_bps: int
    quote_valid_s: int
    review_deadline_s: int
    case_deadline_s: int
    review_bps_min: int
    decline_bps_min: int
    reviews_per_day: int
    envelope_valid_s: int
    queue_payments_max: int
    batch_wait_us: int
    dev: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """name: in the environment. field: of Config. default: text as it would be set, "" for none."""

    name: str
    field: str
    default: str
    what: str
    parse: Callable[[str], Any]


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"has to be a whole number from {least} to {most}, not {text!r}")
        return int(text)

    return parse


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _existing(text: str) -> Path | None:
    if not text:
        return None
    path = _path(text)
    if not path.exists():
        raise ValueError(f"{text!r} does not exist")
    return path


def _database(text: str) -> str:
    if text and not text.startswith("sqlite:///"):
        raise ValueError(
            f"{text.partition('://')[0]!r} is not served yet; the one accepted form is "
            "sqlite:///PATH, and without a value the file lies in the data folder"
        )
    return text.removeprefix("sqlite:///")


def _promotion(text: str) -> str:
    if text not in ("never", "tested"):
        raise ValueError(f"is never or tested, not {text!r}")
    return text


def _host(text: str) -> str:
    if not text or any(character.isspace() for character in text):
        raise ValueError(f"{text!r} is not a host name or address")
    return text


SETTINGS: Final = (
    Setting("CLEARWAY_DATA", "data", "clearway-data",
            "folder of the chain, the vault, the keys and the projections", _path),
    Setting("CLEARWAY_DATABASE_URL", "database", "",
            "where the projections are kept: `sqlite:///PATH`; in the data folder when empty",
            _database),
    Setting("CLEARWAY_LISTS", "lists", "",
            "folder of sanctions lists that replace the shipped ones", _existing),
    Setting("CLEARWAY_MODEL", "model", "",
            "risk model (with its card beside it) that decides, whatever `clearway models` says",
            _existing),
    Setting("CLEARWAY_MODEL_BUDGET_MS", "model_budget_ms", "500",
            "how long a batch waits for a risk model that is not compiled, milliseconds; then"
            " limits and rules decide", _whole(1, 60_000)),
    Setting("CLEARWAY_TYPOLOGIES", "typologies", "",
            "file of levels of typologies that replace the shipped ones, and of those that are off"
            " ([typologies](typologies.md#levels-of-your-own))", _existing),
    Setting("CLEARWAY_RETRAIN_HOURS", "retrain_hours", "0",
            "how often a challenger is trained on the node's own payments, hours; 0 is never",
            _whole(0, 8_760)),
    Setting("CLEARWAY_RETRAIN_PROMOTE", "retrain_promote", "never",
            "`tested` lets a challenger decide that passed the comparison with the champion, when"
            " the next one is trained; `never` leaves that to people", _promotion),
    Setting("CLEARWAY_KEY_PASSPHRASE", "key_passphrase", "",
            "opens the key file; with `--dev` one is made and lies beside the keys", str),
    Setting("CLEARWAY_HOST", "host", "127.0.0.1", "address that `up` listens on", _host),
    Setting("CLEARWAY_PORT", "port", "8420", "port that `up` listens on; 0 takes a free one",
            _whole(0, 65_535)),
    Setting("CLEARWAY_FEE_DOMESTIC_BPS", "fee_domestic_bps", "0",
            "fee of a payment in one asset, basis points, rounded up", _whole(0, 10_000)),
    Setting("CLEARWAY_FEE_CROSS_BPS", "fee_cross_bps", "10",
            "fee of a payment between two assets, basis points of the payer's, rounded up",
            _whole(0, 10_000)),
    Setting("CLEARWAY_FX_SPREAD_BPS", "fx_spread_bps", "25",
            "taken from the reference rate in a quote, basis points", _whole(0, 9_999)),
    Setting("CLEARWAY_QUOTE_VALID_S", "quote_valid_s", "60",
            "how long a quote is good, seconds", _whole(1, 86_400)),
    Setting("CLEARWAY_REVIEW_DEADLINE_S", "review_deadline_s", "86400",
            "time to approve or reject a review; then the money goes back, seconds",
            _whole(1, 30 * 86_400)),
    Setting("CLEARWAY_CASE_DEADLINE_S", "case_deadline_s", "2592000",
            "time to decide a case before it is escalated (a sanctions match: a day), seconds",
            _whole(1, 365 * 86_400)),
    Setting("CLEARWAY_REVIEW_BPS_MIN", "review_bps_min", "700",
            "below this probability of fraud nobody is bothered, basis points", _whole(0, 10_000)),
    Setting("CLEARWAY_DECLINE_BPS_MIN", "decline_bps_min", "5000",
            "below this probability of fraud nothing is declined, basis points",
            _whole(0, 10_000)),
    Setting("CLEARWAY_REVIEWS_PER_DAY", "reviews_per_day", "0",
            "payments that people can look at from midnight to midnight UTC; they are those where"
            " it saves most, others are accepted or declined by expected cost; 0 is any number",
            _whole(0, 10_000_000)),
    Setting("CLEARWAY_ENVELOPE_VALID_S", "envelope_valid_s", "10",
            "after this the ledger refuses a batch, so an unknown outcome ends, seconds",
            _whole(1, 3_600)),
    Setting("CLEARWAY_QUEUE_PAYMENTS_MAX", "queue_payments_max", "65536",
            "payments that may wait; more are answered 429", _whole(1, 10_000_000)),
    Setting("CLEARWAY_BATCH_WAIT_US", "batch_wait_us", "2000",
            "how long the first payment of a batch waits for company at most, microseconds",
            _whole(0, 100_000)),
)  # fmt: skip


def load_config(*, dev: bool = False, **given: object) -> Config:
    """From the environment; `given` (fields of Config, None for not given) come from the command
    line and win. Raises ConfigError."""
    return parse_config(os.environ, dev=dev, **given)


def load_node_config(data: Path | None) -> Config:
    """Of a node that was started once; others are refused: no data folder is made. Raises
    ConfigError."""
    config = load_config(data=data)
    if not (config.data / "genesis.json").exists():
        raise ConfigError([f"{config.data} is not a node's data folder; start one: clearway up"])
    is_dev = (config.data / "dev-passphrase").exists()
    return load_config(data=config.data, dev=is_dev)


def parse_config(environment: Mapping[str, str], *, dev: bool = False, **given: object) -> Config:
    """As `load_config`, from any mapping."""
    problems: list[str] = []
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        argument = given.pop(setting.field, None)
        text = str(argument) if argument is not None else environment.get(setting.name)
        try:
            values[setting.field] = setting.parse(setting.default if text is None else text)
        except ValueError as error:
            problems.append(f"{setting.name}: {error}")
    known = {setting.name for setting in SETTINGS}
    problems += [
        f"{name}: there is no such setting"
        for name in sorted(environment)
        if name.startswith("CLEARWAY_") and name not in known | {"CLEARWAY_SHARED"}
    ]
    assert not given, f"invariant: no settings named {sorted(given)}"
    if not problems and values["review_bps_min"] > values["decline_bps_min"]:
        problems.append("CLEARWAY_REVIEW_BPS_MIN: has to be at most CLEARWAY_DECLINE_BPS_MIN")
    if problems:
        raise ConfigError(problems)
    values["database"] = Path(values["database"] or values["data"] / "projections.sqlite")
    values["key_passphrase"] = values["key_passphrase"] or None
    return Config(**values, dev=dev)
