"""Says whether everything that is compiled may be compiled by the Rust that is promised.

The machine that checks has a newer Rust, so that a promise of an older one is easily broken unseen.
Two halves: clippy's incompatible_msrv refuses what the standard library has only got since (it
reads `rust-version`), and this compares what every locked dependency says it needs. What neither
sees is a new piece of the language; only a build with the promised version itself would.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "kernel" / "Cargo.toml"
OURS = "clearway_kernel"
# They do not say what they need. These versions were read and passed incompatible_msrv at 1.91.
READ = {
    ("blake3", "1.8.7"),
    ("core_detect", "1.0.0"),
    ("curve25519-dalek-derive", "0.1.1"),
    ("subtle", "2.6.1"),
    ("target-lexicon", "0.13.5"),
    ("unarray", "0.1.4"),
}
Version = tuple[int, ...]


def main() -> int:
    packages = load_packages()
    [promised] = [parse(p["rust_version"]) for p in packages if p["name"] == OURS]
    found = find_faults(packages, promised) + find_other_promises(promised)
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return bool(found)


def load_packages() -> list[dict[str, Any]]:
    """Every package of Cargo.lock, with what its own manifest says."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    ran = subprocess.run(
        [*command, "--manifest-path", MANIFEST], check=True, capture_output=True, text=True
    )
    packages: list[dict[str, Any]] = json.loads(ran.stdout)["packages"]
    return packages


def find_faults(packages: list[dict[str, Any]], promised: Version) -> list[str]:
    """One line for each package that needs a newer Rust, or that does not say."""
    faults = []
    for package in packages:
        name, version, stated = package["name"], package["version"], package["rust_version"]
        if stated is None:
            if (name, version) not in READ:
                faults.append(f"{name} {version} does not say which Rust it needs: read it")
        elif parse(stated) > promised:
            faults.append(f"{name} {version} needs Rust {stated}, {show(promised)} is promised")
    return faults


def find_other_promises(promised: Version) -> list[str]:
    """Where people and tools are told the version, it is this one."""
    text = f"Rust {promised[0]}.{promised[1]}"
    files = ("tools/check_tools.sh", "Makefile", "README.md")
    return [
        f"{file} does not say {text}" for file in files if text not in (ROOT / file).read_text()
    ]


def parse(text: str) -> Version:
    numbers = [int(part) for part in text.split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def show(version: Version) -> str:
    return ".".join(map(str, version))


if __name__ == "__main__":
    sys.exit(main())
