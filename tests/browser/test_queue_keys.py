"""Keys: when they rest, how they are changed, and choosing among many labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, serving
from tests.browser.queueing import card, press, said, settle, shown, wait_for_card
from tests.browser.server import Server, brief
from tests.forks import Forks
from tests.review.runs import write_run

pytestmark = pytest.mark.browser

MINE = "undecided=me&tab=queue"
WORDS = "pay move lend card rate lost fee cash".split() * 2
MANY = tuple(f"intent {number:02}: {word}" for number, word in enumerate(WORDS))


@pytest.fixture(scope="module")
def many_labels(reviewing: Forks | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A review of a run with sixteen labels."""
    directory = write_run(tmp_path_factory.mktemp("many") / "intents", names=MANY).directory
    yield from serving(Server(directory, forks=reviewing))


def test_keys_rest_with_modifiers_in_fields_and_dialogs(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "resting")
    before = shown(page)
    press(page, "Control+x", "Alt+x", "Meta+x")
    page.get_by_role("combobox", name="Order").focus()
    press(page, "x")
    assert shown(page) == before
    page.get_by_label("Text", exact=True).focus()
    page.keyboard.type("xi")
    page.get_by_label("Text", exact=True).fill("")
    page.locator("h1").click()
    press(page, "n", "x", "i", "Escape")
    assert shown(page) == before
    settle(page)
    assert server.events("resting") == []


def test_a_key_that_is_held_down_decides_once(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "holding")
    before = shown(page)
    for _ in range(5):
        page.keyboard.down("k")  # the browser marks all but the first as repeated
    page.keyboard.up("k")
    after = shown(page)
    keep = page.get_by_role("button", name="Keep ", exact=False).first
    keep.focus()
    for _ in range(5):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    settle(page)
    assert [event.item_id for event in server.events("holding")] == [before, after]


def test_space_and_enter_press_a_focused_button_and_nothing_else(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "buttons")
    first = shown(page)
    page.get_by_role("button", name="Exclude").focus()
    press(page, "Space")
    second = shown(page)
    press(page, "Enter")
    third = shown(page)
    page.get_by_role("button", name="Unsure").click()  # with the mouse: then the space bar skips again
    fourth = shown(page)
    press(page, "Space")
    assert len({first, second, third, fourth, shown(page)}) == 5
    settle(page)
    assert [brief(event)[:2] for event in server.events("buttons")] == [
        *((first, "exclude"), (second, "exclude"), (third, "unsure"))
    ]


def test_all_by_buttons_without_a_letter_key(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "tabbing")
    first = shown(page)
    page.get_by_role("button", name="Ambiguous").focus()
    press(page, "Enter")
    expect(page.get_by_role("group", name="Labels that fit").get_by_role("button").first).to_be_focused()
    press(page, "Enter", "Tab", "Space")
    page.get_by_role("button", name="Done").focus()
    press(page, "Enter")
    expect(page.get_by_role("button", name="Ambiguous")).to_be_focused()
    settle(page)
    assert [brief(event)[:2] for event in server.events("tabbing")] == [(first, "ambiguous")]
    assert len(server.events("tabbing")[0].new_labels) == 2


def test_keys_are_changed_kept_and_reset(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "changing")
    first = shown(page)
    press(page, "h")
    change = page.get_by_role("button", name="Change the key: Keep the given label")
    change.click()
    press(page, "x")
    status = page.locator(".au-keylist [role=status]")
    expect(status).to_have_text("x is taken: Exclude the row.")
    change.click()
    press(page, "Escape")
    expect(status).to_have_text("Not changed.")
    change.click()
    press(page, "F5")
    expect(status).to_contain_text("cannot be used")
    change.click()
    press(page, "g")
    expect(status).to_have_text("Keep the given label: now g.")
    press(page, "Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("[data-action=keep] kbd")).to_have_text("g")
    press(page, "k")
    assert shown(page) == first
    press(page, "g")
    settle(page)
    page.reload()
    second = wait_for_card(page)
    press(page, "g")
    wait_for_card(page, second)
    press(page, "h")
    page.get_by_role("button", name="Reset all keys").click()
    press(page, "Escape", "k")
    settle(page)
    assert [event.verdict for event in server.events("changing")] == ["keep"] * 3


def test_keys_of_a_file_are_printed_and_work(open_page: OpenPage, server: Server, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps({"exclude": "Delete", "skip": "ArrowRight"}), "utf-8")
    for own in serving(Server(server.directory, "--keys", str(tmp_path / "keys.json"), forks=server.forks)):
        page = open_page(own, MINE, "file", outages=True)
        expect(page.locator("[data-action=skip] kbd")).to_have_text("→")
        skipped, excluded = press(page, "ArrowRight", "Delete")
        settle(page)
        assert [brief(event)[:2] for event in own.events("file")] == [(excluded, "exclude")]
        assert skipped != excluded


def test_keys_in_the_place_of_letters_and_digits_of_other_keyboards(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "layouts")
    press_as = """([key, code]) => document.body.dispatchEvent(
        new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true }))"""
    page.evaluate(press_as, ["л", "KeyK"])  # Russian
    page.evaluate(press_as, ["j", "KeyH"])  # Dvorak: a Latin letter is taken by its name
    label = next(at for at, name in enumerate(("sadness", "joy")) if name != card(page, shown(page))["given"])
    page.evaluate(press_as, [{0: "&", 1: "é"}[label], f"Digit{label + 1}"])  # French
    settle(page)
    assert [event.verdict for event in server.events("layouts")] == ["keep", "relabel"]


def test_many_labels_are_picked_by_typing(open_page: OpenPage, many_labels: Server) -> None:
    page = open_page(many_labels, MINE, "picking")
    first = shown(page)
    press(page, "/")
    expect(page.get_by_role("combobox", name="Label")).to_be_focused()
    options = page.get_by_role("listbox", name="Labels").get_by_role("option")
    expect(options).to_have_count(len(MANY))
    page.keyboard.type("LEND")
    expect(options).to_have_count(2)
    press(page, "ArrowDown")
    expect(options.and_(page.get_by_role("option", selected=True))).to_have_text(MANY[10])
    press(page, "Enter")
    second = wait_for_card(page, first)
    press(page, "a", "/")
    page.keyboard.type("fee")
    press(page, "Enter", "/")
    page.keyboard.type("cash")
    press(page, "Enter", "Enter")
    third = wait_for_card(page, second)
    given = card(page, third)["given"]
    printed = page.locator("[data-action^=label]:not([hidden]) span").all_inner_texts()
    likely = [one["label"] for one in card(page, third)["models"][0]["probabilities"]]
    assert printed == likely
    digit = next(at for at, label in enumerate(likely) if label != given)
    press(page, str(digit + 1))
    settle(page)
    assert [brief(event) for event in many_labels.events("picking")] == [
        (first, "relabel", (MANY[10],)),
        (second, "ambiguous", (MANY[6], MANY[7])),
        (third, "relabel", (likely[digit],)),
    ]
    press(page, "/")
    page.keyboard.type("nothing like it")
    expect(page.locator(".au-picker [role=status]")).to_have_text("No label matches.")
    press(page, "Enter", "Escape", "n")
    page.keyboard.type(MANY[0])
    press(page, "Enter")
    expect(page.get_by_role("alert").filter(has_text="is already a label")).to_be_visible()
    said(page, "Saved.")
