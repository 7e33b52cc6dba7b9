"""A node for the pages whose walks several tests of one module look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.served import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("walk") / "clearway-data")
    yield served
    served.stop()
