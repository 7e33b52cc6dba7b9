"""What all commands share: how one is added, how it says what it found, numbers that it takes."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Found = dict[str, Any]
Commands = Any  # a parser's subparsers, for which argparse has no public name


def add(
    commands: Commands,
    name: str,
    help: str,
    run: Callable[[argparse.Namespace], int],
    *,
    data: bool = False,
) -> argparse.ArgumentParser:
    """run: gives the exit code. data: the command is about the data folder of a node."""
    command: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    command.add_argument("--json", action="store_true", help="one JSON object as last line")
    if data:
        command.add_argument("--data", type=Path, help="data folder (or CLEARWAY_DATA)")
    command.set_defaults(run=run)
    return command


def add_group(commands: Commands, name: str, help: str, *, metavar: str) -> Commands:
    """Of commands of two words; args.action is the second."""
    group = commands.add_parser(name, help=help, description=help)
    return group.add_subparsers(metavar=metavar, required=True, dest="action")


def say(args: argparse.Namespace, found: Found, words: str | None = None) -> None:
    """The result, for people or as one JSON object on the last line."""
    if args.json:
        print(json.dumps(found), flush=True)
    elif words is not None:
        print(words, flush=True)


@contextmanager
def risk_faults() -> Iterator[None]:
    """A file that the risk room refuses is an error that is said in one line."""
    from clearway.risk.errors import RiskFault

    try:
        yield
    except RiskFault as fault:
        raise ValueError(str(fault)) from fault


def input_file(text: str | Path) -> Path:
    """A file that is there. Another is no misuse of the command, but an answer in one line."""
    path = Path(text)
    if path.is_dir():
        raise IsADirectoryError(f"{text} is a folder, not a file")
    if not path.exists():
        raise FileNotFoundError(f"there is no file {text}")
    return path


def model_file(text: str) -> Path:
    """A model, or the folder that `clearway train --out` made for it."""
    path = Path(text)
    return input_file(str(path / "model.json") if path.is_dir() else text)


def days(text: str) -> int:
    return _count(text, most=3_650)


def per_day(text: str) -> int:
    return _count(text, most=10_000_000)


def _count(text: str, *, most: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to {most:,}")
    return number


def positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError("must be above 0")
    return number
