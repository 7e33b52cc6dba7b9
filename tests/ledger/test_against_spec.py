"""Random blocks, applied by the specification and by the kernel, with everything compared.

`CLEARWAY_EXAMPLES=5000 pytest tests/ledger/test_against_spec.py` looks longer, and elsewhere.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import lru_cache
from random import Random

import clearway_kernel
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec import ed25519, ledger, rules
from spec.codes import CODES
from tests.ledger.chance import Chance
from tests.ledger.town import START, Town, genesis_entries

EXAMPLES = int(os.environ.get("CLEARWAY_EXAMPLES", "0"))
BLOCKS_MAX = 7
CODES_REACHED_MIN = 45  # of a short run; a long one reaches all but those below
NEEDS_A_THOUSAND_HOLDS = 51  # tests/ledger/test_refusals.py has them

History = list[tuple[ledger.Ledger, list[bytes]]]


@pytest.fixture(autouse=True)
def _verify_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the time goes into the specification's signatures, and the first blocks are always
    the same."""
    verify = lru_cache(maxsize=10_000)(ed25519.verify)
    monkeypatch.setattr(ledger, "verify", verify)
    monkeypatch.setattr(rules, "verify", verify)


def play(town: Town, chance: Chance, blocks: int) -> History:
    """Some blocks on both ledgers, some of them after a proposal that is discarded."""
    history: History = []
    for _ in range(blocks):
        at_ns = chance.block_time_ns()
        envelopes = chance.envelopes(at_ns)
        if chance.percent(20):
            propose_and_discard(town, chance, at_ns, envelopes)
        longer = town.both.stage(time_ns=at_ns, envelopes=envelopes)
        if longer is not None:
            town.both.commit(longer)
            town.now_ns = at_ns
            history.append((longer, envelopes))
    return history


def propose_and_discard(town: Town, chance: Chance, at_ns: int, envelopes: list[bytes]) -> None:
    """The same block, or another one, is applied and leaves no trace."""
    other = envelopes if chance.percent(30) else chance.envelopes(at_ns)
    if town.both.stage(time_ns=at_ns, envelopes=other) is not None:
        town.both.discard()


def check_replay(town: Town, history: History) -> None:
    """The blocks alone give the same chain, without the proposals that were discarded."""
    again = clearway_kernel.Ledger.create(None, time_ns=START, genesis=genesis_entries())
    for longer, envelopes in history:
        staged = again.stage(time_ns=longer.block.header.time_ns, envelopes=envelopes)
        assert staged.hash == longer.block.hash()
        again.commit(town.both.finality(longer))


def test_random_blocks() -> None:
    seen: Counter[int] = Counter()

    @settings(
        max_examples=EXAMPLES or 120,
        derandomize=EXAMPLES == 0,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False), st.integers(2, BLOCKS_MAX))
    def examples(random: Random, blocks: int) -> None:
        town = Town()
        history: History = town.fund()
        history += play(town, Chance(town, random), blocks)
        check_replay(town, history)
        for longer, _ in history:
            seen.update(result.code for result in longer.block.results)

    examples()
    missing = set(CODES) - set(seen) - {NEEDS_A_THOUSAND_HOLDS}
    assert len(CODES) - len(missing) >= CODES_REACHED_MIN, missing
    if EXAMPLES >= 2_000:
        assert not missing
