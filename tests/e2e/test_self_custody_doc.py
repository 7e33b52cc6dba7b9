"""docs/self-custody.md is held to the node: its walk runs with curl, and a lie is not signed."""

from __future__ import annotations

import json

import pytest

from tests.e2e.served import Served
from tests.e2e.walks import run, walk_of


def test_the_walk_works_as_it_stands(served: Served) -> None:
    ran = run(served, walk_of("self-custody.md"))
    assert ran.returncode == 0, ran.stderr
    assert '"code":"authorisation.missing"' in ran.stdout
    assert ran.stdout.count('"status":"settled"') == 3 + 1 + 3
    assert "signed: payment" in ran.stderr
    balances = ran.stdout.rsplit('{"object":"list"', 1)[1]
    assert '"posted":"67.66"' in balances
    assert '"posted":"0.75"' in balances


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"digest": "00" * 32}, "the digest is not that of the instruction"),
        ({"chain_id": "00" * 32}, "is for another chain"),
        ({"units": None}, "not an answer to a preparation"),
    ],
)
def test_a_lie_is_not_signed(served: Served, changed: dict[str, str | None], why: str) -> None:
    folder = served.data.parent
    answer = json.loads((folder / "prepared.json").read_text()) | changed
    (folder / "lie.json").write_text(json.dumps(answer))
    sign = ".venv/bin/clearway signer sign alice.key lie.json --trust clearway-data/genesis.json"
    ran = run(served, f'export CLEARWAY_KEY_PASSPHRASE="correct horse battery staple"\n{sign}')
    assert (ran.returncode, ran.stdout) == (1, "")
    assert why in ran.stderr


def test_another_payment_than_the_one_that_was_meant_is_not_signed(served: Served) -> None:
    sign = (
        ".venv/bin/clearway signer sign alice.key prepared.json"
        " --trust clearway-data/genesis.json --from 0x00 --to 0x00 --amount 12.34 --asset EUR/2"
    )
    ran = run(served, f'export CLEARWAY_KEY_PASSPHRASE="correct horse battery staple"\n{sign}')
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "payer: is not what was meant" in ran.stderr
