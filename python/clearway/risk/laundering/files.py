"""Files of payments and of labels for laundering, in and out. Times and amounts have any unit."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from clearway.risk.errors import RiskFault
from clearway.risk.laundering.graph import Floats, Ints, PaymentGraph, make_graph
from clearway.risk.laundering.layouts import LABEL_NAMES, PAYMENT_NAMES, read_layout
from clearway.risk.offline.columns import Numbers, cast, numbers, refuse, texts

_PAYMENT_NEEDED: Final = ("time", "payer", "payee", "amount")
_LABELS_NEEDED: Final = ("account", "is_suspicious")

Labels = NDArray[np.int8]  # per account: 1 suspicious, 0 not, -1 unknown


@dataclass(frozen=True, slots=True)
class Transfers:
    """A file's payments. names: name of each account number. self_payments: those left out of the
    graph, because nothing moves; their accounts are in it. repeated: rows that say again what
    another row with the same payment_id says, left out."""

    names: pa.Array
    graph: PaymentGraph
    self_payments: int
    repeated: int


def load_transfers(path: Path) -> Transfers:
    """Reads `time, payer, payee, amount[, payment_id, currency]` of .parquet or .csv, in any order,
    also under the names of layouts.PAYMENT_NAMES.

    time: numbers, timestamps or ISO 8601 text; only order and equality count. amount: numbers; with
    a currency in units of its median, so that they can be compared. Accounts are compared as text,
    `bank/account` where there are columns of banks. Raises risk.file_format, risk.file_columns, and
    risk.file_values for a null, and for an amount that is negative or not finite.
    """
    table = read_layout(path, PAYMENT_NAMES, _PAYMENT_NEEDED)
    time, amount = _times(path, table), numbers(path, table, "amount").astype(float)
    refuse(path, "a negative amount", amount < 0)
    if "currency" in table.column_names:
        amount = _in_medians(amount, texts(path, table, "currency"))
    both = pa.concat_arrays([_accounts(path, table, side) for side in ("payer", "payee")])
    both = both.dictionary_encode()
    number = both.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    payer, payee = number[: len(time)], number[len(time) :]
    said = _said_before(path, table, time, payer, payee, amount)
    order = np.argsort(time, kind="stable")
    order = order[~said[order]]
    moves = payer[order] != payee[order]
    graph_order = order[moves]
    graph = make_graph(
        len(both.dictionary), time[graph_order], payer[graph_order], payee[graph_order],
        amount[graph_order],
    )  # fmt: skip
    return Transfers(both.dictionary, graph, int((~moves).sum()), int(said.sum()))


def load_suspicions(path: Path, names: pa.Array) -> tuple[Labels, int]:
    """Reads `account, is_suspicious` (true, false, 1, 0 or null) of .csv or .parquet.

    The labels of `names`, int8[accounts], and how many rows are about accounts that are not there:
    nothing can be learnt from those. Raises risk.file_format, risk.file_columns, risk.file_values,
    and risk.file_labels when an account has two different labels.
    """
    table = read_layout(path, LABEL_NAMES, _LABELS_NEEDED)
    account = texts(path, table, "account")
    label = pc.fill_null(cast(path, table, "is_suspicious", pa.int8()), -1).to_numpy()
    refuse(path, "an is_suspicious that is neither 0 nor 1", (label < -1) | (label > 1))
    place = pc.index_in(account, value_set=names)
    known = place.is_valid().to_numpy(zero_copy_only=False)
    at = place.drop_null().to_numpy(zero_copy_only=False)
    lowest, highest = np.full(len(names), 2, dtype=np.int8), np.full(len(names), -1, dtype=np.int8)
    sure = label[known] >= 0
    np.minimum.at(lowest, at[sure], label[known][sure])
    np.maximum.at(highest, at[sure], label[known][sure])
    both = np.flatnonzero((lowest == 0) & (highest == 1))
    if len(both):
        what = f"account {names[int(both[0])].as_py()!r} is both suspicious and not"
        raise RiskFault("risk.file_labels", path=path, what=what)
    return highest, int((~known).sum())


def write_accounts(out: Path, names: pa.Array, score: Floats, typologies: list[str]) -> None:
    """Writes `account, score, typologies` to .csv or .parquet, the highest score first."""
    order = np.argsort(-score, kind="stable")
    table = pa.table({
        "account": names, "score": score, "typologies": pa.array(typologies, pa.string()),
    }).take(order)  # fmt: skip
    if out.suffix.lower() == ".csv":
        pa.csv.write_csv(table, out)
    else:
        pa.parquet.write_table(table, out)


def _accounts(path: Path, table: Any, side: str) -> Any:
    account = texts(path, table, side)
    if f"{side}_bank" not in table.column_names:
        return account
    return pc.binary_join_element_wise(texts(path, table, f"{side}_bank"), account, "/")


def _in_medians(amount: Floats, currency: Any) -> Floats:
    """Amounts in units of the lower median of their currency, as far as that is more than 0."""
    code = currency.dictionary_encode().indices.to_numpy()
    order = np.lexsort((amount, code))
    _, start, count = np.unique(code[order], return_index=True, return_counts=True)
    median = amount[order][start + (count - 1) // 2]
    in_medians: Floats = amount / np.where(median > 0.0, median, 1.0)[code]
    return in_medians


def _said_before(
    path: Path, table: Any, time: Numbers, payer: Ints, payee: Ints, amount: Floats
) -> NDArray[np.bool_]:
    """bool[n]: rows like an earlier one in all of these, payment_id included."""
    if "payment_id" not in table.column_names:
        return np.zeros(len(time), dtype=np.bool_)
    ids = cast(path, table, "payment_id", pa.string()).dictionary_encode()
    number = pc.fill_null(ids.indices, -1).to_numpy()
    order = np.lexsort((amount, payee, payer, time, number))  # stable: the earliest row is first
    again = np.append(False, number[order][1:] == number[order][:-1])[: len(order)] & (
        number[order] >= 0
    )
    for column in (time, payer, payee, amount):
        again[1:] &= column[order][1:] == column[order][:-1]
    said = np.zeros(len(time), dtype=np.bool_)
    said[order] = again
    return said


def _times(path: Path, table: Any) -> Numbers:
    """A day and a time of day in two columns are one instant; days may be written 2025/01/31."""
    column = table["time"]
    if "day" in table.column_names and pa.types.is_time(column.type):
        day, hour = (cast(path, table, name, pa.string()) for name in ("day", "time"))
        column = pc.binary_join_element_wise(day, hour, " ")
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.replace_substring_regex(column, r"^(\d{4})/(\d\d)/", r"\1-\2-")
    return numbers(path, pa.table({"time": column}), "time")
