"""The audit log shows every act, and any change to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from clearway.store.audit import Audit, AuditError

LOG, HEAD = "audit.log", "audit.log.head"


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Audit]:
    ticks = count(1)
    audit = Audit(tmp_path / LOG, clock=lambda: next(ticks))
    for id in ("a", "b", "c"):
        audit.append(who="admin", what="add", facts={"key": id, "after": "é"})
    yield audit
    audit.close()


def test_acts_are_read_back_newest_first(audit: Audit) -> None:
    newest, older = audit.records(limit=2)
    assert (newest.n, newest.time_ns, newest.who, newest.what) == (3, 3, "admin", "add")
    assert newest.facts == {"key": "c", "after": "é"}
    assert newest.previous == older.hash
    assert audit.verify().ok
    assert audit.head().n == 3


def test_a_new_log_is_whole(tmp_path: Path) -> None:
    audit = Audit(tmp_path / LOG)
    assert audit.verify().ok
    assert audit.records(limit=5) == []
    audit.close()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_any_changed_byte_of_either_file_is_found(audit: Audit, tmp_path: Path) -> None:
    for name in (LOG, HEAD):
        path = tmp_path / name
        good = path.read_bytes()
        meaning = len(good.rstrip(b" \n")) if name == HEAD else len(good)
        # Every byte of the head and of the last record; of the others each third.
        for at in sorted({*range(0, meaning, 3), *range(meaning - 300, meaning)}):
            path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
            found = audit.verify()
            assert not found.ok, (name, at)
            if name == LOG:
                # A newline that is none any more spoils its own line.
                assert found.first_bad == good[:at].count(b"\n") + 1
        path.write_bytes(good)
    assert audit.verify().ok


def test_any_cut_is_found(audit: Audit, tmp_path: Path) -> None:
    path = tmp_path / LOG
    good = path.read_bytes()
    for size in range(0, len(good), 2):
        path.write_bytes(good[:size])
        found = audit.verify()
        assert not found.ok, size
        assert found.first_bad == good[:size].count(b"\n") + 1
        with pytest.raises(AuditError):
            audit.append(who="admin", what="x", facts={})
        with pytest.raises(AuditError):
            Audit(path)
    path.write_bytes(good)


def test_a_record_taken_out_or_swapped_is_found(audit: Audit, tmp_path: Path) -> None:
    path = tmp_path / LOG
    first, second, third = path.read_bytes().splitlines(keepends=True)
    for lines, bad in (
        ([first, third], 2),
        ([second, third], 1),
        ([first, third, second], 2),
        ([first, second, third, third], 4),
    ):
        path.write_bytes(b"".join(lines))
        assert audit.verify().first_bad == bad


def test_a_crash_before_the_head_is_written_loses_nothing(audit: Audit, tmp_path: Path) -> None:
    head = (tmp_path / HEAD).read_bytes()
    audit.append(who="admin", what="fourth", facts={})
    (tmp_path / HEAD).write_bytes(head)
    again = Audit(tmp_path / LOG)
    assert again.records(limit=1)[0].what == "fourth"
    assert again.verify().records == 4
    again.close()


def test_a_torn_record_that_nobody_was_told_of_is_cut(audit: Audit, tmp_path: Path) -> None:
    with (tmp_path / LOG).open("ab") as file:
        file.write(b'{"n":4,"time')
    again = Audit(tmp_path / LOG)
    assert again.append(who="admin", what="fourth", facts={}).n == 4
    assert again.verify().ok
    again.close()


def test_threads_and_processes_take_turns(audit: Audit, tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from clearway.store.audit import Audit
audit = Audit(Path({str(tmp_path / LOG)!r}))
for i in range(20):
    audit.append(who="other process", what="act", facts={{"i": str(i)}})
"""
    child = subprocess.Popen([sys.executable, "-c", program])

    def act() -> None:
        for i in range(20):
            audit.append(who="thread", what="act", facts={"i": str(i)})

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert child.wait() == 0
    found = audit.verify()
    assert (found.ok, found.records) == (True, 63)


def test_acknowledged_acts_survive_a_kill(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from clearway.store.audit import Audit
audit = Audit(Path({str(tmp_path / LOG)!r}))
while True:
    print(audit.append(who="x", what="act", facts={{}}).n, flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) == 20:
            os.kill(child.pid, signal.SIGKILL)
            break
    told = max([20, *map(int, child.stdout.read().split())])
    child.stdout.close()
    child.wait()
    audit = Audit(tmp_path / LOG)
    assert audit.verify().records in (told, told + 1)
    audit.close()


def test_a_record_beyond_the_bound_is_refused_and_leaves_no_trace(audit: Audit) -> None:
    with pytest.raises(ValueError, match="at most"):
        audit.append(who="admin", what="x", facts={"long": "x" * 70_000})
    assert audit.verify().records == 3
