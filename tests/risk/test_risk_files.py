"""Files of payments: what is read, how, and what is refused."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from clearway.risk.errors import RiskFault
from clearway.risk.files import load_payments

COLUMNS = {
    "payment_id": ["a", "b", "c"],
    "time": ["2025-06-16 12:00:02", "2025-06-16 12:00:00", "2025-06-16 12:00:01"],
    "payer": ["anna", "bert", "carl"],
    "payee": ["bert", "carl", "anna"],
    "amount": [1.5, 2.25, 3.0],
    "is_fraud": [True, None, False],
}


def write(path: Path, **changed: object) -> Path:
    columns = {name: value for name, value in {**COLUMNS, **changed}.items() if value is not None}
    table = pa.table(columns)
    if path.suffix == ".csv":
        pa.csv.write_csv(table, path)
    else:
        pa.parquet.write_table(table, path)
    return path


@pytest.mark.parametrize("name", ["p.parquet", "p.csv"])
def test_payments_come_in_the_order_of_time(tmp_path: Path, name: str) -> None:
    file = load_payments(write(tmp_path / name))
    assert file.payment_id.to_pylist() == ["b", "c", "a"]
    assert file.facts["amount_eur"].tolist() == [2.25, 3.0, 1.5]
    assert file.labels.tolist() == [-1, 0, 1]
    assert [file.accounts[number] for number in file.facts["payer"]] == ["bert", "carl", "anna"]
    assert file.facts["payer"][0] == file.facts["payee"][2]  # one name is one account


@pytest.mark.parametrize(
    "second",
    [1_750_075_200, 1_750_075_200_000, 1_750_075_200_000_000, 1_750_075_200_000_000_000],
)
def test_integers_tell_their_unit_by_their_size(tmp_path: Path, second: int) -> None:
    file = load_payments(write(tmp_path / "p.parquet", time=[second] * 3))
    assert file.facts["time_ns"].tolist() == [1_750_075_200_000_000_000] * 3
    assert file.payment_id.to_pylist() == ["a", "b", "c"]


def test_other_assets_are_turned_into_euros(tmp_path: Path) -> None:
    assets = ["EUR/2", "JPY/0", "XXX/2"]
    file = load_payments(write(tmp_path / "p.parquet", amount=[5.0, 15_633.0, 7.0], asset=assets))
    assert file.facts["amount_eur"].tolist() == pytest.approx([100.0, 7.0, 5.0])
    assert file.facts["amount_major"].tolist() == [15_633.0, 7.0, 5.0]


def test_labels_may_be_missing_altogether(tmp_path: Path) -> None:
    file = load_payments(write(tmp_path / "p.csv", is_fraud=None))
    assert file.labels.tolist() == [-1, -1, -1]


def test_a_file_without_a_needed_column_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RiskFault) as caught:
        load_payments(write(tmp_path / "p.parquet", payee=None, amount=None))
    assert caught.value.code == "risk.file_columns"
    assert caught.value.facts["missing"] == "payee, amount"
