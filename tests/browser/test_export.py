"""Export: what is chosen is what is counted and what is downloaded; rows are opened; pushing needs a login."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from auditor.access.accounts import Accounts
from auditor.run import Run
from tests.browser.conftest import OpenPage, serving
from tests.browser.queueing import card, press, settle
from tests.browser.server import Server
from tests.browser.viewing import ask, cells, idle, problems, visit
from tests.hub.server import Hub, serve
from tests.hub.store import Person

pytestmark = pytest.mark.browser

PASSWORD = "three short words"
TOKEN = "hf_of_the_server"


def tile(view: Locator, name: str) -> Locator:
    found = view.locator(".pg-tile").filter(has=view.page.get_by_text(name, exact=True))
    return found.locator("dd").first


def reviewed(page: Page, server: Server) -> tuple[list[str], Locator]:
    """Keep one row, take two suggestions, exclude two and be unsure of one; their ids, and the page."""
    cards = press(page, *"kssxxi")
    settle(page)
    return cards, visit(page, server, "export", "given=joy")


def test_what_was_no_file_comes_out_as_csv(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "in-memory")
    format = visit(page, server, "export").get_by_label("Format")
    expect(format).to_have_value("source")
    told = {**ask(page, "export/preview"), "in_memory": True}
    page.route("**/api/export/preview?*", lambda route: route.fulfill(json=told))
    format = visit(page, server, "export").get_by_label("Format")
    expect(format).to_have_value("csv")
    assert "As it was read" not in format.locator("option").all_inner_texts()
    with page.expect_request("**/api/export/download?*") as asked:
        page.get_by_role("button", name="Download", exact=True).click()
    assert "format=csv" in asked.value.url
    format.select_option("jsonl")
    page.get_by_label("Stay as they are").check()
    expect(format).to_have_value("jsonl")  # what was chosen stays


def test_what_is_chosen_is_counted_and_opened(open_page: OpenPage, own_server: Server) -> None:
    page = open_page(own_server, "", "ada")
    cards, view = reviewed(page, own_server)
    told = ask(page, "export/preview")
    expect(tile(view, "Rows")).to_have_text(str(told["rows"] - 2 + told["invalid"]))
    expect(tile(view, "Labels changed")).to_have_text("2")
    expect(tile(view, "Left out")).to_have_text("2")
    expect(tile(view, "Judged")).to_have_text("6")
    expect(view.get_by_text("Judged by 1 person: ada.")).to_be_visible()
    expect(view.get_by_role("table", name="Labels changed").locator("tbody tr")).to_have_count(told["pairs"])
    view.get_by_role("group", name="Left out, by verdict").get_by_label("Exclude").uncheck()
    expect(tile(view, "Left out")).to_have_text("0")
    view.get_by_label("Are left out").check()
    expect(tile(view, "Rows")).to_have_text(str(6 + told["invalid"]))
    view.get_by_label("Get the suggested label where the models are sure").check()
    view.get_by_label("Minimum probability of the suggestion").fill("0.5")
    sure = ask(page, "export/preview?leave_out=none_fits&unreviewed=suggest-above&above=0.5")
    assert sure["changed"] > 2
    expect(tile(view, "Labels changed")).to_have_text(str(sure["changed"]))
    expect(view.get_by_text(f"{sure['suggested']} changed by the models alone")).to_be_visible()
    view.get_by_label("Stay as they are").check()
    view.get_by_label("Only this view").check()
    expect(tile(view, "Rows")).to_have_text(str(ask(page, "facets?given=joy")["found"]))
    page.get_by_role("button", name="Remove filter: given joy").click()
    expect(tile(view, "Rows")).to_have_text(str(told["rows"]))
    view.get_by_role("group", name="Left out, by verdict").get_by_label("Exclude").check()
    expect(tile(view, "Left out")).to_have_text("2")
    assert problems(page) == []
    opened(page, view, cards)


def opened(page: Page, view: Locator, cards: list[str]) -> None:
    """Open rows from the page, in the table and in the queue."""
    view.get_by_role("button", name="Table: Left out").click()
    table = page.locator(".auditor-page[data-page=table]")
    expect(table.locator(".pg-found")).to_have_text("2 rows found")
    idle(page)
    assert {text.strip() for text in cells(table, 3)} == {card(page, one)["text"] for one in cards[3:5]}
    page.go_back()
    view.get_by_role("button", name="Queue: Unsure").click()
    page.locator(f'.au-card[data-id="{cards[5]}"]').wait_for()


def test_an_export_is_downloaded(open_page: OpenPage, server: Server, tmp_path: Path) -> None:
    page = open_page(server, None, "export-download", outages=True)
    view = visit(page, server, "export")
    whole = view.get_by_role("button", name="Download", exact=True)
    view.get_by_label("Format").select_option("Lines of text;label")
    whole.click()  # a text of two lines
    expect(view.get_by_role("alert").filter(has_text="line")).to_be_visible()
    assert problems(page) == []
    view.get_by_label("Format").select_option("CSV")
    with page.expect_download() as got:
        whole.click()
    assert got.value.suggested_filename == "diary-corrected.zip"
    with zipfile.ZipFile(got.value.path()) as packed:
        assert {"diary-corrected.csv", "diary-corrected.csv.export.json"} <= set(packed.namelist())
        assert packed.read("diary-corrected.csv").splitlines()[0] == b"text,label"
    expect(view.get_by_text("diary-corrected.zip is downloaded.").first).to_be_visible()
    expect(view.get_by_role("alert").filter(has_text="line")).to_be_hidden()
    view.get_by_label("Format").select_option("JSON Lines")
    view.get_by_label("Columns that say who decided what").check()
    with page.expect_download() as got:
        view.get_by_role("button", name="The dataset’s file alone").click()
    assert got.value.suggested_filename == "diary-corrected.jsonl"
    assert b'"reviewers"' in Path(got.value.path()).read_bytes().splitlines()[0]
    assert problems(page) == []


def test_without_a_login_the_page_says_how_to_push(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "export-push")
    view = visit(page, server, "export")
    expect(view.get_by_text("Pushing needs a login")).to_be_visible()
    expect(view.get_by_role("button", name="Push")).to_have_count(0)


def test_what_has_the_keyboard_is_seen(open_page: OpenPage, server: Server) -> None:
    page = open_page(server, None, "export-keys")
    view = visit(page, server, "export")
    view.get_by_label("Stay as they are").focus()
    for name in ("Exclude", "None fits"):
        page.keyboard.press("Tab")
        box = view.get_by_role("group", name="Left out, by verdict").get_by_label(name)
        expect(box).to_be_focused()
        expect(box).to_have_css("outline-style", "solid")


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A Hub on this machine, where the server's token may write."""
    with serve() as hub:
        hub.store.people[TOKEN] = Person("lab")
        yield hub


@pytest.fixture
def guarded(hub: Hub, audited: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with a login, which pushes to that Hub."""
    settings = {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    for name, value in {**settings, "HF_HOME": str(tmp_path / "hf"), "NO_PROXY": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    Accounts(tmp_path / "reviewers.json").add("ada", PASSWORD)
    shutil.copytree(audited.directory, tmp_path / "diary")
    yield from serving(Server(tmp_path / "diary", "--auth", str(tmp_path / "reviewers.json")))


def test_a_push_is_seen_through(open_page: OpenPage, guarded: Server, hub: Hub) -> None:
    page = open_page(guarded, "", None, outages=True)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.locator(".au-card[data-id]:not([data-id=''])").wait_for()
    _, view = reviewed(page, guarded)
    place = view.get_by_label("Dataset on the Hub")
    place.fill("elsewhere/diary")
    view.get_by_role("button", name="Push", exact=True).click()
    failed = view.locator(".ex-status[data-state=failed]")
    failed.wait_for()
    assert problems(page) == []
    place.fill("lab/diary")
    with page.expect_download() as got:
        view.get_by_role("button", name="Preview").click()
    with zipfile.ZipFile(got.value.path()) as packed:
        files = {name.partition("/")[2]: packed.read(name) for name in packed.namelist()}
    assert ("dataset", "lab/diary") not in hub.store.repositories
    view.get_by_role("button", name="Push", exact=True).click()
    view.locator(".ex-status[data-state=done]").wait_for()
    pushed = hub.store.dataset("lab/diary")
    assert (pushed.private, pushed.find().files["README.md"]) == (True, files["README.md"])
    assert set(files) <= set(pushed.files)
    assert "ada" in pushed.find().title
    expect(view.get_by_text(f"{hub.endpoint}/datasets/lab/diary")).to_be_visible()
    assert problems(page) == []
    assert TOKEN not in page.content() + guarded.output
