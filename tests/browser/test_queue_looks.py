"""How the queue is seen, heard and held: roles and contrast, light and dark, on a phone, and nothing from elsewhere."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.queueing import press, settle, wait_for_card
from tests.browser.server import Server
from tests.browser.viewing import problems

pytestmark = pytest.mark.browser

MINE = "undecided=me&tab=queue"
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_opens_in_the_readers_scheme(open_page: OpenPage, server: Server, scheme: str) -> None:
    page = open_page(server, MINE, None, color_scheme=scheme)
    expect(page.get_by_role("dialog", name="Who is reviewing?")).to_be_visible()
    assert page.locator("body.dark").count() == (scheme == "dark")


def test_axe_finds_nothing(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, None, color_scheme="light")
    expect(page.get_by_role("dialog", name="Who is reviewing?")).to_be_visible()
    assert problems(page) == []
    page.get_by_label("Your name").fill("axe")
    page.keyboard.press("Enter")
    wait_for_card(page)
    assert problems(page) == []
    press(page, "k", "s", "b", "a", "1")  # a card with a verdict and a history, while labels are marked
    settle(page)
    assert problems(page) == []
    press(page, "Escape")
    for key, name in (("n", "None of the labels fits"), ("/", "Which label fits?"), ("h", "Keys")):
        press(page, key)
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
        assert problems(page) == []
        press(page, "Escape")
    press(page, *"uuu")
    expect(page.locator(".au-toast")).to_be_visible()
    assert problems(page) == []
    page.goto(f"{server.url}?tab=queue&ids=none")
    expect(page.get_by_role("heading", name="This queue is at its end")).to_be_visible()
    assert problems(page) == []


def test_on_a_phone_nothing_is_wider_and_all_is_at_hand(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "phone", **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    controls = page.locator(".au-controls button:visible")
    for at in range(controls.count()):
        button = controls.nth(at)
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 40, button.inner_text()
        assert box["y"] + box["height"] <= 740, button.inner_text()  # without scrolling
    page.locator(".au-side").scroll_into_view_if_needed()
    before = page.locator(".au-card").get_attribute("data-id") or ""
    page.locator("[data-action=keep]").tap()
    wait_for_card(page, before)
    expect(page.locator(".au-text")).to_be_in_viewport()
    for dialog in ("none", "pick", "help"):
        page.locator(f"[data-action={dialog}]").scroll_into_view_if_needed()
        page.locator(f"[data-action={dialog}]").tap()
        box = page.get_by_role("dialog").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        page.get_by_role("button", name="Close").tap()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_screen_reader_hears_the_card_and_what_was_done(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "listening")
    table = page.get_by_role("table", name="Probability of each label, by model, and loss of the given label")
    expect(table.get_by_role("columnheader")).to_have_text(["Label", "consensus", "features", "lexical", "finetuned"])
    expect(table.get_by_role("rowheader")).to_have_count(7)
    expect(page.get_by_role("heading", level=3).first).to_have_text("Why it is flagged")
    press(page, "k")
    text = page.locator(".au-text").inner_text()
    expect(page.locator("#au-status")).to_contain_text(text)
    settle(page)
    expect(page.locator("#au-status")).to_contain_text("Saved.")
    keep = page.locator("[data-action=keep]")
    assert keep.get_attribute("aria-keyshortcuts") == "k"


def test_differences_are_words_not_colours_alone(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "words", forced_colors="active")
    expect(page.locator(".au-models .au-given th")).to_contain_text("given")
    expect(page.locator(".au-models .au-suggested th")).to_contain_text("suggested")
    for line in page.locator(".au-others li").all():
        assert "same label" in line.inner_text() or "other label" in line.inner_text()
    press(page, "a", "1")
    expect(page.locator("[data-action=label1]")).to_have_attribute("aria-pressed", "true")
