"""Files of payments, in neutral columns, as facts and labels in the order of time."""

from collections.abc import Sequence
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
from clearway.risk.facts import Facts, ReferenceRates, hash_texts
from clearway.risk.history import Labels

_NEEDED: Final = ("payment_id", "time", "payer", "payee", "amount")
_OPTIONAL: Final = ("is_fraud", "asset", "device", "address", "payer_country", "payee_country")
_ASSET: Final = "EUR/2"  # of a file without a column `asset`


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """n payments in the order of time; payments of the same instant keep the order of the file.

    payment_id: as in the file. accounts: name of each account number. labels: int8[n], 1 fraud,
    0 honest, -1 unknown. assets: code of each asset number, 0 is none.
    """

    payment_id: pa.Array
    facts: Facts
    labels: Labels
    accounts: Sequence[str]
    assets: Sequence[str]


def load_payments(path: Path) -> PaymentFile:
    """Reads `payment_id, time, payer, payee, amount[, is_fraud, asset, device, address,
    payer_country, payee_country]` of .parquet or .csv.

    time: a timestamp (without a zone: UTC), ISO 8601 text, or an integer since 1970 whose size
    tells seconds, ms, µs or ns. amount: major units. asset: a code such as `EUR/2`. is_fraud: null
    is unknown. Raises risk.file_columns.
    """
    is_csv = path.suffix.lower() == ".csv"
    table = pa.csv.read_csv(path) if is_csv else pa.parquet.read_table(path)
    missing = [name for name in _NEEDED if name not in table.column_names]
    if missing:
        raise RiskFault("risk.file_columns", path=path, missing=", ".join(missing))
    time_ns = _time_ns(table["time"])
    order = np.argsort(time_ns, kind="stable")
    known = [name for name in (*_NEEDED, *_OPTIONAL) if name in table.column_names]
    table = table.select(known).take(order)
    payer, payee, accounts = _number_accounts(table["payer"], table["payee"])
    codes, asset = _number_assets(table)
    scales = 10.0 ** np.array([int(code.partition("/")[2] or 0) for code in codes])
    amount = pc.cast(table["amount"], pa.float64()).to_numpy()
    facts = ReferenceRates(codes).facts(
        payer=payer,
        payee=payee,
        amount_minor=np.rint(amount * scales[asset]),
        asset=asset,
        time_ns=time_ns[order],
    )
    for name in ("device", "address"):
        if name in table.column_names:
            facts[name] = _ids(table[name])
    if {"payer_country", "payee_country"} <= set(table.column_names):
        facts["corridor"] = _ids(
            pc.binary_join_element_wise(table["payer_country"], table["payee_country"], " ")
        )
    payment_id = table["payment_id"].combine_chunks()
    return PaymentFile(payment_id, facts, _labels(table), accounts, codes)


def _time_ns(column: Any) -> NDArray[np.int64]:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        column = pc.cast(column, pa.timestamp("ns"))
    if pa.types.is_date(kind) or pa.types.is_timestamp(column.type):
        stamped: NDArray[np.int64] = pc.cast(
            pc.cast(column, pa.timestamp("ns")), pa.int64()
        ).to_numpy()
        return stamped
    number = pc.cast(column, pa.int64()).to_numpy()
    largest = int(np.abs(number).max(initial=0))
    unit_ns = next((u for top, u in ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3))
                    if largest < top), 1)  # fmt: skip
    scaled: NDArray[np.int64] = number * unit_ns
    return scaled


def _ids(column: Any) -> NDArray[np.uint64]:
    """Each text is hashed once; 0 where there is none."""
    encoded = pc.cast(column, pa.string()).combine_chunks().dictionary_encode()
    ids = np.append(hash_texts(encoded.dictionary.to_pylist()), np.uint64(0))
    number = pc.fill_null(encoded.indices, len(ids) - 1).to_numpy()
    numbered: NDArray[np.uint64] = ids[number]
    return numbered


def _number_accounts(
    payer: Any, payee: Any
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Dense numbers in the order of first appearance; one name is one account in both roles."""
    texts = [pc.cast(column, pa.string()).combine_chunks() for column in (payer, payee)]
    both = pa.concat_arrays(texts).dictionary_encode()
    numbers = both.indices.to_numpy()
    return numbers[: len(payer)], numbers[len(payer) :], both.dictionary.to_pylist()


def _number_assets(table: Any) -> tuple[list[str], NDArray[np.int64]]:
    if "asset" not in table.column_names:
        return ["", _ASSET], np.ones(len(table), dtype=np.int64)
    encoded = pc.cast(table["asset"], pa.string()).combine_chunks().dictionary_encode()
    return ["", *encoded.dictionary.to_pylist()], encoded.indices.to_numpy() + 1


def _labels(table: Any) -> Labels:
    if "is_fraud" not in table.column_names:
        return np.full(len(table), -1, dtype=np.int8)
    column = pc.cast(table["is_fraud"], pa.int8())
    labels: Labels = pc.fill_null(column, -1).to_numpy().astype(np.int8)
    return labels
