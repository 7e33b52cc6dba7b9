"""A bank's own levels of typologies: what a file may say, and everything that it may not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearway.risk.errors import RiskFault
from clearway.risk.features import FEATURES
from clearway.risk.typologies.registry import SHIPPED, TYPOLOGIES
from clearway.risk.typologies.rule import NEVER
from clearway.risk.typologies.settings import (
    FILE_BYTES_MAX,
    FORMAT,
    PROBLEMS_MAX,
    keep_levels,
    load_in_force,
    parse_in_force,
)

STRUCTURING = "laundering.structuring_payer"
BIT = np.uint64(1)


def levels(**typologies: Any) -> bytes:
    named = {code.replace("__", "."): said for code, said in typologies.items()}
    return json.dumps({"format": FORMAT, "typologies": named}).encode()


def refusal(data: bytes) -> str:
    with pytest.raises(RiskFault) as caught:
        parse_in_force(data, source="levels.json")
    assert caught.value.code == "risk.typologies_format"
    return str(caught.value.facts["what"])


def structuring(amount_eur: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A payment of an old ledger, after three of the kind."""
    row = np.zeros((1, len(FEATURES)), np.float32)
    row[0, FEATURES.index("memory_age")] = 30.0
    row[0, FEATURES.index("payer_limit_7d")] = 3.0
    row[0, FEATURES.index("amount_log")] = math.log2(1 + amount_eur)
    return row


def test_a_level_of_ones_own_finds_what_the_shipped_one_does_not() -> None:
    own = parse_in_force(
        levels(laundering__structuring_payer={"amount_log": {"at_least": 4_250}}), source=""
    )
    assert own.find(structuring(9_000)) & BIT == BIT
    assert own.find(structuring(4_300)) & BIT == BIT
    assert own.find(structuring(4_200)) & BIT == 0
    assert SHIPPED.find(structuring(4_300)) & BIT == 0


def test_a_level_of_ones_own_says_that_it_is_one() -> None:
    said = {"amount_log": {"at_least": 4_250}, "payer_limit_7d": {"at_least": 1.2}}
    own = parse_in_force(levels(laundering__structuring_payer=said), source="")
    shipped, changed = TYPOLOGIES[0].conditions, own.typologies[0].conditions
    assert changed[0] == shipped[0]
    assert changed[1].text == "amount_log 4,250 EUR to 9,999.99 EUR"
    assert changed[1].because == f"a level of the bank's own; shipped as {shipped[1].text}"


def test_what_is_off_is_not_looked_for_and_the_rest_stays() -> None:
    own = parse_in_force(levels(laundering__structuring_payer="off"), source="")
    assert [one.code for one in own.typologies] == [
        one.code for one in TYPOLOGIES if one.code != STRUCTURING
    ]
    assert own.find(structuring(9_000)) == 0


def test_all_of_them_may_be_off() -> None:
    said = {one.code: "off" for one in TYPOLOGIES}
    data = json.dumps({"format": FORMAT, "typologies": said}).encode()
    own = parse_in_force(data, source="")
    assert own.find(structuring(9_000)).tolist() == [0]


def test_without_a_file_and_with_an_empty_one_all_is_as_shipped(tmp_path: Path) -> None:
    assert load_in_force(None) is SHIPPED
    path = tmp_path / "levels.json"
    path.write_bytes(levels())
    assert load_in_force(path).typologies == TYPOLOGIES


def test_the_digest_is_of_what_is_looked_for_and_not_of_how_it_was_said() -> None:
    def digest(**said: Any) -> bytes:
        return parse_in_force(levels(**said), source="").digest

    shipped = {"amount_log": {"at_least": 8_500.0}}
    assert digest(laundering__structuring_payer=shipped) == SHIPPED.digest
    lower = digest(laundering__structuring_payer={"amount_log": {"at_least": 8_499}})
    off = digest(laundering__structuring_payer="off")
    assert len({SHIPPED.digest, lower, off}) == 3
    assert len(off) == 24


def test_every_level_that_ships_can_be_said_again() -> None:
    """And is within its own bounds."""
    said = {
        one.code: {
            c.feature: {
                side: level.number
                for side, level in (("at_least", c.at_least), ("at_most", c.at_most))
                if level is not None
            }
            for c in one.conditions
            if not c.is_flag
        }
        for one in TYPOLOGIES
    }
    data = json.dumps({"format": FORMAT, "typologies": said}).encode()
    assert parse_in_force(data, source="").typologies == TYPOLOGIES


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"fraud__nothing": "off"}, "there is no typology fraud.nothing"),
        ({"fraud__bust_out": "on"}, "has to be 'off' or an object"),
        ({"fraud__bust_out": None}, "has to be 'off' or an object"),
        ({"fraud__bust_out": {"hour": {"at_least": 1}}}, "no level of hour, but of payer_new_1d"),
        ({"fraud__bust_out": {"payee_new": {"at_least": 0}}}, "no level of payee_new"),
        ({"fraud__bust_out": {"payer_age": {"at_most": 9}}}, "has to be an object of at_least"),
        ({"fraud__bust_out": {"payer_age": {}}}, "has to be an object of at_least"),
        ({"fraud__bust_out": {"payer_age": 9}}, "has to be an object of at_least"),
        ({"fraud__bust_out": {"payer_age": {"at_least": "9"}}}, "is '9', which is no number"),
        ({"fraud__bust_out": {"payer_age": {"at_least": True}}}, "is True, which is no number"),
        ({"fraud__bust_out": {"payer_age": {"at_least": math.nan}}}, "from 0 to 3,650"),
        ({"fraud__bust_out": {"payer_age": {"at_least": math.inf}}}, "from 0 to 3,650"),
        ({"fraud__bust_out": {"payer_age": {"at_least": -1}}}, "from 0 to 3,650"),
        ({"fraud__bust_out": {"payer_age": {"at_least": 10**400}}}, "from 0 to 3,650"),
        ({"fraud__bust_out": {"payer_surge": {"at_least": -0.1}}}, "from 0 to 1,000,000"),
        ({"fraud__bust_out": {"amount_over_usual": {"at_least": 0}}}, "from 1e-06 to 1,000,000"),
        ({"fraud__payroll_diversion": {"payee_age": {"at_least": 0}}}, "from -1 to -1"),
        (
            {"laundering__structuring_payer": {"amount_log": {"at_least": 10_000}}},
            "at_least is above at_most",
        ),
    ],
)
def test_what_is_no_level_is_refused(said: dict[str, Any], why: str) -> None:
    assert why in refusal(levels(**said))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"format": "clearway-typologies/1"}',
        b'{"format": "clearway-typologies/2", "typologies": {}}',
        b'{"format": "clearway-typologies/1", "typologies": []}',
        b'{"format": "clearway-typologies/1", "typologies": {}, "more": 1}',
        b'{"format": "clearway-typologies/1", "typologies": {"a": "off", "a": {}}}',
        b"[" * 100_000, b" " * (FILE_BYTES_MAX + 1),
    ],
)  # fmt: skip
def test_what_is_no_file_of_levels_is_refused(data: bytes) -> None:
    refusal(data)


def test_all_that_is_wrong_is_told_at_once_up_to_a_bound() -> None:
    what = refusal(levels(fraud__a="off", fraud__b="off", fraud__bust_out=1))
    assert what.count(";") == 2
    many = refusal(levels(**{f"fraud__{k}": "off" for k in range(1_000)}))
    assert many.count(";") == PROBLEMS_MAX - 1


def test_levels_are_kept_under_their_digest_as_a_file_that_says_the_same(tmp_path: Path) -> None:
    own = parse_in_force(
        levels(laundering__structuring_payer={"amount_log": {"at_least": 4_250}},
               fraud__night_burst="off"),
        source="",
    )  # fmt: skip
    for in_force in (SHIPPED, own):
        keep_levels(tmp_path / "kept", in_force)
        keep_levels(tmp_path / "kept", in_force)
        kept = load_in_force(tmp_path / "kept" / f"{in_force.digest.hex()}.json")
        assert kept.typologies == in_force.typologies
        assert kept.digest == in_force.digest
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_never_is_said_in_words() -> None:
    texts = [c.text for one in TYPOLOGIES for c in one.conditions if c.at_least is NEVER]
    assert texts == [*["payee_age never to 14 d"] * 2, "payee_age never to 60 d"]
