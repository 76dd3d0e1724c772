"""A real Chromium, a real server, and pages on which nothing may go wrong unnoticed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from auditor.run import Run
from tests.browser.payloads import PAYLOADS, SAFE
from tests.browser.queueing import LISTEN
from tests.browser.server import Server
from tests.browser.viewing import PATIENCE
from tests.forks import Forks
from tests.review.runs import write_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

OpenPage = Callable[..., "Page"]

_PROFILE: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without the browser's own window if it is there; Playwright's download is not needed."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        missing = "there is no Chromium: `apt-get install chromium-headless-shell`"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        # One process for all pages: each would compile Gradio's scripts anew.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--renderer-process-limit=1"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of 600 rows; tests review copies of it."""
    return write_run(tmp_path_factory.mktemp("audited") / "diary", rows=600)


@pytest.fixture(scope="session")
def server(audited: Run, reviewing: Forks | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tests share; each reviews there under a name of its own."""
    directory = tmp_path_factory.mktemp("shared") / "diary"
    shutil.copytree(audited.directory, directory)
    yield from serving(Server(directory, forks=reviewing))


@pytest.fixture
def own_server(audited: Run, reviewing: Forks | None, tmp_path: Path) -> Iterator[Server]:
    """A server for one test, with a log that nobody else writes."""
    shutil.copytree(audited.directory, tmp_path / "diary")
    yield from serving(Server(tmp_path / "diary", forks=reviewing))


@pytest.fixture(scope="module")
def _mortal(audited: Run, reviewing: Forks | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("mortal") / "diary"
    shutil.copytree(audited.directory, directory)
    yield from serving(Server(directory, forks=reviewing))


@pytest.fixture
def mortal_server(_mortal: Server) -> Server:
    """A server of the file's own, which its tests may kill; it runs when a test begins."""
    if not _mortal.runs:
        _mortal.start()
    return _mortal


@pytest.fixture(scope="session")
def hostile(reviewing: Forks | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A review of a run in which everything is a payload."""
    rows, kinds = 240, len(SAFE)
    run = write_run(
        tmp_path_factory.mktemp("hostile") / "run",
        rows=rows,
        names=SAFE,
        models=("lexical", "features"),
        ids=[f"{SAFE[row % kinds]} {row}" for row in range(rows)],
        splits=[SAFE[row % kinds] for row in range(rows)],
        source=SAFE[0],
        texts=[PAYLOADS[row % kinds] for row in range(rows)],
    )
    yield from serving(Server(run.directory, forks=reviewing))


def serving(server: Server) -> Iterator[Server]:
    """Start a server, and end it whatever happens."""
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def _profile(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser profile that tests share, emptied after each: it keeps what it has loaded of Gradio."""
    context = chromium.new_context(**_PROFILE)
    context.new_page()  # it stays open, and so the process that draws pages stays
    yield context
    context.close()


@pytest.fixture
def open_page(request: pytest.FixtureRequest, chromium: Browser, _profile: BrowserContext) -> Iterator[OpenPage]:
    """Open a page in a browser profile of its own; what goes wrong in it fails the test.

    ``open_page(server, query, name, outages=False, **of_the_context)`` gives the reviewer's name if it is asked for,
    and waits for the page; with ``query`` None it gives the name and leaves the page to :func:`visit`. No page may ask
    another host for anything, write an error or a warning to the console, or open one of the browser's own dialogs;
    with ``outages``, the server may be away.
    """
    if "own_server" in request.fixturenames:
        request.getfixturevalue("own_server")  # which so ends after the pages that ask it, and not before
    wrong: list[str] = []
    contexts: list[BrowserContext] = []

    def open_(
        server: Server, query: str | None = "", name: str | None = "ada", *, outages: bool = False, **options: Any
    ) -> Page:
        own = options or contexts
        context = chromium.new_context(**{**_PROFILE, **options}) if own else _profile
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(LISTEN)
        _watch(page, server, wrong, outages)
        if query is None:
            headers = {"Origin": server.url.rstrip("/")}
            # An earlier connection is reused, and the server may close it just then: a browser tries again.
            answer = context.request.post(f"{server.url}api/name", data={"name": name}, headers=headers, max_retries=3)
            assert answer.ok
            return page
        page.goto(server.url + (f"?{query}" if query else ""))
        if name is not None:
            page.get_by_label("Your name").fill(name)
            page.keyboard.press("Enter")
            page.locator(".au-card[data-id]:not([data-id=''])").or_(page.locator(".au-nothing")).first.wait_for()
        return page

    yield open_
    for context in contexts:
        if context is _profile:
            _empty(context)
        else:
            context.close()
    assert wrong == []


def _empty(profile: BrowserContext) -> None:
    """Forget all that the pages of a profile have kept, but for the files that they were made of."""
    kept = "cookies,local_storage,indexeddb,service_workers"
    blank, *used = profile.pages
    origins = {"/".join(page.url.split("/")[:3]) for page in used if page.url.startswith("http")}
    for page in used:  # first: an open page would ask the server without its cookie
        page.close()
    session = profile.new_cdp_session(blank)
    for origin in origins:
        session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": kept})
    session.detach()
    profile.clear_cookies()


def _watch(page: Page, server: Server, wrong: list[str], outages: bool) -> None:
    def on_console(message: Any) -> None:
        away = "Failed to load resource" in message.text or "net::ERR" in message.text
        slow_drawing = "GL Driver Message" in message.text  # of a machine without a graphics card
        if message.type in ("error", "warning") and not (outages and away) and not slow_drawing:
            wrong.append(f"console {message.type}: {message.text}")

    def on_request(request: Any) -> None:
        if not request.url.startswith((server.url, "data:", "blob:")):
            wrong.append(f"request to {request.url}")

    def on_dialog(dialog: Any) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", on_console)
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("request", on_request)
    page.on("dialog", on_dialog)
