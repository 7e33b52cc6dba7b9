"""`clearway evaluate risk` from the command line: what it learns from, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clearway.app import simulated
from clearway.app.cli import main
from clearway.risk.worlds.wide.world import ALL_SCHEMES
from clearway.risk.worlds.world import SCHEMES, World

DAYS = {
    "--train-from": "2024-01-08", "--train-to": "2024-01-21", "--delay-days": "7",
    "--score-from": "2024-01-29", "--score-to": "2024-02-03",
}  # fmt: skip


@pytest.fixture(scope="module")
def payments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = World(seed=8, customers=1_200, merchants=150, days=40).payments()
    path = tmp_path_factory.mktemp("evaluate") / "payments.parquet"
    table = {
        "payment_id": range(len(rows)),
        "time": pa.array(rows["time_ns"], pa.timestamp("ns")),
        "payer": rows["payer"],
        "payee": rows["payee"],
        "amount": rows["amount_minor"] / 100.0,
        "is_fraud": rows["is_fraud"],
    }
    pq.write_table(pa.table(table), path)
    return path


def run(payments: Path, out: Path, **changed: str) -> int:
    days = DAYS | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    given = [text for pair in days.items() for text in pair]
    return main(
        ["evaluate", "risk", "--payments", str(payments), *given, "--out", str(out), "--json"]
    )


def test_later_days_are_scored(
    payments: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(payments, tmp_path / "scores.parquet") == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    scores = pq.read_table(tmp_path / "scores.parquet")
    assert scores.column_names == ["payment_id", "score"]
    assert len(scores) == found["scored"] > 1_000
    assert found["average_precision"] > 0.3 > 10 * 0.006


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"score_to": "2024-01-01"}, "lies after its last"),
        ({"train_from": "2024-06-01", "train_to": "2024-06-02"}, "0 frauds were known"),
    ],
)
def test_days_that_teach_nothing_are_refused(
    payments: Path, tmp_path: Path, changed: dict[str, str], why: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert run(payments, tmp_path / "scores.csv", **changed) == 1
    assert why in capsys.readouterr().err
    assert not (tmp_path / "scores.csv").exists()


def test_a_day_that_is_none_is_a_mistake_of_usage(payments: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exit:
        run(payments, tmp_path / "scores.csv", delay_days="-1")
    assert exit.value.code == 2


def test_without_a_file_simulated_payments_are_scored(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"SEEDS": (501,), "SIZE": (1_200, 120, 60), "WIDE_SIZE": (900, 100, 130)}
    for name, value in small.items():
        monkeypatch.setattr(simulated, name, value)
    assert main(["evaluate", "risk"]) == 0
    words = capsys.readouterr().out
    assert all(
        f"\n| {row} |" in words for row in ("the model", "structuring", "round trips", "students")
    )
    assert main(["evaluate", "risk", "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(found["world"]["schemes"]) == set(SCHEMES) - {"honest"}
    assert set(found["wide_world"]["schemes"]) == set(ALL_SCHEMES) - {"honest"}
    for world in found.values():
        instead = world["rivals"][0]["model_instead"]["measures"]["saved_eur"]
        assert instead["other"] == pytest.approx(world["model"]["saved_eur"], abs=0.01)
        assert instead["low"] <= instead["change"] <= instead["high"]
    rules = [rival["totals"]["saved_eur"] for rival in found["world"]["rivals"]]
    assert found["world"]["model"]["saved_eur"] > max(rules)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["--train-from", "2024-01-01"], "--payments is missing"),
        (["--out", "s.csv"], "--payments is missing"),
        (["--payments", "p.csv", "--train-from", "2024-01-01"], "or not at all: --train-to"),
    ],
)
def test_half_of_what_a_file_needs_is_a_mistake_of_usage(
    given: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit:
        main(["evaluate", "risk", *given])
    assert exit.value.code == 2
    assert why in capsys.readouterr().err


def test_a_file_alone_is_split_by_time_and_told_in_money(
    payments: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "risk", "--payments", str(payments), "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    rows = pq.read_table(payments)
    days = rows["time"].to_numpy().astype("datetime64[D]")
    last = np.datetime64(found["days"]["score_from"])
    assert found["days"]["train_from"] == str(days.min())
    assert found["days"]["score_to"] == str(days.max())
    assert np.datetime64(found["days"]["train_to"]) + 1 == last == days.max() - 9  # a quarter of 40
    scored = days >= last
    is_fraud = rows["is_fraud"].to_numpy(zero_copy_only=False)[scored]
    amount = rows["amount"].to_numpy()[scored]
    saved = found["saved"]
    assert found["scored"] == scored.sum()
    assert (saved["frauds"], saved["honest"]) == (is_fraud.sum(), (~is_fraud).sum())
    assert saved["fraud_eur"] == pytest.approx(amount[is_fraud].sum(), abs=0.01)
    assert 0 < saved["stopped_eur"] < saved["fraud_eur"]
    assert 0 < saved["frauds_stopped"] < saved["frauds"]
    assert main(["evaluate", "risk", "--payments", str(payments)]) == 0
    words = capsys.readouterr().out
    assert f"{saved['frauds_stopped']:,} of {saved['frauds']:,} frauds" in words


def test_a_file_of_one_day_cannot_be_split(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.csv"
    file.write_text(
        "payment_id,time,payer,payee,amount,is_fraud\n"
        "1,2024-01-01T10:00:00Z,a,b,5,0\n2,2024-01-01T11:00:00Z,a,b,6,1\n"
    )
    assert main(["evaluate", "risk", "--payments", str(file)]) == 1
    assert "all of it is of one day" in capsys.readouterr().err
