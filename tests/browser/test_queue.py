"""The queue by keyboard: each verdict, undo, redo, back, skip, notes, orders, the end."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, serving
from tests.browser.queueing import card, press, said, settle, shown, wait_for_card
from tests.browser.server import Server, brief
from tests.browser.viewing import until
from tests.report.made import EMOTIONS
from tests.review.runs import write_run

pytestmark = pytest.mark.browser

MINE = "undecided=me&tab=queue"
"""What nobody else's test changes."""


def other_label(given: str) -> int:
    """Place of a label that is not the given one."""
    return next(at for at, name in enumerate(EMOTIONS) if name != given)


def test_every_verdict_by_one_key_and_in_the_log(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "verdicts")
    expected = []

    def decide(verdict: str, labels: tuple[str, ...], *keys: str) -> None:
        before = shown(page)
        press(page, *keys)
        expected.append((before, verdict, labels))
        assert shown(page) != before  # at once: nothing was waited for

    decide("keep", (), "k")
    decide("relabel", (card(page, shown(page))["suggested"],), "s")
    label = other_label(card(page, shown(page))["given"])
    decide("relabel", (EMOTIONS[label],), str(label + 1))
    decide("keep", (), str(EMOTIONS.index(card(page, shown(page))["given"]) + 1))  # the given label is kept
    decide("ambiguous", (EMOTIONS[1], EMOTIONS[3]), "a", "2", "3", "4", "3", "Enter")
    decide("none_fits", (), "n", "Enter")
    decide("none_fits", ("relief",), "n", *"relief", "Enter")
    decide("exclude", (), "x")
    decide("unsure", (), "i")
    decide("keep", (), "K")  # Caps Lock
    settle(page)
    events = server.events("verdicts")
    assert [brief(event) for event in events] == expected
    assert {event.kind for event in events} == {"decide"}
    assert {event.source for event in events} == {"queue"}
    assert all(event.seconds is not None and 0 <= event.seconds < 3600 for event in events)
    first = card(page, expected[0][0])
    assert events[0].suggestion_shown == first["suggested"]
    assert events[0].suspicion_seen == pytest.approx(first["suspicion"])
    assert events[0].item_hash == first["hash"]


def test_saved_is_said_when_the_server_has_it(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "saved")
    held = []
    page.route("**/api/events", lambda route: held.append(route), times=1)
    press(page, "k")
    line = page.locator(".au-trail li").first
    expect(line).to_have_attribute("data-state", "saving")
    expect(page.locator(".au-saved")).to_have_text("Saving 1…")
    assert server.events("saved") == []
    until(page, lambda: len(held) == 1)
    held[0].continue_()
    expect(line).to_have_attribute("data-state", "saved")
    said(page, "Saved.")
    assert [event.event_id for event in server.events("saved")] == [line.get_attribute("data-event")]


def test_undo_redo_and_back(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "undoing")
    cards = press(page, "k", "x", "i")
    third = shown(page)
    press(page, "u")
    assert shown(page) == cards[2]
    expect(page.locator(".au-trail li").first).to_have_attribute("data-state", "undone")
    press(page, "u")
    assert shown(page) == cards[1]
    press(page, "r")
    assert shown(page) == cards[2]
    press(page, "r")
    assert shown(page) == third
    press(page, "b", "b")
    assert shown(page) == cards[1]
    expect(page.locator(".au-notice")).to_have_text("Your verdict: Exclude.")
    press(page, "s")  # another verdict, without undoing the first
    assert shown(page) == cards[2]
    press(page, "u")
    assert shown(page) == cards[1]
    expect(page.locator(".au-notice")).to_have_text("Your verdict: Exclude.")
    settle(page)
    kinds = [event.kind for event in server.events("undoing")]
    assert kinds == ["decide"] * 3 + ["undo"] * 2 + ["redo"] * 2 + ["decide", "undo"]
    assert server.standing("undoing") == dict(zip(cards, ("keep", "exclude", "unsure"), strict=True))


def test_undo_is_unlimited_and_survives_a_reload(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "reloading")
    cards = press(page, *"kxik")
    settle(page)
    page.reload()
    wait_for_card(page)
    for expected in reversed(cards):
        before = shown(page)
        press(page, "u")
        assert wait_for_card(page, before) == expected
    press(page, "u")
    said(page, "There is nothing to undo.")
    for expected in cards[1:]:
        before = shown(page)
        press(page, "r")
        assert wait_for_card(page, before) == expected
    press(page, "r")
    settle(page)
    assert server.standing("reloading") == dict(zip(cards, ("keep", "exclude", "unsure", "keep"), strict=True))


def test_a_bulk_action_is_undone_as_one(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "bulk")
    [kept] = press(page, "k")
    settle(page)
    count = page.evaluate(
        """async () => {
            const { get, post } = await import(new URL("static/common/api.js", document.baseURI).href);
            const run = (await get("session")).run.id;
            const query = "given=anger&undecided=me";
            const what = { run, query, verdict: "exclude", new_labels: [], use_suggestion: false };
            const { token } = await post("bulk/preview", what);
            return (await post("bulk", { ...what, event_id: "the-bulk-action", note: "", token })).count;
        }"""
    )
    press(page, "u")
    said(page, f"Undone: one action on {count} rows.")
    settle(page)
    assert server.standing("bulk") == {kept: "keep"}


def test_skipped_rows_are_not_in_the_log_and_come_again(open_page: OpenPage, server: Server) -> None:
    query = "undecided=me&tab=queue&ids=train-5&ids=train-6&ids=train-7"
    page = open_page(server, query, "skipping")
    first, second, third = press(page, "Space", "k", "Space")
    expect(page.locator(".au-nothing")).to_contain_text("decided 1 row and skipped 2")
    press(page, "k")
    said(page, "No card is shown: nothing was decided.")
    page.get_by_role("button", name="Start over with the 2 skipped rows").click()
    assert {wait_for_card(page), third} == {first, third}
    settle(page)
    assert [event.item_id for event in server.events("skipping")] == [second]


def test_a_note_goes_with_the_verdict_and_keys_rest_while_writing(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "noting")
    before = shown(page)
    press(page, "e")
    page.keyboard.type("kxu: said so")
    assert shown(page) == before
    expect(page.locator(".au-resting")).to_be_visible()
    press(page, "Escape", "k")
    assert page.locator(".au-note-field textarea").input_value() == ""
    press(page, "b")
    assert page.locator(".au-note-field textarea").input_value() == "kxu: said so"
    settle(page)
    assert [(event.item_id, event.note) for event in server.events("noting")] == [(before, "kxu: said so")]


def test_orders_and_the_card_of_the_url(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, f"{MINE}&card={quote('train-99')}", "orders")
    assert shown(page) == "train-99"
    for order, source in (("given", "queue"), ("random", "random"), ("loss:lexical", "queue"), ("pair", "queue")):
        page.get_by_role("combobox", name="Order").select_option(order)
        page.wait_for_url(f"**sort={quote(order, safe='')}*")
        asked = page.url.split("?")[1]
        wanted = page.evaluate("query => fetch('api/queue?' + query).then((answer) => answer.json())", asked)
        page.wait_for_function(
            "id => document.querySelector('.au-card').dataset.id === id", arg=wanted["cards"][0]["id"]
        )
        page.locator("h1").click()
        press(page, "i")
        settle(page)
        assert server.events("orders")[-1].source == source


def test_several_labels_can_be_given_up(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "giving-up")
    before = shown(page)
    press(page, "a", "1", "Enter")
    said(page, "Mark at least two labels that fit.")
    press(page, "k")  # not while marking
    press(page, "Escape", "n", "Escape", "/", "Escape", "h", "Escape")
    assert shown(page) == before
    press(page, "k")
    settle(page)
    assert [brief(event) for event in server.events("giving-up")] == [(before, "keep", ())]


def test_a_refused_decision_is_shown_and_its_card_comes_back(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, MINE, "refused")

    def stale(route, request) -> None:  # type: ignore[no-untyped-def]
        sent = json.loads(request.post_data)
        for event in sent["events"]:
            event["item_hash"] = "0" * 32
        route.continue_(post_data=json.dumps(sent))

    page.route("**/api/events", stale, times=1)
    first = press(page, "k")[0]
    expect(page.locator(".au-trail li").first).to_have_attribute("data-state", "refused")
    expect(page.locator(".au-toast-error")).to_contain_text("Not saved: ")
    second = shown(page)
    assert second != first
    page.locator(".au-toast-error").get_by_role("button", name="Close").click()
    fetched = "() => performance.getEntriesByType('resource').some((one) => one.name.includes('api/card?'))"
    page.wait_for_function(fetched)
    press(page, "k")
    assert shown(page) == first
    expect(page.locator(".au-notice")).to_contain_text("Your decision was not saved")
    press(page, "x")
    settle(page)
    assert [brief(event)[:2] for event in server.events("refused")] == [(second, "keep"), (first, "exclude")]


def test_the_end_offers_to_go_on(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, "undecided=me&issue=1&given=love&tab=queue&max_suspicion=0", "ending")
    expect(page.get_by_role("heading", name="This queue is at its end")).to_be_visible()
    page.get_by_role("button", name="Go on without any filter").click()
    wait_for_card(page)
    assert "given=" not in page.url


def test_a_filter_that_is_not_understood_is_said(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, "tab=queue&given=joy&min_suspicion=7", "filtering", outages=True)
    expect(page.locator(".au-nothing")).to_contain_text("min_suspicion")


def test_what_was_decided_in_another_window_does_not_come_again(open_page: OpenPage, server: Server) -> None:
    first, second = (open_page(server, MINE, "two-windows") for _ in range(2))
    cards = press(first, *"kxi")
    settle(first)
    press(second, "e")
    second.keyboard.type("half a note")
    second.evaluate("dispatchEvent(new Event('focus'))")  # as when one turns to this window
    expect(second.locator(".au-notice")).to_have_text("Your verdict: Keep, given in another window.")
    said(second, "You have decided this row in another window meanwhile: Keep.")
    assert second.locator(".au-note-field textarea").input_value() == "half a note"
    expect(second.locator(".au-note-field textarea")).to_be_focused()
    press(second, "Escape", "Space")
    assert shown(second) == shown(first) not in cards
    cards += press(first, *"kk")
    settle(first)
    undone = press(second, "u")  # of the other window, as nothing was decided in this one; its answer tells it, too
    assert wait_for_card(second, *undone) == cards[-1]
    settle(second)
    press(second, "i")
    # Not the one that was left for the undone one; the other window follows within seconds.
    until(second, lambda: shown(second) == shown(first))
    settle(second)
    verdicts = ("keep", "exclude", "unsure", "keep", "unsure")
    assert server.standing("two-windows") == dict(zip(cards, verdicts, strict=True))


def test_a_card_says_first_that_the_models_cannot_tell_its_label(open_page: OpenPage, tmp_path: Path) -> None:
    labels = (np.arange(90) % 3).astype(np.int32)
    chances = np.tile(np.array([0.6, 0.3999, 0.0001], dtype=np.float32), (90, 1))
    chances[labels == 1] = [0.2, 0.7999, 0.0001]
    names = ("joy", "love", "fear")
    run = write_run(tmp_path / "run", 90, names, probabilities={"lexical": chances}, labels=labels)
    for server in serving(Server(run.directory)):
        page = open_page(server, "given=fear")
        why = page.locator(".au-kind").first
        expect(why).to_have_text(
            re.compile("^The models cannot recognise fear: they predict it for 0 of its .* say little\\.$")
        )
        page.goto(f"{server.url}?given=love")
        expect(page.locator(".au-card[data-id]:not([data-id=''])").first).to_be_visible()
        expect(page.locator(".au-caution")).to_have_count(0)
        page.close()  # before the server ends


def test_what_may_be_wrong_is_said_in_words(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, f"kind=mislabelled&tier=high&{MINE}", "kinds")
    shown_card = card(page, shown(page))
    assert (shown_card["kind"], shown_card["tier"], shown_card["stability"]) == ("mislabelled", "high", 1)
    why = page.get_by_role("heading", name="Why it is flagged").locator("..")
    expect(why.locator(".au-kind")).to_have_text(
        f"The models prefer {shown_card['suggested']} · flagged in 3 of 3 repeats"
    )
    expect(why.locator("li").first).to_have_text(shown_card["reasons"][0])
    page.goto(f"{server.url}?kind=duplicate_conflict&{MINE}")
    expect(page.locator(".au-kind").first).to_have_text(re.compile("^The same text has another label · "))
    page.keyboard.press("k")  # the keys are as they were
    settle(page)
    assert [event.verdict for event in server.events("kinds")] == ["keep"]
