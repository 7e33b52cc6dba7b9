"""The audit log: every administrative act, each bound to the one before by a hash.

One JSON object a line, readable by people:
`{"n":1,"time_ns":…,"who":…,"what":…,"facts":{…},"previous":…,"hash":…}`; `hash` is SHA-256 over the
line without it, and the line holds the previous hash. Beside it lies a head file with the number,
hash and end of the last record: the chain finds a changed byte, the head finds a cut tail. Who
may write both files could write another history; `head()` is what to deposit elsewhere.

`append` returns after the record and then the head are on disk. A crash between the two leaves
one record more than the head says, which is kept; a torn one is cut, because nobody was told of it.
Several processes may append (the file is locked for each record). Facts hold ids, never names.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from clearway.payment.errors import disk_fault

LINE_BYTES_MAX = 64 * 1024
HEAD_BYTES_MAX = 256
_FIRST_PREVIOUS = "0" * 64
_PRIVATE_FILE = 0o600


class AuditError(Exception):
    """The log is not what was written. n: the first record that is not."""

    def __init__(self, n: int, what: str) -> None:
        super().__init__(f"audit record {n}: {what}")
        self.n = n
        self.what = what


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """n: from 1. who: the actor; what: the act, such as `key.revoke`; facts: before, after, ids."""

    n: int
    time_ns: int
    who: str
    what: str
    facts: dict[str, str]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditVerification:
    """records: how many are good. first_bad: the number of the first that is not."""

    ok: bool
    records: int
    first_bad: int | None
    what: str


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The last record: its number and hash, and where it ends in the file."""

    n: int
    hash: str
    end: int


class Audit:
    """Raises AuditError when the log was cut or its last record changed."""

    def __init__(self, path: Path, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._path = path
        self._head_path = path.with_name(path.name + ".head")
        self._clock = clock
        self._lock = threading.Lock()
        self._log = _open(path)
        self._head = _open(self._head_path)
        with self._alone():
            self._recover()

    def close(self) -> None:
        os.close(self._log)
        os.close(self._head)

    def append(self, *, who: str, what: str, facts: Mapping[str, str]) -> AuditRecord:
        """One act, durable when this returns. Raises AuditError, Fault node.disk_failed, ValueError
        for facts of more than LINE_BYTES_MAX."""
        with self._alone():
            head = self._recover()
            record = _make_record(head, self._clock(), who, what, dict(facts))
            line = _line(record)
            if len(line) > LINE_BYTES_MAX:
                raise ValueError(f"an audit record has at most {LINE_BYTES_MAX} bytes")
            _write(self._log, line, head.end)
            self._save_head(AuditHead(record.n, record.hash, head.end + len(line)))
        return record

    def head(self) -> AuditHead:
        """The last record, to be deposited where whoever keeps this log cannot reach."""
        with self._alone():
            return self._recover()

    def records(self, *, limit: int) -> list[AuditRecord]:
        """The newest first. Raises AuditError at the first record that does not check."""
        with self._alone():
            self._recover()
        return list(reversed(deque(self._read(), maxlen=limit)))

    def verify(self) -> AuditVerification:
        """Reads the whole log: every hash, the order, and that it reaches its head."""
        good = end = 0
        try:
            with self._alone():
                head = self._load_head()
                at_head = _FIRST_PREVIOUS if head.n == 0 else None
                for record in self._read():
                    good, end = record.n, end + len(_line(record))
                    if (good, end) == (head.n, head.end):
                        at_head = record.hash
                if at_head != head.hash:
                    raise AuditError(min(good, head.n) + 1, "the log does not lead to its head")
        except AuditError as error:
            return AuditVerification(False, good, error.n, error.what)
        return AuditVerification(True, good, None, "")

    # --- the files ------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock:
            fcntl.flock(self._log, fcntl.LOCK_EX)
            try:
                yield
            except OSError as error:
                raise disk_fault(error) from error
            finally:
                fcntl.flock(self._log, fcntl.LOCK_UN)

    def _recover(self) -> AuditHead:
        """The head as it should be: what follows it in the log was written and is taken in."""
        head = self._load_head()
        size = os.fstat(self._log).st_size
        if size < head.end:
            raise AuditError(head.n, "the log was cut")
        if head.n:
            start = max(0, head.end - LINE_BYTES_MAX)
            tail = os.pread(self._log, head.end - start, start)
            last = tail[tail.rfind(b"\n", 0, -1) + 1 :]
            if _parse_line(last, head.n, None).hash != head.hash:
                raise AuditError(head.n, "is not the one that the head names")
        if size > head.end:
            head = self._take_tail(head, os.pread(self._log, size - head.end, head.end))
        return head

    def _take_tail(self, head: AuditHead, tail: bytes) -> AuditHead:
        whole, newline, _torn = tail.rpartition(b"\n")
        for line in (whole + newline).splitlines(keepends=True):
            record = _parse_line(line, head.n + 1, head.hash)
            head = AuditHead(record.n, record.hash, head.end + len(line))
        os.ftruncate(self._log, head.end)
        os.fsync(self._log)
        self._save_head(head)
        return head

    def _load_head(self) -> AuditHead:
        data = os.pread(self._head, HEAD_BYTES_MAX, 0)
        if not data:
            return AuditHead(0, _FIRST_PREVIOUS, 0)
        try:
            text, check = data.rstrip(b" \n").rsplit(b" ", 1)
            if hashlib.sha256(text).hexdigest().encode() != check:
                raise ValueError
            return AuditHead(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise AuditError(1, "the head of the log is damaged") from error

    def _save_head(self, head: AuditHead) -> None:
        text = json.dumps(asdict(head), separators=(",", ":")).encode()
        check = hashlib.sha256(text).hexdigest().encode()
        # One length always, so that no end of an older head remains behind a shorter one.
        _write(self._head, (text + b" " + check).ljust(HEAD_BYTES_MAX - 1) + b"\n", 0)

    def _read(self) -> Iterator[AuditRecord]:
        n, previous = 1, _FIRST_PREVIOUS
        with self._path.open("rb") as file:
            while line := file.readline(LINE_BYTES_MAX + 1):
                record = _parse_line(line, n, previous)
                n, previous = n + 1, record.hash
                yield record


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_FILE)


def _write(file: int, data: bytes, offset: int) -> None:
    if os.pwrite(file, data, offset) != len(data):
        raise OSError("short write")
    os.fsync(file)


# --- one record ---------------------------------------------------------------------------------


def _make_record(
    head: AuditHead, time_ns: int, who: str, what: str, facts: dict[str, str]
) -> AuditRecord:
    fields = {
        "n": head.n + 1,
        "time_ns": time_ns,
        "who": who,
        "what": what,
        "facts": facts,
        "previous": head.hash,
    }
    return AuditRecord(**fields, hash=_hash(fields))  # type: ignore[arg-type]


def _hash(fields: Mapping[str, object]) -> str:
    return hashlib.sha256(_canonical(fields)).hexdigest()


def _canonical(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


def _line(record: AuditRecord) -> bytes:
    return _canonical(asdict(record)) + b"\n"


def _parse_line(line: bytes, n: int, previous: str | None) -> AuditRecord:
    """previous: the hash it must continue, None where that is not known."""
    try:
        record = AuditRecord(**json.loads(line))
        fields = asdict(record)
        stated = fields.pop("hash")
    except (ValueError, TypeError, RecursionError) as error:
        raise AuditError(n, "is not a record") from error
    # Written again it must give the same bytes, so that not even a space can differ.
    if _line(record) != line or _hash(fields) != stated:
        raise AuditError(n, "was changed: its hash differs")
    if record.n != n or (previous is not None and record.previous != previous):
        raise AuditError(n, "does not follow the record before it")
    return record
