"""Classes that are renamed, merged or left out while a page is open: labels show it, and their keys stay."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from auditor.correction.decide.reclassify import write_change
from auditor.review.guidelines import Guidelines
from auditor.review.log.opening import opened_log
from auditor.review.log.parts import LabelChange
from auditor.run import find_run
from tests.browser.conftest import OpenPage
from tests.browser.queueing import press, settle, wait_for_card
from tests.browser.server import Server

pytestmark = pytest.mark.browser


def test_an_open_page_shows_the_new_names_and_keeps_its_keys(own_server: Server, open_page: OpenPage) -> None:
    page = open_page(own_server, "sort=given", "ada")
    labels = page.locator(".au-labels-row button[data-action^=label]")
    names = [label.rpartition("\n")[2] for label in labels.all_inner_texts()]
    keys = labels.locator("kbd").all_inner_texts()
    first, second, third = names[:3]
    with opened_log(find_run(own_server.directory)) as log:
        Guidelines(log).write("## Delight <b>\nGlad.", "bob", "g1", None)
        write_change(log, LabelChange(operation="rename", labels=(first,), to="delight <b>"), "bob", "c1")
        write_change(log, LabelChange(operation="merge", labels=(second,), to=third), "bob", "c2")
    button = page.locator("[data-action=label1]")
    expect(button).to_contain_text("delight <b>")
    expect(button).to_have_attribute("title", "delight <b>: Glad.")  # the section has the new name
    expect(page.locator("[data-action=label2]")).to_be_hidden()
    expect(page.locator("[data-action=label3]")).to_contain_text(third)
    assert labels.locator("kbd").all_inner_texts() == keys
    item = page.locator(".au-card").get_attribute("data-id") or ""
    press(page, "2")
    assert page.locator(".au-card").get_attribute("data-id") == item  # the key of no class decides nothing
    press(page, "3")
    wait_for_card(page, item)
    settle(page)
    (decided,) = own_server.events("ada")
    assert decided.new_labels in ((third,), ())
    filters = page.locator(".auditor-page[data-page=filters]")
    expect(filters.get_by_text("delight <b>").first).to_be_attached()
    expect(filters.get_by_text(f"{second} (now {third})").first).to_be_attached()
