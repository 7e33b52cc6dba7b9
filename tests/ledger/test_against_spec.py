"""Random blocks, applied by the specification and by the kernel, with everything compared.

`CLEARWAY_EXAMPLES=5000 pytest tests/ledger/test_against_spec.py` looks longer, and elsewhere.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import lru_cache
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import clearway_kernel
from spec import compose, ed25519, ledger, policy, terms
from spec.codes import CODES
from spec.ledger import GENESIS_KINDS
from spec.records import ENTRIES_MAX, Flag, Kind, decode_entries
from spec.state import subroots
from tests.ledger import chance_authority
from tests.ledger.chance import Chance
from tests.ledger.town import SECOND, START, Town, genesis_entries
from tests.spec import test_ed25519 as ed25519_tests

EXAMPLES = int(os.environ.get("CLEARWAY_EXAMPLES", "0"))
BLOCKS_MAX = 7
CODES_REACHED_MIN = 52  # of a short run; a long one reaches all but those below
# A sum that overflows, a thousand rows that end at once, an account frozen or closed before:
# chance alone is too rare, and tests/ledger/test_refusals.py has them.
RARE = {47, 51, 62, 63, 86}

# Version, kind, flags, the tops of amounts, outcome, units, padding, and the same of a first unit.
TELLING_BYTES = [0, 1, 2, 3, 63, 79, 95, 192, 193, 194, 223, 300, 301, 303, 319]

History = list[tuple[ledger.Ledger, list[bytes]]]


@pytest.fixture(autouse=True)
def _verify_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the time goes into the specification's signatures, and the first blocks are always
    the same."""
    verify = lru_cache(maxsize=10_000)(ed25519.verify)
    monkeypatch.setattr(ledger, "verify", verify)
    monkeypatch.setattr(policy, "verify", verify)
    monkeypatch.setattr(terms, "verify", verify)


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


def open_subs(town: Town, chance: Chance) -> History:
    """Sub-accounts of either institution, some of which the random blocks then find."""
    entries = chance.opening_of_subs()
    keys = ["root2" if one.payer.startswith(b"dee") else "root1" for one in entries]
    envelopes = [town.seal([one], key=key) for one, key in zip(entries, keys, strict=True)]
    town.block(*envelopes)
    return [(town.both.spec, envelopes)]


def set_policies(town: Town, chance: Chance) -> History:
    """Policies for some accounts, so that much of what follows is signed under one."""
    envelopes = []
    for key, name in (("root1", "own"), ("root1", "ann"), ("root1", "cyd"), ("root2", "eve")):
        if chance.percent(50):
            entry = chance_authority.first_policy(chance, name)
            envelopes.append(town.seal([entry], key=key))
    assert {result.code for result in town.block(*envelopes)} <= {0}
    return [(town.both.spec, envelopes)]


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
        max_examples=EXAMPLES or 150,
        derandomize=EXAMPLES == 0,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False), st.integers(2, BLOCKS_MAX))
    def examples(random: Random, blocks: int) -> None:
        town = Town()
        history: History = town.fund()
        chance = Chance(town, random)
        history += open_subs(town, chance)
        history += set_policies(town, chance)
        history += play(town, chance, blocks)
        check_replay(town, history)
        for longer, _ in history:
            seen.update(result.code for result in longer.block.results)

    examples()
    missing = set(CODES) - set(seen) - RARE
    assert len(CODES) - len(missing) >= CODES_REACHED_MIN, missing
    if EXAMPLES >= 2_000:
        assert not missing


@settings(max_examples=max(EXAMPLES, 300), derandomize=EXAMPLES == 0, deadline=None)
@given(st.sampled_from([kind for kind in Kind if kind >= Kind.PAYMENT]), st.data())
def test_changed_bytes(kind: Kind, data: st.DataObject) -> None:
    """A record of any kind with some bytes changed, in an envelope that is in order: both ledgers
    decode it, or neither does and nothing has changed."""
    town = shared_town()
    entry = Chance(town, Random(data.draw(st.integers(0, 50)))).of_kind(kind)
    changed = bytearray(entry.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed) - 1) | st.sampled_from(TELLING_BYTES))
        changed[at % len(changed)] = data.draw(st.integers(0, 255))
    envelope = bytearray(town.seal([bytes(changed)]))
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, 191))
        envelope[at] ^= data.draw(st.integers(1, 255))
    try:
        if town.both.stage(time_ns=town.now_ns + SECOND, envelopes=[bytes(envelope)]) is not None:
            town.both.discard()
    except BaseException:
        shared_town.cache_clear()  # a block may be left staged in it
        raise


@lru_cache
def shared_town() -> Town:
    """One town for many examples, none of which changes it."""
    return Town.funded()


def test_chance_aims_posts_at_payments_alone() -> None:
    """An opening with a flag that it may not have came along as a hold; its unit is no leg, and
    now and then the generator itself failed."""
    chance = Chance(shared_town(), Random(1))
    units = compose.opening_units(assets=[2, 1, 3])  # read as a leg, the role would be 3
    odd = compose.entry(Kind.OPEN_ACCOUNT, id=bytes(16), units=units, flags=Flag.PENDING)
    chance.sent = [odd] * 12
    for _ in range(200):
        assert chance.post().kind == Kind.POST


@settings(max_examples=max(EXAMPLES, 200), derandomize=EXAMPLES == 0, deadline=None)
@given(st.randoms(use_true_random=False))
def test_random_genesis(random: Random) -> None:
    """The entries of genesis in another order, without some or with others, or changed bytes."""
    chance = Chance(shared_town(), random)
    entries = [one.encode() for one in decode_entries(genesis_entries())]
    for _ in range(random.randint(0, 3)):
        at = random.randrange(len(entries))
        kind = chance.pick([*GENESIS_KINDS, Kind.PAYMENT])
        entries.insert(at, chance.of_kind(kind).encode())
    if chance.percent(40):
        random.shuffle(entries)
    if chance.percent(60):
        entries = entries[: random.randrange(len(entries) + 1)]
    data = b"".join(entries)
    if data and chance.percent(25):
        data = chance.mutated(data)
    check_genesis(chance.pick([0, 1, START, 2**64 - 1]), data)


def check_genesis(time_ns: int, data: bytes) -> None:
    try:
        expected = ledger.genesis(time_ns=time_ns, entries=data)
    except ValueError:
        with pytest.raises(ValueError):
            clearway_kernel.Ledger.create(None, time_ns=time_ns, genesis=data)
        return
    found = clearway_kernel.Ledger.create(None, time_ns=time_ns, genesis=data)
    assert found.subroots() == subroots(expected.state)
    assert found.chain_id == expected.chain_id
    assert found.block(0).results == b"".join(one.encode() for one in expected.block.results)
    assert found.head_hash == expected.block.hash()


@settings(max_examples=max(EXAMPLES, 150), derandomize=EXAMPLES == 0, deadline=None)
@given(st.data())
def test_signatures(data: st.DataObject) -> None:
    """Keys and R with parts of small order, in every encoding, S at its bound: one at a time and in
    batches, the kernel's verdict is the specification's."""
    rows = []
    for _ in range(data.draw(st.integers(1, 4))):
        scalar, nonce = data.draw(SCALARS), data.draw(SCALARS)
        key = data.draw(st.sampled_from(encodings_with_torsion(scalar)))
        r = data.draw(st.sampled_from(encodings_with_torsion(nonce)))
        message = data.draw(st.binary(min_size=32, max_size=32))
        s = (nonce + ed25519.challenge(r, key, message) * scalar) % ed25519.ORDER
        s += data.draw(st.sampled_from([0, 0, 0, 1, ed25519.ORDER]))
        rows.append((key, message, r + s.to_bytes(32, "little")))
    expected = [ed25519.verify(*row) for row in rows]
    assert [clearway_kernel.verify(*row) for row in rows] == expected
    keys, messages, signatures = (b"".join(column) for column in zip(*rows, strict=True))
    assert clearway_kernel.verify_rows(keys, messages, signatures) == bytes(expected)


SCALARS = st.sampled_from([0, 0, 1, 2, 5, ed25519.ORDER - 1, 2**200 + 3])


@lru_cache
def encodings_with_torsion(scalar: int) -> list[bytes]:
    """The scalar's point plus each point of small order, each in all of its encodings."""
    base = ed25519.multiply(scalar, ed25519.BASE)
    points = [ed25519.add(base, torsion) for torsion in ed25519_tests.torsion_points()]
    return sorted(set().union(*(ed25519_tests.encodings(point) for point in points)))


def test_the_most_entries_of_an_envelope() -> None:
    """16,384 decode, one more does not. The envelope is late, so that they need not be applied."""
    town = shared_town()
    entry = town.pay("ann", "bob").encode()
    for count in (ENTRIES_MAX, ENTRIES_MAX + 1):
        late = town.seal([entry] * count, valid_until_ns=0)
        longer = town.both.stage(time_ns=town.now_ns + SECOND, envelopes=[late])
        assert (longer is not None) == (count == ENTRIES_MAX)
        if longer is not None:
            assert {result.code for result in longer.block.results} == {6}
            town.both.discard()


def test_the_end_of_time() -> None:
    """Times go up to 2⁶⁴ − 1, and `now + 24 h` does not wrap there."""
    town = Town.funded()
    town.now_ns = 2**64 - 2 - SECOND
    last = 2**64 - 1
    entries = [
        town.pay("ann", "bob", valid_until_ns=last),
        town.hold("ann", "bob", valid_until_ns=last, expires_ns=last),
        town.pay("ann", "bob", valid_until_ns=town.now_ns),
    ]
    results = town.block(town.seal(entries, valid_until_ns=last))
    assert [result.code for result in results] == [0, 0, 0, 21]
    results = town.block(after_ns=1)
    assert [(result.kind, result.amount_minor) for result in results] == [(Kind.SWEEP, 1)]
    with pytest.raises(OverflowError):
        town.stage()
