"""Columns of somebody's file, as arrays: what is no number, no time or no name is refused with its
row, before anything is computed from it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from clearway.risk.errors import RiskFault

Numbers = NDArray[np.float64] | NDArray[np.int64]


def read_table(path: Path, columns: Sequence[str], *, as_text: Sequence[str]) -> Any:
    """A .csv or .parquet that has these columns, and what else is in it. as_text: columns of a
    .csv that are not guessed to be numbers, so that zeros in front stay. Raises risk.file_format,
    risk.file_columns."""
    try:
        if path.suffix.lower() == ".csv":
            types = dict.fromkeys(as_text, pa.string())
            options = pa.csv.ConvertOptions(column_types=types)
            table = pa.csv.read_csv(path, convert_options=options)
        else:
            table = pa.parquet.read_table(path)
    except pa.ArrowInvalid as error:
        raise RiskFault("risk.file_format", path=path, what=str(error).splitlines()[0]) from error
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise RiskFault("risk.file_columns", path=path, missing=", ".join(missing))
    return table


def texts(path: Path, table: Any, name: str) -> Any:
    """Raises risk.file_values where there is none."""
    text = cast(path, table, name, pa.string())
    empty = pc.fill_null(pc.equal(text, ""), True)
    refuse(path, f"no {name}", empty.to_numpy(zero_copy_only=False))
    return text


def numbers(path: Path, table: Any, name: str) -> Numbers:
    """Whole numbers stay whole: nanoseconds do not fit a float, and times without a unit are
    nanoseconds since 1970. Raises risk.file_format, risk.file_values."""
    kind = table[name].type
    if name == "time" and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        zoned = pc.any(pc.match_substring_regex(table[name], r"(Z|[+-]\d\d:?\d\d)$")).as_py()
        kind = pa.timestamp("ns", "UTC" if zoned else None)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        stamped = cast(path, table, name, pa.timestamp("ns", getattr(kind, "tz", None)))
        column = pc.cast(stamped, pa.int64())
    else:
        column = cast(path, table, name, pa.int64() if pa.types.is_integer(kind) else pa.float64())
    refuse(path, f"no {name}", column.is_null().to_numpy(zero_copy_only=False))
    number: Numbers = column.to_numpy()
    refuse(path, f"no finite {name}", ~np.isfinite(number))
    return number


def cast(path: Path, table: Any, name: str, kind: Any) -> Any:
    """Raises risk.file_format."""
    try:
        return pc.cast(table[name], kind).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        what = f"{name}: {str(error).splitlines()[0]}"
        raise RiskFault("risk.file_format", path=path, what=what) from error


def refuse(path: Path, what: str, bad: NDArray[np.bool_]) -> None:
    """Raises risk.file_values for the first row that is bad."""
    rows = np.flatnonzero(bad)
    if len(rows):
        raise RiskFault("risk.file_values", path=path, what=what, row=int(rows[0]) + 1)
