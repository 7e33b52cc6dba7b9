"""The command line. Each command imports what it needs when it runs, so that `--help` is quick.

A command returns what it found as one object; with --json that is the last line, otherwise it is
said in words. Exit 0: done; 1: the answer is no, or an error that is said in one line; 2: usage.
Each module has the arguments of its commands and, below them, what they do.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from clearway.app.cli import bench, node, proofs, risk, screening, signing
from clearway.payment.errors import ClearwayError


def main(argv: Sequence[str] | None = None) -> int:
    try:
        args = _parser().parse_args(argv)
        code: int = args.run(args)
    except (ClearwayError, OSError, ValueError) as error:
        print(f"clearway: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clearway", description="A real-time payments network in a box."
    )
    parser.add_argument("--version", action="version", version=version("clearway"))
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in (node, signing, risk, screening, proofs, bench):
        module.add_commands(commands)
    return parser
