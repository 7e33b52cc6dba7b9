"""The card fraud protocol: whose payments are judged, and what a team of a hundred cards finds."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.card_fraud import Cards, card_precision, load_cards, not_yet_known, score_fold
from benchmarks.evaluate import SECTIONS, card_fraud_section, put_section
from clearway.risk.offline.evaluate import History
from clearway.risk.worlds.world import World

START = date(2020, 1, 1)
FIRST = (START - date(1970, 1, 1)).days


def cards(*rows: tuple[int, int, int]) -> Cards:
    """Payments as (day from START, card, fraud)."""
    day, card, fraud = np.array(rows).T
    n = len(day)
    history = History(
        source=Path("none"),
        payment_id=pa.array(range(n)),
        time_ns=np.zeros(n, np.int64),
        amount_eur=np.zeros(n),
        labels=fraud.astype(np.int8),
        features=np.zeros((n, 0), np.float32),
        delay_ns=0,
    )
    return Cards(history, card.astype(np.int64), FIRST + day.astype(np.int64))


@pytest.mark.parametrize(
    ("fraud_day", "test_day", "judged"),
    [
        (0, 14, False),  # of the training week
        (6, 14, False),
        (7, 14, True),  # of the delay week: not known yet
        (7, 15, False),
        (12, 20, False),
        (13, 20, True),
        (-1, 14, True),  # of a fraud before the training week the protocol knows nothing
    ],
)
def test_a_card_is_judged_until_its_fraud_is_known(
    fraud_day: int, test_day: int, judged: bool
) -> None:
    known = not_yet_known(cards((fraud_day, 7, 1), (test_day, 7, 0), (test_day, 8, 0)), START)
    assert known.tolist() == [False, judged, True]


def test_only_the_test_week_is_judged() -> None:
    rows = [(day, day, 0) for day in range(-3, 30)]
    judged = not_yet_known(cards(*rows), START)
    assert [row[0] for row, is_judged in zip(rows, judged, strict=True) if is_judged] == [
        *range(14, 21)
    ]


def test_a_card_has_its_highest_score_of_the_day_and_counts_once_found() -> None:
    score = np.array([0.1, 0.9, 0.8, 0.7, 0.9, 0.8, 0.7])
    fraud = np.array([1, 0, 0, 1, 1, 0, 1], dtype=np.bool_)
    card = np.array([1, 1, 2, 3, 1, 2, 3])
    day = np.array([1, 1, 1, 1, 2, 2, 2])
    # First day: cards 1 (found by its other payment) and 2; second day, without 1: cards 2 and 3.
    assert card_precision(score, fraud, day, card, per_day=2) == (1 / 2 + 1 / 2) / 2


def test_a_day_of_fewer_cards_is_held_against_all_that_could_be_looked_at() -> None:
    one = np.ones(1)
    found = card_precision(one, one > 0, one.astype(np.int64), one.astype(np.int64), per_day=100)
    assert found == 0.01


def test_a_section_is_written_between_its_marks_and_nowhere_else() -> None:
    page = "a\n<!-- make evaluate: x -->\nold\n<!-- end of x -->\nb\n"
    written = put_section(page, "x", "new")
    assert written == page.replace("old", "new")
    assert put_section(written, "x", "new") == written
    with pytest.raises(SystemExit, match="no marks of 'y'"):
        put_section(page, "y", "new")


def test_the_page_has_marks_for_every_section() -> None:
    page = (Path(__file__).parents[2] / "docs/figures.md").read_text("utf-8")
    for name in SECTIONS:
        assert put_section(page, name, "new") != page


def test_the_table_has_a_line_for_each_setting() -> None:
    figures = {"auc_roc": 0.9, "average_precision": 0.8, "card_precision_100": 0.3}
    found = {name: {**figures, "calibration_error": 0.001} for name in ("7_days", "all_history")}
    assert "| 7 days | 0.9000 | 0.8000 | 0.3000 | 0.0010 |" in card_fraud_section(found)


def write_handbook(folder: Path, *, blank_from: date, days: int = 35) -> Path:
    """A small world in the handbook's columns, its labels blank from a day on."""
    rows = World(seed=21, customers=1_200, merchants=150, days=days).payments()
    time = rows["time_ns"].astype("datetime64[ns]")
    table = {
        "TX_DATETIME": time,
        "CUSTOMER_ID": rows["payer"].astype(np.int64),
        "TERMINAL_ID": rows["payee"].astype(np.int64),
        "TX_AMOUNT": rows["amount_minor"] / 100.0,
        "TX_FRAUD": pa.array(
            rows["is_fraud"].astype(np.int64), mask=time >= np.datetime64(blank_from)
        ),
    }
    path = folder / "data/card_fraud/transactions.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table(table), path)
    return folder


@pytest.mark.parametrize("train_from", [date(2024, 1, 11), date(2024, 1, 1)])
def test_labels_that_nobody_has_yet_move_no_score(tmp_path: Path, train_from: date) -> None:
    """The whole path from the file: scores of a test week whose labels were taken away are those
    with all labels in the file, to the bit."""
    start, test_from, end = date(2024, 1, 11), date(2024, 1, 25), date(2024, 2, 5)
    found = [
        score_fold(
            load_cards(write_handbook(tmp_path / str(day), blank_from=day)),
            start,
            train_from=train_from,
        )
        for day in (end, test_from)
    ]
    (rows, scores), (rows_blank, scores_blank) = found
    assert len(rows) > 1_000
    assert rows.tolist() == rows_blank.tolist()
    assert scores.tolist() == scores_blank.tolist()


def test_labels_that_became_known_do_move_scores(tmp_path: Path) -> None:
    """So that the test above could fail."""
    start, delay_from, end = date(2024, 1, 11), date(2024, 1, 18), date(2024, 2, 5)
    found = [
        score_fold(
            load_cards(write_handbook(tmp_path / str(day), blank_from=day)), start, train_from=start
        )
        for day in (end, delay_from)
    ]
    scores = [dict(zip(*(part.tolist() for part in one), strict=True)) for one in found]
    both = scores[0].keys() & scores[1].keys()
    assert any(scores[0][row] != scores[1][row] for row in both)
