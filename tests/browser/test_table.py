"""The table: pages, orders, picks, and verdicts on many rows at once, checked in the decision log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenPage
from tests.browser.queueing import press, said, settle, shown, wait_for_card
from tests.browser.server import Server
from tests.browser.viewing import ask, cells, idle, number, query, visit

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

TEXT = 3


def texts(page: Page, path: str) -> list[str]:
    return [row["text"] for row in ask(page, path)["rows"]]


def picked(view: Locator) -> int:
    return view.locator(".pg-rows tbody input:checked").count()


def preview(page: Page, verdict: str) -> Locator:
    """The dialog, in which a verdict has been chosen and what it would do is shown."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name=verdict).check()
    dialog.locator(".pg-says").filter(has_text="would be decided").wait_for()
    return dialog


def test_pages_and_their_size(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "paging")
    view = visit(page, server, "table")
    pages = view.get_by_role("navigation", name="Pages")
    assert cells(view, TEXT) == texts(page, "table?page=0&size=50")
    expect(pages.get_by_role("button", name="Previous")).to_be_disabled()
    pages.get_by_role("button", name="Next").click()
    expect(pages.get_by_role("status")).to_have_text("51–100 of 600")
    assert cells(view, TEXT) == texts(page, "table?page=1&size=50")
    pages.get_by_label("Rows per page").select_option("25")
    expect(pages.get_by_role("status")).to_have_text("51–75 of 600")  # the same rows stay in sight
    pages.get_by_role("button", name="Last").click()
    expect(pages.get_by_role("status")).to_have_text("576–600 of 600")
    expect(pages.get_by_role("button", name="Next")).to_be_disabled()
    page.get_by_role("checkbox", name="love").first.check()
    wanted = ask(page, "table?given=love&size=25")
    expect(pages.get_by_role("status")).to_have_text(f"1–25 of {wanted['found']}")
    idle(page)
    assert cells(view, TEXT) == [row["text"] for row in wanted["rows"]]


def test_orders(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "ordering")
    view = visit(page, server, "table")
    heads = view.locator(".pg-rows thead th")
    expect(heads.filter(has_text="Suspicion")).to_have_attribute("aria-sort", "descending")
    heads.get_by_role("button", name="Given → suggested").click()
    expect(heads.filter(has_text="Given → suggested")).to_have_attribute("aria-sort", "ascending")
    expect(heads.filter(has_text="Suspicion")).not_to_have_attribute("aria-sort", "descending")
    assert cells(view, TEXT) == texts(page, "table?sort=pair")
    for sort in ("given", "loss:lexical", "random"):
        view.get_by_label("Order").select_option(sort)
        expect(heads.filter(has_text="Given → suggested")).not_to_have_attribute("aria-sort", "ascending")
        idle(page)
        asked = page.url.split("?")[1]
        assert cells(view, TEXT) == texts(page, f"table?{asked}")
    seed = page.url
    page.reload()
    view.locator(".pg-found:not(:empty)").wait_for()
    assert page.url == seed
    assert cells(view, TEXT) == texts(page, f"table?{seed.split('?')[1]}")


def test_picks_by_range_by_page_and_over_pages(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "picking")
    view = visit(page, server, "table")
    boxes = view.locator(".pg-rows tbody input")
    several = view.get_by_role("button", name="Decide the picked…")
    expect(several).to_be_disabled()
    boxes.nth(2).click()
    boxes.nth(6).click(modifiers=["Shift"])
    assert picked(view) == 5
    boxes.nth(4).click()
    assert picked(view) == 4
    whole = view.get_by_label("Pick the page")
    assert whole.evaluate("(box) => box.indeterminate && !box.checked")
    view.get_by_role("button", name="Next").click()
    idle(page)
    expect(whole).not_to_be_checked()
    whole.check()
    expect(view.get_by_text("54 rows picked")).to_be_visible()
    view.get_by_role("button", name="Previous").click()
    idle(page)
    assert picked(view) == 4
    expect(several).to_be_enabled()
    page.get_by_role("checkbox", name="joy").first.check()  # what is no longer seen is no longer picked
    expect(several).to_be_disabled()
    idle(page)
    assert picked(view) == 0


def test_a_row_opens_in_the_queue(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "opening")
    filter = query(given="joy", undecided="me")
    view = visit(page, server, "table", filter)
    rows = ask(page, f"table?{filter}")["rows"]
    view.locator(".pg-rows tbody tr").nth(3).locator(".pg-text").click()
    assert wait_for_card(page) == rows[3]["id"]
    assert "given=joy" in page.url
    press(page, "k")
    settle(page)
    assert [(event.item_id, event.source) for event in server.events("opening")] == [(rows[3]["id"], "table")]
    page.go_back()
    view = visit(page, server, "table", filter)
    view.get_by_role("button", name=f"Open row {rows[5]['rank']} in the queue").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("id => document.querySelector('.au-card')?.dataset.id === id", arg=rows[5]["id"])


def test_a_verdict_on_the_picked_and_its_undo(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "bulk-some")
    view = visit(page, server, "table", query(undecided="me"))
    rows = ask(page, "table?undecided=me")["rows"]
    for at in (0, 2, 7):
        view.locator(".pg-rows tbody input").nth(at).click()
    view.get_by_role("button", name="Decide the picked…").click()
    dialog = page.get_by_role("dialog", name="Decide 3 picked rows")
    expect(dialog.get_by_role("button", name="Decide", exact=True)).to_be_disabled()
    preview(page, "Exclude")
    expect(dialog.locator(".pg-says")).to_have_text("3 rows would be decided.")
    shown_texts = dialog.locator(".pg-sample li bdi:last-child").all_inner_texts()
    assert sorted(shown_texts) == sorted(rows[at]["text"] for at in (0, 2, 7))
    dialog.get_by_label("Note (optional)").fill("adverts")
    dialog.get_by_role("button", name="Decide 3 rows").click()
    expect(dialog).to_be_hidden()
    expect(view.get_by_text("3 rows decided: exclude.")).to_be_visible()
    events = server.events("bulk-some")
    assert {event.item_id for event in events} == {rows[at]["id"] for at in (0, 2, 7)}
    assert {(event.kind, event.verdict, event.source, event.note) for event in events} == {
        ("decide", "exclude", "bulk", "adverts")
    }
    [batch] = {event.batch_id for event in events}
    expect(view.locator(".pg-found")).to_have_text("597 rows found")  # they are decided now
    view.get_by_role("button", name="Undo this").click()
    said(page, "Undone: 3 rows.")
    expect(view.locator(".pg-found")).to_have_text("600 rows found")
    last = server.events("bulk-some")[-1]
    assert (last.kind, last.undoes) == ("undo", batch)
    assert server.standing("bulk-some") == {}
    expect(view.get_by_role("button", name="Undo this")).to_have_count(0)
    page.get_by_role("tab", name="Queue").click()  # which knows of it
    wait_for_card(page)
    press(page, "r")
    said(page, "Redone: one action on 3 rows.")
    assert set(server.standing("bulk-some").values()) == {"exclude"}


def test_suggestions_for_everything_found_and_undo_in_the_queue(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "bulk-all")
    filter = query(given="fear", undecided="me", issue=1)
    view = visit(page, server, "table", filter)
    rows = {row["id"]: row["suggested"] for row in ask(page, f"table?{filter}&size=500")["rows"]}
    view.get_by_role("button", name="Decide all found…").click()
    dialog = preview(page, "Take each row’s suggestion")
    expect(dialog.locator(".pg-says")).to_have_text(f"{len(rows)} rows would be decided.")
    changes = dict(
        zip(
            dialog.locator("tbody th").all_inner_texts(),
            map(number, dialog.locator("tbody td").all_inner_texts()),
            strict=True,
        )
    )
    assert changes == {f"fear→{to}": list(rows.values()).count(to) for to in set(rows.values())}
    dialog.get_by_role("button", name=f"Decide {len(rows)} rows").click()
    expect(view.locator(".pg-found")).to_have_text("0 rows found")
    events = server.events("bulk-all")
    assert {event.item_id: event.new_labels for event in events} == {id: (to,) for id, to in rows.items()}
    assert {event.verdict for event in events} == {"relabel"}
    page.get_by_role("tab", name="Queue").click()
    expect(page.get_by_role("heading", name="This queue is at its end")).to_be_visible()
    press(page, "u")
    wait_for_card(page)
    settle(page)
    assert server.standing("bulk-all") == {}
    assert shown(page) in rows


def test_what_has_changed_since_the_preview_is_shown_anew(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "bulk-stale", outages=True)
    filter = query(given="surprise", undecided="me")
    view = visit(page, server, "table", filter)
    rows = ask(page, f"table?{filter}&size=500")["rows"]
    view.get_by_role("button", name="Decide all found…").click()
    dialog = preview(page, "Keep")
    page.evaluate(
        """async ([id, hash, run]) => {
            const event = { event_id: "meanwhile", kind: "decide", item_id: id, item_hash: hash, verdict: "unsure" };
            const sent = { events: [event], held: [], run };
            const headers = { "Content-Type": "application/json" };
            await fetch("api/events", { method: "POST", headers, body: JSON.stringify(sent) });
        }""",
        [rows[0]["id"], ask(page, f"card?id={rows[0]['id']}")["hash"], ask(page, "session")["run"]["id"]],
    )
    dialog.get_by_role("button", name=f"Decide {len(rows)} rows").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The rows have changed since the preview")
    expect(dialog.locator(".pg-says")).to_have_text(f"{len(rows) - 1} rows would be decided.")
    dialog.get_by_role("button", name=f"Decide {len(rows) - 1} rows").click()
    expect(dialog).to_be_hidden()
    assert len(server.standing("bulk-stale")) == len(rows)


def test_verdicts_that_need_labels(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "bulk-labels")
    filter = query(given=["love", "anger"], undecided="me")
    view = visit(page, server, "table", filter)
    rows = ask(page, f"table?{filter}&size=500")["rows"]
    view.get_by_role("button", name="Decide all found…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Ambiguous").check()
    dialog.get_by_role("checkbox", name="joy").check()
    expect(dialog.get_by_text("Choose the labels that fit, two at least.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Decide", exact=True)).to_be_disabled()
    dialog.get_by_role("radio", name="Relabel").check()
    dialog.get_by_label("New label").select_option("love")
    given_love = sum(row["given"] == "love" for row in rows)
    expect(dialog.get_by_text(f"{given_love} rows left out")).to_be_visible()
    dialog.get_by_role("button", name=f"Decide {len(rows) - given_love} rows").click()
    expect(dialog).to_be_hidden()
    events = server.events("bulk-labels")
    assert {(event.verdict, event.new_labels) for event in events} == {("relabel", ("love",))}
    assert len(events) == len(rows) - given_love
    row = view.locator(".pg-rows tbody tr").first
    visit(page, server, "table", query(given="anger", reviewer="bulk-labels"))
    expect(row).to_contain_text("Relabel to love by bulk-labels")


def test_the_dialog_can_be_left_and_gives_the_focus_back(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "bulk-none")
    view = visit(page, server, "table")
    button = view.get_by_role("button", name="Decide all found…")
    for leave in ("Escape", "Cancel"):
        button.focus()
        page.keyboard.press("Enter")
        preview(page, "Keep")
        page.keyboard.press("u")  # no key of the queue
        if leave == "Escape":
            page.keyboard.press("Escape")
        else:
            page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(button).to_be_focused()
    assert server.events("bulk-none") == []
