"""`clearway up`: a node behind HTTP, until it is told to end.

Requests are answered from the first moment: while the node still starts, with 503 node.starting.
On SIGTERM new requests are refused, event streams end, what runs is finished and answered, and the
node lets go of its files.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import signal
import socket
import threading
import time
from importlib.metadata import version
from pathlib import Path
from types import FrameType

import uvicorn

from clearway.app.bootstrap import Node, build_node
from clearway.app.config import load_config
from clearway.app.keys import write_secret
from clearway.app.retrain import Retraining
from clearway.gateway.app import Gateway, make_app
from clearway.gateway.auth import SCOPES, create_api_key
from clearway.gateway.wire import Wire

GRACE_S = 10
BACKLOG = 2_048
GC_THRESHOLDS = (20_000, 50, 100)  # requests leave hardly any cycles; the default is 700, 10, 10
DEV_KEY = "dev-api-key"

log = logging.getLogger("clearway.app")


class Server(uvicorn.Server):
    """Tells the gateway at once that the end has come, so that event streams let go."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway
        self.failed = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not uvicorn's own: it raises the signal again after the last answer, and the process
        # would end before the node has let go of its files.
        self._gateway.stop()
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def serve(*, data: Path | None, host: str | None, port: int | None, dev: bool) -> int:
    """Blocks until a signal. Port 0 takes a free one; the line that says the address is flushed."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    config = load_config(data=data, host=host, port=port, dev=dev)
    node = build_node(config)
    if dev:
        print(f"API key: {dev_api_key(node)}")
    listener = _listen(config.host, config.port)
    port = listener.getsockname()[1]
    gateway = make_app(node, dev=dev, version=version("clearway"))
    server = make_server(gateway)
    retraining = Retraining(config)
    retraining.start()
    starter = threading.Thread(target=_start, args=(node, server), name="clearway-start")
    starter.start()
    print(f"listening on http://{config.host}:{port}", flush=True)
    try:
        server.run(sockets=[listener])
    finally:
        retraining.stop()
        starter.join()
        node.stop()
    return int(server.failed)


class ServerThread:
    """A started node behind HTTP in a thread, for the demo: `with ServerThread(node) as url`."""

    def __init__(self, node: Node, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._gateway = make_app(node, dev=True, version=version("clearway"))
        self._server = make_server(self._gateway)
        self._listener = _listen(host, port)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="clearway-http"
        )
        self.url = f"http://{host}:{self._listener.getsockname()[1]}"

    def __enter__(self) -> str:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)
        return self.url

    def __exit__(self, *_: object) -> None:
        self._gateway.stop()
        self._server.should_exit = True
        self._thread.join()


def make_server(gateway: Gateway) -> Server:
    config = uvicorn.Config(
        gateway,
        loop="uvloop",
        http=Wire,
        ws="none",
        lifespan="on",
        access_log=False,
        proxy_headers=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=75,
    )
    return Server(config, gateway)


def dev_api_key(node: Node) -> str:
    """The key in DATA/dev-api-key, made once; every scope, for trying things."""
    path = node.config.data / DEV_KEY
    if path.exists():
        return path.read_text("utf-8").strip()
    text, key = create_api_key(
        node.vault,
        principal="dev",
        name="clearway up --dev",
        institution=node.institution,
        scopes=sorted(SCOPES),
        now_ns=time.time_ns(),
    )
    node.audit.append(who="clearway up --dev", what="key.create", facts={"key": key.id})
    write_secret(path, text + "\n")
    return text


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener


def _start(node: Node, server: Server) -> None:
    """A node that cannot start ends the process: half a node is worse than none."""
    try:
        node.start()
        # What lives as long as the process is looked at once and never again by the collector.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        _give_back_memory()
    except Exception:
        log.exception("the node cannot start")
        server.failed = True
        server.should_exit = True


def _give_back_memory() -> None:
    """Lists were parsed and snapshots read: the C library keeps pages that this left empty."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # glibc's
        trim(0)
