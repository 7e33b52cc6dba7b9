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

_PAYMENT_COLUMNS: Final = ("payment_id", "time", "payer", "payee", "amount")
_LABEL_COLUMNS: Final = ("account", "is_suspicious")
_TEXTS: Final = {name: pa.string() for name in ("payment_id", "payer", "payee", "account")}

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
    table = _read(path, _PAYMENT_COLUMNS)
    time, amount = (_numbers(path, table, name) for name in ("time", "amount"))
    _refuse(path, "a negative amount", amount < 0)
    texts = [_texts(path, table, name) for name in ("payer", "payee")]
    both = pa.concat_arrays(texts).dictionary_encode()
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
    table = _read(path, _LABEL_COLUMNS)
    account = _texts(path, table, "account")
    label = pc.fill_null(_cast(path, table, "is_suspicious", pa.int8()), -1).to_numpy()
    _refuse(path, "an is_suspicious that is neither 0 nor 1", (label < -1) | (label > 1))
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


def _read(path: Path, columns: tuple[str, ...]) -> Any:
    try:
        if path.suffix.lower() == ".csv":
            options = pa.csv.ConvertOptions(column_types=_TEXTS)
            table = pa.csv.read_csv(path, convert_options=options)
        else:
            table = pa.parquet.read_table(path)
    except pa.ArrowInvalid as error:
        raise RiskFault("risk.file_format", path=path, what=str(error).splitlines()[0]) from error
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise RiskFault("risk.file_columns", path=path, missing=", ".join(missing))
    return table.select(columns)


def _texts(path: Path, table: Any, name: str) -> Any:
    text = _cast(path, table, name, pa.string())
    empty = pc.fill_null(pc.equal(text, ""), True)
    _refuse(path, f"no {name}", empty.to_numpy(zero_copy_only=False))
    return text


def _numbers(path: Path, table: Any, name: str) -> Floats | Ints:
    """Whole numbers stay whole: nanoseconds do not fit a float."""
    kind = table[name].type
    if name == "time" and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        zoned = pc.any(pc.match_substring_regex(table[name], r"(Z|[+-]\d\d:?\d\d)$")).as_py()
        kind = pa.timestamp("ns", "UTC" if zoned else None)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        stamped = _cast(path, table, name, pa.timestamp("ns", getattr(kind, "tz", None)))
        column = pc.cast(stamped, pa.int64())
    else:
        column = _cast(path, table, name, pa.int64() if pa.types.is_integer(kind) else pa.float64())
    _refuse(path, f"no {name}", column.is_null().to_numpy(zero_copy_only=False))
    number: Floats | Ints = column.to_numpy()
    _refuse(path, f"no finite {name}", ~np.isfinite(number))
    return number


def _cast(path: Path, table: Any, name: str, kind: Any) -> Any:
    try:
        return pc.cast(table[name], kind).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        what = f"{name}: {str(error).splitlines()[0]}"
        raise RiskFault("risk.file_format", path=path, what=what) from error


def _refuse(path: Path, what: str, bad: NDArray[np.bool_]) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        raise RiskFault("risk.file_values", path=path, what=what, row=int(rows[0]) + 1)
