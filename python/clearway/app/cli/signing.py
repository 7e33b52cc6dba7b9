"""Keys of owners, approvers and oracles, on a machine that is no node."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from clearway.app.cli.command import Commands, add, add_group, say

if TYPE_CHECKING:
    from clearway.app.signer import Expected


def add_commands(commands: Commands) -> None:
    signer = add_group(
        commands, "signer", "keys of owners, approvers and oracles", metavar="ACTION"
    )
    for action, help in (
        ("create", "make a key file and print its public key"),
        ("show", "print the public key of a key file"),
        ("sign", "sign what …/prepare answered, as an owner or a second person"),
        ("approve", "sign the release of conditional money"),
        ("fact", "sign a fact as an oracle"),
    ):
        command = add(signer, action, help, _signer)
        command.add_argument("file", type=Path, help="the key file")
        if action == "approve":
            command.add_argument(
                "approval", type=Path, help="answer of GET …/approval, - for standard input"
            )
        elif action == "sign":
            command.add_argument(
                "prepared", type=Path, help="answer of POST …/prepare, - for standard input"
            )
            command.add_argument(
                "--trust", type=Path, required=True, metavar="GENESIS.json", help="whose chain"
            )
            command.add_argument("--member", type=int, help="which of a linked list, from 0")
            command.add_argument("--from", dest="payer", help="only if this address pays")
            command.add_argument("--to", dest="payee", help="this address")
            command.add_argument("--amount", help="this amount")
            command.add_argument("--asset", help="of this asset")
            command.add_argument("--fee-max", default="0", help="with at most this fee")
            command.add_argument("--reference", help="and this reference")
        elif action == "fact":
            command.add_argument("--subject", required=True, help="16 bytes in hex")
            command.add_argument("--value", required=True, type=int)
            command.add_argument("--at", help="RFC 3339; now")


def _signer(args: argparse.Namespace) -> int:
    from clearway.app import signer

    if args.action == "create":
        found, words = signer.create_signer(args.file)
    elif args.action == "show":
        found, words = signer.show_signer(args.file)
    elif args.action == "approve":
        found, words = signer.sign_approval(args.file, args.approval)
    elif args.action == "sign":
        found, words = signer.sign_prepared(
            args.file,
            args.prepared,
            trust=args.trust,
            member=args.member,
            expected=_expected(args),
        )
    else:
        found, words = signer.sign_fact(
            args.file, subject=args.subject, value=args.value, at=args.at
        )
    say(args, found, words)
    return 0


def _expected(args: argparse.Namespace) -> Expected | None:
    from clearway.app import signer

    said = (args.payer, args.payee, args.amount, args.asset)
    if said == (None,) * len(said):
        return None
    if None in said:
        raise ValueError("--from, --to, --amount and --asset come together")
    return signer.Expected(*said, fee_max=args.fee_max, reference=args.reference)
