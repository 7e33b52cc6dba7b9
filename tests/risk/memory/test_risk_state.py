"""The memory: the same past gives the same features to the bit, however it was fed."""

from pathlib import Path

import numpy as np
import pytest

from clearway.risk.errors import RiskFault
from clearway.risk.features import FEATURES, Features
from clearway.risk.memory.snapshot import AsOf
from clearway.risk.memory.state import ACCOUNTS_MAX, STAGED_MAX, FeatureState
from tests.risk.rows import payments, random_history

HISTORY = random_history(seed=1, n=9_000, accounts=2_500)


def feed(state: FeatureState, start: int, end: int, batch: int) -> list[Features]:
    out = []
    for first in range(start, end, batch):
        last = min(first + batch, end)
        out.append(state.stage(HISTORY[first:last]))
        state.commit(height=1, index=last)
    return out


IN_ONE_GO = np.concatenate(feed(FeatureState(), 0, len(HISTORY), len(HISTORY)))


@pytest.mark.parametrize("batch", [1, 7, 4_096])
def test_batches_of_any_size_give_the_same_features(batch: int) -> None:
    features = np.concatenate(feed(FeatureState(), 0, len(HISTORY), batch))
    assert features.tobytes() == IN_ONE_GO.tobytes()


def test_a_snapshot_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    first = FeatureState()
    head = feed(first, 0, 4_000, 1_000)
    first.save(tmp_path / "risk.state")
    second = FeatureState.load(tmp_path / "risk.state")
    assert second.as_of == AsOf(height=1, index=4_000)
    features = np.concatenate(head + feed(second, 4_000, len(HISTORY), 1_000))
    assert features.tobytes() == IN_ONE_GO.tobytes()
    first.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "risk.state").read_bytes()


def test_discarded_and_repeated_stages_leave_no_trace() -> None:
    state = FeatureState()
    out = []
    for first in range(0, len(HISTORY), 500):
        state.stage(HISTORY[::-7])
        state.discard()
        out.append(state.stage(HISTORY[first : first + 500]))
        state.commit(height=1, index=first)
    assert np.concatenate(out).tobytes() == IN_ONE_GO.tobytes()


@pytest.mark.parametrize("lost", [0, 1])
def test_whoever_only_asks_leaves_no_trace_in_a_snapshot(lost: int, tmp_path: Path) -> None:
    """Of devices, addresses and corridors that nobody has used: more than there is room for."""
    asked = payments(device=np.arange(1, 3_001), address=[9] * 3_000, corridor=[8] * 3_000)
    paid = payments(device=[4, 5], address=9)
    state, other = FeatureState(), FeatureState()
    for batch in (asked, paid) if lost == 0 else (paid, asked):
        state.stage(batch)
    state.discard(lost)
    state.commit(height=1, index=1)
    other.advance(paid, height=1, index=1)
    assert saved(state, tmp_path) == saved(other, tmp_path)
    for one in (state, other):
        one.advance(asked[::-1], height=2, index=0)
    assert saved(state, tmp_path) == saved(other, tmp_path)


def saved(state: FeatureState, folder: Path) -> bytes:
    state.save(folder / "risk.state")
    return (folder / "risk.state").read_bytes()


def test_advancing_without_features_moves_the_memory_as_staging_does() -> None:
    state = FeatureState()
    state.advance(HISTORY[:5_000], height=1, index=4_999)
    features = state.stage(HISTORY[5_000:])
    assert features.tobytes() == IN_ONE_GO[5_000:].tobytes()


def test_stage_does_not_move_as_of_and_commit_does() -> None:
    state = FeatureState()
    state.stage(payments())
    assert state.as_of == AsOf(height=0, index=0)
    state.commit(height=4, index=2)
    assert state.as_of == AsOf(height=4, index=2)


def test_an_empty_batch_is_a_batch() -> None:
    state = FeatureState()
    assert state.stage(HISTORY[:0]).shape == (0, len(FEATURES))
    state.commit(height=1, index=0)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_three_batches_may_be_staged_and_any_may_be_lost(lost: int) -> None:
    state = FeatureState()
    parts = [HISTORY[:500], HISTORY[500:700], HISTORY[700:900]]
    seen = [state.stage(part) for part in parts]
    assert np.concatenate(seen).tobytes() == IN_ONE_GO[:900].tobytes()
    state.discard(lost)
    alone = FeatureState()
    for height, part in enumerate(parts[:lost] + parts[lost + 1 :], 1):
        state.commit(height=height, index=len(part) - 1)
        alone.advance(part, height=height, index=len(part) - 1)
    assert state.stage(HISTORY[900:]).tobytes() == alone.stage(HISTORY[900:]).tobytes()


@pytest.mark.parametrize("act", ["fourth stage", "save", "advance"])
def test_nothing_else_may_happen_while_batches_are_staged(act: str, tmp_path: Path) -> None:
    state = FeatureState()
    for _ in range(STAGED_MAX):
        state.stage(payments())
    with pytest.raises(AssertionError, match="invariant"):
        {
            "fourth stage": lambda: state.stage(payments()),
            "save": lambda: state.save(tmp_path / "x"),
            "advance": lambda: state.advance(payments(), height=1, index=0),
        }[act]()


def test_the_memory_never_goes_back() -> None:
    state = FeatureState()
    state.advance(payments(), height=5, index=1)
    state.stage(payments())
    with pytest.raises(AssertionError, match="goes back"):
        state.commit(height=4, index=9)


def test_too_high_an_account_number_is_refused_and_leaves_no_trace() -> None:
    state = FeatureState()
    with pytest.raises(ValueError, match="accounts"):
        state.stage(payments(payee=ACCOUNTS_MAX))
    assert state.stage(HISTORY[:100]).tobytes() == IN_ONE_GO[:100].tobytes()


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_snapshot_is_refused(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "risk.state"
    state = FeatureState()
    state.advance(HISTORY[:100], height=1, index=99)
    state.save(path)
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    path.write_bytes({"cut": data[:-1], "flip": data, "empty": b""}[damage])
    with pytest.raises(RiskFault) as caught:
        FeatureState.load(path)
    assert caught.value.code == "risk.snapshot_corrupt"


def test_a_snapshot_of_other_features_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "risk.state"
    FeatureState().save(path)
    monkeypatch.setattr("clearway.risk.memory.snapshot.IDENTITY", "0" * 64)
    with pytest.raises(RiskFault) as caught:
        FeatureState.load(path)
    assert caught.value.code == "risk.snapshot_version"


def test_what_was_told_stays_when_the_batches_around_it_are_discarded() -> None:
    reports = payments(payee=[2, 3], report=1)
    state, alone = FeatureState(), FeatureState()
    state.stage(HISTORY[:300])
    state.tell(reports, number=7)
    state.stage(HISTORY[300:500])
    state.discard(0)
    alone.tell(reports, number=7)
    alone.advance(HISTORY[300:500], height=1, index=0)
    state.commit(height=1, index=0)
    assert state.told == alone.told == 7
    assert state.stage(HISTORY[500:]).tobytes() == alone.stage(HISTORY[500:]).tobytes()


def test_a_snapshot_knows_what_was_told(tmp_path: Path) -> None:
    state = FeatureState()
    state.tell(payments(report=1), number=3)
    state.save(tmp_path / "risk.state")
    again = FeatureState.load(tmp_path / "risk.state")
    assert again.told == 3
    assert again.stage(HISTORY).tobytes() == state.stage(HISTORY).tobytes()
