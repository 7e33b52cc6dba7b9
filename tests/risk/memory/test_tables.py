"""Tables that grow in place, and rows that are found by ids."""

import numpy as np
import pytest

from clearway.risk.memory.tables import KeyedTable, Table

ROW = np.dtype([("used_ns", "<i8"), ("value", "<f4")])


def test_growing_keeps_what_was_there_and_adds_nothing() -> None:
    table = Table(ROW, 4)
    table.rows["value"] = [1, 2, 3, 4]
    table.batch[:] = 7
    table.grow(5_000, rows_max=10_000)
    assert len(table) == 5_000
    assert table.rows["value"][:5].tolist() == [1, 2, 3, 4, 0]
    assert table.batch[:5].tolist() == [7, 7, 7, 7, 0]
    table.grow(100, rows_max=10_000)
    assert len(table) == 5_000
    table.grow(5_001, rows_max=6_000)
    assert len(table) == 6_000


@pytest.mark.parametrize("n", [1, 700, 9_001])
def test_each_id_keeps_its_row_however_many_come_after(n: int) -> None:
    table = KeyedTable(ROW, 8, rows_max=20_000)
    ids = np.random.default_rng(n).integers(1, 2**63, n).astype(np.uint64)
    numbers = table.numbers(ids)
    assert sorted(numbers.tolist()) == list(range(1, n + 1))
    table.rows["value"][numbers] = numbers
    more = np.arange(1, 9_000, dtype=np.uint64) << np.uint64(40)
    table.numbers(more)
    again = table.numbers(ids[::-1].copy())
    assert again.tolist() == numbers[::-1].tolist()
    assert table.rows["value"][again].tolist() == again.tolist()


def test_id_0_is_nobody_and_row_0_nobodys() -> None:
    table = KeyedTable(ROW, 8, rows_max=64)
    assert table.numbers(np.array([0, 5, 0, 5], dtype=np.uint64)).tolist() == [0, 1, 0, 1]


def test_a_full_table_knows_no_new_ids_until_it_forgets() -> None:
    table = KeyedTable(ROW, 4, rows_max=4)
    assert table.numbers(np.array([11, 12, 13, 14, 11], np.uint64)).tolist() == [1, 2, 3, 0, 1]
    assert table.is_full
    table.rows["value"][1:4] = [1, 2, 3]
    table.forget(np.array([1, 3]))
    assert not table.is_full
    numbers = table.numbers(np.array([13, 12, 11], np.uint64))
    assert table.rows["value"][numbers].tolist() == [3, 0, 1]
