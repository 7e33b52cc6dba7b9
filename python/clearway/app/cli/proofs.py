"""What can be checked without trusting a node: a chain, a receipt, a range of blocks."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from clearway.app.cli.command import Commands, add, say


def add_commands(commands: Commands) -> None:
    verify = add(commands, "verify", "recompute the chain from genesis", _verify, data=True)
    verify.add_argument("--trust", type=Path, metavar="GENESIS.json")

    receipt = add(commands, "verify-receipt", "check a receipt, with no node", _verify_receipt)
    receipt.add_argument("file", type=Path)
    receipt.add_argument("--trust", type=Path, metavar="GENESIS.json")

    blocks = add(commands, "verify-blocks", "check a range of blocks, with no node", _verify_blocks)
    blocks.add_argument("file", type=Path)
    blocks.add_argument("--trust", type=Path, metavar="GENESIS.json")
    blocks.add_argument("--trust-block", metavar="HASH", help="which the first block must have")
    blocks.add_argument(
        "--trust-key",
        action="append",
        default=[],
        metavar="KEY",
        help="a sequencer's key from elsewhere, for a range after a rotation; may be repeated",
    )

    export = add(
        commands, "export-blocks", "write a range of blocks to check", _export_blocks, data=True
    )
    export.add_argument("--from", type=int, dest="first", default=0, metavar="HEIGHT")
    export.add_argument(
        "--to", type=int, dest="last", metavar="HEIGHT", help="the newest, if not given"
    )
    export.add_argument("--out", type=Path, required=True)


def _verify(args: argparse.Namespace) -> int:
    from clearway.app.verify import verify_data

    found, words = verify_data(args.data, trust=args.trust)
    say(args, found, words)
    return 0 if found["ok"] else 1


def _verify_receipt(args: argparse.Namespace) -> int:
    from clearway.app.verify import verify_receipt

    found, words = verify_receipt(args.file, trust=args.trust)
    print(json.dumps(found) if args.json else words)
    return 0 if found["ok"] else 1


def _verify_blocks(args: argparse.Namespace) -> int:
    from clearway.app.verify import verify_blocks

    found, words = verify_blocks(
        args.file, trust=args.trust, trust_block=args.trust_block, trust_keys=args.trust_key
    )
    print(json.dumps(found) if args.json else words)
    return 0 if found["ok"] else 1


def _export_blocks(args: argparse.Namespace) -> int:
    from clearway.app.export import export_blocks

    found, words = export_blocks(args.data, first=args.first, last=args.last, out=args.out)
    say(args, found, words)
    return 0
