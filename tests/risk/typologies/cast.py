"""Who acts in a story: accounts with a past, and what they pay, in the order of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clearway.risk.facts import FACTS, Facts
from tests.risk.rows import DAY_NS, NOON_NS

HOUR_S = 3_600
DAY_S = 86_400
START_NS = NOON_NS + 400 * DAY_NS  # a Tuesday noon, long after the node's first payment
DOMESTIC = 1


class Cast:
    """A stage with a clock. `pay` is what honest people do; `bad` is a part of the crime.

    Amounts of the crime vary by 3 % and waits by 20 % with the seed, so that no story rests on one
    lucky number. first: number of the first account.
    """

    def __init__(self, seed: int = 0, *, first: int = 1, start_ns: int = START_NS) -> None:
        self.rng = np.random.default_rng(seed)
        self.now_ns = start_ns
        self._next = first
        self._rows: list[NDArray[np.void]] = []
        self._bad: list[bool] = []
        self.phones: dict[int, int] = {}  # what each old account usually pays with

    def new(self) -> int:
        """An account that nobody has seen."""
        self._next += 1
        return self._next - 1

    def old(self, days: int = 200, *, eur: float = 40.0) -> int:
        """A person who for that long paid about this much, to the same six shops by day, and lately
        thirty times."""
        person, shops = self.new(), [self.new() for _ in range(6)]
        phone, now_ns = self.device(), self.now_ns
        for k in range(36):
            back_days = days - k if k < 6 else 62 - 2 * (k - 6)
            self.now_ns = (
                now_ns - back_days * DAY_NS + int(self.rng.integers(-3, 8)) * HOUR_S * 10**9
            )
            spent = eur * float(np.exp(self.rng.normal(0, 0.4)))
            self.pay(person, shops[k % 6], spent, device=phone)
        self.now_ns = now_ns
        self.phones[person] = phone
        return person

    def shop(self, days: int = 200, *, eur: float = 30.0) -> int:
        """An account that for that long was paid by the same twelve customers, every other day."""
        shop, customers = self.new(), [self.new() for _ in range(12)]
        now_ns = self.now_ns
        for k in range(0, days, 2):
            self.now_ns = now_ns - (days - k) * DAY_NS
            self.pay(customers[k // 2 % 12], shop, eur * float(np.exp(self.rng.normal(0, 0.4))))
        self.now_ns = now_ns
        return shop

    def device(self) -> int:
        """One that nobody has used, as an id."""
        return int(self.rng.integers(1, 2**63))

    def wait(self, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        seconds = 60 * minutes + HOUR_S * hours + DAY_S * days
        self.now_ns += int(seconds * self.rng.uniform(0.8, 1.2) * 1e9)

    def until_hour(self, hour: int) -> None:
        """The next time that it is this hour, UTC."""
        day_s = self.now_ns // 10**9 % DAY_S
        self.now_ns += (hour * HOUR_S - day_s) % DAY_S * 10**9

    def pay(
        self, payer: int, payee: int, eur: float, *, device: int = 0, address: int = 0,
        corridor: int = DOMESTIC, purpose: int = 0, bad: bool = False, report: bool = False,
    ) -> None:  # fmt: skip
        row = np.zeros((), dtype=FACTS)
        row["payer"], row["payee"], row["time_ns"] = payer, payee, self.now_ns
        row["amount_eur"] = row["amount_major"] = round(eur, 2)
        row["asset"], row["purpose"] = 1, purpose
        row["device"], row["address"], row["corridor"] = device, address, corridor
        row["report"] = report
        self._rows.append(row)
        self._bad.append(bad)

    def bad(self, payer: int, payee: int, eur: float, *, exact: bool = False, **said: int) -> None:
        varied = eur if exact else eur * float(self.rng.uniform(0.97, 1.03))
        self.pay(payer, payee, varied, bad=True, **said)  # type: ignore[arg-type]

    def report(self, payer: int, payee: int, eur: float, **said: int) -> None:
        """The news that a payment between them was a fraud."""
        self.pay(payer, payee, eur, report=True, **said)  # type: ignore[arg-type]

    def rows(self) -> tuple[Facts, NDArray[np.bool_]]:
        """FACTS[n] in the order of time, and which of them are the crime."""
        facts = np.array(self._rows, dtype=FACTS)
        order = np.argsort(facts["time_ns"], kind="stable")
        return facts[order], np.array(self._bad, dtype=np.bool_)[order]
