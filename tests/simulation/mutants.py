"""Proves that the simulator can fail: breaks the log on purpose, one way at a time, and plays.

    python tests/simulation/mutants.py [SEEDS]

The kernel is copied to a temporary folder; nothing here is touched. Ends with 1 when a mutant
lives.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEEDS = "2000"
# what is broken, and for each edit: where, what stands there, what is put in its place. Where two
# guards stand behind each other, both are broken: either finds what the other misses.
MUTANTS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("a block is not synced", ((
        "log.rs", "        self.tail.file.sync()?;\n        let segments",
        "        let segments"),)),
    ("the checksum is not compared", ((
        "record.rs", "if checksum(prefix.height, &[payload]) == prefix.checksum {",
        "if checksum(prefix.height, &[payload]) == prefix.checksum || !payload.is_empty() {"),)),
    ("the height of a record is not compared", ((
        "log.rs", "Found::Record { height: found } if found == height => Ok(Some(payload)),",
        "Found::Record { height: found } if found < u64::MAX => Ok(Some(payload)),"),)),
    ("a log shorter than head is taken", ((
        "log.rs", "if scanner.next() <= newest.height {", "if scanner.next() > u64::MAX - 1 {"),)),
    ("a bad record under head is cut as torn", (
        ("log.rs", "Ok(self.next() > self.acknowledged && !", "Ok(!"),
        ("log.rs", "if scanner.next() <= newest.height {", "if scanner.next() > u64::MAX - 1 {"))),
    ("a bad record is cut although good ones follow", ((
        "log.rs", "&& !self.is_followed(file, offset)?)", "&& file.length()? >= offset)"),)),
    ("a record is only known by the header that it names", ((
        "log.rs", "names_it || height > self.next() && self.is_signed(&payload)", "names_it"),)),
    ("the log and the ledger go on after a failed sync", (
        ("log.rs", "self.failed = matches!(written, Err(Fault::Disk(_) | Fault::Corrupt { .. }));",
         "self.failed = false;"),
        ("ledger.rs", "self.is_stopped = !matches!(fault, Fault::Full(_));",
         "self.is_stopped = false;"))),
    ("a torn tail is left", ((
        "log.rs", "if file.length()? > scan.end {", "if file.length()? < scan.end {"),)),
    ("the last record is not written again", ((
        "log.rs", "scan.height > scan.acknowledged);",
        "scan.height > scan.acknowledged + u64::MAX / 2);"),)),
    ("a new segment's name is not synced", ((
        "log.rs",
        "        self.disk.sync()?;\n        write_lock(&self.index).segments.push(first);",
        "        write_lock(&self.index).segments.push(first);"),)),
    ("head is told before the block is durable", ((
        "log.rs", "let written = self.write_record(height);",
        "self.keeper.note(height, header_hash); let written = self.write_record(height);"),)),
    ("head is not synced when it is made", ((
        "head.rs", "    file.sync()?;\n    disk.rename(", "    disk.rename("),)),
    ("a snapshot is not checked, and its state not compared", (
        ("record.rs", "if checksum(prefix.height, &[payload]) == prefix.checksum {",
         "if magic == *b\"CWS1\" || checksum(prefix.height, &[payload]) == prefix.checksum {"),
        ("store.rs", "if state.root() == header.state_root {\n        Ok((state, header))",
         "if state.root() != [0; 32] {\n        Ok((state, header))"))),
)  # fmt: skip


def main(seeds: str) -> int:
    living = []
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "clearway"
        for name in ("kernel/src", "tests/simulation", ".cargo"):
            shutil.copytree(ROOT / name, copy / name)
        for name in ("kernel/Cargo.toml", "kernel/Cargo.lock"):
            shutil.copy(ROOT / name, copy / name)
        if not play(copy, seeds):
            print("the unbroken kernel fails")
            return 1
        for what, edits in MUTANTS:
            whole = {file: (copy / "kernel/src" / file).read_text("utf-8") for file, _, _ in edits}
            broken = dict(whole)
            for file, old, new in edits:
                count = broken[file].count(old)
                assert count == 1, f"{what}: {old!r} stands {count} times in {file}"
                broken[file] = broken[file].replace(old, new)
            write(copy, broken)
            lives = play(copy, seeds)
            print(f"{'LIVES ' if lives else 'found '} {what}", flush=True)
            living += [what] if lives else []
            write(copy, whole)
    return 1 if living else 0


def write(copy: Path, texts: dict[str, str]) -> None:
    for file, text in texts.items():
        (copy / "kernel/src" / file).write_text(text, "utf-8")


def play(copy: Path, seeds: str) -> bool:
    """Whether every schedule passes."""
    cargo = ("cargo", "test", "--quiet", "--profile", "simulation", "--no-default-features")
    target = ROOT / "kernel/target/mutants"
    build = (*cargo, "--manifest-path", copy / "kernel/Cargo.toml", "--target-dir", target)
    subprocess.run(
        [*build, "--test", "simulation", "--no-run"], check=True, cwd=copy, capture_output=True
    )
    played = subprocess.run(
        [*build, "--test", "simulation", "--", seeds], cwd=copy, capture_output=True, text=True
    )
    return played.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else SEEDS))
