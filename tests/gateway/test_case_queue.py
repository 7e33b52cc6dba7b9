"""The queue as a page: opened in a browser with an API key as password, and in nothing else."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.gateway.api import Api
from tests.gateway.case_scene import Scene, play
from tests.gateway.people import person, serve_suspicious
from tests.gateway.test_refused_before_ordering import expect

QUEUE = "/v1/case-queue"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    for api in serve_suspicious(tmp_path_factory.mktemp("scene")):
        yield play(api)


def browse(api: Api, path: str, token: str, *, method: str = "GET") -> httpx.Response:
    """As a browser asks that was given any name, and the key as password."""
    basic = base64.b64encode(f"ann:{token}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Idempotency-Key": "browser-1"}
    return api.http.request(method, path, headers=headers)


def test_the_queue_leads_to_every_case_in_its_order(scene: Scene) -> None:
    page = scene.ben.get(QUEUE)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    listed = [one["id"] for one in scene.ben.get("/v1/cases").json()["data"]]
    linked = re.findall(r'href="cases/(cas_[0-9a-f]{32})/page"', page.text)
    assert linked == listed
    assert scene.case in linked
    assert "Mira Halloran" in page.text
    assert not re.findall(r"(?i)<script|<link|<img|<iframe|src=", page.text)


def test_its_links_are_pages_too(scene: Scene) -> None:
    page = scene.ben.get(QUEUE, limit=1).text
    further = re.search(r'href="(case-queue\?[^"]*starting_after[^"]*)"', page)
    if len(scene.ben.get("/v1/cases").json()["data"]) > 1:
        assert further is not None
        assert scene.ben.get("/v1/" + further[1].replace("&amp;", "&")).status_code == 200
    for view in re.findall(r'href="(case-queue[^"]*)"', page):
        assert scene.ben.get("/v1/" + view.replace("&amp;", "&")).status_code == 200
    [one] = re.findall(r'href="(cases/[^"]*)"', page)
    assert scene.ben.get(f"/v1/{one}").status_code == 200
    assert "No case is here." in scene.ben.get(QUEUE, typology="sanctions").text


def test_a_browser_is_asked_for_a_password_on_pages_alone(scene: Scene) -> None:
    for path in (QUEUE, f"/v1/cases/{scene.case}/page"):
        asked = scene.api.http.get(path)
        assert asked.status_code == 401
        assert "Basic realm=" in asked.headers["www-authenticate"]
        assert browse(scene.api, path, scene.ben.token).status_code == 200
        refused = browse(scene.api, path, "cwk_1_wrong")
        assert (refused.status_code, "Basic" in refused.headers["www-authenticate"]) == (401, True)
    assert "Basic" not in scene.api.http.get("/v1/cases").headers["www-authenticate"]


def test_what_is_no_page_takes_no_password(scene: Scene) -> None:
    """Another site can make a browser send it."""
    expect(browse(scene.api, "/v1/cases", scene.ben.token), "auth.missing")
    confirm = f"/v1/cases/{scene.case}/confirm"
    expect(browse(scene.api, confirm, scene.ben.token, method="POST"), "auth.missing")


@pytest.mark.parametrize("basic", ["Og==", "!", "YW5u", base64.b64encode(b"\xff:\xff").decode()])
def test_a_password_that_is_none_is_refused(scene: Scene, basic: str) -> None:
    answer = scene.api.http.get(QUEUE, headers={"Authorization": f"Basic {basic}"})
    assert (answer.status_code, answer.json()["code"][:5]) == (401, "auth.")


def test_the_queue_is_for_whoever_may_see_cases(scene: Scene) -> None:
    expect(person(scene.api, "pia", ["payments:read"]).get(QUEUE), "auth.scope")
