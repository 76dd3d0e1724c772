"""What the server lets in, and what goes along with its answers."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from auditor_ui import files
from auditor_ui.files import address
from auditor_ui.page import STYLES, TABS
from fastapi import FastAPI
from fastapi.testclient import TestClient

from auditor.review.log.log import DecisionLog, run_id
from auditor.run import Run
from tests.ui.conftest import asked, make_app

SHUT = (
    *("/config", "/config/", "/login", "/logout", "/monitoring", "/monitoring/summary", "/docs", "/openapi.json"),
    *("/svelte/index.js", "/manifest.json", "/pwa_icon", "/robots.txt", "/static/img/logo.svg", "/static/js/other.js"),
    *("/gradio_api/info", "/gradio_api/queue/status", "/gradio_api/queue/data", "/gradio_api/runs", "/gradio_api/user"),
    *("/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd", "/gradio_api/proxy=https://example.com/"),
    *("/gradio_api/startup-events", "/gradio_api/heartbeat/x", "/gradio_api/app_id", "/gradio_api/openapi.json"),
    *("/gradio_api/deep_link", "/gradio_api/token", "/gradio_api/vibe-code", "/gradio_api/custom_component/a/b/c/d"),
    *("/./config", "/config/x", "/assets/../config", "/static/..%2f..%2fpyproject.toml", "/static/%2e%2e%2fapp.py"),
    *("/static/../app.py", "/assets/%2e%2e/%2e%2e/%2e%2e/routes.py", "/static/%00", f"/static/{'a' * 300}"),
    *(
        f"/assets/{'a/' * 3_000}",
        f"/assets/{'a' * 300}",
        "/assets/a%00",
        "/assets/a/b.js",
        "/assets/%ed%a0%80",
        "/api/%00",
    ),
)
POSTS = ("upload", "queue/join", "run/predict", "call/x", "reset", "cancel", "component_server", "process_recording")


@pytest.fixture(scope="module")
def app(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The page; no test here decides anything."""
    log = DecisionLog(tmp_path_factory.mktemp("log") / "decisions.db", run_id(run))
    yield make_app(run, log)
    log.close()


def test_every_answer_has_the_headers(client: TestClient) -> None:
    for path in ("/", "/api/session", "/api/nothing", "/static/app.js", "/nothing", "/theme.css", "/api/queue?limit=0"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "same-origin", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert "default-src 'none'" in headers["Content-Security-Policy"], path


def test_the_pages_policy_names_its_own_scripts_and_no_other_host(client: TestClient) -> None:
    answer = client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    scripts = re.search("script-src ([^;]+)", policy)
    assert scripts is not None
    assert "unsafe-inline" not in scripts[1]
    assert "://" not in policy
    assert "connect-src 'self'" in policy
    inline = re.findall(r"<script(?![^>]*src=)[^>]*>(.*?)</script>", answer.text, flags=re.DOTALL)
    assert len(inline) >= 4
    for code in inline:
        assert base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() in scripts[1]


def test_the_page_has_our_tabs_styles_and_title_whatever_the_address_asks(client: TestClient) -> None:
    plain = client.get("/")
    assert plain.status_code == 200
    assert '"title":"auditor · diary"' in plain.text
    assert all(f'href="{address(style)}"' in plain.text for style in STYLES)
    assert all(f'data-page=\\"{tab.lower()}\\"' in plain.text for tab in TABS)
    for query in ("?page=2", "?deep_link=x", "?given=joy&page=3&tab=map", "?view=api", "?%ff"):
        assert client.get(f"/{query}").text == plain.text
    assert client.get("/", headers={"Accept-Encoding": "br, gzip"}).text == plain.text
    assert client.head("/").headers["Content-Security-Policy"] == plain.headers["Content-Security-Policy"]


def test_nothing_of_the_page_comes_from_another_host(client: TestClient) -> None:
    page = client.get("/").text + client.get("/theme.css").text
    fetched = re.findall(r'(?:<script[^>]+src|<link[^>]+href)="([^"]+)"', page) + re.findall(r"url\(([^)]+)\)", page)
    assert fetched
    assert [address for address in fetched if re.match(r"['\"]?(https?:)?//", address)] == []


@pytest.mark.parametrize("path", SHUT)
def test_the_rest_of_gradio_is_shut(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in {403, 404, 405}
    assert "root:" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", POSTS)
def test_nothing_can_be_sent_to_gradio(client: TestClient, path: str) -> None:
    assert client.post(f"/gradio_api/{path}", json={}).status_code == 404
    assert client.post(f"/gradio_api/{path}", files={"files": b"x"}).status_code in {404, 415}
    assert client.post("/", json={}).status_code == 405


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "", "[", "127.0.0.2"])
def test_a_name_that_another_site_has_bent_to_us_is_refused(client: TestClient, host: str) -> None:
    for path in ("/", "/api/session", "/static/app.js"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert set(answer.json()) == {"what", "todo"}


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost", "LOCALHOST:80", "[::1]:9000"])
def test_this_machine_has_several_names(client: TestClient, host: str) -> None:
    assert client.get("/api/session", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:7860"}, 403),
        ({"Origin": "http://127.0.0.1:7860"}, 200),
        ({"Origin": "http://127.0.0.1:8000"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_only_the_page_itself_may_change_something(client: TestClient, headers: dict[str, str], status: int) -> None:
    del client.headers["Sec-Fetch-Site"]
    answer = client.post("/api/name", json={"name": "eve"}, headers=headers)
    assert answer.status_code == status
    assert ("set-cookie" in answer.headers) == (status == 200)
    assert client.get("/api/session").json()["reviewer"] == ("eve" if status == 200 else None)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_changes_something(client: TestClient, kind: str) -> None:
    answer = client.post("/api/name", content=b'{"name": "eve"}', headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert client.get("/api/session").json()["reviewer"] is None


def test_a_request_that_is_too_large_is_refused(client: TestClient) -> None:
    answer = client.post("/api/name", content=b" " * (17 << 20), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert "too large" in answer.json()["what"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Transfer-Encoding": "chunked"}, 411),
        ({"Transfer-Encoding": "chunked", "Content-Length": "2"}, 411),
        ({"Transfer-Encoding": "identity", "Content-Length": "2"}, 411),
        ({"Transfer-Encoding": "", "Content-Length": "2"}, 411),
        ({"Transfer-Encoding": "gzip, chunked"}, 411),
        ({"Content-Length": "2,2"}, 411),
        ({"Content-Length": "+2"}, 411),
        ({"Content-Length": "-2"}, 411),
        ({"Content-Length": "2.0"}, 411),
        ({"Content-Length": "0x2"}, 411),
        ({"Content-Length": ""}, 411),
        ({"Content-Length": "9" * 5_000}, 411),
        ({"Content-Length": "9" * 18}, 413),
        ({"Content-Length": "2", "Content-Encoding": "gzip"}, 415),
        ({"Content-Length": "2", "Content-Encoding": "identity"}, 415),
        ({"Content-Length": "2", "X": "x" * 20_000}, 431),
        ({"Content-Length": "2", **{f"X{number}": "" for number in range(120)}}, 431),
        ({"Content-Length": "2"}, 422),
    ],
)
def test_only_a_body_of_one_known_size_is_read(app: FastAPI, headers: dict[str, str], status: int) -> None:
    sent = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin", **headers}
    assert asked(app, "POST", "/api/name", sent, [b"{}"]) == (status, 0 if status != 422 else 1)


def test_two_lengths_are_none(app: FastAPI) -> None:
    sent = [("content-type", "application/json"), ("sec-fetch-site", "same-origin")]
    for lengths in (("2", "2"), ("2", "3")):
        headers = [*sent, *(("content-length", length) for length in lengths)]
        assert asked(app, "POST", "/api/name", headers, [b"{}"]) == (411, 0)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nothing_is_sent_along_with_what_is_only_read(app: FastAPI, method: str) -> None:
    for path in ("/", "/api/session", "/static/app.js"):
        for headers, status in (({"Content-Length": "2"}, 400), ({"Transfer-Encoding": "chunked"}, 411)):
            assert asked(app, method, path, headers, [b"{}"]) == (status, 0)


def test_what_arrives_is_counted_whatever_was_announced(app: FastAPI) -> None:
    headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin", "Content-Length": "2"}
    assert asked(app, "POST", "/api/name", headers, [b" " * (1 << 20)] * 64) == (413, 17)
    assert asked(app, "POST", "/api/selection", headers, [b"[" + b"[]," * 100_000] * 64) == (413, 6)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"name":' * 900 + b"1" + b"}" * 900,
        b'{"name": ' + b"9" * 100_000 + b"}",
        b'{"name": 1e999999}',
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b'{"name": "\\u0000"}',
        b'{"name": "a", "name": ["b"]}',
        b'{"run": "x", "rows": [' + b"9" * 5_000 + b"]}",
        b"\xff\xfe{\x00}\x00",
        b"\x80",
        b"null",
        b"",
    ],
)
def test_json_that_makes_no_sense_is_only_refused(client: TestClient, body: bytes) -> None:
    for path in ("name", "selection", "events", "bulk", "export/rows"):
        answer = client.post(f"/api/{path}", content=body, headers={"Content-Type": "application/json"})
        assert 400 <= answer.status_code < 500
        assert set(answer.json()) == {"what", "todo"}
    assert client.get("/api/session").json()["reviewer"] is None


def test_a_selection_of_a_million_rows_may_be_sent(client: TestClient) -> None:
    client.post("/api/name", json={"name": "ann"})
    rows = {"run": "x" * 64, "rows": list(range(1_000_000))}
    assert client.post("/api/selection", json=rows).status_code == 409  # of another run


def test_static_files_are_served_and_asked_for_anew(client: TestClient) -> None:
    for name, kind in {"app.js": "javascript", "style.css": "css", "plotly.min.js": "javascript"}.items():
        answer = client.get(f"/static/{name}")
        assert answer.status_code == 200
        assert kind in answer.headers["Content-Type"]
        assert answer.headers["Cache-Control"] == "no-cache"
        again = client.get(f"/static/{name}", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == (200 if name.startswith("plotly") else 304)


def test_files_of_this_edition_are_kept_by_browsers(client: TestClient) -> None:
    page = client.get("/").text
    linked = re.findall(r'(static/edition/(\w+)/([\w/.]+))"', page)
    assert {edition for _, edition, _ in linked} == {files.edition()}
    assert {name for *_, name in linked} == {*STYLES, *files.scripts()}
    assert address("app.js") in page  # where Gradio imports it
    for path, _, name in linked:
        answer = client.get(f"/{path}")
        assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (200, True)
        assert answer.content == client.get(f"/static/{name}").content
    assert client.get(f"/{address('plotly.min.js')}").headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert client.get(f"/{address('queue/nothing.js')}").status_code == 404


def test_a_page_of_another_edition_gets_the_files_of_this_one(client: TestClient) -> None:
    answer = client.get(f"/static/edition/{'0' * 12}/queue/card.js")
    assert answer.content == client.get("/static/queue/card.js").content
    assert answer.headers["Cache-Control"] == "no-cache"


def test_every_page_of_ours_has_its_script() -> None:
    static = Path(__file__).parents[2] / "ui" / "static"
    scripts = {path.stem for path in static.rglob("*.js")}
    assert scripts >= {"app", "filters", *map(str.lower, TABS)}
    for name in (*STYLES, "login.css"):
        assert (static / name).is_file(), name
