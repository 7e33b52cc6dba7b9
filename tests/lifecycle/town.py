"""A node with a clock of its own, some people, and money: what the journey's tests play with."""

from __future__ import annotations

import itertools
import json
import lzma
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clearway.app.bootstrap import Node, build_node
from clearway.app.config import parse_config
from clearway.ledger.book import Book
from clearway.ledger.crypto import hash_bytes
from clearway.payment.batch import Placed, Submission
from clearway.payment.errors import ClearwayError
from clearway.payment.ids import account_address, payment_id
from clearway.payment.records import (
    Flag,
    Heads,
    Kind,
    Outcome,
    pack_account_units,
    pack_head,
    u128,
    view_heads,
    view_results,
)
from clearway.risk.decide import Scorer
from clearway.risk.facts import Facts
from clearway.risk.scores import Scores
from clearway.store.feedback import Feedback, Verdict
from clearway.store.vault import AccountRecord

START_NS = 1_793_000_000_000_000_000  # 2026-10-26
SECOND_NS = 10**9
ASSETS = {"EUR": 1, "USD": 2, "GBP": 3, "JPY": 4}


@dataclass
class Clock:
    """Threads of the node ask it while a test turns it on."""

    now_ns: int = START_NS
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> int:
        with self.lock:
            self.now_ns += 1_000
            return self.now_ns

    def pass_s(self, seconds: float) -> None:
        with self.lock:
            self.now_ns += int(seconds * SECOND_NS)


class Verdicts:
    """The real scorer, whose outcome a test may overrule by the amount of a payment."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer
        self.by_amount: dict[float, Outcome] = {}

    def score(self, facts: Facts, reviewable: npt.NDArray[np.bool_]) -> Scores:
        scores = self.scorer.score(facts, reviewable)
        for amount_major, outcome in self.by_amount.items():
            scores.outcome[facts["amount_major"] == amount_major] = outcome
        return scores

    def __getattr__(self, name: str) -> object:
        return getattr(self.scorer, name)


@dataclass
class Town:
    """Amounts are minor units; people are account ids, custodial unless they have a seed."""

    node: Node
    clock: Clock
    verdicts: Verdicts
    keys: Iterable[int] = field(default_factory=itertools.count)

    # --- acts -----------------------------------------------------------------------------------

    def open(
        self,
        id: str,
        *,
        assets: Iterable[str] = ("EUR",),
        name: str | None = None,
        owner_key: bytes = bytes(32),
    ) -> Placed:
        owner = json.dumps({"name": name}).encode() if name else None
        self.node.vault.save_account(AccountRecord(self.address(id), id, owner, None))
        units = pack_account_units(owner=owner_key, assets=[ASSETS[code] for code in assets])
        return self.place(self.submission(Kind.OPEN_ACCOUNT, units=units, payer=self.address(id)))

    def fund(self, id: str, amount_minor: int, asset: str = "EUR") -> Placed:
        return self.place(
            self.submission(
                Kind.ISSUE,
                asset=ASSETS[asset],
                amount_minor=amount_minor,
                payer=self.address("nostro"),
                payee=self.address(id),
            )
        )

    def pay(self, payer: str, payee: str, amount_minor: int, **fields: Any) -> Placed:
        return self.place(self.payment(payer, payee, amount_minor, **fields))

    def payment(
        self,
        payer: str,
        payee: str,
        amount_minor: int,
        *,
        key: str | None = None,
        hold_s: float = 0,
        to_asset: str | None = None,
        quote: bytes = bytes(16),
        asset: str = "EUR",
    ) -> Submission:
        return self.submission(
            Kind.PAYMENT,
            key=key,
            asset=ASSETS[asset],
            to_asset=ASSETS[to_asset] if to_asset else 0,
            target=quote,
            amount_minor=amount_minor,
            payer=self.address(payer),
            payee=self.address(payee),
            flags=Flag.PENDING if hold_s else 0,
            expires_ns=self.clock.now_ns + int(hold_s * SECOND_NS) if hold_s else 0,
        )

    def capture(self, held: Placed, amount_minor: int | None = None) -> Placed:
        head = view_heads(held.head)[0]
        return self.place(
            self.submission(
                Kind.POST,
                target=head["id"].tobytes(),
                asset=int(head["asset"]),
                amount_minor=u128(head, "amount") if amount_minor is None else amount_minor,
                payer=head["payer"].tobytes(),
                payee=head["payee"].tobytes(),
            )
        )

    def void(self, held: Placed) -> Placed:
        return self.place(
            self.submission(Kind.VOID, target=view_heads(held.head)[0]["id"].tobytes())
        )

    def refund(self, paid: Placed, amount_minor: int, **fields: Any) -> Placed:
        head = view_heads(paid.head)[0]
        return self.place(
            self.submission(
                Kind.REFUND,
                target=head["id"].tobytes(),
                asset=fields.pop("asset", int(head["asset"])),
                amount_minor=amount_minor,
                bound_minor=fields.pop("bound_minor", u128(head, "amount")),
                payer=head["payee"].tobytes(),
                payee=head["payer"].tobytes(),
                **fields,
            )
        )

    def submission(
        self, kind: Kind, *, key: str | None = None, units: bytes = b"", **fields: Any
    ) -> Submission:
        key = key or f"key-{next(iter(self.keys))}"
        now_ns = self.node.clock()
        head = pack_head(
            kind=kind,
            id=payment_id(self.node.secret, principal="test", idempotency_key=key),
            created_ns=now_ns,
            valid_until_ns=now_ns + 600 * SECOND_NS,
            **fields,
        )
        asked = repr((kind, sorted(fields.items()))).encode()
        return Submission(
            head, hash_bytes("details", asked), private=b'{"reference":"x"}', units=units
        )

    def say(self, placed: Placed, verdict: Verdict = Verdict.FRAUD) -> None:
        """What became known of a payment."""
        head = view_heads(placed.head)[0]
        said = Feedback(
            payment=head["id"].tobytes(), institution=self.node.institution, verdict=verdict,
            known_ns=self.node.clock(), payment_height=placed.height, payment_index=placed.index,
            key=placed.key, sequence=placed.sequence, envelope_index=placed.envelope_index,
            payer=head["payer"].tobytes(), by=None, note=None,
        )  # fmt: skip
        self.node.vault.feedback.add(
            said,
            now_ns=self.node.clock(),
            height=lambda: self.node.book.height,
            repeats=lambda _: False,
        )

    def place(self, submission: Submission) -> Placed:
        return self.node.batcher.place(submission, timeout_s=20)

    # --- what is there --------------------------------------------------------------------------

    def address(self, id: str) -> bytes:
        return account_address(self.node.secret, id)

    def balance(self, id: str, asset: str = "EUR") -> tuple[int, int, int]:
        """(posted, pending in, pending out)."""
        found = self.node.book.balance(self.address(id), ASSETS[asset])
        assert found is not None
        return found

    def balances(self) -> dict[str, list[tuple[int, int, int, int]]]:
        ids = [account.id for account in self.node.genesis.accounts]
        ids += list(self.node.vault.account_ids(_addresses(self.node.book)).values())
        return {id: self.node.book.balances(self.address(id)) for id in ids}

    def wait_for_block(self, height: int) -> bool:
        """The ticker makes blocks by itself when a hold is due."""
        deadline = time.monotonic() + 10
        while self.node.book.height < height and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.node.book.height >= height

    def status(self, placed: Placed) -> str:
        """What the projections say of a payment, once they have read everything."""
        assert self.node.projections.wait_for(self.node.book.height, 10)
        id = view_heads(placed.head)[0]["id"].tobytes()
        row = self.node.projections.payment(self.node.institution, id)
        assert row is not None
        return str(row.status)


def _addresses(book: Book) -> list[bytes]:
    accounts = [book.account_at(number) for number in range(book.accounts_count)]
    return [account.address for account in accounts if account]


def code(placed: Placed) -> str:
    """The ledger's code of one entry, `ok` for none."""
    number = int(view_results(placed.result)[0]["code"])
    return Book.refusal_code(number) if number else "ok"


def outcome(placed: Placed) -> Outcome:
    return Outcome(int(view_heads(placed.head)[0]["outcome"]))


def build_town(folder: Path, clock: Clock | None = None, **settings: str) -> Town:
    """On the same folder again: the node as after a restart."""
    clock = clock or Clock()
    environment = {
        "CLEARWAY_DATA": str(folder / "data"),
        "CLEARWAY_LISTS": str(_short_list(folder / "lists")),
        "CLEARWAY_BATCH_WAIT_US": "0",
        **settings,
    }
    node = build_node(parse_config(environment, dev=True), clock=clock)
    verdicts = Verdicts(node.scorer)
    node.rooms.scorer = verdicts  # type: ignore[assignment]
    return Town(node, clock, verdicts)


def _short_list(folder: Path) -> Path:
    """A few rows of the shipped OFAC list: the whole takes seconds to index."""
    if not folder.exists():
        folder.mkdir()
        packed = files("clearway.screening").joinpath("data/ofac_sdn.csv.xz").read_bytes()
        rows = lzma.decompress(packed).decode().splitlines(keepends=True)
        (folder / "sdn.csv").write_text("".join(row for row in rows if "MADURO" in row))
    return folder


def refusal_of(act: Callable[[], object]) -> str:
    """The code that refuses the act before ordering."""
    try:
        act()
    except ClearwayError as error:
        return error.code
    raise AssertionError("nothing refused it")


def rows_of(placed: Placed) -> Heads:
    return view_heads(placed.head)
