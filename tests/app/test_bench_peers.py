"""Another ledger is measured by its own benchmark, when there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearway.app.bench import ledger, peers
from clearway.app.bench.peers import ON_PATH, PeerError, measure_peers

SAYS = """\
info(main): multiversioning: upgrades disabled
123 batches in 7.30 s
transfer batch size = 8189 txs
transfer batch delay = 0ns
load accepted = 274000 tx/s
batch latency p1 = 22 ms
batch latency p50 = 29 ms
batch latency p100 = 181 ms
"""


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    """Notes what it was asked and where, leaves a file as the real one does, and says `says`."""
    (tmp_path / "says").write_text(SAYS)
    script = tmp_path / "tigerbeetle"
    script.write_text(
        f"""#!/bin/sh
echo "$PWD $*" >> {tmp_path}/asked
case $1 in
version) echo "TigerBeetle version 1.2.3" ;;
*) touch benchmark.tigerbeetle; cat {tmp_path}/says ;;
esac
"""
    )
    script.chmod(0o755)
    return script


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def test_a_binary_that_is_named_is_measured_on_a_file_of_its_own(binary: Path) -> None:
    [peer] = measure_peers(str(binary), accounts=500)
    assert (peer["name"], peer["rate_per_s"]) == ("tigerbeetle", 274_000)
    assert peer["version"] == "TigerBeetle version 1.2.3"
    assert peer["latency_ms"] == {"p1": 22, "p50": 29, "p100": 181}
    place, command, *asked = (binary.parent / "asked").read_text().splitlines()[1].split()
    assert command == "benchmark"
    assert {"--account-count=500", f"--transfer-count={peers.TRANSFERS}"} <= set(asked)
    assert f"--file={place}/benchmark.tigerbeetle" in asked
    assert not Path(place).exists()


def test_a_binary_on_the_path_is_found(monkeypatch: pytest.MonkeyPatch, binary: Path) -> None:
    monkeypatch.setenv("PATH", f"{binary.parent}:/usr/bin:/bin")
    assert [peer["name"] for peer in measure_peers(ON_PATH, accounts=500)] == ["tigerbeetle"]


def test_without_one_there_is_no_peer() -> None:
    assert measure_peers(ON_PATH, accounts=500) == []


@pytest.mark.parametrize("text", ["", "load accepted = many tx/s"])
def test_a_peer_that_names_no_rate_is_an_error(binary: Path, text: str) -> None:
    (binary.parent / "says").write_text(text)
    with pytest.raises(PeerError, match="names no rate"):
        measure_peers(str(binary), accounts=500)


def test_a_peer_that_fails_or_is_missing_is_an_error(binary: Path) -> None:
    with pytest.raises(PeerError, match="cannot be measured"):
        measure_peers(str(binary.parent / "nowhere"), accounts=500)
    (binary.parent / "says").unlink()
    with pytest.raises(PeerError, match="ended with 1"):
        measure_peers(str(binary), accounts=500)


def test_the_bench_of_the_ledger_lists_its_peers_when_asked(
    monkeypatch: pytest.MonkeyPatch, binary: Path
) -> None:
    monkeypatch.setattr(ledger, "BLOCKS", 1)
    monkeypatch.setattr(ledger, "WARM_UP_BLOCKS", 1)
    assert ledger.run(as_json=True, accounts=100)["peers"] == []
    [peer] = ledger.run(as_json=True, accounts=100, peers=str(binary))["peers"]
    assert peer["conditions"]["accounts"] == 100
