"""The NumPy types lie over the bytes of docs/format.md."""

from __future__ import annotations

from clearway.payment.records import (
    HEAD,
    Flag,
    Kind,
    Outcome,
    Role,
    pack_head,
    pack_leg,
    set_u128,
    u128,
    view_heads,
    view_legs,
)

OFFSETS = {
    "version": 0, "kind": 1, "flags": 2, "asset": 4, "to_asset": 8, "purpose": 12, "id": 16,
    "target": 32, "amount_lo": 48, "to_amount_lo": 64, "bound_lo": 80, "payer": 96, "payee": 116,
    "created_ns": 136, "valid_until_ns": 144, "expires_ns": 152, "details": 160, "outcome": 192,
    "units": 193, "signers": 194, "commitment": 224,
}  # fmt: skip


def test_every_field_lies_where_the_format_says() -> None:
    assert HEAD.fields is not None
    assert {name: HEAD.fields[name][1] for name in OFFSETS} == OFFSETS


def test_a_packed_head_reads_back_field_by_field() -> None:
    packed = pack_head(
        kind=Kind.PAYMENT, id=b"i" * 16, valid_until_ns=5, created_ns=4, flags=Flag.PENDING,
        asset=7, to_asset=8, purpose=9, target=b"t" * 16, amount_minor=2**70 + 3,
        to_amount_minor=2**65, bound_minor=11, payer=b"a" * 20, payee=b"b" * 20, expires_ns=6,
        details=b"d" * 32, outcome=Outcome.REVIEW, units=2, commitment=b"c" * 32,
    )  # fmt: skip
    row = view_heads(packed)[0]
    assert (u128(row, "amount"), u128(row, "to_amount"), u128(row, "bound")) == (
        2**70 + 3,
        2**65,
        11,
    )
    assert (row["kind"], row["flags"], row["asset"], row["to_asset"], row["purpose"]) == (
        2, 1, 7, 8, 9,
    )  # fmt: skip
    assert bytes(row["payer"]) == b"a" * 20
    assert bytes(row["details"]) == b"d" * 32
    assert (row["outcome"], row["units"], bytes(row["commitment"])) == (2, 2, b"c" * 32)


def test_a_leg_reads_back() -> None:
    leg = view_legs(
        pack_leg(payer=b"a" * 20, payee=b"b" * 20, asset=3, role=Role.FEE, amount_minor=2**64)
    )[0]
    assert (u128(leg, "amount"), leg["asset"], leg["role"]) == (2**64, 3, 1)
    assert (bytes(leg["from"]), bytes(leg["to"])) == (b"a" * 20, b"b" * 20)


def test_a_u128_can_be_set_in_place() -> None:
    rows = view_heads(bytearray(256))
    set_u128(rows[0], "amount", 2**126 - 1)
    assert u128(rows[0], "amount") == 2**126 - 1
