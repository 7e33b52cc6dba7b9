"""The training that is timed is the command that users have, on a file as they have it."""

from datetime import date
from pathlib import Path

from benchmarks.card_fraud import write_payments
from benchmarks.training import measure
from tests.benchmarks.test_card_fraud import write_handbook


def test_the_whole_command_is_measured(tmp_path: Path) -> None:
    shared = write_handbook(tmp_path / "shared", blank_from=date(2024, 4, 1), days=70)
    found = measure(write_payments(shared, tmp_path))
    assert (tmp_path / "model/model.json").exists()
    assert found["processor_s"] > 0
    assert found["rows"]["fit"] > found["rows"]["test"] > 1_000
