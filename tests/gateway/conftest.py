"""One node for the tests of this folder, on a free port, with a clock that tests may turn on."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clearway.app.bootstrap import build_node
from clearway.app.config import parse_config
from clearway.app.serve import ServerThread, dev_api_key
from tests.gateway.api import Api, Clock

LEFT_NS_MAX = 30 * 86_400 * 10**9


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Its risk room accepts everything, so that a test says itself what is unusual."""
    yield from serve(tmp_path_factory.mktemp("node"), review="10000", decline="10000")


@pytest.fixture(scope="module")
def for_a_file(served: Api) -> Iterator[Api]:
    """Holds and escrows that a file leaves behind end with it, and not when a later test turns the
    clock on and counts blocks."""
    yield served
    book, clock = served.node.book, served.clock
    while (due_ns := book.next_expiry_ns()) is not None and due_ns < clock() + LEFT_NS_MAX:
        clock.pass_s(max(0.0, (due_ns - clock()) / 1e9) + 1.0)
        for _ in range(200):
            if book.next_expiry_ns() != due_ns:
                break
            time.sleep(0.02)
        else:
            raise AssertionError("what is due does not end")


@pytest.fixture
def api(for_a_file: Api) -> Iterator[Api]:
    """What would pay by itself one day ends with the test that asked for it."""
    yield for_a_file
    node = for_a_file.node
    for _ in range(200):  # a payment is seen as settled a moment before its place in the queue ends
        if not node.vault.queue.waiting():
            break
        time.sleep(0.02)
    assert node.vault.queue.waiting() == []
    assert node.book.standing_orders(node.institution) == []


@pytest.fixture(scope="session")
def careful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A node that has every payment looked at."""
    for api in serve(tmp_path_factory.mktemp("careful"), review="0", decline="10000"):
        payer, payee = api.account(funded="10.00"), api.account()
        api.pay(payer, payee, "10.00")
        api.clock.pass_s(3 * 3_600)  # in its first hour a node stops nothing
        yield api


def serve(data: Path, *, review: str, decline: str, **more: str) -> Iterator[Api]:
    settings = {"CLEARWAY_REVIEW_BPS_MIN": review, "CLEARWAY_DECLINE_BPS_MIN": decline, **more}
    clock = Clock()
    node = build_node(parse_config(settings, dev=True, data=data), clock=clock)
    token = dev_api_key(node)
    node.start()
    try:
        with ServerThread(node) as url, httpx.Client(base_url=url, timeout=30) as http:
            yield Api(http, node, clock, token)
    finally:
        node.stop()
