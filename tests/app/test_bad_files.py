"""A file that is no file of payments is refused in one line, by every command that reads one, and
nothing is written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from clearway.app.cli import main

HEAD = "payment_id,time,payer,payee,amount,is_fraud\n"
GOOD = "a,2025-06-16T12:00:00,anna,bert,1.50,0\n"
DAYS = [
    "--train-from", "2025-06-01", "--train-to", "2025-06-02", "--delay-days", "1",
    "--score-from", "2025-06-10", "--score-to", "2025-06-11",
]  # fmt: skip

FILES: dict[str, Callable[[Path], object]] = {
    "is not there": lambda path: None,
    "is a folder": Path.mkdir,
    "is empty": lambda path: path.write_text(""),
    "is no text": lambda path: path.write_bytes(b"\x00\xff\xfe\x89PNG"),
    "lacks a column": lambda path: path.write_text("payment_id,time,payer\na,1,b\n"),
    "has a row that is short": lambda path: path.write_text(HEAD + "a,b\n"),
    "has an amount of NaN": lambda path: path.write_text(HEAD + GOOD.replace("1.50", "nan")),
    "has an amount below zero": lambda path: path.write_text(HEAD + GOOD.replace("1.50", "-1")),
    "has no time": lambda path: path.write_text(HEAD + GOOD.replace("2025-06-16T12:00:00", "")),
    "has a time that is none": lambda path: path.write_text(HEAD + GOOD.replace("2025", "20x5")),
    "has nobody who pays": lambda path: path.write_text(HEAD + GOOD.replace("anna", "")),
    "has no payments": lambda path: path.write_text(HEAD),
    "is parquet cut off": lambda path: path.with_suffix(".parquet").write_bytes(b"PAR1\x15\x04"),
}
COMMANDS: dict[str, Callable[[Path, Path], list[str]]] = {
    "train": lambda path, out: ["train", str(path), "--out", str(out)],
    "evaluate risk": lambda path, out: [
        "evaluate", "risk", "--payments", str(path), "--out", str(out / "s.csv"), *DAYS,
    ],
    "evaluate aml": lambda path, out: [
        "evaluate", "aml", "--payments", str(path), "--out", str(out / "a.csv"),
    ],
    "replay": lambda path, out: ["replay", str(path)],
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_a_file_of_no_payments_is_refused_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Path], object],
    command: Callable[[Path, Path], list[str]],
) -> None:
    path = tmp_path / "payments.csv"
    make(path)
    if path.with_suffix(".parquet").exists():
        path = path.with_suffix(".parquet")
    before = sorted(tmp_path.rglob("*"))
    assert main(command(path, tmp_path / "out")) == 1
    said = capsys.readouterr()
    assert said.err.startswith("clearway: "), said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert sorted(tmp_path.rglob("*")) == before
