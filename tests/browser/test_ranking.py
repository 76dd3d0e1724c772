"""The final ranking of a run comes while its early one is open: the page goes on, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, serving
from tests.browser.queueing import press, settle, shown, wait_for_card
from tests.browser.server import Server
from tests.forks import Forks
from tests.review.runs import write_run

pytestmark = pytest.mark.browser


def test_the_card_on_the_screen_stays_and_the_next_ones_come_in_the_new_order(
    open_page: OpenPage, reviewing: Forks | None, tmp_path: Path
) -> None:
    write_run(tmp_path / "diary", models=("features",))
    for server in serving(Server(tmp_path / "diary", forks=reviewing)):
        ada, bob = (open_page(server, "sort=suspicion", name) for name in ("ada", "bob"))
        first = shown(ada)
        press(ada, "e")
        ada.keyboard.type("half a note")
        with ada.expect_response(lambda answer: "api/queue" in answer.url):  # the cards to come
            write_run(tmp_path / "diary", models=("features", "lexical"))
        for page in (ada, bob):
            expect(page.locator(".au-ranked")).to_contain_text("The audit has ranked the rows anew.")
        assert shown(ada) == first
        expect(ada.locator(".au-note-field, textarea").first).to_have_value("half a note")
        ada.keyboard.press("Escape")
        press(ada, "x")
        wait_for_card(ada, first)
        expect(ada.locator(".au-models thead")).to_contain_text("lexical")
        settle(ada)
        (event,) = server.events("ada")
        assert (event.verdict, event.note) == ("exclude", "half a note")
        for page in (ada, bob):
            page.close()  # before the server ends
