"""Risk models: trained, kept, compared; the past under others; files scored; typologies."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from clearway.app.cli.command import (
    Commands,
    add,
    add_group,
    days,
    input_file,
    model_file,
    per_day,
    risk_faults,
    say,
)

MODEL_KINDS = ("forest", "logistic", "isolation")  # of risk.kinds
_DAYS = ("train_from", "train_to", "score_from", "score_to")


def add_commands(commands: Commands) -> None:
    _add_train(commands)
    _add_models(commands)
    _add_what_if(commands)
    _add_evaluate(commands)
    _add_typologies(commands)


def _add_train(commands: Commands) -> None:
    train = add(commands, "train", "train the risk model on a file, or on simulated worlds", _train)
    train.add_argument("file", type=input_file, nargs="?", metavar="FILE.parquet|csv")
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
    with risk_faults():
        found, words = train_model(training, out=args.out, seed=args.seed, data=args.data)
    say(args, found, words)
    return 0


def _add_models(commands: Commands) -> None:
    models = add_group(
        commands,
        "models",
        "a node's risk models: which decides, which is tried",
        metavar="ACTION",
    )
    add(models, "list", "list the models", _models, data=True)
    shown = add(models, "show", "a model's card, and what became of it", _models, data=True)
    shown.add_argument("model", help="the first digits of its id")
    added = add(models, "add", "take a model and its card in", _models, data=True)
    added.add_argument("folder", type=Path, help="with model.json and card.json")
    added.add_argument("--challenge", action="store_true", help="try it beside the champion")
    for action, help in (
        ("compare", "a model against the champion: cost, interval, objections"),
        ("promote", "put a model in force, if the comparison has no objections"),
    ):
        command = add(models, action, help, _models, data=True)
        command.add_argument("model", nargs="?", help="the first digits of its id; the challenger")
        command.add_argument(
            "--payments", type=input_file, help="a file with labels; what the node itself has seen"
        )
        command.add_argument("--delay-days", type=days, default=7, help="until silence is honesty")
        if action == "promote":
            command.add_argument("--force", metavar="WHY", help="without a test; goes on record")
    retired = add(models, "retire", "take a model out of force", _models, data=True)
    retired.add_argument("model", help="the first digits of its id")
    retired.add_argument("--why", default="", help="goes on record")


def _models(args: argparse.Namespace) -> int:
    from clearway.app import models

    with risk_faults():
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


def _add_what_if(commands: Commands) -> None:
    try_other = add(
        commands,
        "what-if",
        "the ledger's own history under other rules or models",
        _what_if,
        data=True,
    )
    try_other.add_argument("--rules", type=input_file, metavar="RULES.json",
                           help="where one holds, a person has to look")  # fmt: skip
    try_other.add_argument("--model", type=model_file, metavar="MODEL.json",
                           help="its card beside it, or their folder")  # fmt: skip
    try_other.add_argument("--typologies", type=input_file, metavar="LEVELS.json",
                           help="levels of typologies, as CLEARWAY_TYPOLOGIES names")  # fmt: skip
    try_other.add_argument("--review-bps-min", type=int, help="nobody is bothered below")
    try_other.add_argument("--decline-bps-min", type=int, help="nobody is refused below")
    try_other.add_argument("--reviews-per-day", type=per_day, metavar="N",
                           help="people can look at so many; 0 is any number")  # fmt: skip


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
    with risk_faults():
        found, words = what_if(args.data, other)
    say(args, found, words)
    return 0


def _add_evaluate(commands: Commands) -> None:
    evaluate = add_group(commands, "evaluate", "learn from and score files", metavar="WHAT")
    risk = add(evaluate, "risk",
               "learn frauds from a file's past, score its later days; without a file, "
               "what the shipped model saves on simulated payments, beside plain rules",
               _evaluate_risk)  # fmt: skip
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
    risk.add_argument("--delay-days", type=days, default=7, metavar="N",
                      help="until a payment's label is known; 7")  # fmt: skip
    risk.add_argument("--out", type=Path, metavar="S.parquet|csv",
                      help="payment_id, score")  # fmt: skip
    aml = add(evaluate, "aml", "score the accounts of a file for laundering", _evaluate_aml)
    aml.add_argument("--payments", type=input_file, required=True, metavar="P.parquet|csv",
                     help="[payment_id,] time, payer, payee, amount[, currency], or as AMLSim, "
                     "IBM's AML worlds, SAML-D, PaySim and edge lists call them")  # fmt: skip
    aml.add_argument("--labels", type=input_file, metavar="L.csv", help="account, is_suspicious")
    aml.add_argument("--out", type=Path, required=True, metavar="A.csv",
                     help="account, score (with labels a probability), typologies")  # fmt: skip


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
    with risk_faults():
        found, words = evaluate_fraud(
            input_file(args.payments), days=days, delay_days=args.delay_days, out=args.out
        )
    say(args, found, words)
    return 0


def _evaluate_simulated(args: argparse.Namespace) -> int:
    from clearway.app.simulated import evaluate_simulated

    say(args, *evaluate_simulated())
    return 0


def _evaluate_aml(args: argparse.Namespace) -> int:
    from clearway.app.evaluate import evaluate_laundering

    with risk_faults():
        found, words = evaluate_laundering(args.payments, labels=args.labels, out=args.out)
    say(args, found, words)
    return 0


def _add_typologies(commands: Commands) -> None:
    listed = add(
        commands,
        "typologies",
        "the documented schemes that payments are compared with",
        _typologies,
    )
    listed.add_argument("only", nargs="?", metavar="CODE", help="one of them, or a family")
    listed.add_argument("--levels", type=input_file, metavar="LEVELS.json",
                        help="a bank's own, as CLEARWAY_TYPOLOGIES names")  # fmt: skip


def _typologies(args: argparse.Namespace) -> int:
    from clearway.app.typologies import list_typologies

    with risk_faults():
        found, words = list_typologies(args.only, args.levels)
    say(args, found, words)
    return 0
