"""verify/index.html: built from the verifier in JavaScript, and used in a browser."""

from __future__ import annotations

import shutil

from tests.verify.tools import javascript, need, run

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def test_the_page_is_what_its_sources_make() -> None:
    done = run(need("node", major=18), "build.js", "--check", folder=javascript())
    assert done.returncode == 0, done.stderr


def test_a_visitor_checks_files_in_chromium() -> None:
    """verify/js/test/page.test.js: receipts, ranges, drag and drop, a phone, the dark."""
    node = need("node", major=20)
    chromium = need(next((name for name in CHROMIUM if shutil.which(name)), "chromium"))
    done = run(node, "--test", "test/page.test.js", folder=javascript(), CHROMIUM=chromium)
    assert done.returncode == 0, done.stdout
    assert "# skipped 0" in done.stdout
