"""`evaluate aml` from file to file, with and without labels."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from clearway.app.cli import main
from clearway.risk.errors import RiskFault
from clearway.risk.laundering import evaluate_aml
from clearway.risk.laundering.supervised import fit_and_score
from clearway.risk.models.metrics import average_precision, calibration_error
from tests.risk.laundering.worlds import LaunderingWorld, make_world

HEADER = "payment_id,time,payer,payee,amount\n"


def planted(folder: Path, pattern: str = "mixed") -> tuple[Path, Path, LaunderingWorld]:
    world = make_world("hours", pattern, seed=9, accounts=3_000, rings=24)
    payments, labels = folder / "p.parquet", folder / "l.csv"
    pa.parquet.write_table(
        pa.table({
            "payment_id": np.arange(len(world.time)), "time": world.time, "payer": world.payer,
            "payee": world.payee, "amount": world.amount,
        }),
        payments,
    )  # fmt: skip
    pa.csv.write_csv(
        pa.table({
            "account": np.arange(len(world.is_suspicious)),
            "is_suspicious": world.is_suspicious.astype(int),
        }),
        labels,
    )  # fmt: skip
    return payments, labels, world


def test_every_account_is_scored_the_worst_first(tmp_path: Path) -> None:
    payments, _, world = planted(tmp_path)
    out = tmp_path / "a.csv"
    found = evaluate_aml(payments=payments, out=out)
    rows = pa.csv.read_csv(out)
    assert rows.column_names == ["account", "score", "typologies"]
    score = rows["score"].to_numpy()
    assert (np.diff(score) <= 0).all()
    assert 0.0 <= score.min() <= score.max() < 1.0
    account = rows["account"].to_numpy()
    assert sorted(account) == sorted(set(world.payer) | set(world.payee))
    assert average_precision(score, world.is_suspicious[account]) > 0.7
    assert rows["typologies"][0].as_py() != ""
    assert (found.labelled, found.average_precision, found.calibration_error) == (0, None, None)
    assert found.score_is == "evidence"
    assert found.accounts == len(account)


def test_labels_are_learnt_from_across_folds(tmp_path: Path) -> None:
    payments, labels, _ = planted(tmp_path)
    found = evaluate_aml(payments=payments, labels=labels, out=tmp_path / "a.parquet")
    assert found.average_precision is not None
    assert found.average_precision > 0.85
    assert found.score_is == "probability"
    assert found.calibration_error is not None
    assert found.calibration_error < 0.02
    again = evaluate_aml(payments=payments, labels=labels, out=tmp_path / "b.parquet")
    assert again == found
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_no_account_is_scored_by_a_forest_that_saw_its_label() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(2_000, 5))
    labels = (rng.random(2_000) < 0.3).astype(np.int8)
    score = fit_and_score(noise, labels)
    assert average_precision(score, labels == 1) < 0.4  # 0.3 is chance; with leaks it is near 1


def test_a_score_learnt_from_labels_is_a_probability_of_accounts_it_has_not_seen() -> None:
    rng = np.random.default_rng(3)
    chance = rng.beta(0.6, 4.0, 12_000)
    truth = rng.random(12_000) < chance
    features = np.stack([chance + rng.normal(scale=0.02, size=12_000), rng.random(12_000)], axis=1)
    labels = np.where(np.arange(12_000) < 6_000, truth, -1).astype(np.int8)
    probability = fit_and_score(features, labels)
    for part in (slice(0, 6_000), slice(6_000, None)):
        assert calibration_error(probability[part], truth[part]) < 0.02
        assert abs(probability[part].mean() - truth[part].mean()) < 0.01
    assert 0.0 <= probability.min() <= probability.max() <= 1.0


def test_what_tells_nothing_is_the_share_of_the_suspicious() -> None:
    rng = np.random.default_rng(4)
    labels = (rng.random(4_000) < 0.1).astype(np.int8)
    probability = fit_and_score(rng.normal(size=(4_000, 4)), labels)
    assert calibration_error(probability, labels == 1) < 0.02
    assert probability.max() < 0.4


def test_accounts_without_a_label_are_scored_too() -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(1_000) < 0.3
    features = truth[:, None] + rng.normal(scale=0.3, size=(1_000, 2))
    labels = np.where(np.arange(1_000) < 500, truth, -1).astype(np.int8)
    assert average_precision(fit_and_score(features, labels)[500:], truth[500:]) > 0.9


def test_too_few_labels_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    payments, labels, _ = planted(tmp_path)
    labels.write_text("account,is_suspicious\n1,1\n2,0\nnobody,1\n", "utf-8")
    out = tmp_path / "a.csv"
    with pytest.raises(RiskFault, match="1 accounts of the payments are suspicious") as caught:
        evaluate_aml(payments=payments, labels=labels, out=out)
    assert caught.value.code == "risk.file_labels"
    assert not out.exists()


@pytest.mark.parametrize(
    ("rows", "accounts"),
    [("", []), ("1,1,anna,anna,5\n", ["anna"]), ("1,1,anna,bert,0\n", ["anna", "bert"])],
    ids=["no payments", "one account that pays itself", "one payment of nothing"],
)
def test_next_to_nothing_is_scored_and_is_nothing(
    tmp_path: Path, rows: str, accounts: list[str]
) -> None:
    payments, out = tmp_path / "p.csv", tmp_path / "a.csv"
    payments.write_text(HEADER + rows, "utf-8")
    evaluate_aml(payments=payments, out=out)
    lines = out.read_text("utf-8").splitlines()
    assert lines[0] == '"account","score","typologies"'
    assert [line.split(",")[0].strip('"') for line in lines[1:]] == accounts
    assert all(line.split(",")[1] == "0" and line.endswith('""') for line in lines[1:])


def test_the_command_says_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    payments, labels, world = planted(tmp_path)
    out = tmp_path / "a.csv"
    words = ["evaluate", "aml", "--payments", str(payments), "--out", str(out)]
    assert main([*words, "--labels", str(labels), "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["payments"] == len(world.time)
    assert found["suspicious"] > 0
    assert found["average_precision"] > 0.85
    assert found["score_is"] == "probability"
    assert main(words) == 0
    said = capsys.readouterr().out
    assert str(out) in said
    assert "no probability" in said


def test_the_command_says_what_is_wrong_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    payments = tmp_path / "p.csv"
    payments.write_text(HEADER + "1,1,anna,bert,-5\n", "utf-8")
    words = ["evaluate", "aml", "--payments", str(payments), "--out", str(tmp_path / "a.csv")]
    assert main(words) == 1
    assert capsys.readouterr().err == f"clearway: {payments} has a negative amount in row 1\n"
    assert not (tmp_path / "a.csv").exists()
