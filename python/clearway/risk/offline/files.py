"""Files of payments, in neutral columns, as facts and labels in the order of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clearway.payment.errors import Refusal
from clearway.payment.money import AMOUNT_MINOR_MAX, parse_asset_code
from clearway.risk.errors import RiskFault
from clearway.risk.facts import Facts, ReferenceRates, hash_texts
from clearway.risk.memory.history import Labels
from clearway.risk.offline.columns import cast, numbers, read_table, refuse, texts

_NEEDED: Final = ("payment_id", "time", "payer", "payee", "amount")
_KEPT: Final = ("payment_id", "device", "address", "payer_country", "payee_country")
_TEXTS: Final = ("payer", "payee", "device", "address")
# The years 1900 and 2200: a label's delay on top still fits 64 bits.
_TIME_NS_MIN: Final = -2_208_988_800 * 10**9
_TIME_NS_MAX: Final = 7_258_118_400 * 10**9
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
    is unknown. Raises risk.file_format, risk.file_columns, and risk.file_values for a null where
    none may be, a payment_id that comes twice, an amount that no ledger holds, and a label that is
    none.
    """
    table = read_table(path, _NEEDED, as_text=_TEXTS)
    _refuse_repeated(path, table)
    time_ns, labels = _time_ns(path, table), _labels(path, table)
    amount = numbers(path, table, "amount").astype(np.float64)
    refuse(path, "a negative amount", amount < 0)
    order = np.argsort(time_ns, kind="stable")
    payer, payee, accounts = _number_accounts(path, table, order)
    codes, asset = _number_assets(path, table, order)
    amount_minor = np.rint(amount[order] * 10.0 ** _scales(path, codes)[asset])
    too_large = np.zeros(len(table), dtype=bool)
    too_large[order] = amount_minor > AMOUNT_MINOR_MAX
    refuse(path, "an amount that no ledger holds", too_large)
    facts = ReferenceRates(codes).facts(
        payer=payer,
        payee=payee,
        amount_minor=amount_minor,
        asset=asset,
        time_ns=time_ns[order],
    )
    table = table.select([name for name in _KEPT if name in table.column_names]).take(order)
    for name in ("device", "address"):
        if name in table.column_names:
            facts[name] = _ids(table[name])
    if {"payer_country", "payee_country"} <= set(table.column_names):
        facts["corridor"] = _ids(
            pc.binary_join_element_wise(table["payer_country"], table["payee_country"], " ")
        )
    payment_id = table["payment_id"].combine_chunks()
    return PaymentFile(payment_id, facts, labels[order], accounts, codes)


def _refuse_repeated(path: Path, table: Any) -> None:
    """A payment that comes twice would count twice, and may say two things of itself."""
    encoded = pc.dictionary_encode(texts(path, table, "payment_id"))
    number = encoded.indices.to_numpy()
    # Numbers are given in the order of first appearance.
    refuse(path, "a payment_id that was there before", np.diff(number, prepend=-1) < 1)


def _time_ns(path: Path, table: Any) -> NDArray[np.int64]:
    number, kind = numbers(path, table, "time"), table["time"].type
    unit_ns = 1
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        largest = np.abs(number).max(initial=0)
        unit_ns = next((u for top, u in ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3))
                        if largest < top), 1)  # fmt: skip
    far = (number < _TIME_NS_MIN / unit_ns) | (number > _TIME_NS_MAX / unit_ns)
    refuse(path, "a time that is not of this age", far)
    scaled: NDArray[np.int64] = (number * unit_ns).astype(np.int64)
    return scaled


def _ids(column: Any) -> NDArray[np.uint64]:
    """Each text is hashed once; 0 where there is none."""
    encoded = pc.cast(column, pa.string()).combine_chunks().dictionary_encode()
    ids = np.append(hash_texts(encoded.dictionary.to_pylist()), np.uint64(0))
    number = pc.fill_null(encoded.indices, len(ids) - 1).to_numpy()
    numbered: NDArray[np.uint64] = ids[number]
    return numbered


def _number_accounts(
    path: Path, table: Any, order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Dense numbers in the order of first appearance; one name is one account in both roles."""
    parties = [texts(path, table, name).take(pa.array(order)) for name in ("payer", "payee")]
    both = pa.concat_arrays(parties).dictionary_encode()
    numbered = both.indices.to_numpy()
    return numbered[: len(table)], numbered[len(table) :], both.dictionary.to_pylist()


def _number_assets(
    path: Path, table: Any, order: NDArray[np.int64]
) -> tuple[list[str], NDArray[np.int64]]:
    if "asset" not in table.column_names:
        return ["", _ASSET], np.ones(len(table), dtype=np.int64)
    encoded = texts(path, table, "asset").take(pa.array(order)).dictionary_encode()
    return ["", *encoded.dictionary.to_pylist()], encoded.indices.to_numpy() + 1


def _scales(path: Path, codes: Sequence[str]) -> NDArray[np.int64]:
    try:
        return np.array([0] + [parse_asset_code(code)[1] for code in codes[1:]])
    except Refusal as refusal:
        raise RiskFault("risk.file_format", path=path, what=f"asset: {refusal}") from refusal


def _labels(path: Path, table: Any) -> Labels:
    if "is_fraud" not in table.column_names:
        return np.full(len(table), -1, dtype=np.int8)
    column = cast(path, table, "is_fraud", pa.int8())
    labels: Labels = pc.fill_null(column, -1).to_numpy().astype(np.int8)
    known = pc.is_valid(column).to_numpy(zero_copy_only=False)
    refuse(path, "an is_fraud that is neither 0 nor 1", known & (labels != 0) & (labels != 1))
    return labels
