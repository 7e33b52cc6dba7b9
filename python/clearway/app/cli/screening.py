"""The sanctions lists."""

from __future__ import annotations

import argparse
from pathlib import Path

from clearway.app.cli.command import Commands, add, say


def add_commands(commands: Commands) -> None:
    screen = add(commands, "screen", "search the sanctions lists", _screen)
    screen.add_argument("name", nargs="?", metavar="NAME")
    screen.add_argument("--birth-date")
    screen.add_argument("--country")
    screen.add_argument("--file", type=Path, help="csv: name[, birth_date, country]")
    screen.add_argument("--pairs", action="store_true", help="the file's columns: name1, name2")
    screen.add_argument("--out", type=Path)


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
