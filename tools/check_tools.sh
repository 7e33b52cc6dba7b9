#!/bin/sh
# One line for a missing or too old tool: what, which version, how to get it.
set -eu
python=${1:-python3}
fail() { echo "clearway: $1" >&2; exit 1; }
command -v "$python" >/dev/null 2>&1 || fail "Python 3.11 or newer is missing: install python3 and python3-venv from your system, or set PYTHON="
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "Python 3.11 or newer is needed, $("$python" --version) is too old: install a newer python3, or set PYTHON="
"$python" -c 'import venv, ensurepip' 2>/dev/null || fail "Python's venv module is missing: install python3-venv"
command -v cargo >/dev/null 2>&1 || fail "Rust 1.91 or newer is missing: install it with rustup (https://rustup.rs)"
rust=$(rustc --version | cut -d' ' -f2)
minor=$(echo "$rust" | cut -d. -f2)
[ "$(echo "$rust" | cut -d. -f1)" -gt 1 ] || [ "$minor" -ge 91 ] ||
  fail "Rust 1.91 or newer is needed, $rust is too old: run 'rustup update stable'"
