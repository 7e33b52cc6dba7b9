"""Tables of other people: which of their columns is meant, whatever it is called.

Names are compared without case, spaces and marks. Of several that fit, the first of the list is
taken. A column that says who launders is never among them.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from clearway.risk.errors import RiskFault

# Beside our own: AMLSim (both of its layouts and the published samples), IBM's AML worlds
# ("Account" stands there twice), PaySim, SAML-D, and what edge lists are usually called.
PAYMENT_NAMES: Final[Mapping[str, Sequence[str]]] = {
    "payment_id": ("paymentid", "txid", "tranid", "transactionid", "id"),
    "time": ("time", "timestamp", "trantimestamp", "datetime", "date", "step"),
    "payer": ("payer", "senderaccountid", "senderaccount", "origacct", "nameorig", "sourcenodeid",
              "fromaccount", "account", "sender", "source", "src", "from"),
    "payee": ("payee", "receiveraccountid", "receiveraccount", "beneacct", "namedest",
              "targetnodeid", "toaccount", "account1", "receiver", "target", "dst", "dest", "to"),
    "amount": ("amount", "txamount", "baseamt", "amountpaid", "value"),
    "currency": ("currency", "paymentcurrency", "asset"),
    "payer_bank": ("payerbank", "frombank"),
    "payee_bank": ("payeebank", "tobank"),
    "day": ("date",),
}  # fmt: skip
LABEL_NAMES: Final[Mapping[str, Sequence[str]]] = {
    "account": ("account", "accountid", "acctid", "nodeid"),
    "is_suspicious": ("issuspicious", "issar", "islaundering", "isfraud"),
}
_TEXTS: Final = ("payment_id", "payer", "payee", "payer_bank", "payee_bank", "account")
_DELIMITERS: Final = (",", ";", "\t")


def read_layout(path: Path, names: Mapping[str, Sequence[str]], needed: Sequence[str]) -> Any:
    """The columns of .csv (with `,`, `;` or tabs) or .parquet that `names` knows, as a table under
    our names. Raises risk.file_format, and risk.file_columns when a needed one is not there."""
    with _format_faults(path):
        if path.suffix.lower() != ".csv":
            table = pa.parquet.ParquetFile(path).read()  # read_table refuses two equal names
            return _renamed(table, _find(path, table.column_names, names, needed))
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = file.readline()
        if not line.strip():
            raise RiskFault("risk.file_format", path=path, what="it is empty")
        delimiter = max(_DELIMITERS, key=line.count)
        header = _apart(next(csv.reader([line], delimiter=delimiter)))
        found = _find(path, header, names, needed)
        texts = {header[found[name]]: pa.string() for name in _TEXTS if name in found}
        table = pa.csv.read_csv(
            path,
            pa.csv.ReadOptions(column_names=header, skip_rows=1),
            pa.csv.ParseOptions(delimiter=delimiter),
            pa.csv.ConvertOptions(column_types=texts),
        )
        return _renamed(table, found)


@contextmanager
def _format_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, UnicodeDecodeError, csv.Error) as error:
        raise RiskFault("risk.file_format", path=path, what=str(error).splitlines()[0]) from error


def _apart(header: Sequence[str]) -> list[str]:
    """Names of columns, the second of two equal ones with `.1`.

    >>> _apart(["From", "Account", "To", "Account"])
    ['From', 'Account', 'To', 'Account.1']
    """
    seen: dict[str, int] = {}
    apart = []
    for name in header:
        times = seen.get(name, 0)
        seen[name] = times + 1
        apart.append(f"{name}.{times}" if times else name)
    return apart


def _find(
    path: Path,
    header: Sequence[str],
    names: Mapping[str, Sequence[str]],
    needed: Sequence[str],
) -> dict[str, int]:
    """The place of each of our columns that is there; one column of theirs may be two of ours."""
    place: dict[str, int] = {}
    for number, name in enumerate(_apart(header)):
        place.setdefault(re.sub(r"[^a-z0-9]", "", name.lower()), number)
    found = {
        ours: next(place[name] for name in theirs if name in place)
        for ours, theirs in names.items()
        if any(name in place for name in theirs)
    }
    missing = [name for name in needed if name not in found]
    if missing:
        raise RiskFault("risk.file_columns", path=path, missing=", ".join(missing))
    return found


def _renamed(table: Any, found: Mapping[str, int]) -> Any:
    return pa.table({name: table.column(number) for name, number in found.items()})
