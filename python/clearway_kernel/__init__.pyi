"""The kernel: money, blocks and proofs. docs/format.md is its specification.

Buffers hold canonical records, one after another. Every call that works for long releases the
interpreter lock. Errors: `DecodeError` for bytes that do not decode (nothing was changed),
`CorruptLog` for a log that is not what was acknowledged, `LogFault` when the disk failed,
`LogFull` when it has no room.
"""

from collections.abc import Sequence
from typing import Protocol, final

from typing_extensions import Buffer

class DecodeError(ValueError): ...

class CorruptLog(Exception):
    height: int
    what: str

class LogFault(OSError): ...
class LogFull(LogFault): ...

# --- hashes and trees -----------------------------------------------------------------------

def hash_bytes(domain: str, data: Buffer) -> bytes:
    """`H[domain](data)`, 32 bytes. ValueError for a domain that docs/format.md does not list."""

def hash_rows(domain: str, rows: Buffer, row_bytes: int) -> bytes:
    """`H[domain]` of each row of `row_bytes`; 32 bytes a row."""

def prf_rows(key: Buffer, rows: Buffer, row_bytes: int) -> bytes:
    """BLAKE3 keyed with a secret of 32 bytes, of each row; 32 bytes a row. For salts and ids."""

def hash_each(domain: str, inputs: Sequence[Buffer]) -> list[bytes]:
    """`H[domain]` of each input, of any length."""

def sha256_each(inputs: Sequence[Buffer]) -> list[bytes]:
    """SHA-256 of each input."""

def hmac_each(secret: Buffer, inputs: Sequence[Buffer]) -> list[bytes]:
    """HMAC-SHA-256 (RFC 2104) of each input; 32 bytes each."""

def tree_root(leaves: Buffer) -> bytes:
    """Root over leaf hashes of 32 bytes each."""

def check_path(leaf: Buffer, index: int, size: int, path: Buffer, root: Buffer) -> bool: ...

# --- signatures (Ed25519, ZIP 215) ----------------------------------------------------------

def public_key(seed: Buffer) -> bytes: ...
def sign(seed: Buffer, digest: Buffer) -> bytes: ...
def verify(key: Buffer, digest: Buffer, signature: Buffer) -> bool:
    """Any length of message; the ledger always signs 32 bytes."""

def verify_rows(keys: Buffer, digests: Buffer, signatures: Buffer) -> bytes:
    """One byte a row, 1 where valid; in batches, and equal to `verify` on every input.
    Rows of 32, 32 and 64 bytes."""

def sign_rows(seeds: Buffer, digests: Buffer) -> bytes:
    """64 bytes a row. Rows of 32 and 32 bytes."""

# --- envelopes ------------------------------------------------------------------------------

def seal_envelope(
    *,
    chain_id: Buffer,
    institution: int,
    seed: Buffer,
    sequence: int,
    valid_until_ns: int,
    heads: Buffer,
    units: Buffer = b"",
    signatures: Buffer = b"",
) -> bytes:
    """An envelope with its entries, ready for `Ledger.stage`.

    heads: n × 256 bytes (1 ≤ n ≤ 16,384); their `units` fields say how many of the 64-byte rows of
    `units` belong to each, in order; each head with SIGNED takes the next row of `signatures`, or
    as many as it has signers.
    DecodeError when the counts do not agree or a head does not decode.
    """

# --- terms of conditional money -------------------------------------------------------------

def check_terms(terms: Buffer) -> None:
    """ValueError with the reason for units that the ledger would refuse with escrow.bad_terms,
    whoever the parties are."""

def check_policy(units: Buffer) -> None:
    """ValueError with the reason for units that the ledger would refuse with
    authority.bad_policy."""

def evaluate_terms(
    terms: Buffer,
    witnesses: Buffer,
    *,
    chain_id: Buffer,
    institution: int,
    id: Buffer,
    opened_ns: int,
    payer: Buffer,
    payee: Buffer,
    escrow_minor: int,
    released_minor: int,
    now_ns: int,
    asked_by: Buffer,
    names_terms: bool,
    to: Buffer,
    to_category: int,
    amount_minor: int,
) -> list[bool]:
    """Which conditions a release would find true, in preorder; the first decides. Nothing is looked
    up, so that it can be asked for any time and any release.

    institution, id, opened_ns, payer, payee (addresses), escrow_minor, released_minor: of the
    escrow. names_terms: whether the release carries the terms' hash, as one that delivers must.
    ValueError for bad terms, for witnesses that do not decode, or that are of no node.
    """

# --- the ledger -----------------------------------------------------------------------------

@final
class Account:
    number: int
    address: bytes
    institution: int
    flags: int
    category: int
    owner: bytes
    opened_ns: int
    parent: int | None  # number of the account that it settles to

@final
class Hold:
    institution: int
    id: bytes
    payer: int
    payee: int
    asset: int
    amount_minor: int
    expires_ns: int
    outcome: int
    closes: int  # accounts that the hold closed: 1 the payer, 2 the payee
    legs: bytes  # 64 bytes each

@final
class Policy:
    """Who may act for an account. `spends`: unit in the policy, what was used, and on which day, of
    each spend key."""

    @property
    def units(self) -> bytes: ...
    @property
    def recovery_key(self) -> bytes | None: ...
    @property
    def recover_at_ns(self) -> int: ...
    @property
    def spends(self) -> list[tuple[int, int, int]]: ...

class Mandate:
    """What is used of it: in all, and in `period`, which is counted from 0 at start_ns."""

    institution: int
    payer: int
    payee: int
    asset: int
    payment_minor_max: int
    period_minor_max: int
    total_minor_max: int
    period_ns: int
    start_ns: int
    expires_ns: int
    payments_max: int
    flags: int
    used_total_minor: int
    used_period_minor: int
    period: int
    payments_used: int

@final
class Escrow:
    institution: int
    id: bytes
    payer: int
    payee: int
    asset: int
    amount_minor: int
    released_minor: int
    expires_ns: int
    opened_ns: int  # time of the block that opened it
    terms_hash: bytes
    terms: bytes  # 64 bytes a unit
    def accrued_minor(self, now_ns: int) -> int:
        """How much may have been released in all by then: the whole, unless it is a stream."""

@final
class Staged:
    """A block that is applied in memory and waits for commit or discard."""

    height: int
    time_ns: int
    count: int
    header: bytes  # 192
    hash: bytes  # 32, what finality signs
    state_root: bytes
    heads: bytes  # count × 256; envelopes and sweeps are cut or zero padded to 256
    units: bytes  # the 64-byte units of all entries, in order
    results: bytes  # count × 32
    signatures_ns: int  # time spent on signatures, for the phase table
    apply_ns: int
    roots_ns: int

@final
class Block:
    """A block read back from the log. `heads`, `units`, `results` as in `Staged`."""

    height: int
    time_ns: int
    count: int
    header: bytes
    hash: bytes
    finality: bytes
    heads: bytes
    units: bytes
    results: bytes
    entries: bytes  # the canonical bytes of all entries
    def entry(self, index: int) -> bytes: ...

@final
class Proof:
    entry: bytes
    result: bytes
    index: int
    size: int
    entry_path: bytes  # 32 bytes each, from the bottom
    result_path: bytes
    header: bytes
    finality: bytes

class ProofParts(Protocol):
    """What `check_proofs` looks at; a Proof has them."""

    @property
    def entry(self) -> bytes: ...
    @property
    def result(self) -> bytes: ...
    @property
    def index(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def entry_path(self) -> bytes: ...
    @property
    def result_path(self) -> bytes: ...
    @property
    def header(self) -> bytes: ...
    @property
    def finality(self) -> bytes: ...

@final
class Verification:
    ok: bool
    height: int  # last good height
    root: bytes  # state root there
    first_bad: int | None
    what: str  # what differs, empty when ok
    entries: int

@final
class Ledger:
    """One writer. `stage` → `commit` or `discard`; reads see committed and staged state."""

    @staticmethod
    def create(folder: str | None, *, time_ns: int, genesis: Buffer) -> Ledger:
        """A new chain; `genesis` is its entries. Without a folder it lives in memory only.
        ValueError naming the entry and code when a genesis entry is refused; FileExistsError when
        the folder holds a chain."""

    @staticmethod
    def open(folder: str) -> Ledger:
        """Recovers: newest snapshot that checks, then the log; of blocks that a sequencer signed
        the signatures within are not verified again. FileNotFoundError when the folder holds no
        chain, CorruptLog, LogFault (also when another ledger has the folder open)."""

    @staticmethod
    def restore(folder: str, snapshot: str) -> Ledger:
        """A ledger in memory at the height of a snapshot, which is a file name in the folder;
        ValueError unless its root agrees with its rows and its header with the folder's log."""

    chain_id: bytes
    height: int
    time_ns: int
    head_hash: bytes
    state_root: bytes
    accounts_count: int
    holds_count: int
    escrows_count: int
    snapshot_height: int  # height that `open` started from, 0 for genesis

    def stage(self, *, time_ns: int, envelopes: Sequence[Buffer]) -> Staged:
        """Applies one block in memory. DecodeError, or ValueError for a time that does not grow or
        a block already staged."""

    def commit(self, finality: Buffer) -> None:
        """Writes the staged block durably: `hand_over` and `write`. LogFull: the log is as before,
        and the block is staged again. LogFault: nothing is acknowledged, the block is staged
        again, and the ledger takes no further block until reopened."""

    def hand_over(self, finality: Buffer) -> None:
        """The staged block is final and waits to be written; the next may be staged on top of it.
        ValueError when the block before it is not written yet, or the finality is wrong."""

    def write(self) -> None:
        """Writes the block that was handed over durably; another thread may stage meanwhile.
        LogFull and LogFault as in `commit`; a block that was staged on top is discarded."""

    def discard(self) -> None: ...
    def rehearse(
        self, *, time_ns: int, envelopes: Sequence[Buffer], presume_signed: bool = False
    ) -> Staged:
        """What `stage` would give, taken back at once: no reader ever sees it."""

    def close(self) -> None:
        """Syncs head and lets go of the folder's lock."""

    def snapshot(self) -> int:
        """Writes a snapshot of one block into the folder, returns its height; keeps the newest two.
        Blocks go on meanwhile: it is of the last one, or of the next to be handed over while one is
        staged. ValueError when none is durable within two seconds, without a folder, or when the
        ledger is closed; LogFault, which does no harm to the chain."""

    def next_expiry_ns(self) -> int | None: ...
    def account(self, address: Buffer) -> Account | None: ...
    def account_at(self, number: int) -> Account | None: ...
    def account_numbers(self, addresses: Buffer) -> bytes:
        """u32 a row of 20 bytes; 0xFFFFFFFF where unknown."""

    def standings(self, addresses: Buffer, assets: Buffer) -> bytes:
        """A byte a row of 20 bytes and u32, of bits: 1 there is such an account, 2 it is closed,
        4 it holds the asset, 8 it has an owner who signs."""

    def settling_numbers(self, numbers: Buffer) -> bytes:
        """n × u32 → n × u32: of a sub-account its parent, of another account itself. IndexError."""

    def account_flags(self, numbers: Buffer) -> bytes:
        """u32 a row of u32."""

    def balance(self, address: Buffer, asset: int) -> tuple[int, int, int] | None:
        """(posted, pending_in, pending_out), None without a row."""

    def balances(self, address: Buffer) -> list[tuple[int, int, int, int]]:
        """(asset, posted, pending_in, pending_out) for every row of the account."""

    def assets(self) -> list[tuple[int, str, int]]:
        """(number, code, scale)."""

    def asset_controls(self) -> list[tuple[int, int, bool]]:
        """(controls, issuer, whether it is paused) of each asset, in the order of `assets`."""

    def balance_flags(self, address: Buffer, asset: int) -> int | None:
        """1 allowed, 2 held back by the issuer; None when the asset is not held."""

    def keys(self) -> list[tuple[bytes, int, int, int, int, int, int]]:
        """(key, institution, purposes, activation_height, revoked_height, sequence,
        imported_ns)."""

    def limits(self) -> list[tuple[bytes, int, int, int, int, int]]:
        """(key, asset, payment_max, day_max, used, day)."""

    def hold(self, institution: int, id: Buffer) -> Hold | None: ...
    def mandate(self, institution: int, id: Buffer) -> Mandate | None: ...
    def policy(self, address: Buffer) -> Policy | None:
        """Of a sub-account its parent's. None when the account has one key, or none."""
    def standing_orders(self, institution: int) -> bytes:
        """Ids, 16 bytes each, of the institution's mandates that are fixed."""

    def escrow(self, institution: int, id: Buffer) -> Escrow | None: ...
    def refunded(self, institution: int, target: Buffer) -> tuple[int, int] | None:
        """(amount of the payment, refunded so far)."""

    def remembered(self, institution: int, id: Buffer) -> tuple[bytes, int, int] | None:
        """(instruction hash, code, height) inside the window."""

    def remembered_heights(self, institution: int, ids: Buffer) -> bytes:
        """u64 a row of 16 bytes: the height of `remembered`, 0 for an id that is not."""

    def trial_balance(self) -> tuple[int, bytes, list[tuple[int, int, int, int, int]]]:
        """Height and state root of the block that readers see, the staged one too, and its rows
        (asset, sum of positive posted, sum of negative posted, pending_in, pending_out)."""

    def subroots(self) -> list[tuple[str, int, bytes]]:
        """(table, rows, root) in the order of the state root."""

    def block(self, height: int) -> Block:
        """IndexError for a height that is not there, CorruptLog."""

    def proofs(self, height: int) -> list[Proof]:
        """Of every entry of a block, which is hashed once. IndexError when it is not there."""

    def proof(self, height: int, index: int) -> Proof: ...

def check_proofs(chain_id: Buffer, proofs: Sequence[ProofParts]) -> bytes:
    """One byte a proof, 1 where its paths lead to roots of its header and its finality signs that
    header, a block of the chain above 0. Whose key signs is not asked. Total: bytes that cannot be
    a proof are none."""

def verify_log(folder: str) -> Verification:
    """Recomputes the chain from genesis in memory: every checksum, signature, result and root.
    Reads only; does not take the folder's lock."""

def refusal_codes() -> list[tuple[int, str]]:
    """The numbers and names of docs/format.md."""
