"""Files of payments: what is read, how, and what is refused."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from clearway.risk.errors import RiskFault
from clearway.risk.memory.history import compute_features
from clearway.risk.offline.files import load_payments

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


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"amount": [1.5, None, 3.0]}, "risk.file_values", "no amount in row 2"),
        ({"amount": [1.5, NAN, 3.0]}, "risk.file_values", "no finite amount in row 2"),
        ({"amount": [INF, 2.0, 3.0]}, "risk.file_values", "no finite amount in row 1"),
        ({"amount": [1.5, -2.0, 3.0]}, "risk.file_values", "a negative amount in row 2"),
        ({"amount": [1.5, 1.0, 9e35]}, "risk.file_values", "no ledger holds in row 3"),
        ({"amount": ["1", "two", "3"]}, "risk.file_format", "amount: .*two"),
        ({"time": [2.0, NAN, 1.0]}, "risk.file_values", "no finite time in row 2"),
        ({"time": [3, None, 1]}, "risk.file_values", "no time in row 2"),
        ({"time": ["2025-06-16", None, "2025-06-16"]}, "risk.file_values", "no time in row 2"),
        ({"time": ["then", "later", "soon"]}, "risk.file_format", "time: Failed to parse"),
        ({"time": [datetime(9999, 1, 1, tzinfo=UTC)] * 3}, "risk.file_format", "time: "),
        ({"time": [1, 2, 2**63 - 1]}, "risk.file_values", "not of this age in row 3"),
        ({"time": ["2025-06-16", "2261-01-01", "1890-01-01"]}, "risk.file_values", "age in row 2"),
        ({"payer": ["anna", None, "carl"]}, "risk.file_values", "no payer in row 2"),
        ({"payee": ["bert", "carl", ""]}, "risk.file_values", "no payee in row 3"),
        ({"payment_id": ["a", None, "c"]}, "risk.file_values", "no payment_id in row 2"),
        ({"payment_id": ["a", "b", "a"]}, "risk.file_values", "was there before in row 3"),
        ({"is_fraud": [1, 7, 0]}, "risk.file_values", "neither 0 nor 1 in row 2"),
        ({"is_fraud": [-1, 1, 0]}, "risk.file_values", "neither 0 nor 1 in row 1"),
        ({"is_fraud": [0.5, 1.0, 0.0]}, "risk.file_format", "is_fraud: "),
        ({"is_fraud": ["perhaps", "1", "0"]}, "risk.file_format", "is_fraud: "),
        ({"asset": ["EUR/2", None, "EUR/2"]}, "risk.file_values", "no asset in row 2"),
        ({"asset": ["EUR/2", "EUR", "EUR/2"]}, "risk.file_format", "asset: .*'EUR'"),
        ({"asset": ["EUR/2", "EUR/x", "EUR/2"]}, "risk.file_format", "asset: .*'EUR/x'"),
    ],
)
def test_what_is_no_payment_is_refused_with_its_row(
    tmp_path: Path, changed: dict[str, object], code: str, words: str
) -> None:
    with pytest.raises(RiskFault, match=words) as caught:
        load_payments(write(tmp_path / "p.parquet", **changed))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "text"),
    [("p.csv", ""), ("p.csv", "a\n1,2\n"), ("p.parquet", "PAR1"), ("p.parquet", "PAR1 cut off")],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    with pytest.raises(RiskFault) as caught:
        load_payments(path)
    assert caught.value.code == "risk.file_format"


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(RiskFault) as caught:
        load_payments(path)
    assert caught.value.code == "risk.file_format"


def test_what_is_strange_and_possible_is_taken(tmp_path: Path) -> None:
    """Nothing, the most that a ledger holds, somebody's payment to himself, a time with a zone, one
    before 1970, a device that is not known."""
    file = load_payments(
        write(
            tmp_path / "p.parquet",
            amount=[0.0, 8e35, 1e-9],
            payee=["anna", "carl", "anna"],
            time=["1960-01-01T00:00:00Z", "2025-06-16T12:00:00+02:00", "2025-06-16T10:00:01Z"],
            device=["phone", None, ""],
        )
    )
    assert file.payment_id.to_pylist() == ["a", "b", "c"]
    assert file.facts["amount_eur"].tolist() == [0.0, 8e35, 0.0]
    assert (file.facts["device"] == 0).tolist() == [False, True, True]
    assert np.isfinite(compute_features(file.facts, file.facts[:0])).all()


def test_accounts_are_text_so_that_zeros_in_front_stay(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("payment_id,time,payer,payee,amount\n1,1,007,7,5\n2,2,7,008,5\n", "utf-8")
    assert load_payments(path).accounts == ["007", "7", "008"]
