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
# what is broken, where, what stands there, what is put in its place
MUTANTS = (
    ("a block is not synced", "log.rs",
     "        self.tail.file.sync()?;\n        let segments", "        let segments"),
    ("the checksum is not compared", "record.rs",
     "if checksum(prefix.height, &[payload]) == prefix.checksum {",
     "if checksum(prefix.height, &[payload]) == prefix.checksum || !payload.is_empty() {"),
    ("the height of a record is not compared", "log.rs",
     "Found::Record { height: found } if found == height => Ok(Some(payload)),",
     "Found::Record { .. } => Ok(Some(payload)),"),
    ("a log shorter than head is taken", "log.rs",
     "if scanner.next() <= newest.height {", "if scanner.next() > u64::MAX - 1 {"),
    ("a bad record under head is cut as torn", "log.rs",
     "Ok(self.next() > self.acknowledged && !", "Ok(!"),
    ("a bad record is cut although good ones follow", "log.rs",
     "&& !self.is_followed(file, offset)?)", "&& file.length()? >= offset)"),
    ("a record is only known by the header that it names", "log.rs",
     "names_it || height > self.next() && self.is_signed(&payload)", "names_it"),
    ("the log goes on after a failed sync", "log.rs",
     "self.failed = matches!(written, Err(Fault::Disk(_) | Fault::Corrupt { .. }));",
     "self.failed = false;"),
    ("what had no room is not taken back", "log.rs",
     "is_full(&error) && file.cut(*length).and_then(|()| file.sync()).is_ok()",
     "is_full(&error) && file.cut(*length + 1).is_ok()"),
    ("a torn tail is left", "log.rs",
     "if file.length()? > scan.end {", "if file.length()? < scan.end {"),
    ("the last record is not written again", "log.rs",
     "scan.height > scan.acknowledged);", "scan.height > scan.acknowledged + u64::MAX / 2);"),
    ("a new segment's name is not synced", "log.rs",
     "        self.disk.sync()?;\n        write_lock(&self.index).segments.push(first);",
     "        write_lock(&self.index).segments.push(first);"),
    ("head is told before the block is durable", "log.rs",
     "let written = self.write_record(height);",
     "self.keeper.note(height, header_hash);\n        let written = self.write_record(height);"),
    ("head is not synced when it is made", "head.rs",
     "    file.sync()?;\n    disk.rename(", "    disk.rename("),
    ("a ledger takes blocks after a fault", "ledger.rs",
     "self.is_stopped = !matches!(fault, Fault::Full(_));", "self.is_stopped = false;"),
    ("the state of a snapshot is not compared", "store.rs",
     "if state.root() == header.state_root {\n        Ok((state, header))",
     "if state.root() != [0; 32] {\n        Ok((state, header))"),
    ("a snapshot is not checked", "record.rs",
     "if checksum(prefix.height, &[payload]) == prefix.checksum {",
     "if magic == *b\"CWS1\" || checksum(prefix.height, &[payload]) == prefix.checksum {"),
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
        for what, file, old, new in MUTANTS:
            path = copy / "kernel/src" / file
            text = path.read_text("utf-8")
            assert text.count(old) == 1, f"{what}: {old!r} stands {text.count(old)} times in {file}"
            path.write_text(text.replace(old, new), "utf-8")
            lives = play(copy, seeds)
            print(f"{'LIVES ' if lives else 'found '} {what}", flush=True)
            living += [what] if lives else []
            path.write_text(text, "utf-8")
    return 1 if living else 0


def play(copy: Path, seeds: str) -> bool:
    """Whether every schedule passes."""
    cargo = ("cargo", "test", "--quiet", "--profile", "simulation", "--no-default-features")
    target = ROOT / "kernel/target/mutants"
    build = (*cargo, "--manifest-path", copy / "kernel/Cargo.toml", "--target-dir", target)
    subprocess.run([*build, "--test", "simulation", "--no-run"], check=True, cwd=copy)
    played = subprocess.run(
        [*build, "--test", "simulation", "--", seeds], cwd=copy, capture_output=True, text=True
    )
    return played.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else SEEDS))
