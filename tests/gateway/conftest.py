"""One node for the tests of this folder, on a free port, with a clock that tests may turn on."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clearway.app.bootstrap import build_node
from clearway.app.config import parse_config
from clearway.app.serve import ServerThread, dev_api_key
from tests.gateway.api import Api, Clock


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Its risk room accepts everything, so that a test says itself what is unusual."""
    yield from serve(tmp_path_factory.mktemp("node"), review="10000", decline="10000")


@pytest.fixture
def api(served: Api) -> Api:
    return served


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
