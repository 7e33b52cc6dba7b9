"""Every example of examples/conditions, from its opening to its end, with what is refused first.

Approvers and oracles sign with the keys of seeds 1, 2, 3 and 4 (32 equal bytes each).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from clearway.gateway.times import format_time
from clearway.ledger.crypto import hash_bytes, sign
from clearway.payment.witnesses import pack_fact_message
from tests.conftest import ROOT
from tests.gateway.api import Api
from tests.gateway.conftest import serve
from tests.gateway.test_refused_before_ordering import expect

EXAMPLES = ROOT / "examples" / "conditions"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.json"))
ANN, BEN, CAS, ORACLE = (bytes([n]) * 32 for n in (1, 2, 3, 4))
SECRET = b"open sesame: thirty-two bytes ok"
TEMPERATURE = "74656d7065726174757265206469736b"
STRANGER = bytes([9]) * 32


@dataclass(slots=True)
class Village:
    """A node with the people of the examples."""

    api: Api

    def open(self, name: str) -> Escrow:
        body = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
        return self.open_body(body)

    def open_body(self, body: dict[str, Any]) -> Escrow:
        answer = self.api.post("/v1/payments", body)
        assert answer.status_code == 201, answer.text
        payment = answer.json()
        assert payment["status"] == "held", payment
        assert self.api.get(f"/v1/payments/{payment['id']}").json() == payment | {
            "decision": self.api.get(f"/v1/payments/{payment['id']}").json()["decision"]
        }
        return Escrow(self.api, payment)

    def cents(self, account: str, asset: str = "EUR/2") -> int:
        return int(self.api.available(account, asset).replace(".", ""))

    def now_ns(self) -> int:
        return self.api.clock()


@dataclass(slots=True)
class Escrow:
    api: Api
    payment: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/v1/payments/{self.payment['id']}"

    def release(self, *witnesses: dict[str, Any], **body: Any) -> httpx.Response:
        return self.api.post(f"{self.path}/release", {"witnesses": list(witnesses), **body})

    def released(self, *witnesses: dict[str, Any], **body: Any) -> dict[str, Any]:
        answer = self.release(*witnesses, **body)
        assert answer.status_code == 200, answer.text
        payment: dict[str, Any] = answer.json()
        return payment

    def cancel(self, **body: Any) -> httpx.Response:
        return self.api.post(f"{self.path}/cancel", body)

    def simulate(self, *witnesses: dict[str, Any], **body: Any) -> dict[str, Any]:
        answer = self.api.post(f"{self.path}/simulate", {"witnesses": list(witnesses), **body})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def seen(self) -> dict[str, Any]:
        payment: dict[str, Any] = self.api.get(self.path).json()
        return payment

    def approval(self, node: int, seed: bytes, **query: str) -> dict[str, Any]:
        asked = self.api.get(f"{self.path}/approval", **query).json()
        assert bytes.fromhex(asked["digest"]) == hash_bytes(
            "approve", bytes.fromhex(asked["message"])
        )
        signature = sign(seed, bytes.fromhex(asked["digest"])).hex()
        return {"node": node, "approval": {"up_to": asked["up_to"], "signature": signature}}

    def pass_deadline(self) -> None:
        end = datetime.fromisoformat(self.payment["conditions"]["until"])
        now_ns = self.api.clock()
        self.api.clock.pass_s(end.replace(tzinfo=UTC).timestamp() - now_ns / 1e9 + 1)
        # Nobody asks for it: the node ends what is due.
        give_up_s = time.monotonic() + 20
        while self.seen()["status"] == "held":
            assert time.monotonic() < give_up_s, "the deadline passed, and nothing happened"
            time.sleep(0.01)


def fact(node: int, value: int, time_ns: int, *, seed: bytes = ORACLE) -> dict[str, Any]:
    time_ns = time_ns // 1_000 * 1_000
    message = pack_fact_message(subject=bytes.fromhex(TEMPERATURE), value=value, time_ns=time_ns)
    signature = sign(seed, hash_bytes("fact", message)).hex()
    said = {"value": value, "time": format_time(time_ns), "signature": signature}
    return {"node": node, "fact": said}


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    for api in serve(tmp_path_factory.mktemp("village"), review="10000", decline="10000"):
        for name in ("alice", "bob", "carol", "dave", "school"):
            body = {"id": name, "assets": ["EUR/2", "USD/2"]}
            assert api.post("/v1/accounts", body).status_code == 201
        grocer = {"id": "grocer", "assets": ["EUR/2"], "category": 5411}
        assert api.post("/v1/accounts", grocer).status_code == 201
        for name, asset in (("alice", "EUR/2"), ("bob", "USD/2")):
            api.fund(name, "100000.00", asset)
        yield Village(api)


# --- the examples -------------------------------------------------------------------------------


def test_time_lock(village: Village) -> None:
    escrow, before = village.open("time_lock"), village.cents("bob")
    expect(escrow.release(), "escrow.unmet")  # too early
    assert escrow.simulate()["code"] == "escrow.unmet"
    later = escrow.simulate(at="2030-01-01T00:00:00Z")
    assert (later["would_release"], later["nodes"][0]["met"]) == (True, True)
    assert escrow.simulate(at="2030-02-01T00:00:00Z")["code"] == "escrow.expired"
    year_2030_s = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
    village.api.clock.pass_s(year_2030_s - village.now_ns() / 1e9 + 1)
    settled = escrow.released()
    assert (settled["status"], settled["amount_captured"]) == ("settled", "100.00")
    assert village.cents("bob") == before + 100_00
    expect(escrow.release(), "payment.wrong_state")


def test_hash_lock(village: Village) -> None:
    escrow, before = village.open("hash_lock"), village.cents("bob")
    expect(escrow.release(), "escrow.unmet")
    wrong = {"node": 0, "preimage": (b"x" * 32).hex()}
    expect(escrow.release(wrong), "escrow.unmet")
    assert escrow.simulate(wrong)["nodes"] == [
        {"node": 0, "text": escrow.payment["conditions"]["release"]["text"], "met": False}
    ]
    right = {"node": 0, "preimage": SECRET.hex()}
    expect(escrow.release({**right, "node": 1}), "escrow.bad_witness")
    part = escrow.released(right, amount="40.00")
    assert (part["status"], part["amount_captured"]) == ("held", "40.00")
    assert escrow.released(right)["status"] == "settled"
    assert village.cents("bob") == before + 100_00


def test_approvers(village: Village) -> None:
    escrow, before = village.open("approvers"), village.cents("bob")
    ann, cas = escrow.approval(1, ANN, up_to="60.00"), escrow.approval(3, CAS, up_to="60.00")
    expect(escrow.release(ann, amount="60.00"), "escrow.unmet")  # one is not enough
    expect(escrow.release(ann, {**ann, "node": 2}, amount="60.00"), "escrow.unmet")  # nor twice one
    expect(escrow.release(ann, ann, amount="60.00"), "escrow.bad_witness")
    forged = escrow.approval(2, STRANGER, up_to="60.00")
    simulated = escrow.simulate(ann, forged, amount="60.00")
    assert [node["met"] for node in simulated["nodes"]] == [False, True, False, False]
    assert escrow.released(ann, cas, amount="60.00")["amount_captured"] == "60.00"
    expect(escrow.release(ann, cas, amount="0.01"), "escrow.unmet")  # they approved 60.00 in all
    everything = [escrow.approval(1, ANN), escrow.approval(2, BEN)]
    assert escrow.released(*everything)["status"] == "settled"
    assert village.cents("bob") == before + 100_00


def test_an_approval_is_for_one_escrow_and_one_payee(village: Village) -> None:
    first, second = village.open("approvers"), village.open("approvers")
    witnesses = [first.approval(1, ANN), first.approval(2, BEN)]
    expect(second.release(*witnesses), "escrow.unmet")
    expect(first.release(*witnesses, to="carol"), "escrow.differs")
    assert first.released(*witnesses)["status"] == "settled"
    assert second.cancel().json()["status"] == "returned"


def test_oracle(village: Village) -> None:
    early = fact(0, 35, village.now_ns() - 10**9)
    escrow = village.open("oracle")
    expect(escrow.release(early), "escrow.unmet")  # stated before the escrow was opened
    expect(escrow.release(fact(0, 29, village.now_ns())), "escrow.unmet")
    expect(escrow.release(fact(0, 35, village.now_ns(), seed=ANN)), "escrow.unmet")
    expect(escrow.release(fact(0, 35, village.now_ns() + 60 * 10**9)), "escrow.unmet")
    assert escrow.released(fact(0, 30, village.now_ns()))["status"] == "settled"


def test_milestones(village: Village) -> None:
    escrow = village.open("milestones")
    nodes = escrow.payment["conditions"]["release"]["any"]
    assert [child["node"] for child in nodes] == [1, 4, 8]
    ann = escrow.approval(3, ANN)
    expect(escrow.release(ann, amount="200.01"), "escrow.unmet")
    assert escrow.released(ann, amount="200.00")["amount_captured"] == "200.00"
    expect(escrow.release(ann, amount="400.00"), "escrow.unmet")
    both = [escrow.approval(6, ANN), escrow.approval(7, BEN)]
    assert escrow.released(*both, amount="400.00")["amount_captured"] == "600.00"
    everybody = [escrow.approval(node, seed) for node, seed in ((9, ANN), (10, BEN), (11, CAS))]
    expect(escrow.release(*everybody, amount="400.01"), "escrow.exceeded")
    assert escrow.released(*everybody)["status"] == "settled"


def test_deadline_return(village: Village) -> None:
    before = village.cents("alice")
    escrow = village.open("deadline_return")
    assert village.cents("alice") == before - 100_00
    expect(escrow.cancel(**{"as": "alice"}), "escrow.not_cancellable")
    approval = escrow.approval(0, ANN)
    assert escrow.released(approval, amount="30.00")["amount_captured"] == "30.00"
    escrow.pass_deadline()
    seen = escrow.seen()
    assert (seen["status"], seen["amount_captured"]) == ("returned", "30.00")
    assert "expires" not in seen
    assert village.cents("alice") == before - 30_00
    expect(escrow.release(approval), "escrow.expired")
    expect(escrow.cancel(), "escrow.expired")


def test_delivery_versus_payment(village: Village) -> None:
    dollars = village.cents("bob", "USD/2"), village.cents("alice", "USD/2")
    euros = village.cents("bob")
    escrow = village.open("delivery_versus_payment")
    deliver = {"node": 0, "deliver": True}
    expect(escrow.release(), "escrow.unmet")
    expect(escrow.release(deliver, amount="50.00"), "escrow.unmet")  # only as a whole
    expect(escrow.release(deliver, **{"as": "alice"}), "escrow.unmet")  # she has not agreed to
    assert escrow.released(deliver)["status"] == "settled"
    assert village.cents("bob") == euros + 100_00
    assert village.cents("bob", "USD/2") == dollars[0] - 108_00
    assert village.cents("alice", "USD/2") == dollars[1] + 108_00
    entries = village.api.get("/v1/accounts/alice/entries", limit=2).json()["data"]
    assert [(row["asset"], row["amount"]) for row in entries] == [
        ("EUR/2", "-100.00"),
        ("USD/2", "108.00"),
    ]


def test_a_delivery_that_cannot_be_made_releases_nothing(village: Village) -> None:
    body = json.loads((EXAMPLES / "delivery_versus_payment.json").read_text("utf-8"))
    body["conditions"]["release"]["delivery"]["amount"] = "9999999.00"
    escrow, before = village.open_body(body), village.api.money()
    expect(escrow.release({"node": 0, "deliver": True}), "ledger.exceeds_available")
    assert village.api.money() == before
    assert escrow.cancel().json()["status"] == "returned"


def test_stream(village: Village) -> None:
    before = village.cents("bob"), village.cents("alice")
    escrow = village.open("stream")
    expect(escrow.release(amount="86.40"), "escrow.not_accrued")
    expect(escrow.release(amount="0.10", **{"as": "alice"}), "escrow.not_accrued")
    village.api.clock.pass_s(3_600)
    expect(escrow.release(amount="0.10", **{"as": "alice"}), "escrow.unmet")
    taken = escrow.released()
    assert (taken["status"], taken["amount_captured"]) == ("held", "6.00")
    expect(escrow.release(), "escrow.not_accrued")
    assert escrow.simulate(at=_in(escrow, 7_200))["amount"] == "6.00"
    village.api.clock.pass_s(1_800)
    cancelled = escrow.cancel(**{"as": "alice"}).json()
    assert (cancelled["status"], cancelled["amount_captured"]) == ("returned", "9.00")
    assert village.cents("bob") == before[0] + 9_00
    assert village.cents("alice") == before[1] - 9_00


def _in(escrow: Escrow, seconds: int) -> str:
    opened = datetime.fromisoformat(escrow.payment["conditions"]["stream"]["start"])
    return format_time(int(opened.timestamp() + seconds) * 10**9)


def test_split(village: Village) -> None:
    before = [village.cents(name) for name in ("bob", "carol", "dave")]
    escrow = village.open("split")
    approval = escrow.approval(0, ANN)
    for _ in range(7):
        escrow.released(approval, amount="0.01")
    assert escrow.released(approval)["status"] == "settled"
    after = [village.cents(name) for name in ("bob", "carol", "dave")]
    assert [new - old for old, new in zip(before, after, strict=True)] == [65_00, 30_00, 5_00]


def test_waterfall(village: Village) -> None:
    before = [village.cents(name) for name in ("bob", "carol", "dave")]
    escrow = village.open("waterfall")
    escrow.released(amount="70.00")
    middle = [village.cents(name) for name in ("bob", "carol", "dave")]
    assert [new - old for old, new in zip(before, middle, strict=True)] == [0, 60_00, 10_00]
    escrow.released()
    after = [village.cents(name) for name in ("bob", "carol", "dave")]
    assert [new - old for old, new in zip(before, after, strict=True)] == [15_00, 60_00, 25_00]


def test_refund_window(village: Village) -> None:
    before = village.cents("bob")
    kept, sent_back = village.open("refund_window"), village.open("refund_window")
    expect(kept.release(), "escrow.unmet")
    assert sent_back.cancel(**{"as": "alice"}).json()["status"] == "returned"
    expect(sent_back.cancel(**{"as": "alice"}), "payment.wrong_state")
    kept.pass_deadline()
    seen = kept.seen()
    assert (seen["status"], seen["amount_captured"]) == ("settled", "49.90")
    assert village.cents("bob") == before + 49_90
    expect(kept.cancel(**{"as": "alice"}), "escrow.expired")


def test_purpose_bound(village: Village) -> None:
    before = village.cents("grocer"), village.cents("school"), village.cents("carol")
    escrow = village.open("purpose_bound")
    expect(escrow.release(amount="10.00"), "escrow.unmet")  # bob himself sells no groceries
    expect(escrow.release(amount="10.00", to="carol"), "escrow.unmet")  # wrong payee
    expect(escrow.release(amount="10.00", to="alice"), "ledger.same_account")
    expect(escrow.release(amount="10.00", to="grocer", **{"as": "carol"}), "escrow.unmet")
    assert escrow.released(amount="10.00", to="grocer")["amount_captured"] == "10.00"
    assert escrow.released(amount="15.00", to="school")["amount_captured"] == "25.00"
    assert village.cents("grocer") == before[0] + 10_00
    assert village.cents("school") == before[1] + 15_00
    assert village.cents("carol") == before[2]
    assert escrow.cancel().json()["status"] == "returned"


def test_arbiter(village: Village) -> None:
    content, quarrel = village.open("arbiter"), village.open("arbiter")
    expect(content.release(), "escrow.unmet")  # bob cannot take it by himself
    assert content.released(**{"as": "alice"})["status"] == "settled"
    assert quarrel.released(quarrel.approval(2, CAS))["status"] == "settled"


def test_what_is_put_aside_survives_a_restart(tmp_path: Path) -> None:
    for api in serve(tmp_path / "node", review="10000", decline="10000"):
        payer, payee = api.account(funded="100.00"), api.account()
        body = json.loads((EXAMPLES / "approvers.json").read_text("utf-8"))
        opened = api.post("/v1/payments", body | {"from": payer, "to": payee}).json()
        escrow = Escrow(api, opened)
        witnesses = [escrow.approval(1, ANN), escrow.approval(2, BEN)]
        assert escrow.released(*witnesses, amount="40.00")["amount_captured"] == "40.00"
    for api in serve(tmp_path / "node", review="10000", decline="10000"):
        escrow = Escrow(api, opened)
        assert escrow.seen()["conditions"] == opened["conditions"]
        assert escrow.released(*witnesses)["status"] == "settled"
        assert api.available(payee) == "100.00"


def test_every_example_has_its_story() -> None:
    stories = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert NAMES
    assert set(NAMES) <= stories
