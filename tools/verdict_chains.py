"""The chains behind docs/vectors/verdicts-v1.json, made by spec/."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

from spec import compose
from spec.ed25519 import public_key, sign
from spec.hashing import ZERO32, hash_bytes, leaf, result_leaf, tree_path, tree_root
from spec.ledger import Ledger, entries_root, genesis
from spec.records import (
    AccountFlag,
    Control,
    Entry,
    Flag,
    Header,
    Kind,
    Leg,
    Outcome,
    Purpose,
    Result,
    Role,
)
from tools.edge_signatures import MIXED_KEY, SMALL_ORDER

START_NS: Final = 1_735_689_600 * 10**9
HOUR_NS: Final = 3_600 * 10**9
EUR, USD, JPY = 1, 2, 3
BANK: Final = b"seed of the bank".ljust(32, b".")
SEQUENCER: Final = b"seed of the sequencer".ljust(32, b".")
SPARE: Final = b"seed of a spare key".ljust(32, b".")
OWNER: Final = b"seed of an owner".ljust(32, b".")
CONTROLS: Final = {control.name.lower(): int(control) for control in Control}
FLAGS: Final = {flag.name.lower(): int(flag) for flag in (*Purpose, *AccountFlag)}


# --- genesis.json -------------------------------------------------------------------------------


def address(name: str) -> bytes:
    return name.encode().ljust(20, b"\0")


def key_row(key: bytes, *purposes: str, institution: int = 1, height: int = 0) -> dict[str, Any]:
    return {
        "key": key.hex(),
        "institution": institution,
        "purposes": list(purposes),
        "activation_height": height,
    }


def account_row(id: str, *assets: str, flags: tuple[str, ...] = (), **more: str) -> dict[str, Any]:
    return {
        "id": id,
        "address": address(id).hex(),
        "institution": 1,
        "flags": list(flags),
        "assets": list(assets),
        **more,
    }


def file_of(name: str, second: int, assets: list[Any], **more: Any) -> dict[str, Any]:
    return {
        "format": "clearway genesis 1",
        "name": name,
        "time": f"2025-01-01T00:00:{second:02d}.000000000Z",
        "institutions": [{"number": 1, "name": "One Bank"}],
        "assets": assets,
        "keys": [
            key_row(public_key(BANK), "pay", "issue", "compliance", "govern"),
            key_row(public_key(SEQUENCER), "sequence"),
        ],
        "accounts": [],
        "limits": [],
        **more,
    }


SMALL: Final = file_of(
    "small",
    1,
    ["EUR/2"],
    accounts=[account_row("nostro", "EUR/2", flags=("nostro",)), account_row("ann", "EUR/2")],
)
MANY: Final = ["EUR/2", "USD/2", "JPY/0", *(f"X{letter}/18" for letter in "ABCDEFG")]
CONTROLLED: Final = {
    "code": "XCTL/0",
    "controls": ["mint_burn", "freeze", "allow_list", "clawback", "pause", "two_person"],
    "issuer": 7,
}
MAIN: Final = file_of(
    "main, Zürich",
    0,
    [*MANY, CONTROLLED],
    institutions=[{"number": 1, "name": "One Bank"}, {"number": 7, "name": "Seven"}],
    accounts=[
        account_row("nostro", *MANY, flags=("nostro",)),
        account_row("fees", "EUR/2", "USD/2", flags=("operating",)),
        account_row("ann", "EUR/2", "USD/2", "JPY/0", "XCTL/0"),
        account_row("bob", "EUR/2", "USD/2"),
        account_row("own", "EUR/2", owner=public_key(OWNER).hex()),
    ],
    limits=[
        {
            "key": public_key(BANK).hex(),
            "asset": "EUR/2",
            "payment_max": "1000",
            "day_max": "9000.5",
        },
        {"key": public_key(BANK).hex(), "asset": "JPY/0", "payment_max": "1", "day_max": "1"},
        {"key": public_key(BANK).hex(), "asset": "EUR/2", "payment_max": "2000", "day_max": "9000"},
    ],
)
EDGE: Final = file_of(
    "edge",
    2,
    ["EUR/2"],
    keys=[
        *SMALL["keys"],
        *(key_row(key, "sequence") for key in SMALL_ORDER),
        key_row(MIXED_KEY, "sequence"),
        key_row((2).to_bytes(32, "little"), "sequence"),
        key_row(public_key(SPARE), "sequence", height=9),
    ],
    accounts=SMALL["accounts"],
)
STRANGE_FILE: Final = {**SMALL, "name": "strange", "time": "2024-02-29T23:59:59.999999999Z"}
COINS: Final = [f"A{number}/{number % 31}" for number in range(53)]
WIDE: Final = {
    "format": "clearway genesis 1",
    "name": "wide: what may stand in a genesis",
    "time": "1970-01-01T00:00:00.000000000Z",
    "institutions": [{"number": 2**32 - 1, "name": "Last"}],
    "assets": ["EUR/2", "EUR/02", *COINS, "A.B.C.D.E.F./30"],
    "keys": [
        key_row(bytes(32), "import", "sequence", institution=2**32 - 1, height=2**63 - 1),
        key_row(public_key(BANK), "pay", institution=2**32 - 1),
    ],
    "accounts": [
        {**account_row("all", "EUR/02", *COINS, "EUR/2"), "institution": 2**32 - 1},
        {**account_row("24", *COINS[:24]), "institution": 2**32 - 1},
        {**account_row("23", *COINS[30:7:-1]), "institution": 2**32 - 1},
        {**account_row("8", *COINS[:8]), "institution": 2**32 - 1},
        {**account_row("7", *COINS[:7]), "institution": 2**32 - 1},
        {
            **account_row("none", flags=("operating", "nostro")),
            "institution": 2**32 - 1,
            "address": "00" * 20,
            "owner": "ff" * 32,
        },
    ],
    "limits": [
        {
            "key": "00" * 32,
            "asset": "EUR/02",
            "payment_max": "850705917302346158658436518579420528.63",
            "day_max": "0.01",
        },
        {
            "key": "00" * 32,
            "asset": "A.B.C.D.E.F./30",
            "payment_max": "1",
            "day_max": "0." + "0" * 29 + "1",
        },
    ],
}
EMPTY: Final = {
    **SMALL,
    "name": "empty",
    "time": "2554-07-21T23:34:33.709551615Z",
    **{name: [] for name in ("institutions", "assets", "keys", "accounts", "limits")},
}
GENESES: Final = {
    "main": MAIN,
    "small": SMALL,
    "edge": EDGE,
    "strange": STRANGE_FILE,
    "wide": WIDE,
    "empty": EMPTY,
}


def genesis_entries(file: dict[str, Any]) -> bytes:
    """docs/format.md, Genesis file: assets, keys, accounts, limits; an entry's id is its place."""
    assets: list[dict[str, Any]] = [
        {"code": row} if isinstance(row, str) else row for row in file["assets"]
    ]
    number = {row["code"]: place for place, row in enumerate(assets, 1)}
    scale = {code: int(code.split("/")[1]) for code in number}
    entries = []
    for row in assets:
        code = row["code"]
        controls = sum(CONTROLS[name] for name in row.get("controls", ()))
        unit = compose.asset_unit(
            code.encode(), scale[code], controls=controls, issuer=row.get("issuer", 0)
        )
        entries.append(compose.entry(Kind.REGISTER_ASSET, asset=number[code], units=unit))
    for row in file["keys"]:
        unit = compose.key_unit(
            bytes.fromhex(row["key"]),
            institution=row["institution"],
            purposes=sum(FLAGS[name] for name in row["purposes"]),
            activation_height=row["activation_height"],
        )
        entries.append(compose.entry(Kind.REGISTER_KEY, units=unit))
    for row in file["accounts"]:
        units = compose.opening_units(
            assets=[number[code] for code in row["assets"]],
            owner=bytes.fromhex(row.get("owner", ZERO32.hex())),
            flags=sum(FLAGS[name] for name in row["flags"]),
        )
        opened = bytes.fromhex(row["address"])
        institution = row["institution"]
        entries.append(
            compose.entry(Kind.OPEN_ACCOUNT, payer=opened, purpose=institution, units=units)
        )
    for row in file["limits"]:
        most = [minor(row[name], scale[row["asset"]]) for name in ("payment_max", "day_max")]
        entries.append(
            compose.entry(
                Kind.SET_LIMIT,
                asset=number[row["asset"]],
                amount_minor=most[0],
                to_amount_minor=most[1],
                units=compose.key_name_unit(bytes.fromhex(row["key"])),
            )
        )
    placed = [
        replace(entry, id=place.to_bytes(16, "big")) for place, entry in enumerate(entries, 1)
    ]
    return b"".join(entry.encode() for entry in placed)


def minor(text: str, scale: int) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(scale, "0"))


TIMES: Final = {
    "main": START_NS,
    "small": START_NS + 10**9,
    "edge": START_NS + 2 * 10**9,
    "wide": 0,
    "empty": 2**64 - 1,
}
STRANGE_NS: Final = 1_709_251_199_999_999_999


# --- chains -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Block:
    """One block as a record holds it; header may be of any bytes."""

    height: int
    header: bytes
    entries: list[bytes]
    results: list[bytes]
    finality: bytes

    def hash(self) -> bytes:
        return hash_bytes("header", self.header)

    def record(self, **parts: Any) -> bytes:
        """As the block log has it. parts: finality_size, entries_size, encoded, results, payload."""
        encoded = parts.get("encoded", b"".join(self.entries))
        payload: bytes = parts.get(
            "payload",
            self.header
            + parts.get("finality_size", len(self.finality)).to_bytes(4, "little")
            + self.finality
            + parts.get("entries_size", len(encoded)).to_bytes(4, "little")
            + encoded
            + parts.get("results", b"".join(self.results)),
        )
        height = self.height.to_bytes(8, "little")
        checksum = hash_bytes("log", height + payload)
        return b"CWB1" + len(payload).to_bytes(4, "little") + height + checksum + payload


def finality_of(header: bytes, seed: bytes = SEQUENCER) -> bytes:
    return b"\1\1" + public_key(seed) + sign(seed, hash_bytes("header", header))


@dataclass
class Story:
    """A chain as it grows. Ids and sequences count up."""

    ledger: Ledger
    ids: int = 0
    blocks: list[Block] = field(default_factory=list)
    rotated: int = 0
    """The first height that only the key registered later makes final."""

    def entry(self, kind: Kind, payer: str = "", payee: str = "", **fields: Any) -> Entry:
        self.ids += 1
        usual: dict[str, Any] = {
            "id": hash_bytes("details", self.ids.to_bytes(8, "little"))[:16],
            "payer": address(payer),
            "payee": address(payee),
            "asset": EUR if payer else 0,
            "created_ns": START_NS,
            "valid_until_ns": START_NS + 2 * HOUR_NS,
        }
        return compose.entry(kind, **(usual | fields))

    def block(self, *entries: Entry, seed: bytes = SEQUENCER, after_ns: int = 10**9) -> None:
        header = self.ledger.block.header
        envelope = compose.seal(
            chain_id=self.ledger.chain_id,
            institution=1,
            seed=BANK,
            sequence=header.height + 1,
            valid_until_ns=START_NS + 9 * HOUR_NS,
            entries=entries,
        )
        self.order([envelope.encode()] if entries else [], seed, after_ns)

    def order(self, envelopes: list[bytes], seed: bytes, after_ns: int) -> None:
        time_ns = self.ledger.block.header.time_ns + after_ns
        self.ledger = self.ledger.stage(time_ns=time_ns, envelopes=envelopes)
        self.keep(finality_of(self.ledger.block.header.encode(), seed))

    def keep(self, finality: bytes) -> None:
        block = self.ledger.block
        results = [result.encode() for result in block.results]
        self.blocks.append(
            Block(block.header.height, block.header.encode(), [*block.entries], results, finality)
        )

    def records(self) -> list[bytes]:
        return [block.record() for block in self.blocks]

    def receipt(self, height: int, index: int) -> dict[str, Any]:
        block = self.blocks[height]
        entry_leaves = [leaf(entry) for entry in block.entries]
        result_leaves = [result_leaf(result) for result in block.results]
        key, signature = block.finality[2:34], block.finality[34:]
        finality = {"kind": "sequencer", "key": key.hex(), "signature": signature.hex()}
        return {
            "object": "receipt",
            "version": 1,
            "chain_id": self.ledger.chain_id.hex(),
            "entry": block.entries[index].hex(),
            "result": block.results[index].hex(),
            "index": index,
            "size": len(block.entries),
            "entry_path": [one.hex() for one in tree_path(entry_leaves, index)],
            "result_path": [one.hex() for one in tree_path(result_leaves, index)],
            "header": block.header.hex(),
            "finality": finality if block.finality else None,
        }


@cache
def story(name: str) -> Story:
    told = Story(genesis(time_ns=TIMES[name], entries=genesis_entries(GENESES[name])))
    told.keep(b"")
    tell = {"main": tell_main, "small": tell_small, "edge": tell_small}.get(name)
    if tell is not None:
        tell(told)
    return told


def tell_small(story: Story) -> None:
    story.block(story.entry(Kind.ISSUE, "nostro", "ann", amount_minor=12_345))


def tell_main(story: Story) -> None:
    """Every kind, a sweep, refusals, a repetition, an empty block, a rotation of the sequencer."""
    make, chain_id = story.entry, story.ledger.chain_id
    story.block(
        make(Kind.ISSUE, "nostro", "ann", amount_minor=100_000),
        make(Kind.ISSUE, "nostro", "fees", amount_minor=10_000, asset=USD),
        make(Kind.ISSUE, "nostro", "ann", amount_minor=5_000, asset=JPY),
        make(Kind.OPEN_ACCOUNT, "eve", asset=0, units=compose.opening_units(assets=[EUR])),
    )
    paid = make(Kind.PAYMENT, "ann", "bob", amount_minor=1_234)
    legs = [
        Leg(address("ann"), address("fees"), EUR, Role.EXCHANGE, 1_000),
        Leg(address("ann"), address("fees"), EUR, Role.FEE, 5),
        Leg(address("fees"), address("bob"), USD, Role.EXCHANGE, 1_100),
    ]
    exchange: dict[str, Any] = {
        "amount_minor": 1_000,
        "to_asset": USD,
        "to_amount_minor": 1_100,
        "bound_minor": 5,
        "units": tuple(leg.encode() for leg in legs),
    }
    story.block(
        paid,
        make(Kind.PAYMENT, "ann", "bob", target=b"quote".ljust(16), **exchange),
        replace(paid, amount_minor=1_235),
        make(Kind.PAYMENT, "bob", "ann", amount_minor=199_999),
        make(Kind.PAYMENT, "ann", "own", amount_minor=500),
        make(Kind.PAYMENT, "own", "ann", amount_minor=1),
        compose.authorise(
            make(Kind.PAYMENT, "own", "ann", amount_minor=100), chain_id=chain_id, seed=OWNER
        ),
        make(Kind.PAYMENT, "ann", "bob", amount_minor=1, outcome=Outcome.DECLINE),
        make(Kind.REFUND, "bob", "ann", amount_minor=1, bound_minor=1),
        make(Kind.VOID, target=bytes(range(16))),
    )
    held = [
        make(
            Kind.PAYMENT,
            "ann",
            "bob",
            flags=Flag.PENDING,
            expires_ns=START_NS + HOUR_NS,
            outcome=Outcome.REVIEW if number else Outcome.ACCEPT,
            **(exchange if number == 3 else {"amount_minor": 700}),
        )
        for number in range(5)
    ]
    story.block(paid, *held)
    story.block(
        make(
            Kind.REGISTER_KEY,
            units=compose.key_unit(
                public_key(SPARE), institution=1, purposes=Purpose.SEQUENCE, activation_height=6
            ),
        ),
        make(Kind.POST, "ann", "bob", target=held[0].id, amount_minor=650, outcome=Outcome.ACCEPT),
        make(Kind.VOID, target=held[1].id),
        make(Kind.REFUND, "bob", "ann", target=paid.id, amount_minor=234, bound_minor=1_234),
        make(Kind.REDEEM, "ann", "nostro", amount_minor=50),
        make(Kind.FREEZE, "bob", asset=0),
        make(Kind.UNFREEZE, "bob", asset=0),
        make(Kind.CLOSE_ACCOUNT, "eve", asset=0),
    )
    story.block()
    story.rotated = 6
    story.block(
        make(Kind.REGISTER_ASSET, asset=12, units=compose.asset_unit(b"XAU/4", 4)),
        make(
            Kind.SET_LIMIT,
            asset=EUR,
            amount_minor=10,
            to_amount_minor=100,
            units=compose.key_name_unit(public_key(BANK)),
        ),
        seed=SPARE,
    )
    # Revoked here, it may still make this block final.
    revoke = make(Kind.REVOKE_KEY, units=compose.key_name_unit(public_key(SEQUENCER)))
    story.block(revoke, after_ns=HOUR_NS)
    stranger = compose.seal(
        chain_id=chain_id,
        institution=1,
        seed=OWNER,
        sequence=1,
        valid_until_ns=START_NS + 9 * HOUR_NS,
        entries=(make(Kind.VOID, target=bytes(16)),),
    )
    story.order([stranger.encode()], SPARE, 10**9)


# --- blocks that no kernel makes ------------------------------------------------------------------


def follow(
    before: Block, chain_id: bytes, entries: list[bytes], results: list[bytes], **more: Any
) -> Block:
    """The next block with these entries and results, right in every root but the state's, and
    signed. more: seed, and fields of the header."""
    seed = more.pop("seed", SEQUENCER)
    fields: dict[str, Any] = {
        "count": len(entries),
        "height": before.height + 1,
        "time_ns": int.from_bytes(before.header[16:24], "little") + 1,
        "chain_id": chain_id,
        "previous_hash": before.hash(),
        "transactions_root": entries_root(entries),
        "results_root": tree_root([result_leaf(result) for result in results]),
        "state_root": bytes(32),
        **more,
    }
    header = Header(**fields).encode()
    return Block(before.height + 1, header, entries, results, finality_of(header, seed))


@cache
def odd() -> Story:
    """Blocks of `small` whose entries and results are nothing that a log could hold, or that a
    kernel would write: only receipts can be of them. The verdict on each is in ODD."""
    told = Story(genesis(time_ns=TIMES["small"], entries=genesis_entries(SMALL)))
    told.keep(b"")
    void = told.entry(Kind.VOID).encode()
    for entry, result, _ in ODD:
        block = follow(told.blocks[-1], told.ledger.chain_id, [void, entry], [DONE, result])
        told.blocks.append(block)
    return told


DONE: Final = Result(Kind.VOID).encode()
NO_ENTRY: Final = "entry: is not of version 1"
NO_RESULT: Final = "result: is not of version 1"
# Entry, result, and the line; none for a receipt that is good.
ODD: Final[tuple[tuple[bytes, bytes, str | None], ...]] = (
    (b"", DONE, NO_ENTRY),
    (b"\1", DONE, NO_ENTRY),
    (b"\2" + bytes(255), DONE, NO_ENTRY),
    (bytes(256), bytes(32), NO_ENTRY),
    (b"\1\4", bytes(32), NO_RESULT),
    (b"\1\4" + bytes(254), b"\2" + DONE[1:], NO_RESULT),
    (b"\1\4", DONE, None),
    (b"\1\4" + bytes(254), b"\1\xff\0\0\0\0" + b"\xff" * 26, None),
    (b"\1\4" + bytes(252) + b"\xff\xff", DONE, None),
)


@cache
def strange() -> Story:
    """Blocks that a later version may make: this one's readers must not mind."""
    told = Story(genesis(time_ns=STRANGE_NS, entries=genesis_entries(STRANGE_FILE)))
    told.keep(b"")
    void = bytearray(told.entry(Kind.VOID).encode())
    future = bytearray(told.entry(Kind.VOID, units=(bytes(range(64)),)).encode())
    future[1] = 200
    opening = bytearray(void)
    opening[1] = Kind.OPEN_ACCOUNT
    done = Result(Kind.VOID).encode()
    new_code = done[:2] + (999).to_bytes(2, "little") + done[4:]
    for entry, result in ((future, done), (void, new_code), (opening, done)):
        block = follow(
            told.blocks[-1], told.ledger.chain_id, [bytes(void), bytes(entry)], [done, result]
        )
        told.blocks.append(block)
    return told
