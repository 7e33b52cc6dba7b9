"""A receipt proves its entry and its result to whoever trusts the genesis, and nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearway.ledger.book import Book, sign_finality
from clearway.ledger.crypto import hash_bytes, public_key, sign
from clearway.ledger.receipt import (
    ReceiptError,
    check_proofs,
    check_receipt,
    make_receipt,
    parse_receipt,
)
from clearway.payment.records import Kind, MandateTerms, Outcome, pack_mandate_unit
from clearway.payment.terms import After, Terms, pack_terms
from tests.chains import EUR, OTHER_SEED, SECOND_NS, Chain, address_of, busy_chain, make_genesis

GENESIS = make_genesis()


@cache
def chain() -> Chain:
    chain = busy_chain()
    add_escrows(chain)
    return chain


def add_escrows(chain: Chain) -> None:
    """Three escrows: one is released, one cancelled, and one is paid at its deadline."""
    alice, bob = address_of("alice"), address_of("bob")
    terms = pack_terms(Terms(release=After(0), pay_at_deadline=True, payer_may_cancel=True))
    hashed = hash_bytes("terms", terms)
    opened = [
        chain.entry(
            Kind.ESCROW,
            payer=alice,
            payee=bob,
            asset=EUR,
            amount_minor=100,
            to_amount_minor=int.from_bytes(hashed[:16], "little"),
            bound_minor=int.from_bytes(hashed[16:], "little"),
            expires_ns=chain.now_ns + 60 * SECOND_NS,
            outcome=Outcome.ACCEPT,
            units=terms,
        )
        for _ in range(3)
    ]
    chain.order(*opened)
    released = {"asset": EUR, "amount_minor": 100, "outcome": Outcome.ACCEPT}
    chain.order(
        chain.entry(Kind.RELEASE, target=opened[0].id, purpose=1, payer=bob, payee=bob, **released),
        chain.entry(Kind.CANCEL, target=opened[1].id, purpose=1, payer=alice),
    )
    chain.order(chain.pay(alice, bob, 1), pass_ns=60 * SECOND_NS)
    _add_mandate_and_authority(chain, alice, bob)


def _add_mandate_and_authority(chain: Chain, alice: bytes, bob: bytes) -> None:
    parties = {"payer": alice, "payee": bob, "asset": EUR}
    terms = MandateTerms(period_ns=SECOND_NS, start_ns=0, payments_max=0, flags=0)
    made = chain.entry(
        Kind.MANDATE,
        amount_minor=5,
        to_amount_minor=5,
        bound_minor=50,
        expires_ns=chain.now_ns + 60 * SECOND_NS,
        units=pack_mandate_unit(terms),
        **parties,
    )
    under = {"target": made.id, "purpose": 1}
    chain.order(
        made,
        chain.entry(Kind.PULL, amount_minor=5, outcome=Outcome.ACCEPT, **under, **parties),
        chain.entry(Kind.REVOKE_MANDATE, payer=alice, **under),
        chain.entry(Kind.SET_AUTHORITY, payer=alice, units=b"k" * 32 + bytes(32)),
        chain.entry(Kind.PROPOSE_RECOVERY, payer=alice, units=b"k" * 32 + bytes(32)),
        chain.entry(Kind.FINISH_RECOVERY, payer=alice),
        chain.entry(Kind.STOP_RECOVERY, payer=alice),
    )


@cache
def paid() -> dict[str, Any]:
    """The receipt of alice's first payment to bob: entry 1 of 5."""
    return make_receipt(chain().book, 5, 1)


def test_every_entry_of_every_kind_has_a_receipt_that_checks() -> None:
    kinds = set()
    for block in chain().book.blocks(0):
        for index in range(block.count):
            receipt = make_receipt(chain().book, block.height, index)
            parsed = parse_receipt(json.dumps(receipt).encode())
            checked = check_receipt(parsed, GENESIS)
            assert (checked.height, checked.index) == (block.height, index)
            assert checked.time_ns == block.time_ns
            assert checked.block_hash == block.hash
            kinds.add(checked.entry["kind"])
    assert kinds == {kind.name.lower() for kind in Kind} - {"revoke_key"}


def test_a_receipt_says_what_happened_in_words() -> None:
    checked = check_receipt(paid(), GENESIS)
    assert checked.entry["kind"] == "payment"
    assert checked.entry["amount"] == "10.00"
    assert checked.entry["asset"] == "EUR/2"
    assert checked.result == {"accepted": True, "code": None, "duplicate_of_height": None}
    refused = check_receipt(make_receipt(chain().book, 5, 2), GENESIS)
    assert refused.result["code"] == "ledger.exceeds_available"
    assert refused.result["accepted"] is False


def test_every_receipt_is_told_in_one_sentence() -> None:
    told = {}
    for block in chain().book.blocks(0):
        for index in range(block.count):
            checked = check_receipt(make_receipt(chain().book, block.height, index), GENESIS)
            told[block.height, index] = checked.tell()
            assert "None" not in checked.tell()
    alice, bob = address_of("alice").hex(), address_of("bob").hex()
    id = chain().book.block(5).heads["id"][1].tobytes().hex()
    assert told[5, 1] == (
        f"block 5, entry 1: payment {id} of 10.00 EUR/2 from 0x{alice} to 0x{bob}: accepted"
    )
    assert told[5, 2].endswith("refused with ledger.exceeds_available")
    assert told[6, 1].endswith("a repetition of what block 5 accepted")
    assert " (which is 108.12 USD/2) from " in told[6, 2]
    assert told[8, 4].endswith(", held for review: accepted")
    assert told[12, 1].endswith(": declined")
    assert told[18, 0].endswith("end of what had expired, 1 in number: accepted")
    end = chain().book.height - 1  # before the mandates
    assert f" of 1.00 EUR/2 from 0x{alice} for 0x{bob} under terms " in told[end - 2, 1]
    assert told[end - 1, 1].endswith(f" for 0x{bob}: accepted")
    assert told[end - 1, 2].endswith(f" for 0x{alice}: accepted")


def test_a_sweep_says_how_each_row_ended() -> None:
    height = chain().book.height - 1  # before the mandates
    checked = check_receipt(make_receipt(chain().book, height, 0), GENESIS)
    (ended,) = checked.entry["ended"]  # type: ignore[misc]
    assert ended["end"] == "escrow_paid"


def test_the_shape_is_the_published_one() -> None:
    assert list(paid()) == [
        "object", "version", "chain_id", "entry", "result", "index", "size",
        "entry_path", "result_path", "header", "finality",
    ]  # fmt: skip
    assert list(paid()["finality"]) == ["kind", "key", "signature"]
    assert make_receipt(chain().book, 0, 0)["finality"] is None


# --- one changed byte ---------------------------------------------------------------------------


def _texts(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _texts(value, (*path, key))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from _texts(value, (*path, place))
    elif isinstance(node, str):
        yield path


def _get(node: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        node = node[part]
    return node


def _replaced(receipt: dict[str, Any], path: tuple[str | int, ...], value: object) -> Any:
    changed = copy.deepcopy(receipt)
    _get(changed, path[:-1])[path[-1]] = value
    return changed


WORDS = {
    "chain_id": "trusted genesis",
    "entry": "transactions_root",
    "entry_path": "transactions_root",
    "result": "results_root",
    "result_path": "results_root",
    "finality": "finality",
}


def test_any_changed_hex_digit_is_found_and_named() -> None:
    for path in _texts(paid()):
        text = _get(paid(), path)
        for at in range(len(text)):
            digit = "1" if text[at] == "0" else "0"
            changed = _replaced(paid(), path, text[:at] + digit + text[at + 1 :])
            with pytest.raises(ReceiptError) as caught:
                check_receipt(changed, GENESIS)
            assert WORDS.get(str(path[0]), str(path[0])) in str(caught.value) or (
                # A changed header is another block: its own fields or the signature say so.
                path[0] == "header"
                and caught.value.field.startswith(("header", "finality", "size"))
            )


@settings(max_examples=400, deadline=None)
@given(at=st.integers(0, 10**6), value=st.integers(1, 255))
def test_any_changed_byte_of_the_file_is_found(at: int, value: int) -> None:
    data = bytearray(json.dumps(paid(), separators=(",", ":")).encode())
    data[at % len(data)] ^= value
    with pytest.raises(ReceiptError):
        check_receipt(parse_receipt(bytes(data)), GENESIS)


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("index",), 2, "entry"),
        (("index",), 5, "index"),
        (("index",), -1, "index"),
        (("index",), True, "index"),
        (("index",), 1.0, "index"),
        (("size",), 4, "size"),
        (("version",), 2, "version"),
        (("version",), True, "version"),
        (("object",), "payment", "object"),
        (("entry",), "", "entry"),
        (("entry",), None, "entry"),
        (("entry",), "0" * 200_000, "entry"),
        (("result",), "00", "result"),
        (("entry_path",), [], "entry_path"),
        (("entry_path",), {}, "entry_path"),
        (("result_path",), ["00" * 32] * 40, "result_path"),
        (("entry_path", 0), "00", "entry_path[0]"),
        (("entry_path", 0), 7, "entry_path[0]"),
        (("header",), "00" * 192, "header"),
        (("finality",), None, "finality"),
        (("finality",), [], "finality"),
        (("finality",), {}, "finality"),
        (("finality", "more"), "", "finality"),
        (("finality", "kind"), "validators", "finality.kind"),
        (("finality", "signature"), "00" * 64, "finality.signature"),
        (("more",), 1, "receipt"),
    ],
)
def test_other_types_lengths_and_keys_are_refused(
    path: tuple[str | int, ...], value: object, field: str
) -> None:
    with pytest.raises(ReceiptError) as caught:
        check_receipt(_replaced(paid(), path, value), GENESIS)
    assert caught.value.field == field


def test_upper_case_hex_is_refused() -> None:
    for path in _texts(paid()):
        text = _get(paid(), path)
        if text != text.upper():
            with pytest.raises(ReceiptError):
                check_receipt(_replaced(paid(), path, text.upper()), GENESIS)


@pytest.mark.parametrize("name", paid().keys())
def test_a_missing_key_is_refused(name: str) -> None:
    changed = copy.deepcopy(paid())
    del changed[name]
    with pytest.raises(ReceiptError, match=f"{name}' is missing"):
        check_receipt(changed, GENESIS)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b'{"object":1,"object":2}', b"[" * 9999, b"\xff"]
)
def test_what_is_no_receipt_at_all_is_refused(data: bytes) -> None:
    with pytest.raises(ReceiptError):
        parse_receipt(data)


# --- forgeries that agree with themselves ---------------------------------------------------------


def test_a_sound_chain_under_another_genesis_proves_nothing() -> None:
    other = Chain(genesis=replace(GENESIS, time_ns=GENESIS.time_ns + 1))
    alice, bob = other.open("alice", "bob")
    other.order(other.issue(alice, 1_000))
    block = other.order(other.pay(alice, bob, 5))
    forged = make_receipt(other.book, block.height, 1)
    check_receipt(forged, other.genesis)
    with pytest.raises(ReceiptError, match="chain_id"):
        check_receipt(forged, GENESIS)
    forged["chain_id"] = GENESIS.chain_id().hex()
    with pytest.raises(ReceiptError, match="header: belongs to another chain"):
        check_receipt(forged, GENESIS)


def test_a_header_signed_by_another_key_proves_nothing() -> None:
    forged = copy.deepcopy(paid())
    block_hash = check_receipt(paid(), GENESIS).block_hash
    forged["finality"]["key"] = public_key(OTHER_SEED).hex()
    forged["finality"]["signature"] = sign(OTHER_SEED, block_hash).hex()
    with pytest.raises(ReceiptError, match=r"finality.key: is not a sequencer"):
        check_receipt(forged, GENESIS)


def test_a_genesis_block_counts_only_if_the_trusted_genesis_makes_it() -> None:
    receipt = make_receipt(chain().book, 0, 3)
    assert check_receipt(receipt, GENESIS).height == 0
    header = bytearray.fromhex(receipt["header"])
    header[-1] ^= 1  # the state root
    forged = {**receipt, "header": header.hex()}
    with pytest.raises(ReceiptError, match="header: is not the block"):
        check_receipt(forged, GENESIS)
    with pytest.raises(ReceiptError, match="carries none"):
        check_receipt({**receipt, "finality": paid()["finality"]}, GENESIS)


def test_a_receipt_for_a_place_that_is_not_there_is_not_made() -> None:
    book: Book = chain().book
    with pytest.raises(IndexError):
        make_receipt(book, 10_000, 0)
    with pytest.raises(IndexError):
        make_receipt(book, 5, 5)


# --- many proofs at once --------------------------------------------------------------------------


def test_proofs_of_a_block_are_those_of_its_entries() -> None:
    book = chain().book
    for height in range(book.height + 1):
        for index, proof in enumerate(book.proofs(height)):
            alone = book.proof(height, index)
            for part in _PARTS:
                assert getattr(proof, part) == getattr(alone, part)


def test_proofs_hold_together_as_receipts_do_alone() -> None:
    book = chain().book
    proofs = [proof for height in range(1, book.height + 1) for proof in book.proofs(height)]
    assert all(check_proofs(proofs, GENESIS))
    other = replace(GENESIS, time_ns=GENESIS.time_ns + 1)
    assert not any(check_proofs(proofs, other))
    assert not any(check_proofs(book.proofs(0), GENESIS))


def test_a_proof_signed_by_another_key_does_not_hold() -> None:
    book = chain().book
    proofs = book.proofs(5)
    block_hash = hash_bytes("header", proofs[0].header)
    finality = sign_finality(OTHER_SEED, block_hash)
    forged = SimpleNamespace(
        **{part: getattr(proofs[1], part) for part in _PARTS} | {"finality": finality}
    )
    assert check_proofs([proofs[0], forged, proofs[1]], GENESIS) == [True, False, True]


_PARTS = (
    "entry", "result", "index", "size", "entry_path", "result_path", "header", "finality",
)  # fmt: skip
