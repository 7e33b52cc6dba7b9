"""What an account remembers of others, and what the graph of payments says: kept incrementally.

Each account remembers the PEERS payees that it paid last. Distances and cycles are looked for along
those memories only, so that a payment costs the same however large the graph is.
"""

from __future__ import annotations

from typing import Final

from clearway.risk.facts import REPORTED
from clearway.risk.features.language import Cell, Part, Value, Window
from clearway.risk.features.past import ACCUSED, GOT, Side

PEERS: Final = 16  # payees remembered per account; the one unused for longest gives way
THINGS: Final = 4  # devices remembered per account, and corridors, likewise
LINK_S: Final = 2_592_000  # older payments close no cycle, and lead to nobody known to be bad
KIN_MAX: Final = 4_096  # accounts: a device of more is a shop's till, and joins nobody any more
HOPS_MAX: Final = 4

PAIR: Final = Part(
    "pair",
    "accounts",
    cells=(
        Cell("peer", "<u4", PEERS),  # 1 + account number of a payee; 0 is an empty place
        Cell("peer_s", "<u4", PEERS),  # second of the last payment to it
        Cell("peer_n", "<u4", PEERS),  # payments to it
    ),
    before=(
        "pair = -1",
        "oldest = 0",
        f"for p in range({PEERS}):",
        "    if payer.peer[p] == fact.payee + 1:",
        "        pair = p",
        "    if payer.peer_s[p] < payer.peer_s[oldest]:",
        "        oldest = p",
    ),
    after=(
        "if pair < 0:",
        "    pair = oldest",
        "    payer.peer[pair] = fact.payee + 1",
        "    payer.peer_n[pair] = 0",
        "payer.peer_s[pair] = max(time_s, payer.peer_s[pair])",
        "payer.peer_n[pair] += 1",
    ),
)
_NEW: Final = Part("new payee", before=("payee_new = 1.0 if pair < 0 else 0.0",), needs=(PAIR,))
PAYEE_NEW: Final = Value("payee_new", (_NEW,))
PAIR_N: Final = Value("(float(payer.peer_n[pair]) if pair >= 0 else 0.0)", (PAIR,))
PAIR_IDLE: Final = Value(
    "(log2_1p(max(float(time_s) - float(payer.peer_s[pair]), 0.0)) if pair >= 0 else -1.0)", (PAIR,)
)
PAIR_REVERSE: Final = Value(
    "reverse",
    (
        Part(
            "reverse pair",
            before=(
                "reverse = 0.0",
                f"for p in range({PEERS}):",
                "    if payee.peer[p] == fact.payer + 1:",
                "        reverse = 1.0",
            ),
            needs=(PAIR,),
        ),
    ),
)


def payees(window: Window) -> Value:
    """Different payees that the payer paid within the window, which is cut; at most PEERS."""
    name = f"payees_{window.name}"
    since = f"{name}_since = float(time_s) - {window.seconds!r}"
    counted = Part(
        name,
        before=(
            f"{name} = 0.0",
            since,
            f"for p in range({PEERS}):",
            f"    if payer.peer[p] != 0 and payer.peer_s[p] >= {name}_since:",
            f"        {name} += 1.0",
        ),
        needs=(PAIR,),
    )
    return Value(name, (counted,))


CYCLE: Final = Value(
    "cycle",
    (
        Part(
            "cycle",
            before=(
                "cycle = 0.0",
                f"link_s = max(float(time_s) - {LINK_S}.0, 0.0)",
                f"for p in range({PEERS}):",
                "    if payee.peer[p] == 0 or payee.peer_s[p] < link_s:",
                "        continue",
                "    if payee.peer[p] == fact.payer + 1:",
                "        cycle = 2.0",
                "        break",
                "    between = accounts[payee.peer[p] - 1]",
                f"    for q in range({PEERS}):",
                "        if between.peer[q] == fact.payer + 1 and between.peer_s[q] >= link_s:",
                "            cycle = 3.0",
            ),
            needs=(PAIR,),
        ),
    ),
)
"""Payments that this one closes a cycle with: 2, 3, or 0 when it closes none."""


def is_new(row: str) -> Value:
    """1 when the payer does not remember this device (or corridor)."""
    seen, seen_s = f"{row}_seen", f"{row}_seen_s"
    memory = Part(
        f"{row}s of the payer",
        "accounts",
        # By a hash of the id: numbers of rows change when a table forgets.
        cells=(Cell(seen, "<u4", THINGS), Cell(seen_s, "<u4", THINGS)),
        before=(
            f"{row}_mixed = fact.{row} * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)",
            f"{row}_hash = np.uint32({row}_mixed | np.uint64(1))",
            f"{row}_place = -1",
            f"{row}_oldest = 0",
            f"for p in range({THINGS}):",
            f"    if payer.{seen}[p] == {row}_hash:",
            f"        {row}_place = p",
            f"    if payer.{seen_s}[p] < payer.{seen_s}[{row}_oldest]:",
            f"        {row}_oldest = p",
            f"{row}_new = 1.0 if {row}_place < 0 else 0.0",
        ),
        after=(
            f"if {row}_place < 0:",
            f"    {row}_place = {row}_oldest",
            f"payer.{seen}[{row}_place] = {row}_hash",
            f"payer.{seen_s}[{row}_place] = max(time_s, payer.{seen_s}[{row}_place])",
        ),
        unless=row,
    )
    return Value(f"{row}_new", (memory,), frozenset({row}))


_KIN: Final = Part(
    "kin",
    "accounts",
    # Union by size: a row points to another of its component, 0 to itself; the last one counts.
    cells=(Cell("kin", "<u4"), Cell("kin_n", "<u4")),
    before=(
        "payer_root = payer_number",
        "while accounts[payer_root].kin != 0:",
        "    payer_root = accounts[payer_root].kin - 1",
        "payee_root = payee_number",
        "while accounts[payee_root].kin != 0:",
        "    payee_root = accounts[payee_root].kin - 1",
    ),
)
_JOIN: Final = Part(
    "kin by device",
    "devices",
    cells=(Cell("owner", "<u4"),),  # 1 + number of the account that used it first
    after=(
        "if device.owner == 0:",
        "    device.owner = payer_number + 1",
        "owner_root = device.owner - 1",
        "while accounts[owner_root].kin != 0:",
        "    owner_root = accounts[owner_root].kin - 1",
        "owner_kin = max(accounts[owner_root].kin_n, 1)",
        "payer_kin = max(accounts[payer_root].kin_n, 1)",
        f"if owner_root != payer_root and owner_kin + payer_kin <= {KIN_MAX}:",
        "    upper = owner_root if owner_kin >= payer_kin else payer_root",
        "    lower = payer_root if owner_kin >= payer_kin else owner_root",
        "    touch accounts upper",
        "    touch accounts lower",
        "    accounts[lower].kin = upper + 1",
        "    accounts[upper].kin_n = owner_kin + payer_kin",
    ),
    needs=(_KIN,),
    unless="device",
)


def kin(row: str) -> Value:
    """Accounts that are joined with this one by devices that they share, itself included."""
    return Value(f"max(accounts[{row}_root].kin_n, 1)", (_KIN, _JOIN))


ARE_KIN: Final = Value("(1.0 if payer_root == payee_root else 0.0)", (_KIN, _JOIN))

_HOPS: Final = Part(
    "hops from the accused",
    "accounts",
    # 1 is an accused one itself, 2 who paid or was paid by one, ...; 0 nobody known.
    cells=(Cell("bad_hops", "<u4"), Cell("bad_s", "<u4")),
    before=(
        f"bad_since = max(float(time_s) - {LINK_S}.0, 0.0)",
        "payer_hops = payer.bad_hops if payer.bad_s >= bad_since else 0",
        "payee_hops = payee.bad_hops if payee.bad_s >= bad_since else 0",
    ),
    after=(
        f"if 0 < payer_hops <= {HOPS_MAX} and (payee_hops == 0 or payee_hops > payer_hops):",
        "    payee.bad_hops = payer_hops + 1",
        "    payee.bad_s = payer.bad_s",
        f"if 0 < payee_hops <= {HOPS_MAX} and (payer_hops == 0 or payer_hops > payee_hops):",
        "    payer.bad_hops = payee_hops + 1",
        "    payer.bad_s = payee.bad_s",
    ),
)
_ACCUSE: Final = Part(
    "hops begin",
    after=("payee.bad_hops = 1", "payee.bad_s = time_s"),
    needs=(_HOPS,),
    on=REPORTED,
)


def hops(row: str) -> Value:
    """Payments between this account and one that was accused within LINK_S: 0 is itself accused,
    -1 there is none within HOPS_MAX."""
    return Value(f"({row}_hops - 1.0)", (_HOPS, _ACCUSE))


def taint(row: str, window: Window) -> Value:
    """Share of what the account got that came from accused ones, passed on in proportion (the
    haircut method of tracing)."""
    accused = Side("payer", ACCUSED).count(window)
    got = Side("payer", GOT)
    # The tally rests on itself: what the payer got tainted taints what it sends.
    cell = f"got_tainted_{window.name}"
    fade = f"got_fade_{window.name}"
    adds = Value(
        f"amount * max(min({accused.code}, 1.0), min(1.0, payer.{cell} * payer_{fade}"
        f" / (1.0 + {got.sum(window).code})))",
        (*accused.parts, *got.sum(window).parts),
    )
    side = Side(row, GOT)
    return side.tally("tainted", adds, window) / (1.0 + side.sum(window))
