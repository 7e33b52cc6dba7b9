"""What can be asked of the past: each question gives a Value, and the Part that keeps its answer.

A `Side` is one row of the payment in one role: the payer as one who has sent, the payee as one who
has got, the payer's device as it was used. The row of the role's `writer` moves on with the event.
Reports (a payment became known as a fraud) are events of their own, at the time they became known,
and so are clearances (it became known as honest): what rests on them cannot know a label before
its time. Of one payment either counts once, however often it is taken back and said again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clearway.risk.facts import CLEARED, PAID, REPORTED
from clearway.risk.features.language import Cell, Part, Value, Window

LIMIT_EUR: Final = (8_500.0, 10_000.0)  # just below the amount that many countries are told of
TABLES: Final = {"accounts": ("payer", "payee"), "devices": ("device",),
                 "addresses": ("address",), "corridors": ("corridor",)}  # fmt: skip
TABLE_OF: Final = {row: table for table, rows in TABLES.items() for row in rows}


@dataclass(frozen=True, slots=True)
class Role:
    """writer: the row that does it. on: the event that it happens on."""

    name: str
    writer: str
    on: int = PAID


SENT: Final = Role("sent", "payer")
GOT: Final = Role("got", "payee")
ROBBED: Final = Role("robbed", "payer", on=REPORTED)
ACCUSED: Final = Role("accused", "payee", on=REPORTED)
TRUSTED: Final = Role("trusted", "payee", on=CLEARED)
USED: Final = {row: Role("used", row) for row in ("device", "address", "corridor")}
MISUSED: Final = {row: Role("misused", row, on=REPORTED) for row in USED}


@dataclass(frozen=True, slots=True)
class Side:
    """One row of the payment, seen in one role."""

    row: str
    role: Role

    @property
    def _entities(self) -> frozenset[str]:
        return frozenset() if TABLE_OF[self.row] == "accounts" else frozenset({self.row})

    def value(self, code: str, *parts: Part) -> Value:
        return Value(code, parts, self._entities)

    def part(self, name: str, **lines: object) -> Part:
        """A part that moves with this side's role."""
        entity = "" if TABLE_OF[self.role.writer] == "accounts" else self.role.writer
        table = TABLE_OF[self.row]
        return Part(f"{name} in {table}", table, on=self.role.on, unless=entity,
                    **lines)  # type: ignore[arg-type]  # fmt: skip

    @property
    def _writer(self) -> Side:
        return Side(self.role.writer, self.role)

    def _clock(self) -> Part:
        last, writer = f"{self.role.name}_ns", self.role.writer
        return self.part(
            f"clock of {self.role.name}",
            cells=(Cell(last, "<i8"),),
            after=(f"{writer}.{last} = max(time_ns, {writer}.{last})",),
        )

    def _age(self) -> Part:
        """A clock that goes back makes an age of nothing, never a negative one."""
        name, last = f"{self.row}_{self.role.name}", f"{self.role.name}_ns"
        return Part(
            f"age of {name}",
            before=(f"{name}_age_s = max(time_ns - {self.row}.{last}, 0) * 1e-9",),
            needs=(self._clock(),),
        )

    def _fade(self, window: Window) -> Part:
        name = f"{self.row}_{self.role.name}"
        return Part(
            f"fade of {name} over {window.name}",
            before=(f"{name}_fade_{window.name} = decay({name}_age_s / {window.seconds!r})",),
            needs=(self._age(),),
        )

    def tally(self, what: str, adds: Value, window: Window) -> Value:
        """Sum of `adds` over the events of this role, each faded by its age."""
        cell = f"{self.role.name}_{what}_{window.name}"

        def faded(side: Side) -> Part:
            local = f"{side.row}_{cell}"
            fade = f"{side.row}_{side.role.name}_fade_{window.name}"
            return Part(
                f"{local} now",
                before=(f"{local} = {side.row}.{cell} * {fade}",),
                needs=(side._fade(window),),
            )

        keep = self.part(
            f"tally {cell}",
            cells=(Cell(cell, "<f4"),),
            after=(f"{self.role.writer}.{cell} = {self.role.writer}_{cell} + {adds.code}",),
            needs=(faded(self._writer), *adds.parts),
        )
        return self.value(f"{self.row}_{cell}", faded(self), keep)

    def count(self, window: Window) -> Value:
        return self.tally("count", Value("1.0"), window)

    def sum(self, window: Window) -> Value:
        """Euros."""
        return self.tally("sum", Value("amount"), window)

    def n(self) -> Value:
        """Events ever."""
        return self.value(f"{self.row}.{self.role.name}_n", self.ever())

    def ever(self) -> Part:
        cell = f"{self.role.name}_n"
        return self.part(
            f"number of {self.role.name}",
            cells=(Cell(cell, "<u4"),),
            after=(f"{self.role.writer}.{cell} += 1",),
        )

    def idle(self) -> Value:
        """log2(1 + seconds) since the last event; -1 when there was none."""
        name = f"{self.row}_{self.role.name}"
        code = f"(log2_1p({name}_age_s) if {self.row}.{self.role.name}_n > 0 else -1.0)"
        return self.value(code, self._age(), self.ever())

    def since(self) -> Value:
        """The same without a count of events to keep: a clock that never moved stands at 1970."""
        name, last = f"{self.row}_{self.role.name}", f"{self.row}.{self.role.name}_ns"
        code = f"(log2_1p({name}_age_s) if {last} > 0 else -1.0)"
        return self.value(code, self._age())

    def over_usual(self) -> Value:
        """log2 of the amount over the usual one; 0 without a past."""
        row, role = self.row, self.role.name
        code = f"(amount_log - {row}.{role}_mean if {row}.{role}_n > 0 else 0.0)"
        return self.value(code, self.ever(), self._usual())

    def deviation(self) -> Value:
        """The same in this row's own standard deviations. Three pretended events around the mean
        keep a short history from shouting."""
        row, role = self.row, self.role.name
        n, var = f"{row}.{role}_n", f"{row}.{role}_var"
        code = (
            f"((amount_log - {row}.{role}_mean) / math.sqrt(({var} * {n} + 3.0) / ({n} + 3.0))"
            f" if {n} > 0 else 0.0)"
        )
        return self.value(code, self.ever(), self._usual())

    def _usual(self) -> Part:
        """A plain mean at first, then one that forgets: weight 1/n, but never below 1/64."""
        role, writer = self.role.name, self.role.writer
        mean, var = f"{writer}.{role}_mean", f"{writer}.{role}_var"
        return self.part(
            f"usual amount of {role}",
            cells=(Cell(f"{role}_mean", "<f4"), Cell(f"{role}_var", "<f4")),
            after=(
                f"step = amount_log - {mean}",
                f"{mean} += {role}_weight * step",
                f"{var} = (1.0 - {role}_weight) * ({var} + {role}_weight * step * step)",
            ),
            needs=(self.weight(),),
        )

    def weight(self) -> Part:
        role, writer = self.role.name, self.role.writer
        return self.part(
            f"weight of {role}",
            after=(f"{role}_weight = 1.0 / min({writer}.{role}_n, 64)",),
            needs=(self.ever(),),
        )

    def over_max(self) -> Value:
        """log2 of the amount over the largest so far; 0 without a past."""
        row, role, writer = self.row, self.role.name, self.role.writer
        largest = self.part(
            f"largest amount of {role}",
            cells=(Cell(f"{role}_max", "<f4"),),
            after=(f"{writer}.{role}_max = max({writer}.{role}_max, amount_log)",),
        )
        code = f"(amount_log - {row}.{role}_max if {row}.{role}_n > 0 else 0.0)"
        return self.value(code, self.ever(), largest)

    def hour_share(self) -> Value:
        """How usual this time of day is: share of the eight parts of the day."""
        row, role, writer = self.row, self.role.name, self.role.writer
        keep = self.part(
            f"hours of {role}",
            cells=(Cell(f"{role}_hours", "<f4", 8),),
            before=("octant = day_s // 10_800",),
            after=(
                "for k in range(8):",
                f"    {writer}.{role}_hours[k] *= 1.0 - {role}_weight",
                f"{writer}.{role}_hours[octant] += {role}_weight",
            ),
            needs=(self.weight(),),
        )
        return self.value(f"{row}.{role}_hours[octant]", keep)

    def purpose_new(self) -> Value:
        """1 when it never did this for this purpose; purposes are hashed to 32 bits."""
        row, role, writer = self.row, self.role.name, self.role.writer
        keep = self.part(
            f"purposes of {role}",
            cells=(Cell(f"{role}_purposes", "<u4"),),
            before=(
                "hashed = fact.purpose * np.uint64(2_654_435_761)",
                "purpose = np.uint32(1) << np.uint32((hashed >> 16) & 31)",
            ),
            after=(f"{writer}.{role}_purposes |= purpose",),
        )
        return self.value(f"(1.0 if {row}.{role}_purposes & purpose == 0 else 0.0)", keep)


_FIRST: Final = Part(
    "first time",
    "accounts",
    cells=(Cell("first_ns", "<i8"),),
    before=(
        "payer_seen = payer.sent_n + payer.got_n > 0",
        "payee_seen = payee.sent_n + payee.got_n > 0",
    ),
    after=(
        "if not payer_seen:",
        "    payer.first_ns = time_ns",
        "if not payee_seen:",
        "    payee.first_ns = time_ns",
    ),
    needs=(Side("payer", SENT).ever(), Side("payee", GOT).ever()),
)


def age(row: str) -> Value:
    """log2(1 + seconds) since the account was first seen in either role; -1 for a new one."""
    code = f"(log2_1p(max(time_ns - {row}.first_ns, 0) * 1e-9) if {row}_seen else -1.0)"
    return Value(code, (_FIRST,))


# --- the payment by itself ------------------------------------------------------------------------

AMOUNT: Final = Value("amount")  # euros
AMOUNT_LOG: Final = Value("amount_log")
AT_LIMIT: Final = Value(
    "at_limit",
    (
        Part(
            "at the limit",
            before=(
                f"at_limit = 1.0 if amount >= {LIMIT_EUR[0]} and amount < {LIMIT_EUR[1]} else 0.0",
            ),
        ),
    ),
)
ROUND: Final = Value(
    "roundness",
    (
        Part(
            "roundness",
            before=(
                "roundness = 0.0",
                "if major > 0.0 and major < 1e12:",
                "    roundness = (",
                "        1.0 * (major % 10.0 == 0.0)",
                "        + (major % 100.0 == 0.0)",
                "        + (major % 1000.0 == 0.0)",
                "    )",
            ),
        ),
    ),
)
HOUR_OF_DAY: Final = Value("(day_s / 3600.0)")
WEEKDAY: Final = Value("((time_ns // 86_400_000_000_000) % 7)")
MEMORY_AGE: Final = Value("log2_1p(max(time_ns - began_ns, 0) * 1e-9)")
