"""A node: the tour, up, its API keys, files of payments played, copies of it."""

from __future__ import annotations

import argparse
from pathlib import Path

from clearway.app.cli.command import Commands, add, add_group, risk_faults, say


def add_commands(commands: Commands) -> None:
    demo = add(commands, "demo", "the tour: a day of payments on a real node", _demo)
    demo.add_argument("--keep", action="store_true", help="leave the node running")

    up = add(commands, "up", "run a node", _up, data=True)
    up.add_argument("--host", help="or CLEARWAY_HOST; 127.0.0.1")
    up.add_argument("--port", type=int, help="or CLEARWAY_PORT; 8420; 0 takes a free one")
    up.add_argument("--dev", action="store_true", help="own genesis, an API key, the faucet")

    keys = add_group(commands, "keys", "API keys", metavar="ACTION")
    create = add(keys, "create", "make an API key", _keys_create, data=True)
    create.add_argument("--scopes", required=True, help="comma separated; see docs/api-keys.md")
    create.add_argument("--principal", default="main", help="who pays; rotated keys share it")
    create.add_argument("--name", default="", help="a note")
    add(keys, "list", "list the API keys", _keys_list, data=True)
    revoke = add(keys, "revoke", "revoke an API key, at once", _keys_revoke, data=True)
    revoke.add_argument("id")

    replay = add(commands, "replay", "push a file of payments through the whole pipeline", _replay)
    replay.add_argument("file", type=Path, metavar="FILE.parquet|csv")

    backup = add(commands, "backup", "copy a node, running or not", _backup, data=True)
    backup.add_argument("--to", type=Path, required=True, metavar="FILE.tar|DIR")

    restored = add(commands, "restore", "make a data folder of a backup", _restore, data=True)
    restored.add_argument("source", type=Path, metavar="FROM")
    until = restored.add_mutually_exclusive_group()
    until.add_argument("--height", type=int, metavar="H", help="the last block to keep")
    until.add_argument("--time", metavar="T", help="keep no block after it; RFC 3339")


def _demo(args: argparse.Namespace) -> int:
    from clearway.app.demo import run_demo

    return run_demo(keep=args.keep, as_json=args.json)


def _up(args: argparse.Namespace) -> int:
    from clearway.app.serve import serve

    with risk_faults():
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


def _replay(args: argparse.Namespace) -> int:
    from clearway.app.replay import replay_file

    found, words = replay_file(args.file)
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
