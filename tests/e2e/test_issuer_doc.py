"""docs/issuer.md is held to the node: an asset of two persons, set up and used with curl alone."""

from __future__ import annotations

from pathlib import Path

from clearway.app.cli import main
from tests.e2e.served import Client, Served
from tests.e2e.walks import run, walk_of


def test_the_walk_works_as_it_stands_and_after_a_restart(tmp_path: Path) -> None:
    served = Served(tmp_path / "clearway-data")
    ran = run(served, walk_of("issuer.md"))
    assert ran.returncode == 0, ran.stderr
    assert '"controls":["mint_burn","freeze","clawback","two_person"]' in ran.stdout
    assert ran.stdout.count('"code":"asset.second_person"') == 1
    assert ran.stdout.count('"status":"settled"') == 1
    assert '"posted":"12.500"' in ran.stdout
    assert '"frozen":true' in ran.stdout
    served.kill()
    served = Served(tmp_path / "clearway-data")
    client = Client(served)
    status, keys = client.send("GET", "/v1/signing-keys")
    assert (status, keys["data"][-1]["purposes"]) == (200, ["issue"])
    body = {"code": "XAG/3"}
    assert client.send("POST", "/v1/assets", body, key="silver")[0] == 201
    body = {"code": "XAU/3", "controls": ["mint_burn", "freeze", "clawback", "two_person"]}
    status, gold = client.send("POST", "/v1/assets", body, key="gold")
    assert (status, gold["number"]) == (201, 18)  # as it was answered before the restart
    client.close()
    served.stop()
    assert main(["verify", "--data", str(tmp_path / "clearway-data")]) == 0
