"""Texts, labels, ids, notes and names that are programs stay what they are: strings on the screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.payloads import PAYLOADS, SAFE, unharmed
from tests.browser.queueing import press, settle, shown, wait_for_card
from tests.browser.server import Server

pytestmark = pytest.mark.browser

NAME = "<img src=x onerror=window.__pwned=2>"
"""A reviewer of this test's own: what others have decided on the shared server does not count."""


def test_none_of_30_payloads_runs(open_page: OpenPage, hostile: Server) -> None:
    assert len(set(PAYLOADS)) >= 30
    page = open_page(hostile, "tab=queue&undecided=me&sort=given", NAME)
    keys = "ksxi1"
    for at, payload in enumerate(PAYLOADS):
        assert shown(page).endswith(f" {at}")
        visible = payload.replace("\x00", "U+0000").replace("\x1b", "U+001B").replace("\x07", "U+0007")
        visible = visible.replace("\u202e", "U+202E").replace("\u2028", "U+2028")
        expect(page.locator(".au-text")).to_have_text(visible)
        press(page, "e")
        page.keyboard.insert_text(SAFE[at])
        press(page, "Escape", keys[at % len(keys)])
        unharmed(page)
    settle(page)
    press(page, "n")
    page.keyboard.insert_text(f"{SAFE[2]} anew")
    press(page, "Enter", "a", "/", "Enter", "/", "ArrowDown", "Enter", "Enter")
    settle(page)
    unharmed(page)
    for key in ("/", "h"):
        press(page, key)
        expect(page.get_by_role("dialog")).to_be_visible()
        unharmed(page)
        press(page, "Escape")
    page.reload()
    before = wait_for_card(page)
    press(page, "u")  # its history has come from the server, with notes and labels
    wait_for_card(page, before)
    press(page, "u")
    settle(page)
    expect(page.locator(".au-history li").first).to_be_visible()
    unharmed(page)
    notes = {event.note for event in hostile.events(NAME)}
    assert notes >= {note.strip() for note in SAFE}
