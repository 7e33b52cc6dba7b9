"""The vault keeps what cannot be rebuilt: durable, private, and erasable for good."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clearway.payment.decision import DECISION
from clearway.store.vault import AccountRecord, ApiKey, Durable, Vault, VaultError

MASTER = bytes(range(32))
KEY, OTHER_KEY = b"k" * 32, b"o" * 32
ALICE, BOB = b"a" * 20, b"b" * 20


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    vault = Vault(tmp_path / "vault.db", MASTER)
    yield vault
    vault.close()


def decisions(n: int, start: int = 0) -> bytes:
    rows = np.zeros(n, DECISION)
    rows["version"] = 1
    rows["score_bps"] = np.arange(start, start + n)
    return rows.tobytes()


def hashes(n: int) -> bytes:
    return b"".join(i.to_bytes(32, "big") for i in range(n))


def everything_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


# --- when batches were durable --------------------------------------------------------------------


def test_a_noted_time_is_kept_with_the_next_batch(vault: Vault, tmp_path: Path) -> None:
    times = [Durable(KEY, n, 1_000 * n, 1_000 * n + 7) for n in (1, 2, 3)]
    vault.note_durable(times[0])
    vault.note_durable(times[1])
    vault.save_batch(key=KEY, sequence=3, decisions=decisions(1), request_hashes=hashes(1))
    vault.note_durable(times[2])
    killed = sqlite3.connect(tmp_path / "vault.db")
    assert killed.execute("SELECT count(*) FROM durable").fetchone() == (2,)
    killed.close()
    assert vault.durable(2) == [times[2], times[1]]
    assert vault.durable(9) == [times[2], times[1], times[0]]


def test_a_close_writes_what_was_noted(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault.db", MASTER)
    vault.note_durable(Durable(KEY, 1, 5, 6))
    vault.close()
    again = Vault(tmp_path / "vault.db", MASTER)
    assert again.durable(1) == [Durable(KEY, 1, 5, 6)]
    again.close()


# --- batches ------------------------------------------------------------------------------------


def test_a_batch_is_found_again_row_by_row(vault: Vault) -> None:
    vault.save_batch(
        key=KEY,
        sequence=7,
        decisions=decisions(3),
        request_hashes=hashes(3),
        privates=[b"one", None, b"three"],
        persons=ALICE + ALICE + BOB,
    )
    row = vault.decision(KEY, 7, 2)
    assert row is not None
    assert row["score_bps"] == 2
    assert vault.request_hash(KEY, 7, 1) == (1).to_bytes(32, "big")
    assert [vault.private(KEY, 7, i) for i in range(3)] == [b"one", None, b"three"]
    kept = vault.rows([(KEY, 7, 2), (KEY, 7, 3), (KEY, 8, 0), (OTHER_KEY, 7, 0)])
    assert kept[0] is not None
    assert (kept[0].decision, kept[0].private) == (row, b"three")
    assert kept[1:] == [None, None, None]
    assert vault.privates([(KEY, 7, 2), (KEY, 7, 0), (KEY, 9, 0)]) == [b"three", b"one", None]


@pytest.mark.parametrize("index", [-1, 3])
def test_a_place_outside_the_batch_holds_nothing(vault: Vault, index: int) -> None:
    vault.save_batch(key=KEY, sequence=1, decisions=decisions(3), request_hashes=hashes(3))
    assert vault.decision(KEY, 1, index) is None
    assert vault.request_hash(KEY, 1, index) is None
    assert vault.private(KEY, 1, index) is None
    assert vault.rows([(KEY, 1, index)]) == [None]


def test_sequences_are_counted_per_key(vault: Vault) -> None:
    assert vault.last_sequence(KEY) == 0
    for sequence in (1, 2, 5):
        vault.save_batch(
            key=KEY, sequence=sequence, decisions=decisions(1), request_hashes=hashes(1)
        )
    assert (vault.last_sequence(KEY), vault.last_sequence(OTHER_KEY)) == (5, 0)


def test_a_used_sequence_is_refused_and_changes_nothing(vault: Vault) -> None:
    vault.save_batch(key=KEY, sequence=1, decisions=decisions(1), request_hashes=hashes(1))
    with pytest.raises(sqlite3.IntegrityError):
        vault.save_batch(key=KEY, sequence=1, decisions=decisions(1, 9), request_hashes=hashes(1))
    row = vault.decision(KEY, 1, 0)
    assert row is not None
    assert row["score_bps"] == 0


@pytest.mark.parametrize(
    "columns",
    [
        {"request_hashes": hashes(1)},
        {"decisions": decisions(2)[:-1]},
        {"privates": [b"x"], "persons": ALICE},
        {"privates": [b"x", b"y"], "persons": ALICE},
    ],
)
def test_columns_of_different_lengths_are_refused(vault: Vault, columns: dict[str, object]) -> None:
    good: dict[str, object] = {"decisions": decisions(2), "request_hashes": hashes(2)}
    with pytest.raises(ValueError, match="one row an entry"):
        vault.save_batch(key=KEY, sequence=1, **{**good, **columns})  # type: ignore[arg-type]
    assert vault.last_sequence(KEY) == 0


def test_what_was_saved_survives_a_kill(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from clearway.store.vault import Vault
from tests.store.test_vault import KEY, MASTER, ALICE, decisions, hashes
vault = Vault(Path({str(tmp_path / "vault.db")!r}), MASTER)
for sequence in range(1, 10_000):
    vault.save_batch(key=KEY, sequence=sequence, decisions=decisions(5, sequence),
                     request_hashes=hashes(5), privates=[b"p"] * 5, persons=ALICE * 5)
    print(sequence, flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) == 25:
            os.kill(child.pid, signal.SIGKILL)
            break
    last_told = max([25, *map(int, child.stdout.read().split())])
    child.stdout.close()
    child.wait()
    vault = Vault(tmp_path / "vault.db", MASTER)
    assert vault.last_sequence(KEY) in (last_told, last_told + 1)
    for sequence in range(1, last_told + 1):
        row = vault.decision(KEY, sequence, 4)
        assert row is not None
        assert row["score_bps"] == sequence + 4
        assert vault.private(KEY, sequence, 4) == b"p"
    vault.close()


def test_readers_are_served_while_another_thread_writes(vault: Vault) -> None:
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for sequence in range(1, 60):
                vault.save_batch(
                    key=KEY, sequence=sequence, decisions=decisions(2), request_hashes=hashes(2)
                )
        except BaseException as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    seen = 0
    while writer.is_alive():
        last = vault.last_sequence(KEY)
        assert last >= seen
        seen = last
        assert last == 0 or vault.decision(KEY, last, 1) is not None
    writer.join()
    assert not failures
    assert vault.last_sequence(KEY) == 59


# --- private data -------------------------------------------------------------------------------

SECRETS = (b"Erika Mustermann", b"rent for the flat", b"erika-main-account")


def fill(vault: Vault) -> None:
    vault.save_account(
        AccountRecord(ALICE, "erika-main-account", b'{"name":"Erika Mustermann"}', b'{"a":1}')
    )
    vault.save_account(AccountRecord(BOB, "bob", None, None))
    vault.save_batch(
        key=KEY,
        sequence=1,
        decisions=decisions(2),
        request_hashes=hashes(2),
        privates=[b'{"reference":"rent for the flat"}', b'{"reference":"of bob"}'],
        persons=ALICE + BOB,
    )


def test_private_data_are_never_readable_on_disk(vault: Vault, tmp_path: Path) -> None:
    fill(vault)
    disk = everything_on_disk(tmp_path)
    assert not [secret for secret in (*SECRETS, b"of bob", MASTER) if secret in disk]
    assert vault.account(ALICE) == AccountRecord(
        ALICE, "erika-main-account", b'{"name":"Erika Mustermann"}', b'{"a":1}'
    )
    assert vault.account_ids([ALICE, BOB, bytes(20)]) == {ALICE: "erika-main-account", BOB: "bob"}


def test_erasing_a_person_leaves_nothing_readable(vault: Vault, tmp_path: Path) -> None:
    fill(vault)
    with sqlite3.connect(tmp_path / "vault.db") as direct:
        query = "SELECT wrapped FROM people WHERE person = ?"
        (wrapped,) = direct.execute(query, (ALICE,)).fetchone()
    direct.close()
    assert wrapped in everything_on_disk(tmp_path)

    assert vault.erase(ALICE)

    disk = everything_on_disk(tmp_path)
    assert wrapped not in disk
    assert wrapped[12:28] not in disk
    assert vault.account(ALICE) is None
    assert vault.private(KEY, 1, 0) is None
    kept = vault.rows([(KEY, 1, 0)])[0]
    assert kept is not None  # the decision is the institution's and stays
    assert kept.private is None
    assert vault.private(KEY, 1, 1) == b'{"reference":"of bob"}'
    assert vault.account_ids([ALICE, BOB]) == {BOB: "bob"}
    assert not vault.erase(ALICE)
    assert not vault.erase(b"nobody, 20 bytes.   ")


def test_erasing_among_many_people_leaves_no_copy_in_any_page(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault.db", MASTER)
    random_ = random.Random(1)
    people = [random_.randbytes(20) for _ in range(3_000)]
    for start in range(0, 3_000, 300):
        vault.save_accounts([AccountRecord(row, "x", None, None) for row in people[start:][:300]])
    with sqlite3.connect(tmp_path / "vault.db") as direct:
        wrapped = dict(direct.execute("SELECT person, wrapped FROM people"))
    direct.close()
    gone = random_.sample(people, 40)
    for person in gone:
        assert vault.erase(person)
    disk = everything_on_disk(tmp_path)
    assert not [person for person in gone if wrapped[person] in disk]
    stay = set(people) - set(gone)
    assert vault.account_ids(people).keys() == stay
    vault.close()


def test_an_erased_person_may_come_back_and_the_past_stays_dark(vault: Vault) -> None:
    fill(vault)
    vault.erase(ALICE)
    vault.save_account(AccountRecord(ALICE, "new", None, None))
    assert vault.account_ids([ALICE]) == {ALICE: "new"}
    assert vault.private(KEY, 1, 0) is None


def test_an_erasure_by_another_process_counts_here(vault: Vault, tmp_path: Path) -> None:
    fill(vault)
    assert vault.private(KEY, 1, 0) is not None  # this process has unwrapped the key
    other = Vault(tmp_path / "vault.db", MASTER)
    assert other.erase(ALICE)
    other.close()
    assert vault.private(KEY, 1, 0) is None
    assert vault.account(ALICE) is None


def test_after_an_erasure_by_another_process_a_new_key_seals(vault: Vault, tmp_path: Path) -> None:
    fill(vault)
    save_private(vault, 2, b"before")
    other = Vault(tmp_path / "vault.db", MASTER)
    assert other.erase(ALICE)
    save_private(vault, 3, b"after")
    assert other.private(KEY, 2, 0) is None
    assert other.private(KEY, 3, 0) == b"after"
    other.close()


def test_a_key_whose_making_was_undone_seals_nothing(vault: Vault, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "vault.db") as direct:
        direct.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON privates"
            " WHEN NOT EXISTS (SELECT 1 FROM settings WHERE name = 'ready')"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    direct.close()
    with pytest.raises(sqlite3.IntegrityError):
        save_private(vault, 1, b"undone")
    vault.save_setting("ready", b"")
    save_private(vault, 1, b"kept")

    opened_again = Vault(tmp_path / "vault.db", MASTER)
    assert opened_again.private(KEY, 1, 0) == b"kept"
    opened_again.close()


def save_private(vault: Vault, sequence: int, private: bytes) -> None:
    vault.save_batch(
        key=KEY,
        sequence=sequence,
        decisions=decisions(1),
        request_hashes=hashes(1),
        privates=[private],
        persons=ALICE,
    )


def test_another_key_does_not_open_the_vault(vault: Vault, tmp_path: Path) -> None:
    fill(vault)
    with pytest.raises(VaultError):
        Vault(tmp_path / "vault.db", bytes(32))


def test_a_row_moved_to_another_place_does_not_open(vault: Vault, tmp_path: Path) -> None:
    fill(vault)
    with sqlite3.connect(tmp_path / "vault.db") as direct:
        direct.execute("UPDATE batches SET sequence = 2")
    direct.close()
    assert vault.private(KEY, 2, 0) is None


def test_the_file_is_for_its_owner_only(vault: Vault, tmp_path: Path) -> None:
    fill(vault)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


# --- API keys, answers, quotes, settings ----------------------------------------------------------


def api_key(id: str = "1", created_ns: int = 5) -> ApiKey:
    scopes = frozenset({"payments:read", "payments:write"})
    return ApiKey(id, "shop", 1, scopes, created_ns, 0, "till")


def test_api_keys_are_found_by_hash_and_revoked_once(vault: Vault) -> None:
    vault.add_api_key(b"h" * 32, api_key())
    vault.add_api_key(b"i" * 32, api_key("2", 4))
    assert vault.api_key(b"h" * 32) == api_key()
    assert vault.api_key(b"x" * 32) is None
    assert [key.id for key in vault.api_keys()] == ["2", "1"]
    assert vault.revoke_api_key("1", 99)
    assert not vault.revoke_api_key("1", 100)
    assert not vault.revoke_api_key("9", 100)
    revoked = vault.api_key(b"h" * 32)
    assert revoked is not None
    assert revoked.revoked_ns == 99


def test_a_revocation_by_another_process_counts_at_once(vault: Vault, tmp_path: Path) -> None:
    vault.add_api_key(b"h" * 32, api_key())
    assert vault.api_key(b"h" * 32) == api_key()
    other = Vault(tmp_path / "vault.db", MASTER)
    other.revoke_api_key("1", 7)
    other.close()
    revoked = vault.api_key(b"h" * 32)
    assert revoked is not None
    assert revoked.revoked_ns == 7


def test_the_first_answer_and_the_first_quote_stay(vault: Vault) -> None:
    vault.save_answer(b"1" * 16, bytes(32), b"first")
    vault.save_answer(b"1" * 16, bytes(32), b"second")
    assert vault.answer(b"1" * 16) == (bytes(32), b"first")
    assert vault.answer(b"2" * 16) is None
    vault.save_quote(b"1" * 16, b"first")
    vault.save_quote(b"1" * 16, b"second")
    assert vault.quote(b"1" * 16) == b"first"
    assert vault.quote(b"2" * 16) is None


def test_settings_are_replaced(vault: Vault) -> None:
    assert vault.setting("list") is None
    vault.save_setting("list", b"1")
    vault.save_setting("list", b"2")
    assert vault.setting("list") == b"2"
