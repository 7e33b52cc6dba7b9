"""Another ledger is measured by its own benchmark, when there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearway.app.bench import ledger, peers
from clearway.app.bench.peers import ON_PATH, PeerError, find_peers, measure_peer

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
    peer = measure_peer(str(binary), accounts=500)
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
    assert find_peers(ON_PATH) == [str(binary)]


def test_without_one_there_is_no_peer() -> None:
    assert find_peers(ON_PATH) == []


@pytest.mark.parametrize("text", ["", "load accepted = many tx/s"])
def test_a_peer_that_names_no_rate_has_an_error_instead(binary: Path, text: str) -> None:
    (binary.parent / "says").write_text(text)
    peer = measure_peer(str(binary), accounts=500)
    assert "names no rate" in peer["error"]
    assert "rate_per_s" not in peer


def test_a_peer_that_fails_has_an_error_instead(binary: Path) -> None:
    (binary.parent / "says").unlink()
    assert "ended with 1" in measure_peer(str(binary), accounts=500)["error"]


def test_a_peer_that_takes_too_long_has_an_error_instead(
    monkeypatch: pytest.MonkeyPatch, binary: Path
) -> None:
    binary.write_text("#!/bin/sh\ncase $1 in version) echo 1 ;; *) exec sleep 30 ;; esac\n")
    monkeypatch.setattr(peers, "SECONDS_MAX", 0)
    assert "timed out" in measure_peer(str(binary), accounts=peers.ACCOUNTS_PER_S_MIN)["error"]


def test_the_bench_of_the_ledger_lists_its_peers_when_asked(
    monkeypatch: pytest.MonkeyPatch, binary: Path
) -> None:
    monkeypatch.setattr(ledger, "BLOCKS", 1)
    monkeypatch.setattr(ledger, "WARM_UP_BLOCKS", 1)
    assert ledger.run(as_json=True, accounts=100)["peers"] == []
    [peer] = ledger.run(as_json=True, accounts=100, peers=str(binary))["peers"]
    assert peer["conditions"]["accounts"] == 100
    (binary.parent / "says").unlink()
    found = ledger.run(as_json=False, accounts=100, peers=str(binary))
    assert found["rate_per_s"] > 0
    assert "ended with 1" in found["peers"][0]["error"]


def test_a_program_that_is_not_there_is_told_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(ledger, "_measure")
    with pytest.raises(PeerError, match="no such program"):
        ledger.run(as_json=True, accounts=100, peers=str(tmp_path / "nowhere"))
