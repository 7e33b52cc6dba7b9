"""The command line. Each command imports what it needs when it runs, so that `--help` is quick.

A command returns what it found as one object; with --json that is the last line, otherwise it is
said in words. Exit 0: done; 1: the answer is no, or an error that is said in one line; 2: usage.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearway.payment.errors import ClearwayError

if TYPE_CHECKING:
    from clearway.app.signer import Expected

Found = dict[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    try:
        code: int = args.run(args)
    except (ClearwayError, OSError, ValueError) as error:
        print(f"clearway: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def say(args: argparse.Namespace, found: Found, words: str | None = None) -> None:
    """The result, for people or as one JSON object on the last line."""
    if args.json:
        print(json.dumps(found), flush=True)
    elif words is not None:
        print(words, flush=True)


# --- the commands -------------------------------------------------------------------------------


def _demo(args: argparse.Namespace) -> int:
    from clearway.app.demo import run_demo

    return run_demo(keep=args.keep, as_json=args.json)


def _up(args: argparse.Namespace) -> int:
    from clearway.app.serve import serve

    with _risk_faults():
        return serve(data=args.data, host=args.host, port=args.port, dev=args.dev)


def _keys_create(args: argparse.Namespace) -> int:
    from clearway.app.api_keys import create_key

    found = create_key(
        args.data, scopes=args.scopes.split(","), principal=args.principal, name=args.name
    )
    say(args, found, f"{found['key']}\n(id {found['id']}; it is shown once and kept nowhere)")
    return 0


def _keys_list(args: argparse.Namespace) -> int:
    from clearway.app.api_keys import list_keys

    found = list_keys(args.data)
    lines = [
        f"{key['id']}  {key['principal']:<16} {'revoked' if key['revoked'] else 'active ':<8} "
        f"{key['created']}  {','.join(key['scopes'])}  {key['name']}"
        for key in found["keys"]
    ]
    say(args, found, "\n".join(lines) or "there are no API keys")
    return 0


def _keys_revoke(args: argparse.Namespace) -> int:
    from clearway.app.api_keys import revoke_key

    found = revoke_key(args.data, args.id)
    say(
        args, found, f"{args.id} is revoked" if found["ok"] else f"there is no active key {args.id}"
    )
    return 0 if found["ok"] else 1


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


def _replay(args: argparse.Namespace) -> int:
    from clearway.app.replay import replay_file

    found, words = replay_file(args.file)
    say(args, found, words)
    return 0


@contextmanager
def _risk_faults() -> Iterator[None]:
    """A file that the risk room refuses is an error that is said in one line."""
    from clearway.risk.errors import RiskFault

    try:
        yield
    except RiskFault as fault:
        raise ValueError(str(fault)) from fault


def _train(args: argparse.Namespace) -> int:
    from clearway.app.models import Training, train_model
    from clearway.app.retrain import be_gentle

    if args.gently:
        be_gentle()
    training = Training(
        file=args.file,
        ledger=args.ledger,
        register=args.register,
        promote_tested=args.promote_tested,
        kind=args.kind,
    )
    with _risk_faults():
        found, words = train_model(training, out=args.out, seed=args.seed, data=args.data)
    say(args, found, words)
    return 0


def _models(args: argparse.Namespace) -> int:
    from clearway.app import models

    with _risk_faults():
        if args.action == "list":
            found, words = models.list_models(args.data)
        elif args.action == "show":
            found, words = models.show_model(args.model, args.data)
        elif args.action == "add":
            found, words = models.add_model(args.folder, data=args.data, challenge=args.challenge)
        elif args.action == "retire":
            found, words = models.retire_model(args.model, why=args.why, data=args.data)
        else:
            asked = {"payments": args.payments, "delay_days": args.delay_days, "data": args.data}
            if args.action == "compare":
                found, words = models.compare_models(args.model, **asked)
            else:
                found, words = models.promote_model(args.model, force=args.force, **asked)
    say(args, found, words)
    return 0


def _what_if(args: argparse.Namespace) -> int:
    from clearway.app.what_if import Other, what_if

    other = Other(
        rules=args.rules,
        model=args.model,
        typologies=args.typologies,
        review_bps_min=args.review_bps_min,
        decline_bps_min=args.decline_bps_min,
        reviews_per_day=args.reviews_per_day,
    )
    with _risk_faults():
        found, words = what_if(args.data, other)
    say(args, found, words)
    return 0


_DAYS = ("train_from", "train_to", "score_from", "score_to")


def _evaluate_risk(args: argparse.Namespace) -> int:
    missing = [name for name in _DAYS if getattr(args, name) is None]
    if args.payments is None:
        if len(missing) < len(_DAYS) or args.out is not None:
            args.refuse("--payments is missing")
        return _evaluate_simulated(args)
    if 0 < len(missing) < len(_DAYS):
        args.refuse(
            f"days come together, or not at all: --{', --'.join(missing).replace('_', '-')}"
        )

    from clearway.app.evaluate import evaluate_fraud

    days = None if missing else [getattr(args, name) for name in _DAYS]
    with _risk_faults():
        found, words = evaluate_fraud(
            args.payments, days=days, delay_days=args.delay_days, out=args.out
        )
    say(args, found, words)
    return 0


def _evaluate_simulated(args: argparse.Namespace) -> int:
    from clearway.app.simulated import evaluate_simulated

    say(args, *evaluate_simulated())
    return 0


def _evaluate_aml(args: argparse.Namespace) -> int:
    from clearway.app.evaluate import evaluate_laundering

    with _risk_faults():
        found, words = evaluate_laundering(args.payments, labels=args.labels, out=args.out)
    say(args, found, words)
    return 0


def _screen(args: argparse.Namespace) -> int:
    from clearway.app.lists import screen

    if (args.name is None) == (args.file is None):
        raise ValueError("give a NAME or --file")
    if args.file is not None and args.out is None:
        raise ValueError("--file needs --out")
    found, words = screen(
        name=args.name,
        birth_date=args.birth_date,
        country=args.country,
        file=args.file,
        out=args.out,
        pairs=args.pairs,
    )
    say(args, found, words)
    return 0


def _typologies(args: argparse.Namespace) -> int:
    from clearway.app.typologies import list_typologies

    with _risk_faults():
        found, words = list_typologies(args.only, args.levels)
    say(args, found, words)
    return 0


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


def _backup(args: argparse.Namespace) -> int:
    from clearway.app.backup import back_up

    found, words = back_up(args.data, to=args.to)
    say(args, found, words)
    return 0


def _restore(args: argparse.Namespace) -> int:
    from clearway.app.backup import restore

    found, words = restore(args.source, data=args.data, height=args.height, at=args.time)
    say(args, found, words)
    return 0


def _bench(args: argparse.Namespace) -> int:
    from importlib import import_module

    module = import_module(f"clearway.app.bench.{args.bench}")
    options = {name: getattr(args, name) for name in args.options}
    say(args, module.run(as_json=args.json, **options))
    return 0


MODEL_KINDS = ("forest", "logistic", "isolation")  # of risk.kinds
BENCHES = ("ledger", "pipeline", "http", "screening", "risk")

# --- their arguments ----------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clearway", description="A real-time payments network in a box."
    )
    parser.add_argument("--version", action="version", version=version("clearway"))
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(
        name: str,
        help: str,
        run: Callable[[argparse.Namespace], int],
        within: Any = commands,
        *,
        data: bool = False,
    ) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = within.add_parser(name, help=help, description=help)
        command.add_argument("--json", action="store_true", help="one JSON object as last line")
        if data:
            command.add_argument("--data", type=Path, help="data folder (or CLEARWAY_DATA)")
        command.set_defaults(run=run)
        return command

    demo = add("demo", "the tour: a day of payments on a real node", _demo)
    demo.add_argument("--keep", action="store_true", help="leave the node running")

    up = add("up", "run a node", _up, data=True)
    up.add_argument("--host", help="or CLEARWAY_HOST; 127.0.0.1")
    up.add_argument("--port", type=int, help="or CLEARWAY_PORT; 8420; 0 takes a free one")
    up.add_argument("--dev", action="store_true", help="own genesis, an API key, the faucet")

    keys = commands.add_parser("keys", help="API keys", description="API keys")
    keys_commands = keys.add_subparsers(metavar="ACTION", required=True)
    create = add("create", "make an API key", _keys_create, keys_commands, data=True)
    create.add_argument("--scopes", required=True, help="comma separated; see docs/api-keys.md")
    create.add_argument("--principal", default="main", help="who pays; rotated keys share it")
    create.add_argument("--name", default="", help="a note")
    add("list", "list the API keys", _keys_list, keys_commands, data=True)
    revoke = add("revoke", "revoke an API key, at once", _keys_revoke, keys_commands, data=True)
    revoke.add_argument("id")

    signer = commands.add_parser(
        "signer",
        help="keys of owners, approvers and oracles",
        description="keys of owners, approvers and oracles",
    )
    signer_commands = signer.add_subparsers(metavar="ACTION", required=True, dest="action")
    for action, help in (
        ("create", "make a key file and print its public key"),
        ("show", "print the public key of a key file"),
        ("sign", "sign what …/prepare answered, as an owner or a second person"),
        ("approve", "sign the release of conditional money"),
        ("fact", "sign a fact as an oracle"),
    ):
        command = add(action, help, _signer, signer_commands)
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

    replay = add("replay", "push a file of payments through the whole pipeline", _replay)
    replay.add_argument("file", type=Path, metavar="FILE.parquet|csv")

    train = add("train", "train the risk model on a file, or on simulated worlds", _train)
    train.add_argument("file", type=Path, nargs="?", metavar="FILE.parquet|csv")
    train.add_argument("--kind", choices=MODEL_KINDS, default=MODEL_KINDS[0],
                       help="of model; isolation looks at no label")  # fmt: skip
    train.add_argument("--seed", type=int, default=1, help="same input and seed, same bytes")
    train.add_argument("--out", type=Path, required=True, help="folder for the model and its card")
    train.add_argument("--ledger", action="store_true", help="on the payments of --data's node")
    train.add_argument("--gently", action="store_true", help="at the lowest priority")
    train.add_argument(
        "--promote-tested", action="store_true", help="and first the one tried so far, if better"
    )
    train.add_argument("--register", action="store_true", help="and try it in the node of --data")
    train.add_argument("--data", type=Path, help="data folder (or CLEARWAY_DATA)")

    models = commands.add_parser(
        "models",
        help="a node's risk models: which decides, which is tried",
        description="a node's risk models: which decides, which is tried",
    )
    models_commands = models.add_subparsers(metavar="ACTION", required=True, dest="action")
    add("list", "list the models", _models, models_commands, data=True)
    shown = add(
        "show", "a model's card, and what became of it", _models, models_commands, data=True
    )
    shown.add_argument("model", help="the first digits of its id")
    added = add("add", "take a model and its card in", _models, models_commands, data=True)
    added.add_argument("folder", type=Path, help="with model.json and card.json")
    added.add_argument("--challenge", action="store_true", help="try it beside the champion")
    for action, help in (
        ("compare", "a model against the champion: cost, interval, objections"),
        ("promote", "put a model in force, if the comparison has no objections"),
    ):
        command = add(action, help, _models, models_commands, data=True)
        command.add_argument("model", nargs="?", help="the first digits of its id; the challenger")
        command.add_argument(
            "--payments", type=Path, help="a file with labels; what the node itself has seen"
        )
        command.add_argument("--delay-days", type=_days, default=7, help="until silence is honesty")
        if action == "promote":
            command.add_argument("--force", metavar="WHY", help="without a test; goes on record")
    retired = add("retire", "take a model out of force", _models, models_commands, data=True)
    retired.add_argument("model", help="the first digits of its id")
    retired.add_argument("--why", default="", help="goes on record")

    try_other = add(
        "what-if", "the ledger's own history under other rules or models", _what_if, data=True
    )
    try_other.add_argument("--rules", type=Path, metavar="RULES.json",
                           help="where one holds, a person has to look")  # fmt: skip
    try_other.add_argument("--model", type=Path, metavar="MODEL.json", help="its card beside it")
    try_other.add_argument("--typologies", type=Path, metavar="LEVELS.json",
                           help="levels of typologies, as CLEARWAY_TYPOLOGIES names")  # fmt: skip
    try_other.add_argument("--review-bps-min", type=int, help="nobody is bothered below")
    try_other.add_argument("--decline-bps-min", type=int, help="nobody is refused below")
    try_other.add_argument("--reviews-per-day", type=_per_day, metavar="N",
                           help="people can look at so many; 0 is any number")  # fmt: skip

    evaluate = commands.add_parser(
        "evaluate", help="learn from and score files", description="learn from and score files"
    )
    evaluations = evaluate.add_subparsers(metavar="WHAT", required=True)
    risk = add("risk", "learn frauds from a file's past, score its later days; without a file, "
               "what the shipped model saves on simulated payments, beside plain rules",
               _evaluate_risk, evaluations)  # fmt: skip
    risk.set_defaults(refuse=risk.error)
    risk.add_argument("--payments", type=Path, metavar="P.parquet|csv",
                      help="payment_id, time, payer, payee, amount, is_fraud")  # fmt: skip
    for name, what in (
        (
            "--train-from",
            "first day whose labels are learned from; without days the last quarter is scored",
        ),
        ("--train-to", "last of them"),
        ("--score-from", "first day to score; labels known by then count"),
        ("--score-to", "last of them"),
    ):
        risk.add_argument(name, type=date.fromisoformat, metavar="D", help=what)
    risk.add_argument("--delay-days", type=_days, default=7, metavar="N",
                      help="until a payment's label is known; 7")  # fmt: skip
    risk.add_argument("--out", type=Path, metavar="S.parquet|csv",
                      help="payment_id, score")  # fmt: skip
    aml = add("aml", "score the accounts of a file for laundering", _evaluate_aml, evaluations)
    aml.add_argument("--payments", type=Path, required=True, metavar="P.parquet|csv",
                     help="[payment_id,] time, payer, payee, amount[, currency], or as AMLSim, "
                     "IBM's AML worlds, SAML-D, PaySim and edge lists call them")  # fmt: skip
    aml.add_argument("--labels", type=Path, metavar="L.csv", help="account, is_suspicious")
    aml.add_argument("--out", type=Path, required=True, metavar="A.csv",
                     help="account, score (with labels a probability), typologies")  # fmt: skip

    screen = add("screen", "search the sanctions lists", _screen)
    screen.add_argument("name", nargs="?", metavar="NAME")
    screen.add_argument("--birth-date")
    screen.add_argument("--country")
    screen.add_argument("--file", type=Path, help="csv: name[, birth_date, country]")
    screen.add_argument("--pairs", action="store_true", help="the file's columns: name1, name2")
    screen.add_argument("--out", type=Path)

    verify = add("verify", "recompute the chain from genesis", _verify, data=True)
    verify.add_argument("--trust", type=Path, metavar="GENESIS.json")

    receipt = add("verify-receipt", "check a receipt, with no node", _verify_receipt)
    receipt.add_argument("file", type=Path)
    receipt.add_argument("--trust", type=Path, metavar="GENESIS.json")

    blocks = add("verify-blocks", "check a range of blocks, with no node", _verify_blocks)
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

    export = add("export-blocks", "write a range of blocks to check", _export_blocks, data=True)
    export.add_argument("--from", type=int, dest="first", default=0, metavar="HEIGHT")
    export.add_argument(
        "--to", type=int, dest="last", metavar="HEIGHT", help="the newest, if not given"
    )
    export.add_argument("--out", type=Path, required=True)

    backup = add("backup", "copy a node, running or not", _backup, data=True)
    backup.add_argument("--to", type=Path, required=True, metavar="FILE.tar|DIR")

    restored = add("restore", "make a data folder of a backup", _restore, data=True)
    restored.add_argument("source", type=Path, metavar="FROM")
    until = restored.add_mutually_exclusive_group()
    until.add_argument("--height", type=int, metavar="H", help="the last block to keep")
    until.add_argument("--time", metavar="T", help="keep no block after it; RFC 3339")

    listed = add(
        "typologies", "the documented schemes that payments are compared with", _typologies
    )
    listed.add_argument("only", nargs="?", metavar="CODE", help="one of them, or a family")
    listed.add_argument("--levels", type=Path, metavar="LEVELS.json",
                        help="a bank's own, as CLEARWAY_TYPOLOGIES names")  # fmt: skip

    bench = commands.add_parser("bench", help="measure", description="measure")
    benches = bench.add_subparsers(metavar="BENCH", required=True)
    for name in BENCHES:
        one = add(name, f"the figure of the {name}", _bench, benches)
        one.set_defaults(bench=name, options=())
        if name == "ledger":
            one.set_defaults(options=("accounts", "zipf", "two_phase", "due_per_s", "peers"))
            one.add_argument("--accounts", type=int, default=10_000)
            one.add_argument("--zipf", type=float, default=0.0, help="exponent of popularity")
            one.add_argument("--two-phase", action="store_true", help="pending, then post")
            one.add_argument(
                "--rate",
                type=_positive,
                default=0.0,
                dest="due_per_s",
                metavar="TRANSFERS",
                help="due in a second, latency from when they were due; else as many as can be",
            )
            peers = "and TigerBeetle, on the PATH or in FILE"
            one.add_argument("--peers", nargs="?", const="tigerbeetle", metavar="FILE", help=peers)
        if name == "pipeline":
            one.set_defaults(options=("projections",))
            one.add_argument("--projections", choices=("follow", "keep-up"), default="follow")
    return parser


def _days(text: str) -> int:
    days = int(text)
    if not 0 <= days <= 3_650:
        raise ValueError(text)
    return days


def _per_day(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 10_000_000:
        raise ValueError(text)
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError("must be above 0")
    return number
