"""`clearway replay`: a file of payments through the whole pipeline of a node of its own.

Time is the file's: the node's clock stands at each batch's last payment. Every account is opened,
and funded with all that it will send, before the first payment; so what is refused or held is the
work of the deciding rooms. The node lives in a temporary folder and is verified before it goes.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from clearway.app.bootstrap import Node, build_node
from clearway.app.config import load_config
from clearway.app.genesis import NOSTRO
from clearway.gateway.instructions import UNIT_BYTES
from clearway.ledger.crypto import hash_rows
from clearway.ledger.verify import verify_chain
from clearway.lifecycle.parcels import Share
from clearway.payment.batch import Columns
from clearway.payment.errors import Refusal
from clearway.payment.ids import account_address, payment_id
from clearway.payment.money import AMOUNT_MINOR_MAX
from clearway.payment.records import (
    HEAD,
    INSTRUCTION_BYTES,
    VERSION,
    Heads,
    Kind,
    Outcome,
    pack_account_units,
    set_u128,
)
from clearway.risk.errors import RiskFault
from clearway.risk.offline.files import PaymentFile, load_payments

ROWS: Final = 8_190
VALID_NS: Final = 23 * 3_600 * 10**9  # the ledger allows 24 hours
BEFORE_NS: Final = 3_600 * 10**9  # accounts open an hour before the first payment
PRINCIPAL: Final = "replay"
STATUSES: Final = ("settled", "review", "declined", "refused")


@dataclass(slots=True)
class FileClock:
    """Stands where the replay puts it, and creeps on by a microsecond when it is asked."""

    now_ns: int

    def __call__(self) -> int:
        self.now_ns += 1_000
        return self.now_ns

    def jump(self, to_ns: int) -> None:
        self.now_ns = max(self.now_ns, to_ns)


def replay_file(file: Path) -> tuple[dict[str, Any], str]:
    """What came of the payments, and how fast. Raises ValueError for a file that is none."""
    try:
        payments = load_payments(file)
    except RiskFault as fault:
        raise ValueError(str(fault)) from fault
    if len(payments.facts) == 0:
        raise ValueError(f"{file} has no payments")
    with tempfile.TemporaryDirectory(prefix="clearway-replay-") as folder:
        clock = FileClock(int(payments.facts["time_ns"][0]) - BEFORE_NS)
        node = build_node(load_config(dev=True, data=Path(folder), database=""), clock=clock)
        try:
            node.start()
            found = _Replay(node, payments, clock).run()
        finally:
            node.stop()
        verified = verify_chain(Path(folder) / "chain", node.genesis)
    found |= {"height": verified.height, "root": verified.root.hex(), "verified": verified.ok}
    return found, _words(found)


class _Replay:
    def __init__(self, node: Node, payments: PaymentFile, clock: FileClock) -> None:
        self._node = node
        self._clock = clock
        self._payments = payments
        self._facts = payments.facts
        numbers = {asset.code: asset for asset in node.rooms.assets.values()}
        unknown = sorted({*payments.assets[1:]} - set(numbers))
        if unknown:
            raise Refusal("asset.unknown", asset=unknown[0])
        own = [0] + [numbers[code].number for code in payments.assets[1:]]
        scales = [1.0] + [10.0 ** numbers[code].scale for code in payments.assets[1:]]
        asset = self._facts["asset"]
        self._asset = np.array(own, np.uint32)[asset]
        self._minor = np.rint(self._facts["amount_major"] * np.array(scales)[asset])
        if not (0 < self._minor.min() <= self._minor.max() < 2.0**63):
            raise Refusal("amount.too_large" if self._minor.min() > 0 else "amount.not_positive")
        self._addresses = np.frombuffer(
            b"".join(account_address(node.secret, name) for name in payments.accounts), np.uint8
        ).reshape(-1, 20)

    def run(self) -> dict[str, Any]:
        began = time.perf_counter()
        self._open_and_fund()
        opened_s = time.perf_counter() - began
        began = time.perf_counter()
        shares = []
        for start in range(0, len(self._facts), ROWS):
            stop = min(start + ROWS, len(self._facts))
            self._clock.jump(int(self._facts["time_ns"][stop - 1]))
            shares.append(self._node.batcher.submit_columns(self._columns(start, stop)).result())
        seconds = time.perf_counter() - began
        status = np.concatenate([_statuses(share) for share in shares])
        return self._found(status, seconds, opened_s)

    def _found(
        self, status: npt.NDArray[np.str_], seconds: float, opened_s: float
    ) -> dict[str, Any]:
        eur = self._facts["amount_eur"]
        fraud, honest = self._payments.labels == 1, self._payments.labels == 0
        stopped = np.isin(status, ("review", "declined"))
        found: dict[str, Any] = {
            "payments": len(status),
            "accounts": len(self._payments.accounts),
            "by_status": {name: int((status == name).sum()) for name in STATUSES},
            "share_by_status": {
                name: round(float((status == name).mean()), 6) for name in STATUSES
            },
            "payments_per_s": round(len(status) / seconds),
            "seconds": round(seconds, 3),
            "opening_seconds": round(opened_s, 3),
        }
        if fraud.any() or honest.any():
            found["fraud"] = {
                "payments": int(fraud.sum()),
                "stopped": int((fraud & stopped).sum()),
                "value_stopped": round(float(eur[fraud & stopped].sum()), 2),
                "value_missed": round(float(eur[fraud & ~stopped].sum()), 2),
                "false_positives": int((honest & stopped).sum()),
            }
        return found

    # --- before the first payment ---------------------------------------------------------------

    def _open_and_fund(self) -> None:
        held = self._held()
        heads = self._blank(len(held), Kind.OPEN_ACCOUNT, b"open")
        heads["payer"] = self._addresses
        units = {row: pack_account_units(assets=assets) for row, assets in enumerate(held)}
        heads["units"] = [len(units[row]) // UNIT_BYTES for row in range(len(held))]
        self._place(heads, units)
        pairs = np.stack([self._facts["payer"], self._asset], axis=1)
        payers, of = np.unique(pairs, axis=0, return_inverse=True)
        heads = self._blank(len(payers), Kind.ISSUE, b"fund")
        heads["payer"] = np.frombuffer(account_address(self._node.secret, NOSTRO), np.uint8)
        heads["payee"] = self._addresses[payers[:, 0]]
        heads["asset"] = payers[:, 1]
        totals = [0] * len(payers)
        for place, minor in zip(of.ravel().tolist(), self._minor.tolist(), strict=True):
            totals[place] += int(minor)
        for head, total in zip(heads, totals, strict=True):
            set_u128(head, "amount", min(total, AMOUNT_MINOR_MAX))
        self._place(heads, {})

    def _held(self) -> list[list[int]]:
        """The assets that each account gives or gets."""
        pairs = np.concatenate(
            [np.stack([self._facts[side], self._asset], axis=1) for side in ("payer", "payee")]
        )
        held: list[list[int]] = [[] for _ in self._payments.accounts]
        for account, asset in np.unique(pairs, axis=0).tolist():
            held[account].append(asset)
        return held

    def _place(self, heads: Heads, units: dict[int, bytes]) -> None:
        columns = _columns(heads, units)
        for start in range(0, len(heads), ROWS):
            part = columns.take(start, min(start + ROWS, len(heads)))
            share = self._node.batcher.submit_columns(part).result()
            for row in range(len(share)):
                answer = share[row]
                if isinstance(answer, Exception):
                    raise answer

    # --- payments -------------------------------------------------------------------------------

    def _columns(self, start: int, stop: int) -> Columns:
        part = self._facts[start:stop]
        heads = self._blank(len(part), Kind.PAYMENT, b"pay", first=start)
        heads["payer"] = self._addresses[part["payer"]]
        heads["payee"] = self._addresses[part["payee"]]
        heads["asset"] = self._asset[start:stop]
        heads["amount_lo"] = self._minor[start:stop].astype(np.uint64)
        heads["created_ns"] = part["time_ns"]
        return _columns(heads, {})

    def _blank(self, count: int, kind: Kind, what: bytes, *, first: int = 0) -> Heads:
        now_ns = self._clock()
        heads = np.zeros(count, HEAD)
        heads["version"], heads["kind"] = VERSION, kind
        heads["created_ns"], heads["valid_until_ns"] = now_ns, now_ns + VALID_NS
        secret = self._node.secret
        ids = b"".join(
            payment_id(secret, principal=PRINCIPAL, idempotency_key=f"{what.decode()}-{number}")
            for number in range(first, first + count)
        )
        heads["id"] = np.frombuffer(ids, np.uint8).reshape(-1, 16)
        return heads


def _columns(heads: Heads, units: dict[int, bytes]) -> Columns:
    instructions = np.frombuffer(heads.tobytes(), np.uint8).reshape(-1, HEAD.itemsize)
    hashes = hash_rows(
        "instruction", np.ascontiguousarray(instructions[:, :INSTRUCTION_BYTES]), INSTRUCTION_BYTES
    )
    return Columns(
        heads=heads,
        request_hashes=np.frombuffer(hashes, np.uint8).reshape(-1, 32),
        signatures=np.zeros((len(heads), 64), np.uint8),
        units=units,
    )


def _statuses(share: Share) -> npt.NDArray[np.str_]:
    """What became of each row, from the ledger's own results and outcomes."""
    status = []
    for row in range(len(share)):
        answer = share[row]
        if isinstance(answer, Exception):
            status.append("refused")
            continue
        code = int.from_bytes(answer.result[2:4], "little")
        outcome = answer.head[192]
        if outcome == Outcome.DECLINE:
            status.append("declined")
        elif code:
            status.append("refused")
        else:
            status.append("review" if outcome == Outcome.REVIEW else "settled")
    return np.array(status)


def _words(found: dict[str, Any]) -> str:
    between = f"{found['payments']:,} payments between {found['accounts']:,} accounts"
    lines = [f"{between}, {found['payments_per_s']:,} per second"]
    for name, number in found["by_status"].items():
        lines.append(f"  {name:<9} {number:>10,}  {number / found['payments']:8.3%}")
    if "fraud" in found:
        fraud = found["fraud"]
        lines.append(
            f"  fraud: {fraud['stopped']:,} of {fraud['payments']:,} stopped, "
            f"EUR {fraud['value_stopped']:,.2f} stopped and {fraud['value_missed']:,.2f} missed, "
            f"{fraud['false_positives']:,} honest payments held up"
        )
    ok = "verified from genesis" if found["verified"] else "NOT VERIFIED"
    lines.append(f"  {ok}: height {found['height']}, root {found['root']}")
    return "\n".join(lines)
