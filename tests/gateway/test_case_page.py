"""A case's timeline, network and page: the same story as data and to read."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.gateway.api import Api
from tests.gateway.case_scene import Scene, play, play_fan
from tests.gateway.people import act, person, serve_suspicious
from tests.gateway.test_refused_before_ordering import expect
from tests.verify.tools import javascript, need, run

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    for api in serve_suspicious(tmp_path_factory.mktemp("scene")):
        yield play(api)


def page_of(scene: Scene) -> str:
    answer = scene.ben.get(f"/v1/cases/{scene.case}/page")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    return answer.text


def test_the_timeline_tells_it_in_order(scene: Scene) -> None:
    moments = scene.ben.get(f"/v1/cases/{scene.case}/timeline").json()["data"]
    assert [one["time"] for one in moments] == sorted(one["time"] for one in moments)
    kinds = [one["kind"] for one in moments]
    assert kinds == ["payment"] * 6 + ["payment", "alert"] * 3 + ["act"] * 3
    assert [one["direction"] for one in moments[:6]] == ["in"] * 3 + ["out"] * 3
    assert [one.get("in_case") for one in moments[:6]] == [False] * 6
    assert moments[0]["text"].startswith("2,450.00 EUR from victim-")
    assert moments[0]["text"].endswith(": settled.")
    assert moments[6]["in_case"] is True
    assert moments[-1]["text"] == "ann.berg proposed to end it as: report."


def test_what_became_of_a_payment_is_in_the_timeline(tmp_path: Path) -> None:
    for api in serve_suspicious(tmp_path / "node"):
        payer, payee = api.account(funded="100.00"), api.account()
        payment = api.pay(payer, payee, "10.00").json()["id"]
        second = api.pay(payer, payee, "20.00").json()["id"]
        assert api.post(f"/v1/payments/{payment}/approve").json()["status"] == "settled"
        assert api.post(f"/v1/payments/{second}/reject").json()["status"] == "declined"
        [case] = api.get("/v1/cases", account=payer).json()["data"]
        moments = api.get(f"/v1/cases/{case['id']}/timeline").json()["data"]
        changes = [(one["payment"], one["text"]) for one in moments if one["kind"] == "change"]
        assert changes == [
            (payment, "The payment was let go, and settled."),
            (second, "The payment was rejected by a person."),
        ]


def test_the_network_shows_where_it_came_from_and_went(scene: Scene) -> None:
    def network(hops: int) -> tuple[dict[str, int], set[tuple[str, str]]]:
        found = scene.ben.get(f"/v1/cases/{scene.case}/network", hops=hops).json()
        assert found["left_off"] == 0
        hop = {node["owner"] or node["account"]: node["hop"] for node in found["nodes"]}
        owner = {node["account"]: node["owner"] or node["account"] for node in found["nodes"]}
        return hop, {(owner[edge["from"]], owner[edge["to"]]) for edge in found["edges"]}

    near, edges = network(1)
    assert set(near.values()) == {0, 1}
    assert "nostro" not in near
    assert ("Yusuf Demir", "Mira Halloran") in edges
    assert ("Mira Halloran", "Petra Novák") in edges
    far, edges = network(2)
    assert far["nostro"] == 2
    assert ("Petra Novák", "Northwind Coin Exchange") in edges
    # Nothing is followed through the institution's own account, which everybody deals with.
    assert network(4) == (far, edges)
    expect(scene.ben.get(f"/v1/cases/{scene.case}/network", hops=5), "request.invalid")
    expect(scene.ben.get(f"/v1/cases/{scene.case}/network", hops=0), "request.invalid")


def test_sums_of_a_flow_tell_what_moved_from_what_was_stopped(scene: Scene) -> None:
    found = scene.ben.get(f"/v1/cases/{scene.case}/network", hops=1).json()
    owner = {node["account"]: node["owner"] for node in found["nodes"]}
    sums = {
        (owner[one["from"]], owner[one["to"]]): (one["moved"], one["stopped"], one["alerts"])
        for one in found["edges"]
    }
    assert sums["Gerda Lindqvist", "Mira Halloran"] == ("2450.00", "0.00", 0)
    assert sums["Yusuf Demir", "Mira Halloran"] == ("0.00", "4100.00", 1)
    [mule] = [one for one in found["nodes"] if one["hop"] == 0]
    assert (mule["received"], mule["sent"]) == ("7530.00", "7400.00")


def test_no_curve_leaves_the_drawing(scene: Scene) -> None:
    """What goes back turns to the right of its column, also of the last one."""
    drawing = page_of(scene).split('<svg class="flow"', 1)[1].split("</svg>", 1)[0]
    left, top, width, height = map(float, re.search(r'viewBox="([^"]*)"', drawing)[1].split())  # type: ignore[index]
    curves = re.findall(
        r'class="edge [^"]*" d="M(\S+) (\S+)C(\S+) (\S+) (\S+) (\S+) (\S+) (\S+)"', drawing
    )
    assert any(float(x0) >= float(x3) - 2 for x0, *_, x3, _ in curves), "one goes back"
    for curve in curves:
        x0, y0, x1, y1, x2, y2, x3, y3 = map(float, curve)
        for step in range(11):
            t = step / 10
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            x = sum(w * v for w, v in zip(weights, (x0, x1, x2, x3), strict=True))
            y = sum(w * v for w, v in zip(weights, (y0, y1, y2, y3), strict=True))
            assert left <= x <= left + width - 4
            assert top + 4 <= y <= top + height


def test_alike_alerts_of_a_day_are_one_line_of_the_page(scene: Scene) -> None:
    page = page_of(scene)
    line = "Alert: Money of many strangers comes together on one account, or leaves it at once."
    assert re.findall(re.escape(line) + "[^<]*", page) == [
        f"{line} (2 alerts, the last at {scene_time(scene, 'alert', 1)})"
    ]
    assert page.count("Alert: Money is sent on soon after it came.") == 1


def scene_time(scene: Scene, kind: str, at: int) -> str:
    moments = scene.ben.get(f"/v1/cases/{scene.case}/timeline").json()["data"]
    return str([one["time"][11:19] for one in moments if one["kind"] == kind][at])


def test_sums_of_alerts_have_their_currency(scene: Scene) -> None:
    assert "<b>6,678.00 EUR</b><small>expected to be lost, of 9,000.00 EUR</small>" in page_of(
        scene
    )


def test_the_page_says_what_to_do_in_every_state(tmp_path: Path) -> None:
    for api in serve_suspicious(tmp_path / "node"):
        ann, ben = person(api, "ann"), person(api, "ben")
        payer, payee = api.account(funded="100.00"), api.account()
        payment = api.pay(payer, payee, "10.00").json()["id"]
        [case] = api.get("/v1/cases", account=payer).json()["data"]
        id = case["id"]

        def told(id: str = id, ben: Api = ben) -> str:
            page = ben.get(f"/v1/cases/{id}/page").text
            section = page.split("<h2>What to do now</h2>")[1].split("</section>")[0]
            return re.sub("<[^>]*>", "", section)

        assert "One payment waits under review: let go by POST /v1/payments/{id}/approve" in told()
        assert api.post(f"/v1/payments/{payment}/approve").status_code == 200
        assert told() == f"Nobody works on it: POST /v1/cases/{id}/assign gives it to somebody."
        act(ann, id, "assign", {"assignee": "ann"})
        assert told().startswith(f"ann looks into it (POST /v1/cases/{id}/notes), and proposes how")
        act(ann, id, "propose", {"decision": "honest", "note": "Asked the payer."})
        assert told().startswith(f"Anybody but ann agrees by POST /v1/cases/{id}/confirm")
        act(ben, id, "confirm", {})
        assert told() == f"It is closed; POST /v1/cases/{id}/reopen opens it again."


def test_the_page_needs_nothing_but_itself(scene: Scene) -> None:
    page = page_of(scene)
    assert not re.findall(r"(?i)<script|<link|<img|<iframe|url\([^#]|@import|src=|href=", page)
    assert "http" not in page.replace("http-equiv", "")


def test_the_page_is_for_whoever_may_see_cases(scene: Scene) -> None:
    path = f"/v1/cases/{scene.case}/page"
    expect(person(scene.api, "paul", ["payments:read"]).get(path), "auth.scope")
    expect(scene.ben.get(f"/v1/cases/cas_{'0' * 32}/page"), "case.unknown")


def test_a_reader_meets_it_in_chromium(scene: Scene, tmp_path: Path) -> None:
    """case_page.test.mjs: what is shown, a phone, the dark, paper."""
    case = scene.ben.get(f"/v1/cases/{scene.case}").json()
    network = scene.ben.get(f"/v1/cases/{scene.case}/network").json()
    acts = scene.ben.get(f"/v1/cases/{scene.case}/acts").json()["data"]
    alert = case["alert_list"][0]
    shown = [
        case["id"], "Money laundering: Mira Halloran", *case["why"], acts[-1]["hash"],
        alert["text"], alert["reasons"][0]["text"], case["proposal"]["evidence"],
        case["payments"][0]["id"], "Suspicious: report to the authority",
        "a second person has not confirmed it decision", "9,120.00",
    ]  # fmt: skip
    told = {
        "shown": shown,
        "accounts": len(network["nodes"]),
        "flows": len(network["edges"]),
        "alerts": case["alerts"],
        "acts": len(acts),
        "tricky": "Ida <b>Bold</b> & Sons",
        "order": ["Yusuf Demir", "Mira Halloran", "Petra Novák"],
    }
    look(scene, "case_page", told, tmp_path)


def test_a_wide_fan_is_readable_in_chromium(tmp_path: Path) -> None:
    """case_fan.test.mjs: what is drawn of forty payers, and where it begins on a phone."""
    for api in serve_suspicious(tmp_path / "node"):
        scene = play_fan(api, 40)
        largest = [f"Payer No. {at:03}" for at in range(33, 41)]
        rest = sum(100 + 7 * at for at in range(32))
        told = {
            "cards": [*largest, "32 more accounts", "Kestrel Freight"],
            "sums": [f"{rest:,}.00 EUR × 32", "373.00 EUR", "90.00 EUR"],
        }
        look(scene, "case_fan", told, tmp_path)


def look(scene: Scene, name: str, told: dict[str, Any], folder: Path) -> None:
    """Runs a test in Chromium on the page of the scene's case. told: what it should find."""
    node = need("node", major=20)
    chromium = need(next((name for name in CHROMIUM if shutil.which(name)), "chromium"))
    page, expected = folder / "case.html", folder / "expected.json"
    page.write_text(page_of(scene))
    expected.write_text(json.dumps(told))
    done = run(
        node,
        "--test",
        ROOT / "tests" / "gateway" / f"{name}.test.mjs",
        folder=javascript(),
        CHROMIUM=chromium,
        PAGE=str(page),
        EXPECTED=str(expected),
    )
    assert done.returncode == 0, done.stdout
    assert "# skipped 0" in done.stdout
