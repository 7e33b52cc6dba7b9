"""Files for laundering: what is read, what is refused and by which code, what is written."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from clearway.risk.errors import RiskFault
from clearway.risk.laundering import evaluate_aml
from clearway.risk.laundering.files import load_suspicions, load_transfers

PAYMENTS: dict[str, list[Any]] = {
    "payment_id": ["p1", "p2", "p3", "p4"],
    "time": [30, 10, 20, 20],
    "payer": ["anna", "bert", "carl", "bert"],
    "payee": ["bert", "carl", "carl", "anna"],
    "amount": [1.0, 2.0, 3.0, 4.0],
}
LABELS: dict[str, list[Any]] = {"account": ["anna", "bert", "zoe"], "is_suspicious": [1, 0, 1]}


def write(path: Path, columns: dict[str, list[Any]], **changed: list[Any] | None) -> Path:
    kept = {name: values for name, values in {**columns, **changed}.items() if values is not None}
    if path.suffix == ".csv":
        pa.csv.write_csv(pa.table(kept), path)
    else:
        pa.parquet.write_table(pa.table(kept), path)
    return path


@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_payments_come_in_the_order_of_time_without_those_to_oneself(
    tmp_path: Path, name: str
) -> None:
    found = load_transfers(write(tmp_path / name, PAYMENTS))
    names, graph = found.names.to_pylist(), found.graph
    assert found.self_payments == 1
    assert [names[k] for k in graph.payer] == ["bert", "bert", "anna"]
    assert [names[k] for k in graph.payee] == ["carl", "anna", "bert"]
    assert graph.amount.tolist() == [2.0, 4.0, 1.0]
    assert sorted(names) == ["anna", "bert", "carl"]


@pytest.mark.parametrize(
    "time",
    [
        [3, 1, 2, 2],
        [3.5, 1.25, 2.0, 2.0],
        [2**62 + 3, 2**62 + 1, 2**62 + 2, 2**62 + 2],
        ["2025-01-03", "2025-01-01", "2025-01-02", "2025-01-02"],
        ["2025-01-01T10:00:03Z", "2025-01-01T10:00:01Z", *["2025-01-01T11:00:02+01:00"] * 2],
        [date(2025, 1, 3), date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 2)],
        pa.array([3, 1, 2, 2], pa.timestamp("us", "Europe/Berlin")),
    ],
)
def test_the_unit_of_time_does_not_matter(tmp_path: Path, time: list[Any]) -> None:
    graph = load_transfers(write(tmp_path / "p.parquet", PAYMENTS, time=time)).graph
    assert graph.amount.tolist() == [2.0, 4.0, 1.0]
    assert graph.begin.tolist() == pytest.approx([0.0, 1 / 3, 2 / 3])


def test_accounts_are_text_so_that_zeros_in_front_stay(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("payment_id,time,payer,payee,amount\n1,1,007,7,5\n2,2,7,008,5\n", "utf-8")
    assert load_transfers(path).names.to_pylist() == ["007", "7", "008"]


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"payee": None, "amount": None}, "risk.file_columns", "payee, amount"),
        ({"amount": [1.0, None, 3.0, 4.0]}, "risk.file_values", "no amount in row 2"),
        (
            {"amount": [1.0, 2.0, float("nan"), 4.0]},
            "risk.file_values",
            "no finite amount in row 3",
        ),
        (
            {"amount": [1.0, 2.0, 3.0, float("inf")]},
            "risk.file_values",
            "no finite amount in row 4",
        ),
        ({"amount": [-0.5, 2.0, 3.0, 4.0]}, "risk.file_values", "a negative amount in row 1"),
        ({"amount": ["1", "two", "3", "4"]}, "risk.file_format", "amount: .*two"),
        ({"time": [1, None, 3, 4]}, "risk.file_values", "no time in row 2"),
        ({"time": ["then", "later", "soon", "now"]}, "risk.file_format", "time: Failed to parse"),
        ({"payer": ["anna", None, "carl", "bert"]}, "risk.file_values", "no payer in row 2"),
        ({"payee": ["bert", "carl", "", "anna"]}, "risk.file_values", "no payee in row 3"),
    ],
)
def test_what_is_no_payment_is_refused_with_its_row(
    tmp_path: Path, changed: dict[str, Any], code: str, words: str
) -> None:
    with pytest.raises(RiskFault, match=words) as caught:
        load_transfers(write(tmp_path / "p.parquet", PAYMENTS, **changed))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.csv", ""),
        ("p.parquet", "PAR?"),
        ("p.csv", "time,payer,payee,amount\n1,2\n"),
        ("p.csv", "\n1\n"),
        ("p.csv", "\udcff,x\n"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(RiskFault) as caught:
        load_transfers(path)
    assert caught.value.code == "risk.file_format"


LAYOUTS = {
    "amlsim": """TX_ID,SENDER_ACCOUNT_ID,RECEIVER_ACCOUNT_ID,TX_TYPE,TX_AMOUNT,TIMESTAMP,IS_FRAUD
1,anna,bert,TRANSFER,10.5,0,False
2,bert,carl,TRANSFER,10.0,3,True
""",
    "amlsim converted": """tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp,is_sar
1,anna,bert,TRANSFER,10.5,2017-01-01T00:00:00Z,False
2,bert,carl,TRANSFER,10.0,2017-01-04T00:00:00Z,True
""",
    "amlsim sample": """sourceNodeId,targetNodeId,value,time
anna,bert,10.5,0
bert,carl,10.0,3
""",
    "paysim": """step,type,amount,nameOrig,oldbalanceOrg,nameDest,isFraud
0,TRANSFER,10.5,anna,170136.0,bert,0
3,TRANSFER,10.0,bert,181.0,carl,1
""",
    "saml-d": """Time,Date,Sender_account,Receiver_account,Amount,Payment_type,Is_laundering
10:35:19,2022-10-07,anna,bert,10.5,Cash Deposit,0
10:35:20,2022-10-07,bert,carl,10.0,Cross-border,1
""",
    "edge list": """src;dst;amount;time
anna;bert;10.5;2025-01-01
bert;carl;10.0;2025-01-02
""",
    "with a mark of its encoding, from a spreadsheet": """\ufeffDate\tFrom\tTo\tAmount
2025-01-01\tanna\tbert\t10.5
2025-01-02\tbert\tcarl\t10.0
""",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_columns_of_other_people_are_known(tmp_path: Path, layout: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(LAYOUTS[layout], "utf-8")
    found = load_transfers(path)
    graph = found.graph
    names = np.array(found.names.to_pylist())
    assert names[graph.payer].tolist() == ["anna", "bert"]
    assert names[graph.payee].tolist() == ["bert", "carl"]
    assert graph.amount.tolist() == [10.5, 10.0]
    assert graph.begin.tolist() == [0.0, 0.5]


IBM = """Timestamp,From Bank,Account,To Bank,Account,Amount Received,Receiving Currency,\
Amount Paid,Payment Currency,Payment Format,Is Laundering
2022/09/01 00:20,010,8000EBD30,020,8000F4580,3697.34,US Dollar,3697.34,US Dollar,Reinvestment,{0}
2022/09/01 00:26,020,8000F4580,010,8000F4580,0.01,Bitcoin,500.0,US Dollar,Cheque,{1}
2022/09/01 00:15,010,8000F4580,020,8000EBD30,0.04,Bitcoin,0.04,Bitcoin,Wire,0
"""


@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_accounts_of_two_banks_are_two_and_currencies_are_made_comparable(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "p.csv"
    path.write_text(IBM.format(0, 1), "utf-8")
    if name != path.name:
        texts = pa.csv.ConvertOptions(
            column_types={"From Bank": pa.string(), "To Bank": pa.string()}
        )
        pa.parquet.write_table(pa.csv.read_csv(path, convert_options=texts), tmp_path / name)
    found = load_transfers(tmp_path / name)
    names = np.array(found.names.to_pylist())
    assert names[found.graph.payer].tolist() == ["010/8000F4580", "010/8000EBD30", "020/8000F4580"]
    assert found.graph.amount == pytest.approx([1.0, 3697.34 / 500.0, 1.0])
    assert found.self_payments == 0


def test_a_column_that_says_who_launders_is_not_read(tmp_path: Path) -> None:
    out = {}
    for flags in ((0, 1), (1, 0), ("", "x")):
        path = tmp_path / "p.csv"
        path.write_text(IBM.format(*flags), "utf-8")
        evaluate_aml(payments=path, out=tmp_path / "a.csv")
        out[flags] = (tmp_path / "a.csv").read_bytes()
    assert len(set(out.values())) == 1


def test_a_row_that_is_there_twice_is_one_payment(tmp_path: Path) -> None:
    twice = {name: [*values, *values[:2]] for name, values in PAYMENTS.items()}
    found = load_transfers(write(tmp_path / "p.parquet", twice))
    once = load_transfers(write(tmp_path / "o.parquet", PAYMENTS))
    assert (found.repeated, once.repeated) == (2, 0)
    assert found.graph.amount.tolist() == once.graph.amount.tolist()
    assert found.self_payments == once.self_payments == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"payment_id": None},
        {"payment_id": pa.nulls(4, pa.string())},
        {"payment_id": ["p", "p", "p", "p"], "amount": [1.0, 2.0, 1.0, 4.0]},
    ],
    ids=["no ids", "unknown ids", "ids that differ otherwise"],
)
def test_payments_alike_that_are_not_the_same_are_all_counted(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    alike: dict[str, Any] = {"time": [1] * 4, "payer": ["anna"] * 4, "payee": ["bert"] * 4,
                             "amount": [5.0] * 4}  # fmt: skip
    found = load_transfers(write(tmp_path / "p.parquet", PAYMENTS, **{**alike, **changed}))
    expected = 3 if "amount" in changed else 4  # two of those four say the same
    assert found.graph.payments == expected


def test_a_currency_of_nothing_but_zeros_is_one(tmp_path: Path) -> None:
    path = write(tmp_path / "p.parquet", PAYMENTS | {"currency": ["X", "X", "Y", "X"]},
                 amount=[0.0, 0.0, 7.0, 0.0])  # fmt: skip
    assert load_transfers(path).graph.amount.tolist() == [0.0, 0.0, 0.0]


def test_labels_of_other_people_are_known(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("nodeid,isFraud,amount\nanna,1,5\nbert,0,5\n", "utf-8")
    assert load_suspicions(path, pa.array(["anna", "bert"]))[0].tolist() == [1, 0]


def test_labels_are_matched_by_name_and_strangers_are_counted(tmp_path: Path) -> None:
    names = pa.array(["carl", "bert", "anna"])
    labels, unknown = load_suspicions(write(tmp_path / "l.csv", LABELS), names)
    assert (labels.tolist(), unknown) == ([-1, 0, 1], 1)


@pytest.mark.parametrize("said", [[True, False, True], [1.0, 0.0, 1.0], ["1", "0", "1"]])
def test_labels_may_be_written_in_several_ways(tmp_path: Path, said: list[Any]) -> None:
    path = write(tmp_path / "l.parquet", LABELS, is_suspicious=said)
    assert load_suspicions(path, pa.array(["anna", "bert"]))[0].tolist() == [1, 0]


def test_a_label_may_come_twice_or_be_unknown_but_not_differ(tmp_path: Path) -> None:
    names = pa.array(["anna", "bert"])
    twice: dict[str, list[Any]] = {
        "account": ["anna", "anna", "bert"], "is_suspicious": [1, 1, None],
    }  # fmt: skip
    assert load_suspicions(write(tmp_path / "l.csv", twice), names)[0].tolist() == [1, -1]
    differ = write(tmp_path / "d.csv", twice, is_suspicious=[1, 0, None])
    with pytest.raises(RiskFault, match="'anna' is both suspicious and not") as caught:
        load_suspicions(differ, names)
    assert caught.value.code == "risk.file_labels"


@pytest.mark.parametrize(
    ("said", "code"),
    [([1, 0, 2], "risk.file_values"), (["yes", "no", "no"], "risk.file_format")],
)
def test_labels_that_are_none_are_refused(tmp_path: Path, said: list[Any], code: str) -> None:
    path = write(tmp_path / "l.parquet", LABELS, is_suspicious=said)
    with pytest.raises(RiskFault) as caught:
        load_suspicions(path, pa.array(["anna"]))
    assert caught.value.code == code


def test_rows_in_another_order_are_the_same_graph(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = pa.table(PAYMENTS).take(rng.permutation(4)).to_pydict()
    one = load_transfers(write(tmp_path / "a.parquet", PAYMENTS)).graph
    other = load_transfers(write(tmp_path / "b.parquet", rows)).graph
    assert one.begin.tolist() == other.begin.tolist()
    assert sorted(one.amount) == sorted(other.amount)


@pytest.mark.parametrize("seed", range(4))
def test_a_file_of_anything_is_scored_or_refused_and_leaves_no_trace(
    tmp_path: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    header = ["payment_id", "time", "payer", "payee", "amount", "currency"]
    good = [["1", "2"], ["1", "2", "3"], ["a", "b", "c"], ["a", "b", "c"], ["5", "0"], ["EUR"]]
    bad = [[""], ["", "then", "2025-13-01", "1e400", "10:30"], ["", "\'a,b"], ["", "é"],
           ["", "-1", "nan", "inf", "1,5", "1e308"], ["", "USD"]]  # fmt: skip
    refused = 0
    for spoilt in np.repeat([0.0, 0.03, 0.3], 25):
        rows = [
            [str(rng.choice(bad[k] if rng.random() < spoilt else good[k])) for k in range(6)]
            for _ in range(rng.integers(0, 30))
        ]
        text = "\n".join(";".join(row) for row in [header, *rows]) + "\n"
        path, out = tmp_path / "p.csv", tmp_path / "a.csv"
        path.write_bytes(text.encode("utf-8" if rng.random() < 0.8 else "latin-1"))
        out.unlink(missing_ok=True)
        try:
            evaluate_aml(payments=path, out=out)
        except RiskFault:
            refused += 1
            assert not out.exists()
        else:
            assert out.exists()
    assert 20 < refused < 60
