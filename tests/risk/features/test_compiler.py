"""From declarations to the pass: what is checked in follows from them, and nothing else is kept."""

import re

import numpy as np
import pytest

from clearway.risk.features import FEATURES, MEANINGS, TABLES
from clearway.risk.features.compiler import TARGET, compile_features
from clearway.risk.features.declared import DECLARED
from clearway.risk.features.language import HOUR, Cell, Feature, Part, Value, log
from clearway.risk.features.past import GOT, SENT, Side


def test_what_runs_is_what_is_declared() -> None:
    assert TARGET.read_text("utf-8") == compile_features(), "run `make features`"
    assert tuple(feature.name for feature in DECLARED) == FEATURES


def test_only_what_a_feature_rests_on_is_kept() -> None:
    text = compile_features([Feature("sum", log(Side("payer", SENT).sum(HOUR)), "in an hour")])
    accounts = text.partition("ACCOUNTS: Final")[2].partition("]")[0]
    assert re.findall(r'\("(\w+)"', accounts) == ["sent_ns", "sent_sum_1h"]
    assert "peer" not in text


def test_a_cell_is_moved_on_by_who_does_it_and_read_by_whoever_is_asked() -> None:
    text = compile_features([Feature("got", Side("payer", GOT).count(HOUR), "got by the payer")])
    assert "payer_got_count_1h = payer.got_count_1h * payer_got_fade_1h" in text
    assert "payee.got_count_1h = payee_got_count_1h + 1.0" in text
    assert "payer.got_count_1h =" not in text


def test_rows_are_aligned_and_small_enough_for_five_million_in_four_gib() -> None:
    for dtype in TABLES.values():
        assert all(dtype.fields[name][1] % dtype[name].base.itemsize == 0 for name in dtype.names)
    stamp_bytes = np.dtype(np.uint32).itemsize
    assert 5_000_000 * (TABLES["accounts"].itemsize + stamp_bytes) < 4 * 2**30


def test_a_features_meaning_changes_with_its_own_parts_and_not_with_those_beside_it() -> None:
    def meanings(*features: Feature) -> list[str]:
        found: list[str] = re.findall(r'"([0-9a-f]{16})"', compile_features(features))
        return found

    hour = Feature("hour", Side("payer", SENT).count(HOUR), "in an hour")
    beside = Feature("beside", Side("payee", GOT).sum(HOUR), "in an hour")
    doubled = Feature("hour", 2.0 * Side("payer", SENT).count(HOUR), "twice")
    assert meanings(hour) == meanings(hour, beside)[:1]
    assert meanings(hour) != meanings(doubled)
    assert len(set(MEANINGS)) == len(FEATURES)


def test_two_parts_of_one_name_are_a_mistake() -> None:
    one, other = Part("a", "accounts", (Cell("x", "<f4"),)), Part("a", "accounts")
    with pytest.raises(AssertionError, match="two parts are called a"):
        compile_features([Feature("f", Value("1.0", (one, other)), "nothing")])


def test_two_features_of_one_name_are_a_mistake() -> None:
    with pytest.raises(AssertionError, match="name is its own"):
        compile_features([Feature("f", Value("1.0"), "one"), Feature("f", Value("2.0"), "two")])
