"""What Clearway can do on this machine."""

from __future__ import annotations

import argparse

from clearway.app.cli.command import Commands, add, add_group, positive, say

BENCHES = ("ledger", "pipeline", "http", "screening", "risk")


def add_commands(commands: Commands) -> None:
    benches = add_group(commands, "bench", "measure", metavar="BENCH")
    for name in BENCHES:
        one = add(benches, name, f"the figure of the {name}", _bench)
        one.set_defaults(bench=name, options=())
        if name == "ledger":
            one.set_defaults(options=("accounts", "zipf", "two_phase", "due_per_s", "peers"))
            one.add_argument("--accounts", type=int, default=10_000)
            one.add_argument("--zipf", type=float, default=0.0, help="exponent of popularity")
            one.add_argument("--two-phase", action="store_true", help="pending, then post")
            one.add_argument(
                "--rate",
                type=positive,
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


def _bench(args: argparse.Namespace) -> int:
    from importlib import import_module

    module = import_module(f"clearway.app.bench.{args.bench}")
    options = {name: getattr(args, name) for name in args.options}
    say(args, module.run(as_json=args.json, **options))
    return 0
