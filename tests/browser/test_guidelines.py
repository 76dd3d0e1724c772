"""Guidelines beside the card, and a card that a colleague asks one to look at, on the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from auditor.review.guidelines import version_of
from tests.browser.conftest import OpenPage
from tests.browser.queueing import press, said, settle, shown
from tests.browser.server import Server
from tests.browser.viewing import PHONE, problems

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)> **free** text\n\n## joy\n[Happy](javascript:alert(1)), `<b>`\n- so \u202eglad"


def test_guidelines_are_written_read_and_recorded(own_server: Server, open_page: OpenPage) -> None:
    page = open_page(own_server, "", "ada")
    press(page, "d")
    panel = page.get_by_role("complementary", name="Guidelines")
    expect(panel).to_contain_text("There are no guidelines yet")
    panel.get_by_role("button", name="Write them").click()
    panel.get_by_role("textbox").fill(HOSTILE)
    page.keyboard.press("k")  # the keys rest while somebody writes
    page.keyboard.press("Backspace")
    panel.get_by_role("button", name="Save").click()
    said(page, "The guidelines are saved")
    expect(panel.locator("h3").first).to_have_text("joy")
    expect(panel.locator("p", has_text="<img src=x")).to_have_text("<img src=x onerror=alert(1)> free text")
    assert panel.locator("img, a, b, script").count() == 0
    expect(panel.locator("strong")).to_have_text("free")
    expect(panel.locator("li")).to_have_text("so U+202Eglad")
    tip = page.locator(".au-labels-row button", has_text="joy")
    expect(tip).to_have_attribute("title", "joy: [Happy](javascript:alert(1)), `<b>`")
    assert problems(page) == []
    page.locator("h1").click()
    press(page, "k")
    settle(page)
    press(page, "d")
    expect(panel).to_be_hidden()
    written, decided = own_server.events("ada")
    assert (written.kind, written.guidelines) == ("guideline", HOSTILE)
    assert decided.guideline == version_of(HOSTILE)


def test_a_colleague_is_asked_and_told(own_server: Server, open_page: OpenPage) -> None:
    bob = open_page(own_server, "", "bob")
    first = shown(bob)
    press(bob, "k")
    settle(bob)
    ada = open_page(own_server, "", "ada", locale="en-GB")
    card = shown(ada)
    assert card != first
    press(ada, "c")
    ada.get_by_role("button", name="bob").click()
    ada.keyboard.type("joy or love?")
    ada.keyboard.press("Escape")
    press(ada, "i")
    settle(ada)
    phone = open_page(own_server, "", "bob", **PHONE)
    line = phone.locator(".au-asking", has_text="Colleagues ask you to look at 1 row.")
    expect(line).to_be_visible()
    assert problems(phone) == []
    line.get_by_role("button", name="Look at them").click()
    expect(phone.locator(".au-asked")).to_contain_text("ada asks you to look at this row.")
    assert shown(phone) == card
    assert "joy or love" not in phone.locator(".au-card").inner_text()
    expect(line).to_be_hidden()
    press(phone, "k")
    expect(phone.locator(".au-nothing")).to_be_visible()
    settle(phone)
    press(phone, "b")
    expect(phone.locator(".au-asked")).to_have_count(0)
    phone.goto(f"{own_server.url}?asked=me&tab=queue")
    expect(phone.locator(".au-nothing")).to_be_visible()
