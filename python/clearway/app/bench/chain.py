"""A chain to measure: accounts of one asset each, one institution, and blocks of what they do.

Addresses are the numbers from 1, little endian. A block of the set-up forgets the ids of the one
before it, so that what grows is the accounts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from clearway.ledger.book import Block, Book, sign_finality
from clearway.ledger.crypto import public_key
from clearway.ledger.genesis import Genesis, GenesisAccount, GenesisInstitution, GenesisKey
from clearway.payment.batch import BATCH_ROWS_MAX
from clearway.payment.money import Asset
from clearway.payment.records import (
    AccountFlag,
    Flag,
    Heads,
    Kind,
    Purpose,
    pack_account_units,
    pack_head,
    view_heads,
)

SECOND_NS: Final = 1_000_000_000
BLOCK_NS: Final = 1_000_000
AMOUNT_MINOR_MAX: Final = 1_000
FUNDING_MINOR: Final = 10**12
NOSTRO: Final = b"\xff" * 20
SEED: Final = b"\x01" * 32
SEQUENCER_SEED: Final = b"\x02" * 32


class Chain:
    """The set-up, and the envelopes that a run measures."""

    def __init__(self, book: Book, accounts: int) -> None:
        self.book = book
        self.accounts = accounts
        self._sequence = 0
        self._series = 0

    @classmethod
    def create(cls, folder: Path, accounts: int) -> Self:
        """A chain in a folder, its accounts opened and funded."""
        chain = cls(Book.create(folder, genesis()), 0)
        chain.grow(accounts)
        for start in range(0, accounts, BATCH_ROWS_MAX):
            chain._fund(start, min(start + BATCH_ROWS_MAX, accounts))
        return chain

    def grow(self, accounts: int) -> None:
        """Opens accounts, without money, until there are so many."""
        for start in range(self.accounts, accounts, BATCH_ROWS_MAX):
            self._open(start, min(start + BATCH_ROWS_MAX, accounts))
        self.accounts = accounts

    def seal(self, heads: Heads, units: bytes = b"") -> bytes:
        self._sequence += 1
        return self.book.seal(
            institution=1,
            seed=SEED,
            sequence=self._sequence,
            valid_until_ns=self.book.time_ns + 60 * SECOND_NS,
            heads=heads,
            units=units,
        )

    def append(self, envelope: bytes, *, after_ns: int = BLOCK_NS) -> Block:
        """One block, committed. Everything in it succeeds."""
        block = self.book.stage(time_ns=self.book.time_ns + after_ns, envelopes=[envelope])
        self.book.commit(sign_finality(SEQUENCER_SEED, block.hash))
        check_settled(block)
        return block

    def append_empty(self, *, after_ns: int) -> None:
        block = self.book.stage(time_ns=self.book.time_ns + after_ns, envelopes=[])
        self.book.commit(sign_finality(SEQUENCER_SEED, block.hash))

    # --- what is measured -----------------------------------------------------------------------

    def transfers(
        self, random: np.random.Generator, *, zipf: float, pending: bool = False
    ) -> Heads:
        """HEAD[BATCH_ROWS_MAX] between random pairs of distinct accounts. zipf: the exponent of
        the payers' and payees' popularity, 0 for one as likely as another."""
        hour_ns = self.book.time_ns + 3_600 * SECOND_NS
        head = pack_head(
            kind=Kind.PAYMENT,
            id=bytes(16),
            valid_until_ns=hour_ns,
            asset=1,
            payer=bytes(20),
            outcome=1,
            flags=Flag.PENDING if pending else Flag(0),
            expires_ns=hour_ns if pending else 0,
        )
        heads = view_heads(head * BATCH_ROWS_MAX).copy()
        payer, payee = self._pairs(random, zipf)
        heads["payer"], heads["payee"] = addresses(payer), addresses(payee)
        heads["amount_lo"] = random.integers(1, AMOUNT_MINOR_MAX, BATCH_ROWS_MAX)
        heads["id"] = self._ids(BATCH_ROWS_MAX)
        return heads

    def posts(self, held: Heads) -> Heads:
        """The capture, in full, of every payment of a block of pending ones."""
        heads = held.copy()
        heads["kind"], heads["flags"], heads["expires_ns"] = Kind.POST, 0, 0
        heads["target"] = held["id"]
        heads["id"] = self._ids(len(held))
        return heads

    def _pairs(
        self, random: np.random.Generator, zipf: float
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        rows, accounts = BATCH_ROWS_MAX, self.accounts
        if zipf == 0:
            payer = random.integers(0, accounts, rows)
            return payer, (payer + random.integers(1, accounts, rows)) % accounts
        ranks = _zipf_ranks(random, zipf, accounts, 2 * rows)
        # Popular accounts are anywhere, not side by side: the ranks are spread over the numbers.
        spread = (ranks * _SPREAD) % accounts
        payer, payee = spread[:rows], spread[rows:]
        return payer, np.where(payer == payee, (payee + 1) % accounts, payee)

    def _ids(self, count: int) -> npt.NDArray[np.uint8]:
        self._series += 1
        rows = np.zeros((count, 2), "<u8")
        rows[:, 0], rows[:, 1] = self._series, np.arange(count)
        return rows.view(np.uint8).reshape(count, 16)

    # --- the set-up -----------------------------------------------------------------------------

    def _open(self, start: int, stop: int) -> None:
        head = pack_head(
            kind=Kind.OPEN_ACCOUNT,
            id=bytes(16),
            valid_until_ns=self.book.time_ns + SECOND_NS,
            payer=bytes(20),
        )
        unit = pack_account_units(owner=bytes(32), assets=[1])
        heads = self._named(head, stop - start)
        heads["payer"], heads["units"] = addresses(np.arange(start, stop)), 1
        self.append(self.seal(heads, unit * len(heads)), after_ns=SECOND_NS)

    def _fund(self, start: int, stop: int) -> None:
        head = pack_head(
            kind=Kind.ISSUE,
            id=bytes(16),
            valid_until_ns=self.book.time_ns + SECOND_NS,
            asset=1,
            amount_minor=FUNDING_MINOR,
            payer=NOSTRO,
        )
        heads = self._named(head, stop - start)
        heads["payee"] = addresses(np.arange(start, stop))
        self.append(self.seal(heads), after_ns=SECOND_NS)

    def _named(self, head: bytes, rows: int) -> Heads:
        heads = view_heads(head * rows).copy()
        heads["id"] = self._ids(rows)
        return heads


_SPREAD: Final = 2_654_435_761  # a prime, and so without a common divisor with a round number


def _zipf_ranks(
    random: np.random.Generator, exponent: float, ranks: int, count: int
) -> npt.NDArray[np.int64]:
    """Ranks from 0, rank r as often as (r + 1) ** -exponent, by inversion of the continuous
    distribution (Hörmann and Derflinger, 1996, without the rejection step)."""
    drawn = random.random(count)
    if exponent == 1:
        places = np.exp(drawn * np.log(ranks + 1))
    else:
        power = 1 - exponent
        places = (1 + drawn * ((ranks + 1) ** power - 1)) ** (1 / power)
    found: npt.NDArray[np.int64] = np.clip(places.astype(np.int64) - 1, 0, ranks - 1)
    return found


def addresses(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """uint8[n, 20]: the numbers counted from 1, little endian."""
    rows = np.zeros((len(numbers), 20), np.uint8)
    rows[:, :8] = (numbers + 1).astype("<u8").view(np.uint8).reshape(-1, 8)
    return rows


def check_settled(block: Block) -> None:
    refused = int((block.results["code"] != 0).sum())
    assert refused == 0, f"invariant: a benchmark's entries succeed, {refused} did not"


def genesis() -> Genesis:
    asset = Asset(1, "EUR/2", 2)
    return Genesis(
        name="bench",
        time_ns=SECOND_NS,
        institutions=(GenesisInstitution(1, "bench"),),
        assets=(asset,),
        keys=(
            GenesisKey(public_key(SEED), 1, Purpose.PAY | Purpose.ISSUE, 0),
            GenesisKey(public_key(SEQUENCER_SEED), 1, Purpose.SEQUENCE, 0),
        ),
        accounts=(GenesisAccount("nostro", NOSTRO, 1, AccountFlag.NOSTRO, (asset.code,)),),
        limits=(),
    )
