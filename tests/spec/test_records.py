"""The bytes of the records: where each field stands, and what does not decode."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec import compose, records
from spec.codes import CODES
from spec.records import DecodeError, Kind, Leg, Role
from spec.terms import AFTER

FORMAT = Path(__file__).parents[2] / "docs/format.md"
LEG = Leg(b"a" * 20, b"b" * 20, 1, Role.PRINCIPAL, 5)


def sample(kind: Kind) -> records.Entry:
    """An entry of the kind that decodes."""
    units = {
        Kind.PAYMENT: (LEG.encode(), replace(LEG, role=Role.FEE).encode()),
        Kind.POST: (LEG.encode(),),
        Kind.OPEN_ACCOUNT: compose.opening_units(assets=list(range(1, 20))),
        Kind.REGISTER_ASSET: compose.asset_unit(b"EUR/2", 2),
        Kind.REGISTER_KEY: compose.key_unit(b"k" * 32, institution=1, purposes=1),
        Kind.REVOKE_KEY: compose.key_name_unit(b"k" * 32),
        Kind.SET_LIMIT: compose.key_name_unit(b"k" * 32),
        Kind.ESCROW: compose.terms(nodes=compose.node(AFTER, time_ns=0)),
        Kind.RELEASE: (
            *compose.preimage(0, b"secret"),
            *compose.fact(1, subject=b"s" * 16, value=-1, time_ns=2, seed=b"k" * 32),
            *compose.deliver(2),
        ),
        Kind.MANDATE: compose.mandate_unit(period_ns=1, start_ns=2),
        Kind.CLAWBACK: compose.key_name_unit(b"k" * 32),
        Kind.SET_AUTHORITY: compose.key_name_unit(b"k" * 32),
        Kind.PROPOSE_RECOVERY: compose.key_name_unit(b"k" * 32),
    }
    return compose.entry(kind, id=b"i" * 16, units=units.get(kind, ()))


KINDS = [kind for kind in Kind if kind >= Kind.PAYMENT]


def offsets(layout: records.Layout) -> list[tuple[int, int, str]]:
    rows, at = [], 0
    for name, kind in layout:
        if name != "zero":
            rows.append((at, records.size_of(kind), name))
        at += records.size_of(kind)
    return rows


def test_the_head_is_the_table_of_the_format() -> None:
    text = FORMAT.read_text().split("## Entry")[1].split("The first 192 bytes")[0]
    table = re.findall(r"^\| (\d+) \| (\d+) \| (\w+) \|", text, re.MULTILINE)
    assert [(int(at), int(size), name) for at, size, name in table] == offsets(records.HEAD)


def test_the_codes_are_those_of_the_format() -> None:
    table = re.findall(r"^\| (\d+) \| (\w+\.\w+) \|", FORMAT.read_text(), re.MULTILINE)
    assert {int(number): name for number, name in table} == CODES
    assert len(table) == len(CODES)


def test_sizes() -> None:
    sizes = {
        records.HEAD_BYTES: records.HEAD,
        records.ENVELOPE_BYTES: records.ENVELOPE_HEAD,
        192: records.HEADER,
        32: records.RESULT,
    }
    for size, layout in sizes.items():
        assert records.bytes_of(layout) == size
    assert records.bytes_of(records.MANDATE) == records.UNIT_BYTES
    units = (records.LEG, records.OPENING, records.ASSET, records.KEY, records.KEY_NAME)
    for unit in (*units, records.POLICY, records.MEMBER):
        assert records.bytes_of(unit) == records.UNIT_BYTES


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_as_it_was_written(kind: Kind) -> None:
    entry = sample(kind)
    assert records.decode_entries(entry.encode() * 3) == (entry,) * 3


def test_a_signed_entry_carries_its_signature() -> None:
    signed = compose.authorise(sample(Kind.PAYMENT), chain_id=bytes(32), seed=bytes(32))
    assert len(signed.encode()) == 256 + 2 * 64 + 64
    assert records.decode_entries(signed.encode()) == (signed,)


def test_a_signature_follows_for_each_signer() -> None:
    seeds = {place: bytes([place]) * 32 for place in (14, 3, 0)}
    signed = compose.authorise_together(sample(Kind.PAYMENT), chain_id=bytes(32), seeds=seeds)
    assert (signed.signers, len(signed.signature)) == (1 | 1 << 3 | 1 << 14, 3 * 64)
    assert len(signed.encode()) == 256 + 2 * 64 + 3 * 64
    assert records.decode_entries(signed.encode()) == (signed,)
    unsigned = replace(sample(Kind.PAYMENT), signers=1)
    beyond = replace(signed, signers=1 << 15, signature=bytes(64))
    for wrong in (unsigned, beyond, replace(signed, signature=bytes(128))):
        with pytest.raises(DecodeError):
            records.decode_entries(wrong.encode())


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_entry_does_not_decode(kind: Kind) -> None:
    data = sample(kind).encode()
    for size in (1, 192, 255, len(data) - 1):
        with pytest.raises(DecodeError):
            records.decode_entries(data[:size])
    with pytest.raises(DecodeError):
        records.decode_entries(data + b"\0")


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (0, 0),
        (0, 2),
        (1, Kind.ENVELOPE),
        (1, Kind.SWEEP),
        (1, 19),
        (3, 2),  # the lowest flag that has no name
        (63, 0x40),  # amount_minor
        (79, 0x40),  # to_amount_minor
        (95, 0x40),  # bound_minor
        (192, 4),
        (193, 3),
        (194, 1),
        (223, 1),
        (256 + 44, 3),  # role
        (256 + 45, 1),
        (256 + 63, 0x40),  # amount of a leg
    ],
)
def test_what_does_not_decode(offset: int, value: int) -> None:
    data = bytearray(sample(Kind.PAYMENT).encode())
    data[offset] = value
    with pytest.raises(DecodeError):
        records.decode_entries(bytes(data))


@pytest.mark.parametrize(
    ("kind", "counts"),
    [
        (Kind.PAYMENT, [17]),
        (Kind.VOID, [1]),
        (Kind.CLOSE_ACCOUNT, [1]),
        (Kind.FREEZE, [1]),
        (Kind.UNFREEZE, [1]),
        (Kind.OPEN_ACCOUNT, [0, 5]),
        (Kind.REGISTER_ASSET, [0, 2]),
        (Kind.REGISTER_KEY, [0, 2]),
        (Kind.REVOKE_KEY, [0, 2]),
        (Kind.SET_LIMIT, [0, 2]),
        (Kind.ESCROW, [0, 17]),
        (Kind.CANCEL, [1]),
        (Kind.MANDATE, [0, 2]),
        (Kind.REVOKE_MANDATE, [1]),
        (Kind.PULL, [1]),
        (Kind.SET_AUTHORITY, [0, 17]),
        (Kind.PROPOSE_RECOVERY, [0, 2]),
        (Kind.FINISH_RECOVERY, [1]),
        (Kind.STOP_RECOVERY, [1]),
    ],
)
def test_the_number_of_units_belongs_to_the_kind(kind: Kind, counts: list[int]) -> None:
    for count in counts:
        entry = replace(sample(kind), units=(bytes(64),) * count)
        with pytest.raises(DecodeError):
            records.decode_entries(entry.encode())


@pytest.mark.parametrize(
    ("kind", "offset"),
    [
        (Kind.REGISTER_ASSET, 17),
        (Kind.REGISTER_KEY, 48),
        (Kind.REVOKE_KEY, 32),
        (Kind.SET_LIMIT, 63),
        (Kind.PROPOSE_RECOVERY, 32),
        (Kind.RELEASE, 3),
        (Kind.RELEASE, 4 + 6),  # after the preimage
        (Kind.RELEASE, 64 + 2),
        (Kind.RELEASE, 64 + 63),
        (Kind.RELEASE, 192 + 2),
    ],
)
def test_padding_of_units_is_zero(kind: Kind, offset: int) -> None:
    data = bytearray(sample(kind).encode())
    data[256 + offset] = 1
    with pytest.raises(DecodeError):
        records.decode_entries(bytes(data))


def test_what_is_no_witness() -> None:
    sound = sample(Kind.RELEASE)
    secret, said, signature, deliver = sound.units
    for units in (
        (said,),  # without its signature
        (bytes([5]) + secret[1:],),
        (bytes(64),),
        (secret[:2] + bytes([61]) + secret[3:],),
        (signature,),
    ):
        with pytest.raises(DecodeError):
            records.decode_entries(replace(sound, units=units).encode())
    assert records.decode_entries(replace(sound, units=(deliver,)).encode())


def test_a_hash_stands_where_others_have_amounts() -> None:
    hashed = {"to_amount_minor": 2**128 - 1, "bound_minor": 2**128 - 1}
    for kind in (Kind.ESCROW, Kind.RELEASE):
        assert records.decode_entries(replace(sample(kind), **hashed).encode())
    with pytest.raises(DecodeError):
        records.decode_entries(replace(sample(Kind.CANCEL), **hashed).encode())


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.sampled_from(KINDS), st.integers(0, 1000), st.integers(0, 255))
def test_decoding_is_the_reverse_of_encoding(kind: Kind, offset: int, value: int) -> None:
    """There are no two strings of bytes for one entry: what decodes encodes to the same bytes."""
    data = bytearray(sample(kind).encode())
    data[offset % len(data)] = value
    try:
        (entry,) = records.decode_entries(bytes(data))
    except DecodeError:
        return
    assert entry.encode() == bytes(data)


def envelope(count: int = 2) -> bytes:
    entries = (sample(Kind.PAYMENT), sample(Kind.VOID))[:count]
    return compose.seal(
        chain_id=b"c" * 32,
        institution=7,
        seed=bytes(32),
        sequence=1,
        valid_until_ns=10,
        entries=entries,
    ).encode()


def test_an_envelope_is_read_as_it_was_written() -> None:
    decoded = records.decode_envelope(envelope())
    assert decoded.institution == 7
    assert len(decoded.entries) == 2
    assert decoded.encode() == envelope()


@pytest.mark.parametrize(
    ("offset", "value"), [(0, 2), (1, 1), (2, 1), (4, 0), (4, 1), (4, 3), (7, 1), (12, 1), (15, 1)]
)
def test_what_does_not_decode_of_an_envelope(offset: int, value: int) -> None:
    data = bytearray(envelope())
    data[offset] = value
    with pytest.raises(DecodeError):
        records.decode_envelope(bytes(data))


def test_an_envelope_is_never_empty() -> None:
    for data in (b"", envelope()[:192], envelope()[:100], envelope() + envelope()):
        with pytest.raises(DecodeError):
            records.decode_envelope(data)
