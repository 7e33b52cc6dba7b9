"""Files of payments and of labels for laundering, in and out. Times and amounts have any unit."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from clearway.risk.columns import cast, numbers, read_table, refuse, texts
from clearway.risk.errors import RiskFault
from clearway.risk.laundering.graph import Floats, PaymentGraph, make_graph

_PAYMENT_COLUMNS: Final = ("payment_id", "time", "payer", "payee", "amount")
_LABEL_COLUMNS: Final = ("account", "is_suspicious")
_TEXTS: Final = ("payment_id", "payer", "payee", "account")

Labels = NDArray[np.int8]  # per account: 1 suspicious, 0 not, -1 unknown


@dataclass(frozen=True, slots=True)
class Transfers:
    """A file's payments. names: name of each account number. self_payments: those left out of the
    graph, because nothing moves; their accounts are in it."""

    names: pa.Array
    graph: PaymentGraph
    self_payments: int


def load_transfers(path: Path) -> Transfers:
    """Reads `payment_id, time, payer, payee, amount` of .parquet or .csv, in any order.

    time: numbers, timestamps or ISO 8601 text; only order and equality count. amount: numbers, of
    any one currency. Accounts are compared as text. Raises risk.file_format, risk.file_columns, and
    risk.file_values for a null, and for an amount that is negative or not finite.
    """
    table = read_table(path, _PAYMENT_COLUMNS, as_text=_TEXTS)
    time, amount = (numbers(path, table, name) for name in ("time", "amount"))
    refuse(path, "a negative amount", amount < 0)
    parties = [texts(path, table, name) for name in ("payer", "payee")]
    both = pa.concat_arrays(parties).dictionary_encode()
    number = both.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    payer, payee = number[: len(table)], number[len(table) :]
    order = np.argsort(time, kind="stable")
    order = order[payer[order] != payee[order]]
    graph = make_graph(
        len(both.dictionary), time[order], payer[order], payee[order], amount[order].astype(float)
    )
    return Transfers(both.dictionary, graph, len(table) - len(order))


def load_suspicions(path: Path, names: pa.Array) -> tuple[Labels, int]:
    """Reads `account, is_suspicious` (true, false, 1, 0 or null) of .csv or .parquet.

    The labels of `names`, int8[accounts], and how many rows are about accounts that are not there:
    nothing can be learnt from those. Raises risk.file_format, risk.file_columns, risk.file_values,
    and risk.file_labels when an account has two different labels.
    """
    table = read_table(path, _LABEL_COLUMNS, as_text=_TEXTS)
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
